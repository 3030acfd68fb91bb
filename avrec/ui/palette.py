"""The eight hues of the eight modalities, their names and icons, and the inks around them. The only place for them.

Hue means modality, on every page and in every chart; text is never set in a modality's colour. The distances between
the hues were optimised for normal and colour-blind vision, so the order is fixed and neighbours keep a 1 px gap.
"""

from dataclasses import dataclass
from typing import Literal

from avrec.schemas import MODALITIES

Theme = Literal["light", "dark"]


@dataclass(frozen=True)
class Hue:
    """A modality's colour in both themes, what people call it, and what it technically is."""

    light: str
    dark: str
    name: str
    icon: str
    tooltip: str

    def of(self, theme: Theme) -> str:
        return self.dark if theme == "dark" else self.light


HUES: dict[str, Hue] = {
    "visual": Hue("#1A8FDB", "#6DCBFF", "Visual", "image", "CLIP vector of the pictures"),
    "audio": Hue("#B0400A", "#D2640F", "Audio", "graphic_eq", "Whisper encoder states of the sound"),
    "speech": Hue("#8E1983", "#DB81B3", "Speech", "mic", "sentence vector of what is said"),
    "caption": Hue("#1F8766", "#6DB982", "Caption", "subtitles", "sentence vector of what the picture shows"),
    "meaning": Hue("#4C1E01", "#965F49", "Meaning", "psychology", "language-model vector of all text of the clip"),
    "words": Hue("#374047", "#D5DEE3", "Words", "sell", "TF-IDF of all text of the clip"),
    "crowd": Hue("#B98312", "#E9D758", "Crowd", "group", "collaborative: who watched what"),
    "prior": Hue("#888B97", "#7C7B7E", "Prior", "star", "popularity and quality"),
}
DIVERSITY = Hue("#888B97", "#7C7B7E", "Diversity", "shuffle", "penalty for likeness to clips placed above (MMR)")
CALIBRATION = Hue("#888B97", "#7C7B7E", "Calibration", "balance", "penalty for topics beyond the person's own mix")
PENALTIES = {"diversity": DIVERSITY, "calibration": CALIBRATION}
ACCENT = Hue("#4F46E5", "#7C7AF2", "Accent", "", "")
INK = Hue("#1B1F27", "#E7EAEE", "Ink", "", "")
MUTED = Hue("#5B6472", "#98A1AE", "Muted", "", "")
BACKGROUND = Hue("#FFFFFF", "#121417", "Background", "", "")
SURFACE = Hue("#F5F6F8", "#1A1D22", "Surface", "", "")
BORDER = Hue("#E3E6EB", "#2A2F37", "Border", "", "")
RED = Hue("#C62F3B", "#FF8A8F", "Red", "", "")
GREEN = Hue("#16794C", "#5CC792", "Green", "", "")

RAMP: dict[Theme, tuple[str, ...]] = {
    "light": ("#EEF0FF", "#DEE0FE", "#C7CAFC", "#ABADF9", "#8E8FF4", "#7472EE", "#5F58E6", "#4F46E5"),
    # The darkest steps vanish on the dark background: heat maps and maps start here.
    "dark": ("#3A3A55", "#464299", "#5650BA", "#6761D8", "#7C7AF2", "#9A99F6", "#B9B9FA", "#DADAFD"),
}

ORDER = MODALITIES


def hue(key: str) -> Hue:
    """The hue of a modality's name or of a list's penalty; grey for what has no modality."""
    return HUES.get(key) or PENALTIES.get(key, MUTED)


def modality_name(key: str) -> str:
    """What people call a modality: "visual" -> "Visual"."""
    return hue(key).name if key in HUES or key in PENALTIES else key.capitalize()


def light_dark(colour: Hue) -> str:
    """A CSS colour that follows the theme without a rerun."""
    return f"light-dark({colour.light},{colour.dark})"


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two `#rrggbb` colours, in [1, 21]."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
