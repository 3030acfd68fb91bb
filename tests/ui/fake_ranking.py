"""The lists of the Engine's test double: likenesses from a hash, ledgers that add up as real ones do."""

from dataclasses import replace

from fake_library import unit

from avrec.errors import UnknownModelError
from avrec.explain.ledger import DIRECT, LEARNED, by_modality
from avrec.recommend.options import PLAIN, ListOptions
from avrec.schemas import (
    CONTENT_MODALITIES,
    MODALITIES,
    AudienceMember,
    Contribution,
    Counterfactual,
    Moment,
    RankedList,
    Recommendation,
    SegmentPair,
)

LEARNING = ("caption",)  # modalities whose line has two parts
EVENT_WEIGHTS = {"like": 1.0, "favourite": 1.5, "dislike": -1.0, "hide": -1.0, "view": 0.6}
BALANCED = dict(zip(MODALITIES, (1.0, 0.25, 0.75, 0.5, 1.0, 0.25, 1.0, 0.0), strict=True))


class FakeRanking:
    """Over `_clips` and `_events`, which `FakeEngine` sets."""

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
