"""ALS for implicit feedback (Hu, Koren and Volinsky 2008), by `implicit`; people are always folded in.

Given the clips' vectors Y, a person's vector is the solution of one small system, so a changed taste, a new person and
a known one are treated alike, and the score is linear in what was liked:

    score_c = sum over liked h of y_c' A_u^-1 y_h c_h,   A_u = Y'Y + sum over h of (c_h - 1) y_h y_h' + lambda I

Each term is the line of a watched clip. What was turned down stands in A_u with preference 0: it has no line of its
own, and bends those of the others. So this is no one item-item matrix, but one per person.
"""

import numpy as np

from avrec.explain.ledger import Block, Told, clip_leaves
from avrec.recommend.dataset import Dataset, Taste
from avrec.recommend.factor_model import FactorModel, learned, trainable


class Als(FactorModel):
    """Weighted matrix factorisation.

    Args:
        factors: Dimensions.
        regularization: lambda; where None by the size of the data, alpha times the root of the geometric mean of how
            many likes a person and a clip have: about the length of what chance adds to a factor.
        alpha: Confidence in what was liked, where what is unknown has 1.
        iterations: Of alternating least squares.
    """

    name, title = "als", "ALS: matrix factorisation of likes"

    def __init__(
        self, factors: int = 32, regularization: float | None = None, alpha: float = 5.0, iterations: int = 15
    ):
        self.factors, self.given, self.alpha, self.iterations = factors, regularization, alpha, iterations

    def _fit(self, dataset: Dataset) -> None:
        likes = dataset.positives
        typical = likes.nnz / np.sqrt(max(likes.shape[0] * likes.shape[1], 1))
        self.regularization = self.alpha * np.sqrt(max(typical, 0.01)) if self.given is None else self.given
        self.item_factors = self._learn(dataset)
        self._square = self.item_factors.T @ self.item_factors
        self._square[np.diag_indices(len(self._square))] += self.regularization

    def _learn(self, dataset: Dataset) -> np.ndarray:
        if not trainable(dataset.positives):
            return np.zeros((dataset.clips, 1))
        from implicit.cpu.als import AlternatingLeastSquares

        settings = self.factors, self.regularization, self.alpha
        model = learned(AlternatingLeastSquares, dataset.positives, *settings, iterations=self.iterations)
        return model.item_factors.astype(np.float64)

    def _solved(self, taste: Taste) -> tuple[np.ndarray, np.ndarray]:
        """Liked clips and A_u^-1 y_h c_h of each, (factors, liked)."""
        met = self.dataset.listable[taste.clips] & (taste.weights != 0)
        clips = taste.clips[met]
        Y = self.item_factors[clips]
        A = self._square + (self.alpha - 1) * (Y.T @ Y)
        liked = taste.weights[met] > 0
        return clips[liked], np.linalg.solve(A, self.alpha * Y[liked].T)

    def person(self, taste: Taste) -> np.ndarray:
        return self._solved(taste)[1].sum(axis=1)

    def _told(self, taste: Taste, columns: np.ndarray, weights: dict[str, float]) -> Told:
        clips, solved = self._solved(taste)
        if not len(clips):
            return Told((), len(columns))
        leaves = clip_leaves(self.dataset.corpus, clips, taste.weights[np.isin(taste.clips, clips)])
        return Told((Block("crowd", self.title, leaves, solved.T @ self.item_factors[columns].T),), len(columns))
