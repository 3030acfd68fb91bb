"""Weights of the modalities: what the default is fitted with, and the presets.

Equal weights lose to CLIP alone on the demo library; these gain .05 nDCG [.03, .08]. Tuned no finer: 38 clips would
not tell.
"""

from avrec.errors import InvalidInputError
from avrec.schemas import MODALITIES

FITTED = {
    "visual": 1.0, "audio": 0.25, "speech": 0.75, "caption": 0.5, "meaning": 1.0, "words": 0.25, "crowd": 1.0,
    "prior": 0.1,
}  # fmt: skip


def _times(factor: float, *names: str) -> dict[str, float]:
    return {name: weight * (factor if name in names else 1.0) for name, weight in FITTED.items()}


PRESET_WEIGHTS: dict[str, dict[str, float]] = {
    "balanced": dict(FITTED),
    "visual": _times(3, "visual"),
    "dialogue": _times(3, "speech", "meaning", "words"),
    "crowd": _times(3, "crowd"),
}


def full_weights(weights: dict[str, float] | None) -> dict[str, float]:
    """Complete a choice of weights: None is "balanced", unnamed modalities are 0.

    Raises:
        InvalidInputError: An unknown modality, or a weight that is negative or not finite.
    """
    if weights is None:
        return dict(FITTED)
    for name, value in weights.items():
        if name not in FITTED:
            raise InvalidInputError("Weights", f"{name!r} is not one of {', '.join(MODALITIES)}")
        if not 0 <= value <= 1e6:
            raise InvalidInputError("Weights", f"{name} must be a number of at least 0")
    return {name: float(weights.get(name, 0.0)) for name in MODALITIES}
