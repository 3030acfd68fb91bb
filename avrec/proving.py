"""The Engine's side of evaluation: what is asked for becomes a job, and what a job found is kept by its hash.

An evaluation whose dataset, protocol, algorithms, seeds and code are the same as before is read from disk.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from avrec.config import Settings
from avrec.errors import InvalidInputError
from avrec.evaluate.datasets import DEMO, Loaded, from_csv, from_library, renamed
from avrec.evaluate.evaluation import Spec, evaluate
from avrec.evaluate.findings import headline
from avrec.evaluate.protocols import splits
from avrec.evaluate.public import SETS, load_public
from avrec.evaluate.request import Request
from avrec.evaluate.results import DatasetFacts, Evaluation
from avrec.evaluate.tune import Tuned, tune
from avrec.recommend.hybrid_settings import HybridSettings
from avrec.schemas import Job
from avrec.serving import HYBRID_SETTINGS, Serving
from avrec.store.clips import ClipStore
from avrec.store.database import Database
from avrec.store.files import CHUNK, read_json, write_bytes, write_json
from avrec.store.interactions import InteractionStore
from avrec.store.jobs import EVALUATIONS, JobStore, Order, to_job

OWN_FILE = re.compile(r"csv-[0-9a-f]{16}")
KEPT = 60
PRIORITY = 5  # before files that wait: an evaluation takes seconds
Announce = Callable[[float, str], None]


class Proving:
    """Evaluations. `Engine` sets the attributes and adds `wait`."""

    settings: Settings
    _database: Database
    _clips: ClipStore
    _interactions: InteractionStore
    _jobs: JobStore
    _serving: Serving
    _loaded: tuple[Any, Loaded] | None = None

    def wait(self, job_ids: list[str], timeout: float | None = None) -> list[Job]:
        raise TypeError("only the Engine waits")

    @property
    def revision(self) -> int:
        raise TypeError("only the Engine counts revisions")

    @property
    def _evaluations_dir(self) -> Path:
        return self.settings.data / "evaluations"

    # ---- asking --------------------------------------------------------------------------------------

    def request(self, dataset: str = DEMO, spec: Spec | None = None) -> Request:
        """Check what is asked for.

        Raises:
            InvalidInputError, UnknownModelError: As they say.
        """
        return Request(dataset, (spec or Spec()).checked(), self._source_hash(dataset))

    def evaluate(
        self, dataset: str = DEMO, spec: Spec | None = None, *, wait: bool = True, again: bool = False
    ) -> Evaluation | Job:
        """Evaluate, or read what was found before.

        Args:
            dataset: "demo" for this library, "ml-100k", "ml-latest-small", or the path of a CSV file.
            wait: Return the evaluation; without, the job at once.
            again: Run even where a result is kept.

        Raises:
            AvrecError: With `wait`, why it could not be done.
        """
        asked = self.request(dataset, spec)
        if not again and (kept := self.evaluation(asked.hash)) is not None:
            return kept
        job = self._queue("evaluate", asked)
        if not wait:
            return job
        self._finish(job)
        found = self.evaluation(asked.hash)
        if found is None:
            raise InvalidInputError("Evaluation", "its result could not be read; run it again")
        return found

    def tune(
        self,
        dataset: str = DEMO,
        spec: Spec | None = None,
        *,
        wait: bool = True,
        again: bool = False,
        use: bool = False,
    ) -> Tuned | Job:
        """The "Auto" weights for a dataset, or what was found before. Of `spec` the seed and k count.

        Args:
            use: Serve the library with them from then on.
        """
        asked = self.request(dataset, spec)
        if not again and (kept := self.tuned(asked)) is not None:
            if use:
                self.use_hybrid(kept.settings)
            return kept
        job = self._queue("tune", asked, {"use": True} if use else {})
        if not wait:
            return job
        self._finish(job)
        found = self.tuned(asked)
        if found is None:
            raise InvalidInputError("Tuning", "its result could not be read; run it again")
        return found

    def _finish(self, job: Job) -> None:
        ended = self.wait([job.job_id])[0]
        if ended.state != "done":
            raise InvalidInputError("Evaluation", (ended.reason or ended.state).rstrip("."))

    def hybrid_settings(self) -> HybridSettings:
        """What the hybrid that serves is made of."""
        return self._serving.ask(lambda model: model.settings)

    def use_hybrid(self, settings: HybridSettings | None) -> None:
        """Serve with other parts of the hybrid; None goes back to the fixed ones."""
        with self._database.write("events") as connection:
            self._database.put(connection, HYBRID_SETTINGS, json.dumps(settings.as_dict()) if settings else "")

    def _queue(self, kind: str, asked: Request, extra: dict[str, Any] | None = None) -> Job:
        """Queue it, unless the same is on its way."""
        for row in self._jobs.rows(100):
            if row.kind == kind and row.sha256 == asked.hash and row.state in ("queued", "running"):
                return to_job(row)
        title = f"{'Evaluation' if kind == 'evaluate' else 'Tuning'}: {self.dataset_title(asked.dataset)}"
        fields = {"title": title} | asked.fields() | (extra or {})
        order = Order(asked.hash, "", title, fields, kind=kind, priority=PRIORITY)
        return to_job(self._jobs.row(self._jobs.enqueue([order])[0]))

    def evaluation_jobs(self) -> list[Job]:
        """Jobs of evaluation and tuning, newest first."""
        return [to_job(row) for row in self._jobs.rows(400) if row.kind in EVALUATIONS]

    # ---- what was found ------------------------------------------------------------------------------

    def evaluation(self, found_hash: str) -> Evaluation | None:
        """A kept evaluation; None where there is none, or it is of an older format."""
        path = self._evaluations_dir / f"{found_hash}.json"
        if not found_hash.isalnum() or not path.is_file():
            return None
        try:
            return Evaluation.from_json(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def evaluations(self) -> list[dict[str, Any]]:
        """What is kept, newest first: hash, dataset, protocol, k, best, made_at."""
        found = []
        for path in self._kept():
            try:
                head = read_json(path)
                found.append(
                    {name: head[name] for name in ("hash", "protocol", "k", "best", "made_at")}
                    | {"dataset": head["dataset"]["name"], "title": head["dataset"]["title"]}
                )
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return found

    def earlier(self, asked: Request) -> Evaluation | None:
        """The newest kept evaluation of the same dataset, split and list length, made before something changed."""
        name = asked.dataset if asked.dataset in (DEMO, *SETS) else self._file(asked.dataset).name
        wanted = (name, asked.spec.protocol.words(), asked.spec.k)
        kept = (head for head in self.evaluations() if (head["dataset"], head["protocol"], head["k"]) == wanted)
        head = next(kept, None)
        return self.evaluation(head["hash"]) if head else None

    def tuned(self, asked: Request) -> Tuned | None:
        """The kept result of tuning."""
        path = self._evaluations_dir / f"tuned-{asked.tuning_hash}.json"
        try:
            return Tuned.from_dict(read_json(path)) if path.is_file() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _kept(self) -> list[Path]:
        """Files of evaluations, the newest first."""
        files = [path for path in self._evaluations_dir.glob("*.json") if not path.name.startswith("tuned-")]
        return sorted(files, key=lambda path: -path.stat().st_mtime)

    # ---- datasets ------------------------------------------------------------------------------------

    def dataset_title(self, dataset: str) -> str:
        """What a dataset is called in a sentence."""
        if dataset == DEMO:
            return "this library"
        return SETS[dataset].title if dataset in SETS else self._file(dataset).name

    def library_facts(self) -> DatasetFacts:
        """What the library has to evaluate on."""
        return self._library().facts

    def keep_interactions(self, name: str, data: bytes) -> str:
        """Keep an uploaded CSV file to evaluate on; returns what to call it as a dataset: "csv-" and its hash."""
        digest = hashlib.sha256(data).hexdigest()[:16]
        plain = (
            "".join(c for c in Path(name).name if c.isprintable()).encode()[-200:].decode(errors="ignore").lstrip(".")
        )
        write_bytes(self._own_files_dir / digest / (plain or "interactions.csv"), data)
        return f"csv-{digest}"

    @property
    def _own_files_dir(self) -> Path:
        return self.settings.data / "datasets" / "csv"

    def own_files(self) -> dict[str, str]:
        """Dataset -> file name of the CSV files that were kept, the newest first."""
        files = sorted(self._own_files_dir.glob("*/*"), key=lambda path: -path.stat().st_mtime)
        return {f"csv-{path.parent.name}": path.name for path in files if not path.name.startswith(".")}

    def _file(self, dataset: str) -> Path:
        """The file of a dataset that is one: a kept one by its hash, or a path."""
        if OWN_FILE.fullmatch(dataset):
            kept = [p for p in self._own_files_dir.glob(f"{dataset[4:]}/*") if not p.name.startswith(".")]
            return kept[0] if kept else Path(dataset)
        return Path(dataset)

    def _source_hash(self, dataset: str) -> str:
        if dataset == DEMO:
            return self._library().facts.content_hash
        if dataset in SETS:
            return hashlib.sha256(repr(sorted(SETS[dataset].members.items())).encode()).hexdigest()[:16]
        digest = hashlib.sha256(repr(sorted(self._clips.ids())).encode())
        try:
            path = self._file(dataset)
            if not path.is_file():  # a pipe or a device would be read for ever
                raise FileNotFoundError
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
        except OSError as error:
            names = ", ".join((DEMO, *SETS))
            reason = f"it is neither a file that can be read nor one of {names}"
            raise InvalidInputError(f"Dataset {Path(dataset).name}", reason) from error
        return digest.hexdigest()[:16]

    def _library(self) -> Loaded:
        """The library's events, made once a change."""
        revision = self.revision
        if self._loaded is None or self._loaded[0] != revision:
            people = [row.user_id for row in self._interactions.people()]
            self._loaded = (
                revision,
                from_library(self._clips.corpus(), people, self._interactions.all(), self._serving.stored_weights()),
            )
        return self._loaded[1]

    def _load(self, dataset: str, source: str) -> Loaded:
        if dataset == DEMO:
            return renamed(self._library(), content_hash=source)
        if dataset in SETS:
            loaded = load_public(dataset, self.settings.data / "datasets")
        else:
            loaded = from_csv(self._file(dataset), self._clips.corpus())
        return renamed(loaded, content_hash=source)

    # ---- running: the worker calls these -------------------------------------------------------------

    def _job_handlers(self) -> dict[str, Callable[[Any], str]]:
        """Kind -> what runs it; it returns what was found, in words."""
        return {"evaluate": self._run_evaluation, "tune": self._run_tuning}

    def _run_evaluation(self, task: Any) -> str:
        asked, announce = Request.from_fields(task.fields), task.announce
        announce(0.0, "reading the dataset")
        loaded, spec, told = self._load(asked.dataset, asked.source), asked.spec, announce
        if spec.auto and spec.hybrid is None:
            tuned = self._tuned_for(asked, loaded, lambda share, sentence: announce(share / 2, sentence))
            spec = replace(spec, hybrid=tuned.settings)
            told = lambda share, sentence: announce((1 + share) / 2, sentence)  # noqa: E731
        found = replace(evaluate(loaded, spec, told), hash=asked.hash)
        # Reports and tables are handed on, so they name nobody; pages understand pseudonyms.
        worst = (replace(one, user_id=self._serving.pseudonym(one.user_id)) for one in found.worst)
        found = replace(found, worst=tuple(worst))
        write_bytes(self._evaluations_dir / f"{asked.hash}.json", found.as_json().encode())
        for path in self._kept()[KEPT:]:
            path.unlink(missing_ok=True)
        return headline(found)

    def _run_tuning(self, task: Any) -> str:
        asked, announce = Request.from_fields(task.fields), task.announce
        announce(0.0, "reading the dataset")
        loaded = self._load(asked.dataset, asked.source)
        found = self._tuned_for(asked, loaded, announce, again=True)
        if task.fields.get("use"):
            self.use_hybrid(found.settings)
        return found.settings.source

    def _tuned_for(self, asked: Request, loaded: Loaded, announce: Announce, again: bool = False) -> Tuned:
        """Tune on the training side of the split that will be reported on: its test side stays untouched."""
        if not again and (kept := self.tuned(asked)) is not None:
            return kept
        replace(asked.spec, auto=True).checked()
        cut = next(splits(loaded.dataset, asked.spec.protocol, loaded.times))
        found = tune(cut.train, seed=asked.spec.protocol.seed, k=asked.spec.k, progress=announce)
        write_json(self._evaluations_dir / f"tuned-{asked.tuning_hash}.json", found.as_json())
        return found
