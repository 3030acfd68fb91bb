"""The fitted linear model: parts over their global scales, and what random pairs of a person and a clip score.

A modality's weight multiplies its lines in the fitted model: switching one off changes its lines and no others. A
content modality's line holds its fitted weight already, so its multiplier is weight / fitted weight; the crowd's and
the prior's lines are multiplied by their weights.
"""

from collections import OrderedDict

import numpy as np

from avrec.explain.ledger import LIKED_BY_MANY, Block, Told, clip_leaves
from avrec.recommend.dataset import Dataset, Taste, popularity, unit_deviation
from avrec.recommend.parts import CeasePart, CrowdPart, Part
from avrec.recommend.presets import FITTED
from avrec.recommend.reading import SIGNED, Reading
from avrec.schemas import CONTENT_MODALITIES, MODALITIES

WATCHED = MODALITIES[:7]  # modalities with a line per watched clip
SCALE_PEOPLE, SCALE_WATCHED, SCALE_CLIPS = 200, 2000, 1000
NULL_PEOPLE, NULL_PAIRS, LEAST_PAIRS = 100, 2000, 20
ROWS_AT_ONCE = 1024
SEED = 3


def multipliers(weights: dict[str, float]) -> np.ndarray:
    """What each modality's fitted line is multiplied by at these weights, in the order of MODALITIES."""
    return np.array([weights[m] / FITTED[m] if m in CONTENT_MODALITIES else weights[m] for m in MODALITIES])


class LinearModel:
    """Weighted parts and the popularity prior, fitted on a dataset.

    Args:
        parts: (part, weight); a part's lines are weight / its global scale.
        crowd: How the crowd's parts read people's weights; the others take them as they are.
    """

    def __init__(self, dataset: Dataset, parts: list[tuple[Part, float]], crowd: Reading = SIGNED):
        kept = [(part, weight) for part, weight in parts if weight > 0]
        self.dataset, self.parts = dataset, [part for part, _ in kept]
        self._readings = [crowd if isinstance(part, CeasePart | CrowdPart) else SIGNED for part in self.parts]
        self._places = [np.array([WATCHED.index(m) for m in part.modalities], dtype=int) for part in self.parts]
        scales = self._global_scales()
        self._scales = [scale / weight for scale, (_, weight) in zip(scales, kept, strict=True)]
        self.prior = unit_deviation(popularity(dataset.positives), dataset.listable) if dataset.clips else np.zeros(0)
        self._null: np.ndarray | None = None
        self._sorted: OrderedDict[tuple[float, ...], np.ndarray] = OrderedDict()

    def with_events(self, dataset: Dataset) -> "LinearModel":
        """The same fit for newer events: tastes change, matrices, scales and null stay."""
        fresh = object.__new__(LinearModel)
        fresh.__dict__.update(self.__dict__, dataset=dataset)
        return fresh

    def scale(self, part: Part) -> float:
        """What a part's lines are divided by."""
        return self._scales[self.parts.index(part)]

    def told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        """Every line of some clips at these weights, exactly."""
        factors = multipliers(weights)
        values = (factors[7] * self.prior[columns])[None]
        blocks = [Block("prior", "popularity", LIKED_BY_MANY, values, weights["prior"])]
        if len(taste.clips):
            watched = clip_leaves(self.dataset.corpus, taste.clips, taste.weights)
            for part, read, places, scale in zip(self.parts, self._readings, self._places, self._scales, strict=True):
                if not factors[places].any():
                    continue
                lines = part.block(taste.clips, columns) * (read.of(taste.weights)[:, None] / scale)
                for name, label, line in zip(part.modalities, part.labels, lines, strict=True):
                    if factor := factors[WATCHED.index(name)]:
                        blocks.append(Block(name, label, watched, line * factor, weights[name]))
        return Told(tuple(blocks), len(columns))

    def scores(self, taste: Taste, weights: dict[str, float]) -> np.ndarray:
        """Base scores of all clips, (clips,); single precision inside, for ranking."""
        factors = multipliers(weights)
        scores = factors[7] * self.prior
        if len(taste.clips):
            for part, read, places, scale in zip(self.parts, self._readings, self._places, self._scales, strict=True):
                if factors[places].any():
                    scores = scores + part.total(taste.clips, read.of(taste.weights), factors[places] / scale)
        return scores

    def scores_of(self, people: np.ndarray, weights: dict[str, float], columns: np.ndarray | slice) -> np.ndarray:
        """Base scores of some clips for many people at once, (people, columns) float32."""
        factors = multipliers(weights)
        tastes = self.dataset.user_items[people].astype(np.float32)
        prior = (factors[7] * self.prior[columns]).astype(np.float32)
        scores = np.repeat(prior[None], len(people), axis=0)
        parts = [
            (p, read.of_rows(tastes), f / s)
            for p, read, w, s in zip(self.parts, self._readings, self._places, self._scales, strict=True)
            if (f := factors[w]).any()
        ]
        for part, read, own in parts:
            if isinstance(part, CrowdPart):  # sparse: in one go
                scores += (own[0] * part.model.product(read, columns)).astype(np.float32)
        watched = np.flatnonzero(tastes.getnnz(axis=0))
        for start in range(0, len(watched), ROWS_AT_ONCE):
            rows = watched[start : start + ROWS_AT_ONCE]
            for part, read, own in parts:
                if not isinstance(part, CrowdPart):
                    scores += read[:, rows] @ part.combined(rows, columns, own)
        return scores

    def _global_scales(self) -> list[float]:
        """Deviation of each part over a sample of people x clips, as fitted."""
        items = self.dataset.over_clips
        people = np.flatnonzero(items.getnnz(axis=1))
        rng = np.random.default_rng(SEED)
        if len(people) > SCALE_PEOPLE:
            people = rng.choice(people, SCALE_PEOPLE, replace=False)
        if not len(people):
            return [1.0] * len(self.parts)
        lengths = items.getnnz(axis=1)[people]
        people = (
            people[: max(1, int(np.searchsorted(np.cumsum(lengths), SCALE_WATCHED)))] if len(people) > 20 else people
        )
        columns = np.flatnonzero(self.dataset.listable)
        if len(columns) > SCALE_CLIPS:
            columns = np.sort(rng.choice(columns, SCALE_CLIPS, replace=False))
        tastes = items[people].astype(np.float32)
        watched = np.flatnonzero(tastes.getnnz(axis=0))
        scales = []
        for part, read in zip(self.parts, self._readings, strict=True):
            block = part.combined(watched, columns, np.ones(len(part.modalities)))
            deviation = float(np.std(read.of_rows(tastes)[:, watched] @ block, dtype=np.float64))
            scales.append(deviation if deviation > 1e-9 else 1.0)
        return scales

    # ---- percentiles ---------------------------------------------------------------------------------

    def percentile(self, base: float, weights: dict[str, float]) -> float | None:
        """Share of random pairs of a person and a clip they have not seen that score lower, in [0, 100].

        None where there are too few pairs to tell.
        """
        factors = multipliers(weights)
        key = tuple(factors)
        if key not in self._sorted:
            if self._null is None:
                self._null = self._null_lines()
            self._sorted[key] = np.sort(factors @ self._null)
            while len(self._sorted) > 64:
                self._sorted.popitem(last=False)
        null = self._sorted[key]
        return float(np.searchsorted(null, base - 1e-9) / len(null) * 100) if len(null) >= LEAST_PAIRS else None

    def _null_lines(self) -> np.ndarray:
        """Fitted lines, summed over watched clips, of about 2,000 random pairs: (8, pairs)."""
        rng = np.random.default_rng(SEED)
        people = np.flatnonzero(self.dataset.positives.getnnz(axis=1))
        if len(people) > NULL_PEOPLE:
            people = rng.choice(people, NULL_PEOPLE, replace=False)
        known, drawn, each = [], [], -(-NULL_PAIRS // max(len(people), 1))
        for person in people.tolist():
            taste = self.dataset.taste_of(person)
            unseen = self.dataset.listable & ~(taste.seen | taste.hidden)
            unseen[taste.clips] = False
            if unseen.any():
                known.append(person)
                drawn.append(rng.choice(np.flatnonzero(unseen), each))
        if not known:
            return np.zeros((len(MODALITIES), 0))
        places, tastes = np.array(drawn), self.dataset.items_of(np.array(known))
        lines = np.zeros((len(MODALITIES), *places.shape))
        for part, read, where, scale in zip(self.parts, self._readings, self._places, self._scales, strict=True):
            lines[where] += part.sums(read.of_rows(tastes), places) / scale
        lines[MODALITIES.index("prior")] = self.prior[places]
        return lines.reshape(len(MODALITIES), -1)
