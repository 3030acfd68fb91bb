"""EASE with dropout and side information in one closed form, and its exact split by source.

    A = G + w sum_m C_m + Lambda,  P = A^-1,  B = I - P diag(1 / P_jj)

G is the weighted Gram matrix of what people like, C_m = Z_m Z_m' the likeness of clips in modality m. Without kernels
it is EASE (Steck 2019); with dropout p, Lambda_jj = lambda + p / (1 - p) G_jj, EDLAE (Steck 2020); with kernels, CEASE
(Jeunen et al. 2020). With mu_j = 1 / P_jj - Lambda_jj, B = P (G + w sum_m C_m - diag mu), so B splits into a matrix a
source: each takes the share of diag mu that it has of the sources' diagonals, and the sum is B exactly. Only P and the
Z_m are kept: a modality's rows are (P Z_m) Z_m', thin factors, and the crowd's are what they leave of B.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from avrec.recommend.content import ContentModel
from avrec.recommend.gram import inverse, weighted_gram, working_type
from avrec.schemas import CONTENT_MODALITIES

WHITEN_FROM = 500  # with fewer clips whitening makes all of them equally distant
CLIPS_A_COMPONENT = 10
CACHE_BYTES = 64 << 20
BLOCK_ROWS = 1024
CROWD = "crowd"
Features = np.ndarray | sp.csr_matrix


@dataclass(frozen=True)
class CeaseSettings:
    """What is tuned.

    Attributes:
        regularization: lambda.
        beta: Exponent of people's weighting by history length.
        dropout: p, in [0, 1).
        kernel: w, the weight of the mean kernel, beside G.
    """

    regularization: float = 10.0
    beta: float = 1.0
    dropout: float = 0.0
    kernel: float = 1.0


def kernel_features(content: ContentModel) -> dict[str, Features]:
    """Modality -> Z_m, (clips, dims) with rows of length 1, zero where a clip lacks the modality.

    Centred cosines below 500 clips; above, PCA-whitened with at most a component for every ten clips. Guests of the
    library have no features: a person's own text must not bend what is learned from everybody.
    """
    found: dict[str, Features] = {}
    clips = np.arange(content.present.shape[1]) < content.present.shape[1] - content.corpus.guests
    for modality in CONTENT_MODALITIES:
        if modality == "words":
            if content.words is not None and content.words.matrix.nnz:
                found[modality] = sp.csr_matrix(sp.diags_array(clips.astype(float)) @ content.words.matrix)
        elif modality in content.vectors:
            vectors = content.vectors[modality]
            found[modality] = whitened(vectors.units * clips[:, None], vectors.present & clips)
    return found


def whitened(units: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Whiten the rows that are present and scale them to length 1; as they are in a small library."""
    n = int(present.sum())
    if n < WHITEN_FROM:
        return units
    mine = units[present].astype(np.float64)
    mine = mine - mine.mean(axis=0)
    values, axes = np.linalg.eigh(mine.T @ mine / n)
    kept = np.argsort(-values)[: min(n // CLIPS_A_COMPONENT, int((values > values.max() * 1e-6).sum()))]
    mine = mine @ (axes[:, kept] / np.sqrt(values[kept]))
    mine /= np.maximum(np.linalg.norm(mine, axis=1, keepdims=True), 1e-9)
    out = np.zeros((len(units), len(kept)), np.float32)
    out[present] = mine
    return out


class Cease:
    """B and its split by source.

    Args:
        positives: (users, clips) binary.
        features: As `kernel_features` gives them; none for EASE and EDLAE.

    Attributes:
        P: (clips, clips), the inverse of A.
        sources: The modalities whose kernels count, then "crowd".
    """

    def __init__(self, positives: sp.csr_matrix, features: Mapping[str, Features], settings: CeaseSettings):
        dtype = working_type(positives.shape[1])
        made = features if settings.kernel else {}
        self.features = {m: made[m].astype(dtype, copy=False) for m in CONTENT_MODALITIES if m in made}
        self.sources = (*self.features, CROWD)
        self._weight = settings.kernel / max(len(self.features), 1)
        gram = weighted_gram(positives, settings.beta)
        counts = gram.diagonal()
        ridge = settings.regularization + settings.dropout / (1 - settings.dropout) * counts
        A = gram.astype(dtype).toarray(order="F")
        del gram
        for Z in self.features.values():
            _add_kernel(A, Z, self._weight)
        A[np.diag_indices(len(A))] += ridge.astype(dtype)
        self.P = inverse(A)
        self._inverse_diagonal = 1.0 / np.diag(self.P).astype(np.float64) if len(A) else np.zeros(0)
        self._set_shares(counts, ridge)
        self._halves: OrderedDict[int, list[np.ndarray]] = OrderedDict()

    def _set_shares(self, counts: np.ndarray, ridge: np.ndarray) -> None:
        """mu of each modality: in proportion to the sources' diagonals, none where a diagonal is zero."""
        diagonals = {m: self._weight * _squares(Z) for m, Z in self.features.items()}
        total = counts + sum(diagonals.values())
        mu = (self._inverse_diagonal - ridge) / np.where(total > 1e-12, total, 1.0) * (total > 1e-12)
        self._mu = {m: mu * diagonal for m, diagonal in diagonals.items()}
        self._liked = counts > 0

    def rows(self, clips: np.ndarray, columns: np.ndarray | slice = slice(None)) -> np.ndarray:
        """B of some clips with others, (clips, columns)."""
        out = self._near(clips, columns) * -self._inverse_diagonal[columns].astype(self.P.dtype)
        out[clips[:, None] == np.arange(self.P.shape[0])[columns][None]] = 0.0
        return out

    def split(self, clips: np.ndarray, columns: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The same by source, (sources, clips, columns) float64; they sum to B."""
        near, whole = self._near(clips, columns), self.rows(clips, columns)
        out = np.empty((len(self.sources), *whole.shape))
        for i, (source, half) in enumerate(zip(self.features, self._half(clips), strict=True)):
            out[i] = self._weight * (self.features[source][columns] @ half.T).T
            out[i] -= near * self._mu[source][columns]
        out[:-1, clips[:, None] == np.arange(self.P.shape[0])[columns][None]] = 0.0
        out[-1] = whole - out[:-1].sum(axis=0)
        out[-1][:, ~self._liked[columns]] = 0.0  # rounding, where nobody likes the clip
        return out

    def total(self, clips: np.ndarray, weights: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Sum over clips of weight x row, each source times its factor: (clips,), in one pass over each Z_m."""
        near = self.P[clips]
        out = factors[-1] * (weights.astype(near.dtype) @ self.rows(clips))
        reach = weights.astype(near.dtype) @ near
        for source, half, factor in zip(self.features, self._half(clips), factors[:-1] - factors[-1], strict=True):
            if factor:
                Z, mu = self.features[source], self._mu[source]
                line = self._weight * (Z @ (weights.astype(near.dtype) @ half)) - reach * mu
                own = self._weight * _row_dots(Z, clips, half) - near[np.arange(len(clips)), clips] * mu[clips]
                np.subtract.at(line, clips, weights * own)
                out = out + factor * line
        return out

    def sums(self, tastes: sp.csr_matrix, places: np.ndarray) -> np.ndarray:
        """Lines summed over what each person watched, at clips that the person did not watch.

        Args:
            tastes: (people, clips).
            places: (people, k) clips for each.

        Returns:
            (sources, people, k) float64.
        """
        reach = tastes.astype(self.P.dtype) @ self.P
        near = np.take_along_axis(reach, places, axis=1).astype(np.float64)
        out = np.empty((len(self.sources), *places.shape))
        for i, (source, Z) in enumerate(self.features.items()):
            half = (Z.T @ reach.T).T
            for person, mine in enumerate(places):
                out[i, person] = self._weight * (Z[mine] @ half[person])
            out[i] -= near * self._mu[source][places]
        out[-1] = -near * self._inverse_diagonal[places] - out[:-1].sum(axis=0)
        return out

    def _near(self, clips: np.ndarray, columns: np.ndarray | slice) -> np.ndarray:
        return self.P[clips][:, columns] if isinstance(columns, slice) else self.P[clips[:, None], columns]

    def _half(self, clips: np.ndarray) -> list[np.ndarray]:
        """P Z_m of some clips for every modality, (clips, dims) each; kept by clip, up to a bound in bytes."""
        known = {clip: self._halves.pop(clip, None) for clip in clips.tolist()}
        missing = np.array([clip for clip, halves in known.items() if halves is None], dtype=np.int64)
        if len(missing):
            P = self.P[missing]
            made = [np.ascontiguousarray((Z.T @ P.T).T) for Z in self.features.values()]
            for j, clip in enumerate(missing.tolist()):
                known[clip] = [half[j].copy() for half in made]
        self._halves |= known  # back at the end: what was asked for last is dropped last
        each = max(sum(Z.shape[1] for Z in self.features.values()), 1) * self.P.itemsize
        while len(self._halves) * each > CACHE_BYTES:
            self._halves.popitem(last=False)
        found = [known[clip] for clip in clips.tolist()]
        return [
            np.array([halves[i] for halves in found], self.P.dtype).reshape(len(clips), Z.shape[1])
            for i, Z in enumerate(self.features.values())
        ]


def _add_kernel(A: np.ndarray, Z: Features, weight: float) -> None:
    """A += weight Z Z' by blocks of columns: no second matrix."""
    for start in range(0, len(A), BLOCK_ROWS):
        block = Z @ Z[start : start + BLOCK_ROWS].T
        A[:, start : start + BLOCK_ROWS] += weight * (block.toarray() if sp.issparse(block) else block)


def _squares(Z: Features) -> np.ndarray:
    """Squared lengths of the rows, (clips,) float64."""
    return np.asarray(Z.multiply(Z).sum(axis=1) if sp.issparse(Z) else (Z * Z).sum(axis=1), dtype=np.float64).ravel()


def _row_dots(Z: Features, clips: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Dot product of each clip's own row with its half, (clips,)."""
    mine = Z[clips]
    return np.asarray(mine.multiply(half).sum(axis=1)).ravel() if sp.issparse(Z) else (mine * half).sum(axis=1)
