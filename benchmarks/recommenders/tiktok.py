"""TikTok micro-videos: 9,308 people, 6,710 clips, picture and sound features; train, validation and test as published.

The folder is named by AVREC_TIKTOK and holds audio_feat.npy, image_feat.npy and trnMat.pkl, valMat.pkl, tstMat.pkl.
"""

import pickle
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from avrec.errors import InvalidInputError
from avrec.evaluate.protocols import Split
from avrec.recommend.dataset import Dataset
from avrec.schemas import Corpus, VectorSet

ALLOWED = {
    ("scipy.sparse", "coo_matrix"), ("scipy.sparse", "csr_matrix"),
    ("scipy.sparse.coo", "coo_matrix"), ("scipy.sparse.csr", "csr_matrix"),
    ("scipy.sparse._coo", "coo_matrix"), ("scipy.sparse._csr", "csr_matrix"),
    ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"), ("numpy", "dtype"),
}  # fmt: skip
FEATURES = {"visual": "image_feat.npy", "audio": "audio_feat.npy"}


class _Matrices(pickle.Unpickler):
    """Admits sparse matrices and arrays; anything else could run code."""

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in ALLOWED:
            raise InvalidInputError("Pickle", f"{module}.{name} is no matrix")
        return super().find_class(module, name)


def load_matrix(path: Path) -> sp.csr_matrix:
    """A binary (people, clips) matrix.

    Raises:
        InvalidInputError: The pickle holds anything but a sparse matrix.
    """
    with path.open("rb") as file:
        matrix = sp.csr_matrix(_Matrices(file).load(), dtype=np.float64)
    matrix.data[:] = 1.0
    return matrix


@dataclass(frozen=True)
class Tiktok:
    """The three matrices, and what recommenders see: train alone."""

    train: Dataset
    validation: sp.csr_matrix
    test: sp.csr_matrix

    def split(self) -> Split:
        """Train and validation, for tuning."""
        return Split(self.train, self.validation, np.flatnonzero(self.validation.getnnz(axis=1)))

    def with_validation(self) -> Dataset:
        """What is known on the day of the test, had validation not been kept apart."""
        both = sp.csr_matrix(self.train.user_items + self.validation)
        both.data[:] = 1.0
        return replace(self.train, user_items=both, seen=both)


def load(folder: Path) -> Tiktok:
    matrices = [load_matrix(folder / f"{name}Mat.pkl") for name in ("trn", "val", "tst")]
    people, clips = matrices[0].shape
    vectors = {name: _vectors(name, np.load(folder / file)) for name, file in FEATURES.items()}
    ids = tuple(f"clip {i}" for i in range(clips))
    start = (datetime(2026, 1, 1, tzinfo=UTC),) * clips
    corpus = Corpus(ids, ids, ("",) * clips, (None,) * clips, np.full(clips, 15.0), start, vectors)
    names = tuple(f"user {u}" for u in range(people))
    nothing = sp.csr_matrix(matrices[0].shape)
    return Tiktok(Dataset(corpus, names, matrices[0], matrices[0], nothing), *matrices[1:])


def _vectors(name: str, matrix: np.ndarray) -> VectorSet:
    rows, n = matrix.astype(np.float32), len(matrix)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return VectorSet(f"{name}-tiktok", np.arange(n), np.zeros(n), np.full(n, 15.0), rows)
