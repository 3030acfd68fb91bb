"""Engine: the façade over store, ingest, recommenders and models. In-process, made once, safe under many threads.

Importing it imports neither torch nor transformers: they load inside the models, in the worker's thread.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from avrec import demo, health
from avrec.comparing import Comparing
from avrec.config import Settings
from avrec.ingest.task import Handler
from avrec.ingest.upkeep import Upkeep
from avrec.ingest.watch import Watcher
from avrec.ingest.worker import Worker
from avrec.library import Library
from avrec.mending import Mending
from avrec.models.catalogue import Models
from avrec.people import People
from avrec.proving import Proving
from avrec.queueing import Queueing
from avrec.readiness import Readiness
from avrec.recommend.options import ListOptions
from avrec.recommend.presets import PRESET_WEIGHTS
from avrec.renewing import Renewing
from avrec.schemas import (
    AudienceMember,
    Counterfactual,
    ModelCard,
    Moment,
    RankedList,
    SegmentPair,
    WorkerState,
)
from avrec.serving import Serving
from avrec.store.clips import ClipStore
from avrec.store.database import Database
from avrec.store.files import remove_incoming
from avrec.store.interactions import InteractionStore
from avrec.store.job_lists import JobLists
from avrec.store.jobs import LANES, JobStore
from avrec.store.known_files import KnownFiles
from avrec.store.memo import Memo
from avrec.supervisor import Supervisor


class Engine(Queueing, Mending, Renewing, People, Comparing, Proving, Library):
    """Everything the pages and the command line can ask for.

    Args:
        settings: Defaults to the environment's.
        start_worker: Have jobs worked on in the background and folders watched; open the demo in a new library. The
            work is done in processes of its own, or, with models that are given, in threads.
        models: Defaults to the settings' profile.

    Raises:
        StoreError: The data directory cannot be used.
    """

    PRESET_WEIGHTS = PRESET_WEIGHTS

    def __init__(self, settings: Settings | None = None, *, start_worker: bool = False, models: Models | None = None):
        self.settings = settings or Settings()
        self._database = Database(self.settings)
        remove_incoming(self.settings.originals_dir)
        self._clips = ClipStore(self._database)
        self._interactions = InteractionStore(self._database)
        self._jobs, self._lists, self._memo = JobStore(self._database), JobLists(self._database), Memo()
        self._known = KnownFiles(self._database)
        self._models = models or Models(self.settings)
        self._serving = Serving(self._database, self._clips, self._interactions, self._models)
        self._watcher = Watcher(self.settings, self._database, self._jobs, self._known)
        self._upkeep = Upkeep(self._database, self._clips, self._jobs, self._models)
        self._workers = {lane: self._worker(lane) for lane in LANES}
        self._supervisor = Supervisor(self.settings, self._jobs)
        self._readiness = Readiness(self._serving, lambda: self._jobs.has_work("clips"))
        self._served = start_worker
        if start_worker:
            if self.settings.demo and not self._clips.ids():
                demo.open_demo(self._database, self._jobs, self._interactions)
            for background in (*self._workers.values(),) if models else (self._supervisor,):
                background.start()
            self._watcher.start()
            self._readiness.start()
            self._upkeep.start(thorough=models is not None)

    def _worker(self, lane: str) -> Worker:
        handlers: dict[str, Handler] = self._job_handlers() | self._people_handlers() | self._queue_handlers()
        handlers |= self._mending_handlers() | self._renewing_handlers()
        return Worker(self.settings, self._clips, self._jobs, self._models, handlers, lane)

    def close(self) -> None:
        """Stop what works in the background after the stage in hand, and close the store."""
        for background in (self._readiness, self._upkeep, self._watcher, self._supervisor, *self._workers.values()):
            background.stop()
        self._database.close()

    def work(self, lane: str, idle_seconds: float) -> None:
        """Be a lane's worker in this thread until `stop_working`, or until nothing was to do for so long."""
        if lane == "clips":
            self._upkeep.start(thorough=True)
        self._workers[lane].run(idle_seconds)

    def stop_working(self) -> None:
        """Have `work` end after the stage in hand; may be called from a signal handler."""
        for worker in self._workers.values():
            worker.stop(wait=False)

    @property
    def revision(self) -> int:
        """Grows with every published clip, edit, deletion and event."""
        return sum(self._database.revisions())

    def open_demo(self) -> bool:
        """Queue the demo clips and their simulated people; False when that was done before."""
        return demo.open_demo(self._database, self._jobs, self._interactions)

    # ---- recommending --------------------------------------------------------------------------------

    def recommend(
        self,
        user_id: str,
        k: int = 20,
        *,
        algorithm: str = "hybrid",
        weights: dict[str, float] | None = None,
        diversity: float | None = None,
        include_seen: bool = False,
        options: ListOptions | None = None,
    ) -> RankedList:
        """Rank clips for a person; every place carries a ledger whose leaves sum to its score.

        Args:
            diversity: D = 1 - lambda; where none is given, the person's own wish, else 0.2.
            weights: Multipliers of the modalities, for the algorithms that have them.
            options: What else makes the list; `diversity` and `include_seen` are the short form of two of them.
        """
        chosen = options or ListOptions(self._serving.wish(user_id, diversity), include_seen=include_seen)
        return self._serving.recommend(user_id, k, algorithm, weights, chosen)

    def new_clips(self, user_id: str, k: int = 6) -> RankedList:
        """The shelf of clips that nobody has an event with, by content."""
        return self._serving.new_clips(user_id, k)

    def similar(self, clip_id: str, k: int = 10, *, weights: dict[str, float] | None = None) -> RankedList:
        """More like this clip."""
        return self._serving.similar(clip_id, k, weights)

    def audience(self, clip_id: str, k: int = 10, *, weights: dict[str, float] | None = None) -> list[AudienceMember]:
        """People in whose own top k (diversity 0) the clip is, the best rank first."""
        return self._serving.audience(clip_id, k, weights)

    def pairs(
        self,
        user_id: str,
        clip_id: str,
        watched_clip_id: str,
        modality: str,
        *,
        weights: dict[str, float] | None = None,
        algorithm: str = "hybrid",
    ) -> list[SegmentPair]:
        """Open one "direct match" line (modality, watched clip) to pairs of segments; they sum to the line.

        Args:
            algorithm: Whose ledger it is: a ranked list's `algorithm`. Empty where it has no such line.
        """
        return self._serving.pairs(user_id, clip_id, watched_clip_id, modality, weights, algorithm)

    def counterfactuals(
        self,
        user_id: str,
        clip_id: str,
        *,
        weights: dict[str, float] | None = None,
        diversity: float | None = None,
        algorithm: str = "hybrid",
        options: ListOptions | None = None,
    ) -> list[Counterfactual]:
        """Rank and score without each modality and each watched clip, by really ranking again."""
        chosen = options or ListOptions(self._serving.wish(user_id, diversity))
        return self._serving.counterfactuals(user_id, clip_id, algorithm, weights, chosen)

    def algorithms(self) -> list[tuple[str, str, str]]:
        """(name, title, "exact" or "approximate") of every recommender."""
        return self._serving.algorithms()

    def search(
        self, text: str | None = None, *, image: Path | None = None, clip_id: str | None = None, k: int = 10
    ) -> list[Moment]:
        """Moments for words, a picture or a clip."""
        return self._serving.search(text, image, clip_id, k)

    def search_gaps(self) -> list[str]:
        """What cannot be searched by words just now, since its model is not here; a sentence each."""
        return self._serving.search_gaps()

    # ---- system --------------------------------------------------------------------------------------

    def model_cards(self) -> list[ModelCard]:
        """One card per task; a model counts as loaded where this process or a worker has it."""
        elsewhere = {task for worker in self.workers() for task in worker.loaded}
        return [replace(card, loaded=card.loaded or card.task in elsewhere) for card in self._models.cards()]

    def attend(self) -> None:
        """Say that somebody uses the pages now: what works in the background stands back."""
        self._supervisor.attend()

    def loaded_here(self) -> list[str]:
        """Tasks whose models this process has in memory."""
        return self._models.loaded()

    def workers(self) -> list[WorkerState]:
        """The processes and threads that work now, one a lane at most."""
        return self._supervisor.states()

    def device(self) -> str:
        """What the models run on, in words."""
        from avrec.models.devices import describe_device

        return describe_device(self.settings.device)

    def status(self) -> dict[str, Any]:
        """What the sidebar says."""
        counts, cards = self.queue_counts(), self.model_cards()
        clips = self.clips()
        return {
            "clips": len(clips),
            "seconds": sum(clip.duration for clip in clips),
            "running": counts.get("running", 0),
            "queued": counts.get("queued", 0),
            "failed": counts.get("failed", 0),
            "models_live": [card.name for card in cards if card.available and not card.stands_in_for],
            "standing_in": [card.name for card in cards if card.available and card.stands_in_for],
            "device": self.device(),
            "worker": bool(self.workers()) or any(worker.working for worker in self._workers.values()),
            "paused": self.queue_paused,
        }

    def versions(self) -> dict[str, str]:
        return health.versions() | {"process": str(os.getpid())}
