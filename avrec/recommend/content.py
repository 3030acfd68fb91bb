"""Content likeness of two clips: a sum over modalities, calibrated, fair to clips that lack some.

    S(h, c) = sum over P of alpha_m z_m(h, c) / sqrt(alpha_P' R alpha_P)

P are the modalities that both clips have, z_m the cosine in standard deviations above a random pair (held to +-4), R
the correlation of the z over random pairs. The square root makes the variance of S the same whatever is missing:
dividing by the sum of the weights would reward missing modalities, a plain sum would punish them. Nothing shared: 0.

alpha are the fitted weights, always; sliders multiply a term of the sum from outside, so that no slider moves another
modality's term. Ranking reads cached float32 rows; what a ledger shows is computed again in float64.
"""

import copy
import hashlib
from collections import OrderedDict

import numpy as np

from avrec.recommend.calibration import (
    LIMIT,
    ShippedNull,
    blend_correlation,
    blend_mean,
    blend_scale,
    load_shipped,
    null_pairs,
)
from avrec.recommend.guests import clips_alone, guest_scales, seat_vectors, seat_words
from avrec.recommend.presets import FITTED
from avrec.recommend.vectors import CentredVectors, centre, centre_languages, clip_means
from avrec.recommend.words import WordIndex
from avrec.schemas import CONTENT_MODALITIES, Corpus, SegmentPair

CACHE_BYTES = 256 << 20
ALPHA = np.array([FITTED[m] for m in CONTENT_MODALITIES])


class ContentModel:
    """Fitted on a corpus.

    Attributes:
        corpus: What it was fitted on, and guests after it (`avrec.recommend.guests`), which it was not fitted on.
        present: (modalities, clips) in the order of CONTENT_MODALITIES.
        correlation: R, (modalities, modalities).
        null: (modalities, pairs) the terms of S for the null pairs.
        fit_id: Changes whenever new clips move the scale.
    """

    def __init__(self, corpus: Corpus, shipped: dict[str, ShippedNull] | None = None):
        self.corpus = clips_alone(corpus)
        n = len(self.corpus.clip_ids)
        shipped = load_shipped() if shipped is None else shipped
        self.words = WordIndex(self.corpus.documents) if n else None
        self.vectors: dict[str, CentredVectors] = {}
        self.scales: dict[str, tuple[float, float]] = {}
        a, b = null_pairs(n)
        z = np.zeros((len(CONTENT_MODALITIES), len(a)))
        both = np.zeros((len(CONTENT_MODALITIES), len(a)), dtype=bool)
        self.present = np.zeros((len(CONTENT_MODALITIES), n), dtype=bool)
        used: dict[str, ShippedNull] = {}
        for i, modality in enumerate(CONTENT_MODALITIES):
            null = self._matching(modality, shipped.get(modality))
            cosines = self._fit_modality(modality, i, n, null, a, b)
            if cosines is None:
                continue
            if null is not None:
                used[modality] = null
            both[i] = self.present[i, a] & self.present[i, b]
            mu, sigma = blend_scale(cosines[both[i]], int(self.present[i].sum()), null)
            self.scales[modality] = (mu, sigma)
            z[i] = np.where(both[i], np.clip((cosines - mu) / sigma, -LIMIT, LIMIT), 0.0)
        self.correlation = blend_correlation(z, both, self.present.sum(axis=1), used)
        self._pattern = (self.present.T @ (1 << np.arange(len(CONTENT_MODALITIES)))).astype(np.int64)
        self._norms = _norm_table(self.correlation)
        self.null = ALPHA[:, None] * z * self._norms[self._pattern[a] & self._pattern[b]] if n else z
        self._rows: OrderedDict[int, np.ndarray] = OrderedDict()
        digest = hashlib.sha256("|".join(self.corpus.clip_ids).encode())
        digest.update(repr([sorted(self.scales.items()), self.correlation.round(9).tolist()]).encode())
        self.fit_id = digest.hexdigest()[:10]
        self._guest_scales: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._clips_alone = (self.words, self.vectors, self.present)
        if corpus.guests:
            self._seat(corpus)

    def seated(self, corpus: Corpus) -> "ContentModel":
        """The same fit with other guests, or none: `corpus` has the same clips."""
        other = copy.copy(self)
        other._seat(corpus)
        return other

    def _seat(self, corpus: Corpus) -> None:
        """Take in a corpus of the fitted clips and guests after them; nothing is fitted again."""
        words, vectors, present = self._clips_alone
        n, guests = present.shape[1], corpus.guests
        self.corpus, self.words, self.vectors, self.present = corpus, words, vectors, present
        self._guest_scales = {}
        if guests and words is not None:
            self.words = seat_words(words, corpus.documents[n:])
            self.vectors = {m: seat_vectors(v, corpus.vectors[m], n, guests) for m, v in vectors.items()}
            self._guest_scales = {m: guest_scales(v, n, self.scales[m]) for m, v in self.vectors.items()}
            self.present = np.zeros((len(CONTENT_MODALITIES), n + guests), dtype=bool)
            for i, modality in enumerate(CONTENT_MODALITIES):
                seat = self.words if modality == "words" else self.vectors.get(modality)
                if seat is not None:
                    self.present[i] = seat.present
        self._pattern = (self.present.T @ (1 << np.arange(len(CONTENT_MODALITIES)))).astype(np.int64)
        self._rows = OrderedDict()

    def _matching(self, modality: str, null: ShippedNull | None) -> ShippedNull | None:
        """The shipped null, if it is of this library's version of the vectors."""
        source = self.corpus.vectors.get(modality)
        return None if null is None or (source is not None and null.version != source.version) else null

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
        means, present, shares = clip_means(source, n)
        mean = blend_mean(means[present].mean(axis=0), int(present.sum()), null)
        self.vectors[modality] = centre(source, means, present, shares, mean)
        if modality == "meaning":
            self.vectors[modality] = centre_languages(self.vectors[modality], self.corpus.languages)
        self.present[i] = present
        units = self.vectors[modality].units
        return np.einsum("ij,ij->i", units[a], units[b], dtype=np.float64)

    # ---- likeness ------------------------------------------------------------------------------------

    def _terms(self, i: int, rows: np.ndarray, columns: np.ndarray | slice, norms: np.ndarray) -> np.ndarray | None:
        """One modality's term of S for some clips with others, in the precision of `norms`; None where it is absent."""
        modality = CONTENT_MODALITIES[i]
        if modality not in self.scales or not self.present[i, rows].any():
            return None
        mu, sigma = self._scales_of(modality, rows)
        if modality == "words":
            cosines = self.words.cosines(rows, columns).astype(norms.dtype)
        else:
            units = self.vectors[modality].units
            cosines = units[rows].astype(norms.dtype) @ units[columns].astype(norms.dtype, copy=False).T
        cosines -= mu.astype(norms.dtype)
        cosines *= (1 / sigma).astype(norms.dtype)
        np.clip(cosines, -LIMIT, LIMIT, out=cosines)
        cosines *= norms
        cosines *= (ALPHA[i] * self.present[i, rows]).astype(norms.dtype)[:, None]
        cosines *= self.present[i, columns]
        return cosines

    def _scales_of(self, modality: str, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation that the cosines of some rows are measured in, (rows, 1) each."""
        if modality in self._guest_scales:
            mu, sigma = self._guest_scales[modality]
            return mu[rows][:, None], sigma[rows][:, None]
        mu, sigma = self.scales[modality]
        return np.full((1, 1), mu), np.full((1, 1), sigma)

    def norms(self, rows: np.ndarray, columns: np.ndarray | slice = slice(None)) -> np.ndarray:
        """1 / sqrt(alpha_P' R alpha_P) of some clips with others; 0 where nothing is shared or a clip meets itself."""
        norms = self._norms[self._pattern[rows][:, None] & self._pattern[columns][None]]
        others = np.arange(len(self._pattern))[columns]
        norms[rows[:, None] == others[None]] = 0.0
        return norms

    def block(
        self, rows: np.ndarray, columns: np.ndarray | slice = slice(None), dtype: type = np.float64
    ) -> np.ndarray:
        """The terms of S for some clips with others, (modalities, rows, columns)."""
        norms = self.norms(rows, columns).astype(dtype, copy=False)
        out = np.zeros((len(CONTENT_MODALITIES), *norms.shape), dtype)
        for i in range(len(out)):
            terms = self._terms(i, rows, columns, norms)
            if terms is not None:
                out[i] = terms
        return out

    def combined(self, rows: np.ndarray, columns: np.ndarray | slice, factors: np.ndarray) -> np.ndarray:
        """The terms times one factor a modality, summed: (rows, columns) float32."""
        norms = self.norms(rows, columns).astype(np.float32)
        out = np.zeros_like(norms)
        for i in np.flatnonzero(factors):
            terms = self._terms(int(i), rows, columns, norms)
            if terms is not None:
                out += np.float32(factors[i]) * terms
        return out

    def likeness(
        self, rows: np.ndarray, weights: dict[str, float], columns: np.ndarray | slice = slice(None)
    ) -> np.ndarray:
        """S of some clips with others at these weights, (rows, columns) float32."""
        return self.combined(rows, columns, np.array([weights[m] / FITTED[m] for m in CONTENT_MODALITIES]))

    def rows(self, clips: np.ndarray) -> list[np.ndarray]:
        """The terms of each clip with all, each (modalities, clips) float32; kept, up to a bound in bytes."""
        missing = np.array([c for c in dict.fromkeys(clips.tolist()) if c not in self._rows], dtype=np.int64)
        if len(missing):
            computed = self.block(missing, dtype=np.float32)
            for j, clip in enumerate(missing.tolist()):
                self._rows[clip] = np.ascontiguousarray(computed[:, j])
        for clip in clips.tolist():
            self._rows.move_to_end(clip)
        found = [self._rows[clip] for clip in clips.tolist()]
        while self._rows and len(self._rows) * 4 * self.present.size > CACHE_BYTES:
            self._rows.popitem(last=False)
        return found

    def pairs(self, watched: int, clip: int, modality: str, factor: float) -> list[SegmentPair]:
        """Split factor x the modality's term of S into pairs of segments.

        The term is linear in z, z in the cosine, and the cosine is a sum over pairs of segments, which share -mu by
        their weights; where z is held to its limit all pairs are scaled alike.
        """
        i = CONTENT_MODALITIES.index(modality)
        line = factor * float(self.block(np.array([watched]), np.array([clip]))[i, 0, 0])
        vectors = self.vectors[modality]
        of_a, of_b, parts, cosines = vectors.pairs(watched, clip)
        mu, sigma = (float(x[0, 0]) for x in self._scales_of(modality, np.array([watched])))
        weights = vectors.shares[of_a][:, None] * vectors.shares[of_b][None]
        z = (parts - weights * mu) / sigma
        total = z.sum()
        norm = float(self.norms(np.array([watched]), np.array([clip]))[0, 0])
        # Near zero the quotient would blow rounding up; there the limit does not bite and the factor is known.
        values = z * (line / total if abs(total) > 1e-3 else factor * ALPHA[i] * norm)
        values += weights * (line - values.sum())
        source, ids = vectors.source, self.corpus.clip_ids
        return [
            SegmentPair(
                modality, ids[watched], float(source.start[s]), float(source.end[s]),
                ids[clip], float(source.start[t]), float(source.end[t]),
                float(cosines[p, q]), float(values[p, q]),
            )
            for p, s in enumerate(of_a)
            for q, t in enumerate(of_b)
        ]  # fmt: skip

    def sigma(self, modality: str, a: int, b: int) -> float:
        """z of two clips in one modality: deviations above a random pair; 0 where one lacks it.

        Args:
            a: May be a guest of the library.
        """
        i = CONTENT_MODALITIES.index(modality)
        if modality not in self.scales or not (self.present[i, a] and self.present[i, b]):
            return 0.0
        mu, sigma = (float(x[0, 0]) for x in self._scales_of(modality, np.array([a])))
        if modality == "words":
            cosine = float(self.words.cosines(np.array([a]), np.array([b]))[0, 0])
        else:
            cosine = float(self.vectors[modality].units[a].astype(np.float64) @ self.vectors[modality].units[b])
        return float(np.clip((cosine - mu) / sigma, -LIMIT, LIMIT))

    def missing(self, clip: int) -> tuple[str, ...]:
        return tuple(m for i, m in enumerate(CONTENT_MODALITIES) if not self.present[i, clip])


def _norm_table(R: np.ndarray) -> np.ndarray:
    """1 / sqrt(alpha_P' R alpha_P) for every set P of modalities, indexed by its bits."""
    sets = (np.arange(1 << len(ALPHA))[:, None] >> np.arange(len(ALPHA))) & 1
    weighted = sets * ALPHA
    variance = np.einsum("pi,ij,pj->p", weighted, R, weighted)
    # Sampling noise could make the estimate too small; it cannot be below the least single variance present.
    least = np.where(sets == 1, ALPHA**2, np.inf).min(axis=1)
    return np.divide(1.0, np.sqrt(np.maximum(variance, least)), out=np.zeros(len(sets)), where=sets.any(axis=1))
