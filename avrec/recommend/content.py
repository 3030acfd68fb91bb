"""Content likeness of two clips: a sum over modalities, calibrated, fair to clips that lack some.

    S(h, c) = sum over P of alpha_m z_m(h, c) / sqrt(alpha_P' R alpha_P)

P are the modalities that both clips have, z_m the cosine in standard deviations above a random pair (held to +-4), R
the correlation of the z over random pairs. The square root makes the variance of S the same whatever is missing:
dividing by the sum of the weights would reward missing modalities, a plain sum would punish them. Nothing shared: 0.
"""

import hashlib
from collections import OrderedDict

import numpy as np

from avrec.recommend.calibration import LIMIT, ShippedNull, blend_mean, blend_scale, load_shipped, null_pairs
from avrec.recommend.presets import FITTED
from avrec.recommend.vectors import CentredVectors, centre, clip_means
from avrec.recommend.words import WordIndex
from avrec.schemas import CONTENT_MODALITIES, Corpus, SegmentPair

CACHED_ROWS = 4096
LANGUAGE_CLIPS = 20


class ContentModel:
    """Fitted on a corpus; every modality's z of a clip with all others is a cached row.

    Attributes:
        corpus: What it was fitted on.
        present: (modalities, clips) in the order of CONTENT_MODALITIES.
        fit_id: Changes whenever new clips move the scale.
    """

    def __init__(self, corpus: Corpus, shipped: dict[str, ShippedNull] | None = None):
        self.corpus = corpus
        n = len(corpus.clip_ids)
        shipped = load_shipped() if shipped is None else shipped
        self.words = WordIndex(corpus.documents) if n else None
        self.vectors: dict[str, CentredVectors] = {}
        self.scales: dict[str, tuple[float, float]] = {}
        a, b = null_pairs(n)
        z = np.zeros((len(CONTENT_MODALITIES), len(a)))
        both = np.zeros((len(CONTENT_MODALITIES), len(a)), dtype=bool)
        self.present = np.zeros((len(CONTENT_MODALITIES), n), dtype=bool)
        for i, modality in enumerate(CONTENT_MODALITIES):
            null = shipped.get(modality)
            cosines = self._fit_modality(modality, i, n, null, a, b)
            if cosines is None:
                continue
            both[i] = self.present[i, a] & self.present[i, b]
            mu, sigma = blend_scale(cosines[both[i]], int(self.present[i].sum()), null)
            self.scales[modality] = (mu, sigma)
            z[i] = np.clip((cosines - mu) / sigma, -LIMIT, LIMIT)
        self.correlation = _correlation(z, both)
        self._pattern = (self.present.T @ (1 << np.arange(len(CONTENT_MODALITIES)))).astype(np.int64)
        self._norms = _norm_table(self.correlation)
        self._rows: OrderedDict[int, np.ndarray] = OrderedDict()
        digest = hashlib.sha256("|".join(corpus.clip_ids).encode())
        digest.update(repr(sorted(self.scales.items())).encode())
        self.fit_id = digest.hexdigest()[:10]

    def _fit_modality(
        self, modality: str, i: int, n: int, null: ShippedNull | None, a: np.ndarray, b: np.ndarray
    ) -> np.ndarray | None:
        """Centre one modality and return the null pairs' cosines; None when no clip has it."""
        if modality == "words":
            if self.words is None:
                return None
            self.present[i] = self.words.present
            return np.asarray(self.words.matrix[a].multiply(self.words.matrix[b]).sum(axis=1)).ravel()
        source = self.corpus.vectors.get(modality)
        if source is None or not len(source.clip):
            return None
        if null is not None and null.version != source.version:
            null = None
        means, present, _ = clip_means(source, n)
        mean = blend_mean(means[present].mean(axis=0), int(present.sum()), null)
        self.vectors[modality] = centre(source, n, mean)
        if modality == "meaning":
            self.vectors[modality] = _centre_languages(self.vectors[modality], self.corpus.languages)
        self.present[i] = present
        units = self.vectors[modality].units
        return np.einsum("ij,ij->i", units[a], units[b], dtype=np.float64)

    # ---- likeness ------------------------------------------------------------------------------------

    def z(self, clips: np.ndarray) -> np.ndarray:
        """z of some clips with all, (modalities, len(clips), clips) float32; 0 where either lacks the modality or for
        a clip with itself."""
        missing = [int(c) for c in dict.fromkeys(clips.tolist()) if int(c) not in self._rows]
        if missing:
            computed = self._compute(np.array(missing))
            for j, clip in enumerate(missing):
                self._rows[clip] = computed[:, j]
            while len(self._rows) > max(CACHED_ROWS, len(clips)):
                self._rows.popitem(last=False)
        n = len(self.corpus.clip_ids)
        if not len(clips):
            return np.zeros((len(CONTENT_MODALITIES), 0, n), np.float32)
        return np.stack([self._rows[int(c)] for c in clips], axis=1)

    def _compute(self, clips: np.ndarray) -> np.ndarray:
        n = len(self.corpus.clip_ids)
        out = np.zeros((len(CONTENT_MODALITIES), len(clips), n), np.float32)
        for i, modality in enumerate(CONTENT_MODALITIES):
            if modality not in self.scales:
                continue
            mu, sigma = self.scales[modality]
            if modality == "words":
                cosines = (self.words.matrix[clips] @ self.words.matrix.T).toarray()
            else:
                cosines = self.vectors[modality].cosines(clips)
            both = self.present[i, clips][:, None] & self.present[i][None]
            out[i] = np.where(both, np.clip((cosines - mu) / sigma, -LIMIT, LIMIT), 0)
        out[:, np.arange(len(clips)), clips] = 0
        return out

    def norms(self, clips: np.ndarray) -> np.ndarray:
        """1 / sqrt(alpha_P' R alpha_P) for some clips with all, (len(clips), clips); 0 where nothing is shared."""
        return self._norms[self._pattern[clips][:, None] & self._pattern[None]]

    def lines(self, clips: np.ndarray) -> np.ndarray:
        """alpha_m z_m / sqrt(...) at the fitted weights, (modalities, len(clips), clips) float64."""
        alpha = np.array([FITTED[m] for m in CONTENT_MODALITIES])
        return alpha[:, None, None] * self.z(clips).astype(np.float64) * self.norms(clips)[None]

    def likeness(self, clips: np.ndarray, weights: dict[str, float]) -> np.ndarray:
        """S of some clips with all at these weights, (len(clips), clips)."""
        factor = np.array([weights[m] / FITTED[m] for m in CONTENT_MODALITIES])
        return np.einsum("m,mhc->hc", factor, self.lines(clips))

    def pairs(self, watched: int, clip: int, modality: str, value: float) -> list[SegmentPair]:
        """Split a ledger line (modality, watched clip) of this value into pairs of segments.

        The line is linear in z, z in the cosine, and the cosine is a sum over pairs of segments; where z is held to
        its limit all pairs are scaled alike.
        """
        vectors = self.vectors[modality]
        of_a, of_b, parts, cosines = vectors.pairs(watched, clip)
        mu, sigma = self.scales[modality]
        weights = vectors.shares[of_a][:, None] * vectors.shares[of_b][None]
        z = (parts - weights * mu) / sigma
        total = z.sum()
        values = z * (value / total) if abs(total) > 1e-9 else weights * value
        source, ids = vectors.source, self.corpus.clip_ids
        return [
            SegmentPair(
                modality, ids[watched], float(source.start[s]), float(source.end[s]),
                ids[clip], float(source.start[t]), float(source.end[t]),
                float(cosines[i, j]), float(values[i, j]),
            )
            for i, s in enumerate(of_a)
            for j, t in enumerate(of_b)
        ]  # fmt: skip

    def missing(self, clip: int) -> tuple[str, ...]:
        return tuple(m for i, m in enumerate(CONTENT_MODALITIES) if not self.present[i, clip])


def _correlation(z: np.ndarray, both: np.ndarray) -> np.ndarray:
    """Correlation of the modalities' z over the pairs that have both; 0 where too few pairs tell."""
    m = len(z)
    R = np.eye(m)
    for i in range(m):
        for j in range(i):
            shared = both[i] & both[j]
            if shared.sum() >= 10 and z[i, shared].std() > 0 and z[j, shared].std() > 0:
                R[i, j] = R[j, i] = float(np.corrcoef(z[i, shared], z[j, shared])[0, 1])
    return R


def _norm_table(R: np.ndarray) -> np.ndarray:
    """1 / sqrt(alpha_P' R alpha_P) for every set P of modalities, indexed by its bits."""
    alpha = np.array([FITTED[m] for m in CONTENT_MODALITIES])
    sets = (np.arange(1 << len(alpha))[:, None] >> np.arange(len(alpha))) & 1
    weighted = sets * alpha
    variance = np.einsum("pi,ij,pj->p", weighted, R, weighted)
    # Sampling noise could make the estimate too small; it cannot be below the least single variance present.
    least = np.where(sets == 1, alpha**2, np.inf).min(axis=1)
    return np.divide(1.0, np.sqrt(np.maximum(variance, least)), out=np.zeros(len(sets)), where=sets.any(axis=1))


def _centre_languages(vectors: CentredVectors, languages: tuple[str | None, ...]) -> CentredVectors:
    """Subtract a language's own mean where it has 20 clips or more: document vectors hold the language they are in."""
    names = np.array([language or "" for language in languages])
    units = vectors.units.astype(np.float64)
    large = [x for x in np.unique(names) if x and (vectors.present & (names == x)).sum() >= LANGUAGE_CLIPS]
    if len(large) < 2:  # one language's mean is the library's
        return vectors
    for language in large:
        members = vectors.present & (names == language)
        units[members] -= units[members].mean(axis=0)
    lengths = np.maximum(np.linalg.norm(units, axis=1, keepdims=True), 1e-6)
    return CentredVectors(
        vectors.present, np.where(vectors.present[:, None], units / lengths, 0).astype(np.float32), vectors.norms,
        vectors.shares, vectors.source, vectors.mean,
    )  # fmt: skip
