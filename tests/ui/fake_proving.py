"""The double's side of Evaluate: real evaluations, over the made-up events, when a test says that the worker ran."""

from dataclasses import replace
from datetime import UTC, datetime

from avrec.errors import AvrecError
from avrec.evaluate.datasets import Loaded, bare_corpus, from_library
from avrec.evaluate.evaluation import Spec, evaluate
from avrec.evaluate.findings import headline
from avrec.evaluate.request import Request
from avrec.evaluate.results import DatasetFacts, Evaluation
from avrec.recommend.hybrid_settings import HybridSettings
from avrec.schemas import Job


class FakeProving:
    """Evaluations. `FakeEngine` sets `_jobs`, `_clips` and `_events`."""

    def _library(self) -> Loaded:
        clips = list(self._clips.values())
        ids, titles = [c.clip_id for c in clips], [c.title for c in clips]
        return from_library(bare_corpus(ids, titles, [c.subject for c in clips]), [], self._events)

    def library_facts(self) -> DatasetFacts:
        return self._library().facts

    def request(self, dataset: str = "demo", spec: Spec | None = None) -> Request:
        return Request(dataset, (spec or Spec()).checked(), f"{dataset}{len(self._events)}{len(self._clips)}")

    def evaluate(self, dataset="demo", spec=None, *, wait=True, again=False) -> Job:
        asked = self.request(dataset, spec)
        job = self.put_job(job_id=f"e{len(self._jobs)}", title="Evaluation: this library", kind="evaluate",
                           key=asked.hash, created_at=datetime.now(UTC))  # fmt: skip
        self.asked[job.job_id] = asked
        self.calls.append(("evaluate", dataset, again))
        return job

    def finish(self, job: Job) -> None:
        """What the worker would do; only the double has this."""
        asked = self.asked[job.job_id]
        try:
            found = evaluate(self._library(), asked.spec)
        except AvrecError as error:
            self._jobs[job.job_id] = replace(job, state="failed", reason=str(error))
            return
        self.found[asked.hash] = replace(found, hash=asked.hash)
        self._jobs[job.job_id] = replace(job, state="done", found=headline(found))

    def evaluation(self, found_hash: str) -> Evaluation | None:
        return self.found.get(found_hash)

    def earlier(self, asked: Request) -> Evaluation | None:
        made = (e for e in self.found.values() if e.protocol == asked.spec.protocol.words() and e.k == asked.spec.k)
        return next(made, None)

    def evaluation_jobs(self) -> list[Job]:
        return [job for job in list(self._jobs.values())[::-1] if job.kind == "evaluate"]

    def hybrid_settings(self) -> HybridSettings:
        return getattr(self, "_tuned", None) or HybridSettings()

    def use_hybrid(self, settings: HybridSettings | None) -> None:
        self._tuned = settings

    def tune(self, dataset="demo", spec=None, *, wait=True, again=False, use=False) -> None:
        self.calls.append(("tune", use))
        self.use_hybrid(HybridSettings(walk=0.3, source="tuned on 40 people"))

    def keep_interactions(self, name: str, data: bytes) -> str:
        self.calls.append(("keep_interactions", name))
        self._files = {"csv-0123456789abcdef": name}
        return "csv-0123456789abcdef"

    def own_files(self) -> dict[str, str]:
        return getattr(self, "_files", {})
