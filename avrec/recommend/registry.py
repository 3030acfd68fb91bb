"""Every recommender by name. A new one is a class in a file of its own and a line here."""

from collections.abc import Callable
from dataclasses import dataclass

from avrec.errors import UnknownModelError
from avrec.recommend.als import Als
from avrec.recommend.base import Recommender
from avrec.recommend.bias import RatingBaseline
from avrec.recommend.bpr import Bpr
from avrec.recommend.ease import CeaseRecommender, Ease, Edlae
from avrec.recommend.item_cf import ItemAdjustedCosine, ItemCf, ItemCosine
from avrec.recommend.linear import LinearRecommender
from avrec.recommend.mf import BiasedMf
from avrec.recommend.neighbours import ItemKnn, P3Alpha, RP3Beta, Walk
from avrec.recommend.popularity import Chance, Popularity, Trending
from avrec.recommend.pure_svd import PureSvd
from avrec.recommend.user_cf import BaselineKnn, CentredKnn, UserCf, UserCosine
from avrec.recommend.user_knn import UserKnn
from avrec.schemas import CONTENT_MODALITIES, MODALITIES


@dataclass(frozen=True)
class Entry:
    """One algorithm of the list.

    Attributes:
        view: The modalities under which the hybrid's fit is seen; None for algorithms with a fit of their own.
    """

    name: str
    title: str
    family: str
    exact: bool
    make: Callable[[], Recommender]
    view: tuple[str, ...] | None = None


VIEWS = {
    "hybrid": ("Hybrid: content, crowd, popularity", "hybrid", MODALITIES),
    "content": ("Content: all modalities, calibrated", "content", CONTENT_MODALITIES),
    "visual": ("Visual alone: cosine of CLIP vectors", "content", ("visual",)),
    "audio": ("Audio alone: cosine of sound vectors", "content", ("audio",)),
    "speech": ("Speech alone: cosine of what is said", "content", ("speech",)),
    "caption": ("Caption alone: cosine of what is shown", "content", ("caption",)),
    "meaning": ("Meaning alone: cosine of document vectors", "content", ("meaning",)),
    "words": ("Words alone: TF-IDF", "content", ("words",)),
}


def _view(name: str) -> Entry:
    title, family, modalities = VIEWS[name]
    return Entry(name, title, family, True, lambda: LinearRecommender(name, title, modalities), modalities)


def _own(make: type[Recommender]) -> Entry:
    return Entry(make.name, make.title, make.family, make.exact, make)


OWN: tuple[type[Recommender], ...] = (
    Popularity, Trending, Chance,
    Ease, Edlae, CeaseRecommender, ItemKnn, P3Alpha, RP3Beta, Walk,
    PureSvd, Als, Bpr,
    UserKnn, UserCf, UserCosine, ItemCf, ItemAdjustedCosine, ItemCosine,
    RatingBaseline, CentredKnn, BaselineKnn, BiasedMf,
)  # fmt: skip
ENTRIES = {entry.name: entry for entry in (*map(_view, VIEWS), *map(_own, OWN))}


def entry(name: str) -> Entry:
    """An algorithm by name.

    Raises:
        UnknownModelError: There is no such algorithm.
    """
    if name not in ENTRIES:
        raise UnknownModelError(name, list(ENTRIES))
    return ENTRIES[name]


def make(name: str) -> Recommender:
    """A new, unfitted recommender."""
    return entry(name).make()
