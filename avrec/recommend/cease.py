"""EASE with dropout and side information in one closed form, and its exact split by source.

    A = G + w sum_m C_m + Lambda,  P = A^-1,  B = I - P diag(1 / P_jj)

G is the weighted Gram matrix of what people like, C_m = Z_m Z_m' the likeness of clips in modality m. Without kernels
it is EASE (Steck 2019); with dropout p, Lambda_jj = lambda + p / (1 - p) G_jj, EDLAE (Steck 2020); with kernels, CEASE
(Jeunen et al. 2020). With mu_j = 1 / P_jj - Lambda_jj, B = P (G + w sum_m C_m - diag mu), so B splits into a matrix a
source: each takes the share of diag mu that it has of the sources' diagonals, and the sum is B exactly.
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
CACHE_BYTES = 256 << 20
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
        sources: The modalities whose kernels count, then "crowd".
    """

    def __init__(self, positives: sp.csr_matrix, features: Mapping[str, Features], settings: CeaseSettings):
        self.features = dict(features) if settings.kernel else {}
        self.sources = (*(m for m in CONTENT_MODALITIES if m in self.features), CROWD)
        self._weight = settings.kernel / max(len(self.features), 1)
        n = positives.shape[1]
        self._gram = weighted_gram(positives, settings.beta)
        counts = self._gram.diagonal()
        ridge = settings.regularization + settings.dropout / (1 - settings.dropout) * counts
        dtype = working_type(n)
        A = np.asfortranarray(self._gram.toarray().astype(dtype))
        diagonals = {CROWD: counts}
        for name, Z in self.features.items():
            kernel = (Z @ Z.T).toarray() if sp.issparse(Z) else Z @ Z.T
            A += self._weight * kernel
            diagonals[name] = self._weight * np.asarray(kernel.diagonal(), dtype=np.float64)
        A[np.diag_indices(n)] += ridge.astype(dtype)
        self.P = inverse(A)
        self._inverse_diagonal = 1.0 / np.diag(self.P).astype(np.float64) if n else np.zeros(0)
        total = sum(diagonals.values())
        mu = (self._inverse_diagonal - ridge) / np.where(total > 1e-12, total, 1.0) * (total > 1e-12)
        self._mu = {name: mu * diagonal for name, diagonal in diagonals.items()}
        self._rows: OrderedDict[int, np.ndarray] = OrderedDict()

    def rows(self, clips: np.ndarray, columns: np.ndarray | slice = slice(None)) -> np.ndarray:
        """B of some clips with others, (clips, columns)."""
        out = -self.P[clips][:, columns] * self._inverse_diagonal[columns].astype(self.P.dtype)
        out[clips[:, None] == np.arange(self.P.shape[0])[columns][None]] = 0.0
        return out

    def split(self, clips: np.ndarray, columns: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The same by source, (sources, clips, columns) float64; they sum to B."""
        P = self.P[clips].astype(np.float64)
        out = np.zeros((len(self.sources), len(clips), len(np.arange(self.P.shape[0])[columns])))
        for i, source in enumerate(self.sources):
            if source == CROWD:
                out[i] = (self._gram[:, columns].T @ P.T).T
            else:
                Z = self.features[source]
                out[i] = self._weight * _product(P, Z, columns)
            out[i] -= P[:, columns] * self._mu[source][columns]
        out[:, clips[:, None] == np.arange(self.P.shape[0])[columns][None]] = 0.0
        return out

    def source_rows(self, clips: np.ndarray) -> list[np.ndarray]:
        """Each clip's split rows with all, (sources, clips) float32; kept, up to a bound in bytes."""
        missing = np.array([c for c in dict.fromkeys(clips.tolist()) if c not in self._rows], dtype=np.int64)
        if len(missing):
            computed = self.split(missing).astype(np.float32)
            for j, clip in enumerate(missing.tolist()):
                self._rows[clip] = np.ascontiguousarray(computed[:, j])
        for clip in clips.tolist():
            self._rows.move_to_end(clip)
        found = [self._rows[clip] for clip in clips.tolist()]
        while self._rows and len(self._rows) * 4 * len(self.sources) * self.P.shape[0] > CACHE_BYTES:
            self._rows.popitem(last=False)
        return found


def _product(P: np.ndarray, Z: Features, columns: np.ndarray | slice) -> np.ndarray:
    """P Z Z' at some columns."""
    if sp.issparse(Z):
        inner = (Z.T @ P.T).T
        return (Z[columns] @ inner.T).T
    single = P.astype(np.float32) if P.shape[1] > 2000 else P
    return (single @ Z) @ Z[columns].T
