"""A test double of the Engine for page tests: the façade's signatures, deterministic data, no models, no disk.

Likenesses come from a hash of the two clips' ids (and are higher within a subject), so every number is made up but
stable, and every ledger adds up as a real one does.
"""

import csv
import hashlib
import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from fake_comparing import FakeComparing, unit
from fake_people import FakePeople
from fake_proving import FakeProving

from avrec.config import REPOSITORY, Settings
from avrec.errors import InvalidInputError, UnknownClipError, UnknownModelError, UnknownUserError
from avrec.explain.ledger import DIRECT, LEARNED, by_modality
from avrec.recommend.options import PLAIN, ListOptions
from avrec.schemas import (
    CONTENT_MODALITIES,
    EVENTS,
    MODALITIES,
    STAGES,
    Annotation,
    AudienceMember,
    Clip,
    Contribution,
    Counterfactual,
    ImportReport,
    Interaction,
    Job,
    MediaInfo,
    ModelCard,
    Moment,
    Person,
    RankedList,
    Recommendation,
    Segment,
    SegmentPair,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STARTER = REPOSITORY / "assets" / "starter"
LEARNING = ("caption",)  # modalities whose line has two parts
EVENT_WEIGHTS = {"like": 1.0, "favourite": 1.5, "dislike": -1.0, "hide": -1.0, "view": 0.6}
BALANCED = dict(zip(MODALITIES, (1.0, 0.25, 0.75, 0.5, 1.0, 0.25, 1.0, 0.0), strict=True))


def starter_clips(limit: int | None = None) -> list[Clip]:
    """The demo clips' titles and lengths as clips of a library."""
    rows = list(csv.DictReader((STARTER / "starter.csv").read_text(encoding="utf-8").splitlines()))[:limit]
    return [make_clip(row["file"], row["title"], row, i) for i, row in enumerate(rows)]


def make_clip(file_name: str, title: str, row: dict | None = None, age: int = 0) -> Clip:
    row = row or {}
    sha = hashlib.sha256(file_name.encode()).hexdigest()
    audio_only = file_name.endswith("mp3")
    silent = row.get("kind") == "video"
    speaks = bool(row.get("reference_transcript"))
    lacks = {*(("visual", "caption") if audio_only else ()), *(("audio",) if silent else ())}
    lacks |= set() if speaks else {"speech"}
    info = MediaInfo(
        kind="audio" if audio_only else "video", duration=float(row.get("duration") or 8.0), width=640, height=360,
        fps=25.0, has_sound=not silent, container="mp4", video_codec="h264", audio_codec="aac",
    )  # fmt: skip
    return Clip(
        clip_id=sha[:16], sha256=sha, title=title, file_name=file_name, info=info, tags=("demo",),
        added_at=NOW - timedelta(hours=age), category=row.get("category", "nature"),
        subject=row.get("subject", "nature"), language="en" if speaks else None,
        language_probability=0.98 if speaks else None, demo=True,
        modalities=tuple(m for m in CONTENT_MODALITIES if m not in lacks),
    )  # fmt: skip


class FakeEngine(FakePeople, FakeComparing, FakeProving):
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

    def __init__(self, clips: list[Clip] | None = None, people: int = 6, settings: Settings | None = None):
        self.settings = settings or Settings(data=Path("unused"), roots=[])
        self._clips = {c.clip_id: c for c in (starter_clips() if clips is None else clips)}
        self.media_folder: Path | None = None
        self._jobs: dict[str, Job] = {}
        self._ids = itertools.count(1)
        self._events: list[Interaction] = []
        self.revision = 1
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

    # ---- library
    def close(self) -> None:
        self.calls.append(("close",))

    def clips(self) -> list[Clip]:
        return sorted(self._clips.values(), key=lambda c: c.added_at, reverse=True)

    def clip(self, clip_id: str) -> Clip:
        if clip_id not in self._clips:
            raise UnknownClipError(clip_id)
        return self._clips[clip_id]

    def segments(self, clip_id: str) -> tuple[Segment, ...]:
        length = self.clip(clip_id).duration
        count = max(1, round(length / 3))
        return tuple(Segment(i * length / count, (i + 1) * length / count) for i in range(count))

    def annotations(self, clip_id: str, kind: str | None = None) -> list[Annotation]:
        clip, found = self.clip(clip_id), []
        for i, s in enumerate(self.segments(clip_id)):
            p = 0.4 + 0.5 * unit(clip_id, i)
            if clip.info.kind == "video":
                scene, thing = f"{clip.category} scene", f"{clip.subject} thing"
                found.append(Annotation(s.start, s.end, "scene", scene, p, "Places365 ResNet18"))
                found.append(Annotation(s.start, s.end, "object", thing, 1 - p / 2, "CLIP"))
                caption = f"A {thing} in a {scene}."
                found.append(Annotation(s.start, s.end, "caption", caption, p, "composed"))
            if clip.has_speech:
                words = [
                    {"start": s.start + 0.2 * j, "end": s.start + 0.2 * j + 0.2, "text": f" {word}", "probability": q}
                    for j, (word, q) in enumerate((("Some", 0.9), ("spoken", 0.4), ("words", 0.95)))
                ]
                details = {"words": words, "avg_logprob": -0.3, "language": "en", "language_probability": 0.98}
                text = f"Some spoken words {i}."
                found.append(Annotation(s.start, s.end - 0.3, "speech", text, 0.8, "Whisper base", details))
            if clip.info.has_sound:
                details = {"value": -20.0 - i, "unit": "dBFS"}
                found.append(Annotation(s.start, s.end, "audio", "level", p, "spectral statistics", details))
        return [a for a in found if kind in (None, a.kind)]

    def transcript(self, clip_id: str) -> list[Annotation]:
        return self.annotations(clip_id, "speech")

    def clip_models(self, clip_id: str) -> dict[str, str]:
        self.clip(clip_id)
        return {"speech": "Whisper base", "pictures": "CLIP ViT-B/32", "captions": "composed"}

    def caption(self, clip_id: str) -> tuple[str, str]:
        found = self.annotations(clip_id, "caption")
        return (found[0].label, found[0].model) if found else ("", "")

    def edit_clip(self, clip_id, *, title=None, description=None, tags=None) -> Clip:
        clip = self.clip(clip_id)
        self._clips[clip_id] = replace(
            clip,
            title=clip.title if title is None else title,
            description=clip.description if description is None else description,
            tags=clip.tags if tags is None else tuple(tags),
        )
        self._changed("edit_clip", clip_id)
        return self._clips[clip_id]

    def delete_clip(self, clip_id: str) -> None:
        self.clip(clip_id)
        del self._clips[clip_id]
        self._events = [e for e in self._events if e.clip_id != clip_id]
        self._changed("delete_clip", clip_id)

    def media(self, clip_id, kind, index=None) -> tuple[Path, str]:
        clip = self.clip(clip_id)
        if kind == "proxy":
            mime = "audio/mpeg" if clip.info.kind == "audio" else "video/mp4"
            return STARTER / clip.file_name, mime
        if self.media_folder is None or not (self.media_folder / f"{clip_id}.jpg").is_file():
            raise UnknownClipError(clip_id)
        return self.media_folder / f"{clip_id}.jpg", "image/jpeg"

    def peaks(self, clip_id: str) -> list[float]:
        return [0.1 + 0.9 * unit(clip_id, i) for i in range(60)] if self.clip(clip_id).info.has_sound else []

    def said(self, kind: str = "speech") -> dict[str, str]:
        texts = {c.clip_id: " ".join(a.label for a in self.annotations(c.clip_id, kind)) for c in self.clips()}
        return {clip_id: text for clip_id, text in texts.items() if text}

    def event_counts(self) -> dict[str, int]:
        return dict(Counter(e.clip_id for e in self._events))

    def open_demo(self) -> bool:
        self._changed("open_demo")
        return True

    def summary(self) -> dict:
        clips, people = self.clips(), self.people()
        speaking = [c for c in clips if c.has_speech]
        return {
            "clips": len(clips), "seconds": sum(c.duration for c in clips), "with_speech": len(speaking),
            "languages": {"en": len(speaking)} if speaking else {}, "people": len(people),
            "interactions": len(self._events), "simulated_people": sum(p.simulated for p in people),
            "attention": sum(j.state == "failed" for j in self._jobs.values()),
        }  # fmt: skip

    # ---- ingest
    def add_file(self, source, name, *, title="", description="", tags=(), preset="balanced") -> Job:
        data = source.read_bytes() if isinstance(source, Path) else source.read()
        if not data:
            job = self._job(name, title, "failed", reason=f"{name}: the file is empty. Export it again, then retry.")
        elif any(j.file_name == name for j in self._jobs.values()):
            job = self._job(name, title, "done", outcome="duplicate", clip_id=next(iter(self._clips), None))
        else:
            job = self._job(name, title, "queued", preset=preset)
        self._changed("add_file", name, title, description, tuple(tags), preset)
        return job

    def _job(self, name: str, title: str, state: str, **fields) -> Job:
        job = Job(f"j{len(self._jobs) + 1}", name, title or name, state, NOW, **fields)
        self._jobs[job.job_id] = job
        return job

    def put_job(self, **fields) -> Job:
        """Place a job in any state; only the double has this."""
        base = Job(f"j{len(self._jobs) + 1}", "clip.mp4", "A clip", "queued", NOW)
        job = replace(base, **fields)
        self._jobs[job.job_id] = job
        return job

    def add_folder(self, folder: Path, *, preset="balanced", table=None) -> list[Job]:
        if not any(folder.is_relative_to(root) for root in self.settings.roots):
            raise InvalidInputError("Folder", "it is not below a configured root")
        return [self.add_file(path, path.name, preset=preset) for path in sorted(folder.glob("*.mp4"))]

    def read_metadata_csv(self, text: str):
        rows = list(csv.DictReader(text.splitlines()))
        table = {r["file"]: {"title": r.get("title", ""), "description": "", "tags": ()} for r in rows if r.get("file")}
        return table, [(i + 2, "no file name") for i, r in enumerate(rows) if not r.get("file")]

    def jobs(self, limit: int = 200) -> list[Job]:
        return [job for job in self._jobs.values() if job.kind == "ingest"][::-1][:limit]

    def job(self, job_id: str) -> Job:
        return self._jobs[job_id]

    def cancel_job(self, job_id: str) -> None:
        self._jobs[job_id] = replace(self._jobs[job_id], state="cancelled")
        self._changed("cancel_job", job_id)

    def retry_job(self, job_id: str) -> None:
        self._jobs[job_id] = replace(self._jobs[job_id], state="queued", reason="")
        self._changed("retry_job", job_id)

    def remove_job(self, job_id: str) -> None:
        del self._jobs[job_id]
        self._changed("remove_job", job_id)

    def wait(self, job_ids, timeout=None) -> list[Job]:
        return [self._jobs[i] for i in job_ids]

    def stage_speeds(self) -> dict[str, float]:
        return {stage: 0.05 + 0.5 * unit(stage) for stage in STAGES} if self._clips else {}

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

    # ---- recommending
    def _taste(self, user_id: str, without: str = "") -> dict[str, float]:
        return {
            e.clip_id: EVENT_WEIGHTS.get(e.event, 0.5)
            for e in self.history(user_id)
            if e.clip_id in self._clips and e.clip_id != without
        }

    def _line(self, modality: str, watched: str, clip_id: str) -> float:
        a, b = self._clips[watched], self._clips[clip_id]
        if modality in CONTENT_MODALITIES and (modality not in a.modalities or modality not in b.modalities):
            return 0.0
        return 0.3 * unit(modality, *sorted((watched, clip_id))) - 0.1 + 0.35 * (a.subject == b.subject)

    def _ledger(self, taste: dict[str, float], clip_id: str, weights: dict[str, float]) -> Contribution:
        lines = []
        for m in MODALITIES[:7]:
            parts = {h: weights.get(m, 0.0) * w * self._line(m, h, clip_id) / 3 for h, w in taste.items()}
            children = tuple(Contribution(self._clips[h].title, "clip", v, key=h) for h, v in parts.items() if v)
            value = sum(c.value for c in children)
            weight = weights.get(m, 0.0)
            details = {"weight": weight, "match": value / weight if weight else 0.0, "part": DIRECT}
            if m in LEARNING and children:
                learned = tuple(replace(c, value=c.value / 2) for c in children)
                halves = (DIRECT, children), (LEARNED, learned)
                children = tuple(
                    Contribution(name, "part", sum(c.value for c in inner), inner, name) for name, inner in halves
                )
                value = sum(c.value for c in children)
                del details["part"]
            lines.append(Contribution(m, "modality", value, children, key=m, details=details))
        prior = weights.get("prior", 0.0) * 0.2 * unit("popular", clip_id)
        lines.append(Contribution("prior", "prior", prior, key="prior", details={"weight": weights.get("prior", 0.0)}))
        return Contribution(
            "hybrid", "algorithm", sum(c.value for c in lines), tuple(lines), key="hybrid", details={"fit": "f"}
        )

    def _rank(self, user_id, clips, k, weights, options, taste=None, told=None) -> tuple[Recommendation, ...]:
        weights = BALANCED if weights is None else weights
        taste = self._taste(user_id) if taste is None else taste
        told = told or self._ledger
        ledgers = {c: _with_priors(told(taste, c, weights), c, options) for c in clips}
        order, places, subjects = sorted(ledgers, key=lambda c: -ledgers[c].value), [], set()
        for clip_id in order:
            clip, ledger = self._clips[clip_id], ledgers[clip_id]
            again = clip.subject in subjects
            subjects.add(clip.subject)
            costs = {"diversity": -0.3 * options.diversity * again, "calibration": -0.2 * options.calibration * again}
            lines = tuple(Contribution(name, "penalty", cost, key=name) for name, cost in costs.items() if cost)
            value = ledger.value + sum(line.value for line in lines)
            places.append((clip, replace(ledger, value=value, children=(*ledger.children, *lines))))
        places.sort(key=lambda p: -p[1].value)
        best = max(taste, key=taste.get, default=None)
        reason = f"Looks like {self._clips[best].title}, and the words match: one, two" if best else "Popular here"
        return tuple(
            Recommendation(
                rank=i + 1, clip_id=clip.clip_id, title=clip.title, score=ledger.value,
                percentile=100 * (1 - (i + 0.5) / len(places)), reason=reason, ledger=ledger,
                by_modality=by_modality(ledger),
                missing=tuple(m for m in CONTENT_MODALITIES if m not in clip.modalities),
                badges=(*(("1 near-duplicate left out",) if options.collapse and not i else ()),
                        *(("reserved for new clips",) if i + 1 == options.reserved else ())),
            )
            for i, (clip, ledger) in enumerate(places[:k])
        )  # fmt: skip

    def _told_by(self, algorithm: str):
        """The ledger of the algorithms that are not the hybrid: neighbours, factors or a prior."""
        if algorithm not in {name for name, *_ in self.algorithms()}:
            raise UnknownModelError(algorithm, [name for name, *_ in self.algorithms()])

        def told(_taste, clip_id, _weights):
            value = unit(algorithm, clip_id)
            if algorithm == "popularity":
                lines = [Contribution("Prior", "prior", value, key="prior", details={"part": "liked by many"})]
            else:
                kind = {"user-knn": "neighbour", "svd": "factor"}[algorithm]
                details = {"similarity": 0.8, "common": 3}
                leaves = tuple(Contribution(f"{kind} {i}", kind, value / 12, (), f"{i}", details) for i in range(12))
                lines = [Contribution("Crowd", "modality", value, leaves, "crowd", {"part": "user neighbours"})]
            return Contribution(algorithm, "algorithm", value, tuple(lines), algorithm, exact=algorithm != "svd")

        return None if algorithm in ("hybrid", "content") else told

    def recommend(
        self, user_id, k=20, *, algorithm="hybrid", weights=None, diversity=0.2, include_seen=False, options=None
    ):
        options = (options or ListOptions(diversity=diversity, include_seen=include_seen)).checked()
        told = self._told_by(algorithm)
        own = self.history(user_id)
        hidden = {e.clip_id for e in own if e.event == "hide"}
        seen = {e.clip_id for e in own} if not options.include_seen else set()
        pool = [c for c in self._clips if c not in seen | hidden]
        places = self._rank(user_id, pool, k, weights, options, told=told)
        return RankedList(algorithm, places, user_id, candidates=len(pool))

    def new_clips(self, user_id, k=6) -> RankedList:
        touched = {e.clip_id for e in self._events}
        pool = [c for c in self._clips if c not in touched]
        places = self._rank(user_id, pool, k, None, PLAIN)
        return RankedList(
            "new clips", tuple(replace(p, badges=("new",)) for p in places), user_id, candidates=len(pool)
        )

    def similar(self, clip_id, k=10, *, weights=None) -> RankedList:
        self.clip(clip_id)
        weights = (BALANCED if weights is None else weights) | {"crowd": 0.0, "prior": 0.0}
        pool = [c for c in self._clips if c != clip_id]
        return RankedList("similar", self._rank("", pool, k, weights, PLAIN, {clip_id: 1.0}), clip_id=clip_id)

    def audience(self, clip_id, k=10, *, weights=None) -> list[AudienceMember]:
        self.clip(clip_id)
        members = []
        for person in self.people():
            for p in self._rank(person.user_id, list(self._clips), k, weights, PLAIN):
                if p.clip_id == clip_id:
                    seen = any(e.clip_id == clip_id for e in self.history(person.user_id))
                    row = AudienceMember(person.user_id, p.rank, p.score, p.reason, p.by_modality, seen)
                    members.append(row)
        return sorted(members, key=lambda m: m.rank)

    def pairs(self, user_id, clip_id, watched_clip_id, modality, *, weights=None, algorithm="hybrid"):
        weights = BALANCED if weights is None else weights
        taste = self._taste(user_id)
        line = weights.get(modality, 0.0) * taste.get(watched_clip_id, 0.0) / 3
        line *= self._line(modality, watched_clip_id, clip_id)
        rows, columns = self.segments(watched_clip_id), self.segments(clip_id)
        share = line / (len(rows) * len(columns))
        return [
            SegmentPair(
                modality, watched_clip_id, a.start, a.end, clip_id, b.start, b.end,
                similarity=unit(modality, watched_clip_id, a.start, clip_id, b.start), value=share,
            )
            for a in rows for b in columns
        ]  # fmt: skip

    def counterfactuals(
        self, user_id, clip_id, *, weights=None, diversity=0.2, algorithm="hybrid", options=None
    ) -> list[Counterfactual]:
        weights = BALANCED if weights is None else weights
        diversity = options or ListOptions(diversity=diversity)
        if self._told_by(algorithm):
            return []
        pool = [c for c in self._clips if c not in {e.clip_id for e in self.history(user_id)}] or list(self._clips)
        now = {p.clip_id: p for p in self._rank(user_id, pool, len(pool), weights, diversity)}
        if clip_id not in now:
            return []
        options = [(m, "modality", m.capitalize(), weights | {m: 0.0}, None) for m in MODALITIES]
        options += [(h, "clip", self._clips[h].title, weights, h) for h in self._taste(user_id)]
        found = []
        for key, kind, label, other, without in options:
            ranked = self._rank(user_id, pool, len(pool), other, diversity, self._taste(user_id, without or ""))
            then = {p.clip_id: p for p in ranked}[clip_id]
            mine = now[clip_id]
            found.append(Counterfactual(key, label, kind, mine.score, then.score, mine.rank, then.rank))
        return found

    def search(self, text=None, *, image=None, clip_id=None, k=10) -> list[Moment]:
        return [
            Moment(i + 1, c.clip_id, c.title, 0.0, 3.0, 2.0 - i / 10, 90.0, {"words": 2.0 - i / 10}, c.title)
            for i, c in enumerate(self.clips()[:k])
        ]

    # ---- system
    def model_cards(self) -> list[ModelCard]:
        return [
            ModelCard("transcribe", "Whisper base (faster-whisper int8)", "w1", "package carrier", "MIT", "cpu", "int8",
                      True, 90_000_000),
            ModelCard("encode pictures", "CLIP ViT-B/32", "c1", "package carrier", "MIT"),
            ModelCard("caption", "composed", "1", "shipped", "MIT", stands_in_for="BLIP base"),
            ModelCard("read text", "BLIP large", "", "hub cache", "BSD", available=False, reason="no hub here"),
        ]  # fmt: skip

    def device(self) -> str:
        return "CPU, 2 cores; no GPU found"

    def status(self) -> dict:
        states = [j.state for j in self._jobs.values()]
        return {
            "clips": len(self._clips), "seconds": sum(c.duration for c in self._clips.values()),
            "running": states.count("running"), "queued": states.count("queued"), "failed": states.count("failed"),
            "models_live": ["Whisper base", "CLIP ViT-B/32"], "standing_in": ["composed"],
            "device": self.device(), "worker": True,
        }  # fmt: skip

    def doctor(self) -> list[tuple[str, bool, str]]:
        self.calls.append(("doctor",))
        return [("database", True, "The database is sound."), ("disk space", False, "0.1 GB are free.")]

    def versions(self) -> dict[str, str]:
        return {"avrec": "0.1.0", "python": "3.11", "streamlit": "1.67.0"}


def _with_priors(ledger: Contribution, clip_id: str, options: ListOptions) -> Contribution:
    """Add quality, freshness and long tail as parts of the prior's line."""
    chosen = {name: getattr(options, name) for name in ("quality", "freshness", "long_tail") if getattr(options, name)}
    if not chosen:
        return ledger
    leaves = [Contribution(name, "prior", w * (unit(name, clip_id) - 0.5), (), name) for name, w in chosen.items()]
    prior = next((line for line in ledger.children if line.key == "prior"), None)
    if prior is not None:
        leaves.insert(0, replace(prior, label="liked by many", key="popularity"))
    line = Contribution("Prior", "modality", sum(leaf.value for leaf in leaves), tuple(leaves), "prior")
    lines = (*(x for x in ledger.children if x.key != "prior"), line)
    return replace(ledger, value=sum(x.value for x in lines), children=lines)


def nobody() -> SimpleNamespace:
    """An engine whose every call fails unexpectedly, to see what a page then says."""

    def boom(*_args, **_kwargs):
        raise RuntimeError("secret detail in /somewhere")

    return SimpleNamespace(**{name: boom for name in dir(FakeEngine) if not name.startswith("_")}, revision=0)
