"""How the crowd's parts read a person's signed weights.

The crowd is learned from who likes what, so what it is asked about may be read alike. On MovieLens 100k a dislike says
more about what a person watches than about what they shun, and how much something was liked says little: reading likes
as 1 and leaving dislikes out lifts nDCG@10 of the same fit from .335 to .393. Small libraries keep the weights as they
are. Every leaf is still exact: it is the weight as read, times the part's line.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Reading:
    """What a weight counts.

    Attributes:
        binary: Every positive weight counts 1.
        negatives: What negative weights are multiplied by, in [0, 1].
    """

    binary: bool = False
    negatives: float = 1.0

    def of(self, weights: np.ndarray) -> np.ndarray:
        """Weights as they are read, the same shape and type."""
        positive = np.ones_like(weights) if self.binary else weights
        return np.where(weights > 0, positive, weights * weights.dtype.type(self.negatives))

    def of_rows(self, tastes: sp.csr_matrix) -> sp.csr_matrix:
        """The same for people's rows."""
        if self == SIGNED:
            return tastes
        read = tastes.copy()
        read.data = self.of(read.data)
        return read


SIGNED = Reading()
