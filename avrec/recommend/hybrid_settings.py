"""What the default recommender is made of: weights of its parts and what CEASE is fitted with."""

from dataclasses import asdict, dataclass, field
from typing import Any

from avrec.recommend.cease import CeaseSettings
from avrec.recommend.reading import SIGNED, Reading


@dataclass(frozen=True)
class HybridSettings:
    """Weights of the parts, each over its one global scale; a part can be left out with 0.

    `popularity` multiplies the prior's fitted weight; `crowd` is how CEASE and the walk read people's weights.

    The defaults are those for libraries of a few hundred interactions at most: over 13 simulated sizes, content + CEASE
    was never worse there than content alone, and walk and popularity added nothing.
    """

    content: float = 1.0
    cease: float = 1.0
    walk: float = 0.0
    popularity: float = 1.0
    crowd: Reading = SIGNED
    fit: CeaseSettings = field(default_factory=CeaseSettings)
    source: str = "fixed, for small libraries"
    spectral: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "HybridSettings":
        """Read what `as_dict` wrote.

        Raises:
            KeyError, TypeError: It is of another version.
        """
        parts = {"fit": CeaseSettings(**values["fit"]), "crowd": Reading(**values.get("crowd", {}))}
        return HybridSettings(**(values | parts))


DENSE_HISTORY = 2.0  # positives a clip from which the crowd counts double


def default_settings(positives: int, clips: int) -> HybridSettings:
    """The fixed weights for a library: the crowd's part counts double from two positives a clip."""
    return HybridSettings(cease=2.0 if clips and positives / clips >= DENSE_HISTORY else 1.0)
