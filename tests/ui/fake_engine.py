"""A test double of the Engine for page tests: the façade's signatures, deterministic data, no models, no disk.

Likenesses come from a hash of the two clips' ids (and are higher within a subject), so every number is made up but
stable, and every ledger adds up as a real one does.
"""

import itertools
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from fake_comparing import FakeComparing
from fake_library import NOW, FakeLibrary, starter_clips, unit
from fake_people import FakePeople
from fake_proving import FakeProving
from fake_queue import FakeQueue
from fake_ranking import BALANCED, FakeRanking

from avrec.config import Settings
from avrec.errors import InvalidInputError, UnknownUserError
from avrec.schemas import (
    EVENTS,
    Clip,
    ImportReport,
    Interaction,
    Job,
    ModelCard,
    Person,
    VectorState,
    WorkerState,
)


class FakeEngine(FakeLibrary, FakeQueue, FakeRanking, FakePeople, FakeComparing, FakeProving):
    """Same methods as `avrec.engine.Engine`; see the module's docstring.

    Args:
        clips: The library; the demo clips by default.
        people: How many simulated people watch; each has events with some of the clips.
    """

    PRESET_WEIGHTS = {  # noqa: RUF012
        "balanced": BALANCED,
        "visual": BALANCED | {"visual": 3.0},
        "dialogue": BALANCED | {"speech": 2.25, "meaning": 3.0, "words": 0.75},
        "crowd": BALANCED | {"crowd": 3.0},
    }

    def attend(self) -> None:
        """Count the pages that said that somebody is there."""
        self.attended += 1

    def __init__(self, clips: list[Clip] | None = None, people: int = 6, settings: Settings | None = None):
        self.settings = settings or Settings(data=Path("unused"), roots=[])
        self._clips = {c.clip_id: c for c in (starter_clips() if clips is None else clips)}
        self.media_folder: Path | None = None
        self.without_preview: set[str] = set()
        self._jobs: dict[str, Job] = {}
        self._watched: dict = {}
        self._ids = itertools.count(1)
        self._events: list[Interaction] = []
        self.revision = 1
        self.attended = 0
        self.calls: list[tuple] = []
        self.asked: dict = {}
        self.found: dict = {}
        for n in range(people if self._clips else 0):
            user = f"u-{n + 1:03d}"
            for clip in self._clips.values():
                if unit("seen", user, clip.clip_id) < 0.3:
                    liked = unit("likes", user, clip.subject) < 0.6
                    at = NOW - timedelta(days=20 * unit("when", user, clip.clip_id))
                    event = "like" if liked else "dislike" if unit(user, clip.clip_id) < 0.3 else "view"
                    value = 0.8 if event == "view" else None
                    self._events.append(Interaction(user, clip.clip_id, event, value, at, True, next(self._ids)))

    def close(self) -> None:
        self.calls.append(("close",))

    # ---- people and events
    def people(self) -> list[Person]:
        ids = sorted({e.user_id for e in self._events})
        return [
            Person(u, len(own := [e for e in self._events if e.user_id == u]),
                   sum(e.event == "like" for e in own), all(e.simulated for e in own), "science, space")
            for u in ids
        ]  # fmt: skip

    def history(self, user_id: str) -> list[Interaction]:
        own = [e for e in self._events if e.user_id == user_id]
        if not own:
            raise UnknownUserError(user_id)
        return sorted(own, key=lambda e: e.at, reverse=True)

    def record(self, user_id, clip_id, event, value=None, text="") -> Interaction:
        if event != "search":
            self.clip(clip_id)
        if event not in EVENTS:
            raise InvalidInputError("Event", f"{event!r} is not known")
        made = Interaction(user_id, clip_id, event, value, NOW, False, next(self._ids), text)
        self._events.append(made)
        self._changed("record", user_id, clip_id, event)
        return made

    def undo(self, interaction_id: int) -> None:
        self._events = [e for e in self._events if e.interaction_id != interaction_id]
        self._changed("undo", interaction_id)

    def import_interactions(self, source) -> ImportReport:
        return ImportReport(0, ())

    def _changed(self, *call) -> None:
        self.revision += 1
        self.calls.append(call)

    # ---- system
    def model_cards(self) -> list[ModelCard]:
        return [
            ModelCard("transcribe", "Whisper base (faster-whisper int8)", "w1", "package carrier", "MIT", "cpu", "int8",
                      True, 90_000_000),
            ModelCard("encode pictures", "CLIP ViT-B/32", "c1", "package carrier", "MIT"),
            ModelCard("caption", "composed", "1", "shipped", "MIT", stands_in_for="BLIP base"),
            ModelCard("read text", "BLIP large", "", "hub cache", "BSD", available=False, reason="no hub here"),
        ]  # fmt: skip

    def vector_states(self) -> list[VectorState]:
        clips = len(self._clips)
        return [
            VectorState("audio", "audio", "w1-mean", "w1-mean", clips, 0),
            VectorState("visual", "pictures", "c0-crop", "c1-crop", clips, clips, 1),
        ]

    def stale_stages(self) -> dict[str, int]:
        return {"pictures": len(self._clips)} if self._clips else {}

    def rerun_stage(self, stage, clip_ids=None, *, stale=False) -> Job:
        self._changed("rerun_stage", stage, clip_ids, stale)
        return self.put_job(title=f"{stage.capitalize()} again", kind="rerun")

    def device(self) -> str:
        return "CPU, 2 cores; no GPU found"

    def status(self) -> dict:
        states = [j.state for j in self._jobs.values()]
        return {
            "clips": len(self._clips), "seconds": sum(c.duration for c in self._clips.values()),
            "running": states.count("running"), "queued": states.count("queued"), "failed": states.count("failed"),
            "models_live": ["Whisper base", "CLIP ViT-B/32"], "standing_in": ["composed"],
            "device": self.device(), "worker": True,
            "paused": self.queue_paused,
        }  # fmt: skip

    def workers(self) -> list[WorkerState]:
        return [WorkerState("clips", 4711, 1_400_000_000, ("transcribe", "encode pictures"))] if self._clips else []

    def doctor(self) -> list[tuple[str, bool, str]]:
        self.calls.append(("doctor",))
        return [("database", True, "The database is sound."), ("disk space", False, "0.1 GB are free.")]

    def versions(self) -> dict[str, str]:
        return {"avrec": "0.1.0", "python": "3.11", "streamlit": "1.67.0"}


def nobody() -> SimpleNamespace:
    """An engine whose every call fails unexpectedly, to see what a page then says."""

    def boom(*_args, **_kwargs):
        raise RuntimeError("secret detail in /somewhere")

    return SimpleNamespace(**{name: boom for name in dir(FakeEngine) if not name.startswith("_")}, revision=0)
