"""How good settings of the hybrid are on a validation split, quickly enough to try hundreds.

A part's scores for the validation people are made once; weighing them is then a sum, so only CEASE is fitted again and
again. What is weighed here is exactly what the hybrid adds up: each part over its one global scale.
"""

from collections.abc import Callable

import numpy as np

from avrec.evaluate.protocols import Split
from avrec.recommend.cease import Cease, CeaseSettings, kernel_features
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import popularity, unit_deviation
from avrec.recommend.hybrid_settings import HybridSettings
from avrec.recommend.parts import CeasePart, ContentPart, CrowdPart, Part
from avrec.recommend.presets import FITTED
from avrec.recommend.reading import SIGNED, Reading
from avrec.recommend.scoring import LinearModel
from avrec.recommend.sparse_crowd import DENSE_CLIPS, SparseCrowd
from avrec.recommend.spectral import SpectralFilter
from avrec.recommend.walk import TwoStepWalk

BLOCK = 256


class PartScores:
    """The parts' scores of all clips for the validation people.

    Args:
        split: Training data and the validation people's targets.
        most: At most so many people are scored, drawn at random.
        k: Places that count.
        rng: Draws the people and the order of clips that score the same.
        say: Told before each fit what it is.

    Attributes:
        people: (people,) rows of the dataset.
    """

    def __init__(self, split: Split, most: int, k: int, rng: np.random.Generator, say: Callable[[str], None]):
        people = split.people
        self.people = np.sort(rng.choice(people, most, replace=False)) if len(people) > most else people
        self.train, self.k, self._say = split.train, k, say
        self.targets = split.targets[self.people]
        self.relevant = self.targets.getnnz(axis=1)
        away = (self.train.seen + self.train.hidden)[self.people].tocsr()
        self.allowed = ~(away.toarray() > 0) & self.train.listable
        self.ties = rng.permutation(self.train.clips)
        self.content = ContentModel(self.train.corpus)
        self.features = kernel_features(self.content)
        self.has_content = bool(self.features)
        self.parts: dict[str, np.ndarray] = {}
        self._fitted: CeaseSettings | None = None
        self._part: Part | None = None
        self._reading = SIGNED

    def prepare(self, spectral: bool) -> None:
        """Fit what does not depend on settings; the crowd's main directions only where they are to be tried."""
        self._say("content, walk and popularity")
        if self.has_content:
            self.parts["content"] = self._scores_of(ContentPart(self.content))
        self._crowd = {"walk": CrowdPart(TwoStepWalk(self.train.positives), "walk")}
        if spectral:
            self._crowd["spectral"] = CrowdPart(SpectralFilter(self.train.positives), "spectral")
        prior = FITTED["prior"] * unit_deviation(popularity(self.train.positives), self.train.listable)
        self.parts["popularity"] = prior.astype(np.float32)[None]

    def value(self, settings: HybridSettings) -> float:
        """Mean of nDCG and recall over the validation people."""
        self._read(settings.crowd)
        if settings.cease:
            self._fit(settings.fit)
        total: np.ndarray | float = np.zeros((1, self.train.clips), np.float32)
        for name, scores in self.parts.items():
            weight = getattr(settings, name)
            if weight:
                total = total + np.float32(weight) * scores
        return self._quality(np.where(self.allowed, total, np.float32(-np.inf)))

    def _scores_of(self, part: Part, crowd: Reading = SIGNED) -> np.ndarray:
        """A part's scores of all clips for the validation people, over its global scale, float32."""
        model = LinearModel(self.train, [(part, 1.0)], crowd)
        weights = dict.fromkeys(FITTED, 0.0) | {m: FITTED[m] for m in FITTED if m != "prior"}
        blocks = [
            model.scores_of(self.people[i : i + BLOCK], weights, slice(None)) for i in range(0, len(self.people), BLOCK)
        ]
        return np.concatenate(blocks)

    def _read(self, crowd: Reading) -> None:
        """The crowd's parts' scores under a reading."""
        if "walk" not in self.parts or crowd != self._reading:
            self.parts |= {name: self._scores_of(part, crowd) for name, part in self._crowd.items()}
            if self._part is not None:
                self.parts["cease"] = self._scores_of(self._part, crowd)
            self._reading = crowd

    def _fit(self, settings: CeaseSettings) -> None:
        if settings == self._fitted:
            return
        self._say(f"lambda {settings.regularization:g}, beta {settings.beta:g}, dropout {settings.dropout:g}, "
                  f"kernel {settings.kernel:g}")  # fmt: skip
        if self.train.clips > DENSE_CLIPS:
            part: Part = CrowdPart(SparseCrowd(self.train.positives, settings.regularization), "item-kNN")
        else:
            part = CeasePart(Cease(self.train.positives, self.features, settings))
        self._part, self._fitted = part, settings
        self.parts["cease"] = self._scores_of(part, self._reading)

    def _quality(self, scores: np.ndarray) -> float:
        """Mean of nDCG and recall at k, from the targets' places alone: no list is sorted."""
        rows, columns = self.targets.nonzero()
        places = np.empty(len(rows), dtype=np.int64)
        for start in range(0, len(rows), BLOCK):
            person, clip = rows[start : start + BLOCK], columns[start : start + BLOCK]
            mine = scores[person]
            own = scores[person, clip][:, None]
            before = (mine > own) | ((mine == own) & (self.ties < self.ties[clip][:, None]))
            places[start : start + BLOCK] = before.sum(axis=1)
        hit = places < self.k
        gains = np.where(hit, 1 / np.log2(places + 2.0), 0.0)
        ideal = np.cumsum(1 / np.log2(np.arange(self.k) + 2.0))[np.minimum(self.relevant, self.k) - 1]
        n = len(self.people)
        recall = np.bincount(rows, hit, n) / self.relevant
        return float((recall + np.bincount(rows, gains, n) / ideal).mean() / 2)
