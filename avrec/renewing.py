"""The models' side of the Engine: what other models made, and running their stages again."""

from collections.abc import Mapping, Sequence
from typing import Any

from avrec.config import Settings
from avrec.errors import InvalidInputError, UnknownClipError
from avrec.ingest.model_versions import MODALITIES_OF, RERUN_STAGES, present, stale_clips
from avrec.ingest.rerun import Rerun
from avrec.ingest.task import Handler, Task
from avrec.ingest.upkeep import rerun_order
from avrec.schemas import Job, VectorState
from avrec.store.clips import ClipStore
from avrec.store.interactions import InteractionStore, read_settings
from avrec.store.jobs import JobStore, Order


class Renewing:
    """Answers about stages that were done by other models. `Engine` sets the attributes."""

    settings: Settings
    _clips: ClipStore
    _interactions: InteractionStore
    _jobs: JobStore
    _models: Any

    def job(self, job_id: str) -> Job:
        raise TypeError("a part of the Engine alone knows no jobs")

    def stale_stages(self) -> dict[str, int]:
        """Stage -> number of clips that the present models have not seen; empty where there is none."""
        return {stage: len(found) for stage, found in stale_clips(self._models, self._clips).items()}

    def vector_states(self) -> list[VectorState]:
        """What is served of each modality, and what of it is old or damaged."""
        versions, served = self._clips.all_versions(), self._clips.serving_versions()
        damaged = [one.modality for one in self._clips.left_out]
        now = {stage: present(self._models, stage) for stage in RERUN_STAGES}
        return [
            _state(stage, modality, versions, served, now[stage].versions if now[stage] else {}, damaged)
            for stage in RERUN_STAGES
            for modality in MODALITIES_OF[stage]
        ]

    def rerun_stage(self, stage: str, clip_ids: Sequence[str] | None = None, *, stale: bool = False) -> Job:
        """Run a stage again with the present models, in the background; the old results serve until it is done.

        Args:
            stage: "speech", "audio", "pictures" or "text".
            clip_ids: All clips by default.
            stale: Leave out clips that the present models have seen.

        Returns:
            The job; the one that is under way where the same was asked for before.

        Raises:
            InvalidInputError, UnknownClipError: Nothing was queued.
        """
        if stage not in RERUN_STAGES:
            raise InvalidInputError("Stage", f"{stage!r} is not one of {', '.join(RERUN_STAGES)}")
        known = self._clips.added()
        if unknown := [clip_id for clip_id in clip_ids or () if clip_id not in known]:
            raise UnknownClipError(unknown[0])
        chosen = None if clip_ids is None else list(dict.fromkeys(clip_ids))
        if live := self._jobs.live_like("rerun", {"stage": stage, "clips": chosen, "stale": stale}):
            return self.job(live)
        count = len(known) if chosen is None else len(chosen)
        if stale:
            count = len(set(stale_clips(self._models, self._clips).get(stage, ())) & set(chosen or known))
        return self.job(self._jobs.enqueue([rerun_order(stage, chosen, count, stale=stale)])[0])

    def _renewing_handlers(self) -> dict[str, Handler]:
        """Kind of job -> what the worker runs for it."""
        return {"rerun": self._run_rerun}

    def _run_rerun(self, task: Task) -> str:
        found = Rerun(self.settings, self._clips, self._jobs, self._models).run(task)
        self._renew_profiles()
        return found

    def _renew_profiles(self) -> None:
        """Queue profile texts whose vectors can no longer be compared with the clips'."""
        served, held = self._clips.serving_versions(), self._interactions.profiles()
        orders = []
        for row in self._interactions.people():
            mine = held.get(row.user_id, {})
            old = any(served.get(modality, version) != version for modality, (version, _) in mine.items())
            if old and read_settings(row.settings).profile.strip():
                fields = {"title": "Profile text again", "user_id": row.user_id}
                orders.append(Order("", "", "profile text", fields, kind="profile", priority=1))
        if orders:
            self._jobs.enqueue(orders)


def _state(
    stage: str,
    modality: str,
    versions: Mapping[str, Mapping[str, set[str]]],
    served: Mapping[str, str],
    now: Mapping[str, str],
    damaged: Sequence[str],
) -> VectorState:
    held, serving, wanted = versions.get(modality, {}).values(), served.get(modality, ""), now.get(modality, "")
    return VectorState(
        modality,
        stage,
        serving,
        wanted,
        clips=sum(serving in mine for mine in held),
        stale=sum(wanted not in mine for mine in held) if wanted else 0,
        damaged=damaged.count(modality),
    )
