"""What the analyst is looking at, in the URL: person, weights, list options, list length, clip, moment.

The URL is the only truth, so reload, back and a sent link give the same page; widgets are set from it on every run
and write to it in their callbacks. Query parameters are untrusted: what does not fit falls back to the default. A
copy in the session fills in what a switch of pages dropped from the URL.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from avrec.recommend.options import ListOptions
from avrec.schemas import MODALITIES
from avrec.ui.people import PARAMS, address, real_id

PRESET_NAMES = ("balanced", "visual", "dialogue", "crowd")
OPTIONS = {"calibration": 0.9, "quality": 2.0, "freshness": 2.0, "long_tail": 2.0}  # option -> most on a slider
SHARED = ("user", "weights", "diversity", "k", "algorithm", "seen", *OPTIONS, "collapse", "reserved", "clip")
LOCAL = ("t", "view", "shelf", "pin", "watched", "pair", "off", "modality", "compare", "algorithms", "other",
         "other_clip", "follow")  # fmt: skip
MAX_WEIGHT, MAX_K, DEFAULT_K, DEFAULT_DIVERSITY, MAX_DIVERSITY = 4.0, 50, 20, 0.2, 0.9
MAX_RESERVED = 10
MAX_TEXT = 120
MAX_LIST = 1_000
_MIRROR, _PAGE = "av-workspace", "av-page"


@dataclass(frozen=True)
class Workspace:
    """A validated copy of the URL.

    Attributes:
        user: A person's id as given, not yet looked up; None where none is chosen.
        preset: Name of the preset, or "custom" with `custom` holding the multipliers.
        diversity: D = 1 - lambda, in [0, 1].
        calibration, quality, freshness, long_tail, collapse, reserved: As in `ListOptions`.
        t: Seconds into the clip.
    """

    user: str | None = None
    preset: str = "balanced"
    custom: tuple[float, ...] | None = None
    diversity: float = DEFAULT_DIVERSITY
    k: int = DEFAULT_K
    algorithm: str = "hybrid"
    seen: bool = False
    clip: str | None = None
    t: float | None = None
    calibration: float = 0.0
    quality: float = 0.0
    freshness: float = 0.0
    long_tail: float = 0.0
    collapse: bool = False
    reserved: int = 0

    def preset_of(self, presets: Mapping[str, Mapping[str, float]]) -> str:
        """The preset's name, "custom", or "balanced" where there is no such preset (yet)."""
        return self.preset if self.preset in presets or self.preset == "custom" else "balanced"

    def weights(self, presets: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
        """Modality -> multiplier, all eight of them."""
        chosen = presets.get(self.preset, presets["balanced"])
        values = self.custom or [chosen.get(name, 0.0) for name in MODALITIES]
        return dict(zip(MODALITIES, values, strict=True))

    def options(self) -> ListOptions:
        """What makes the list besides the recommender."""
        names = (*OPTIONS, "collapse", "reserved")
        others = {name: getattr(self, name) for name in names}
        return ListOptions(diversity=min(self.diversity, MAX_DIVERSITY), include_seen=self.seen, **others)


def current() -> Workspace:
    """Read and validate the URL."""
    preset, custom = read_weights(param("weights"))
    return Workspace(
        user=real_id(param("user")),
        preset=preset,
        custom=custom,
        diversity=number("diversity", DEFAULT_DIVERSITY, 0.0, 1.0),
        k=int(number("k", DEFAULT_K, 1, MAX_K)),
        algorithm=param("algorithm") or "hybrid",
        seen=param("seen") == "1",
        clip=clip_id(param("clip")),
        t=number("t", None, 0.0, 1e6),
        collapse=param("collapse") == "1",
        reserved=int(number("reserved", 0, 0, MAX_RESERVED)),
        **{name: number(name, 0.0, 0.0, high) for name, high in OPTIONS.items()},
    )


def param(name: str) -> str | None:
    """A query parameter as printable text of at most 120 characters, or None."""
    value = st.query_params.get(name)
    if value is None or not value.strip() or len(value) > MAX_TEXT or not value.isprintable():
        return None
    return value


def number(name: str, default: float | None, low: float, high: float) -> Any:
    """A query parameter as a finite number held to [low, high]."""
    try:
        value = float(param(name) or "nan")
    except ValueError:
        return default
    return min(max(value, low), high) if math.isfinite(value) else default


def choice(name: str, options: tuple[str, ...] | list[str], default: str) -> str:
    """A query parameter that must be one of `options`."""
    value = real_id(param(name)) if name in PARAMS else param(name)
    return value if value in options else default


def several(name: str, options: Sequence[str], default: Sequence[str], most: int) -> list[str]:
    """A query parameter of names with commas between: those among `options`, without doubles, at most `most`."""
    given = dict.fromkeys((st.query_params.get(name) or "")[:MAX_LIST].split(","))
    return [value for value in given if value in options][:most] or list(default)[:most]


def clip_id(value: str | None) -> str | None:
    """A clip id's shape: letters and digits; whether there is such a clip is for the engine to say."""
    return value if value and value.isalnum() and len(value) <= 64 else None


def read_weights(text: str | None) -> tuple[str, tuple[float, ...] | None]:
    """ "dialogue" -> a preset; eight numbers in the order of MODALITIES -> "custom" and their values."""
    if text in PRESET_NAMES:
        return text, None
    try:
        values = tuple(float(part) for part in (text or "").split(","))
    except ValueError:
        return "balanced", None
    if len(values) != len(MODALITIES) or not all(math.isfinite(v) and 0 <= v <= MAX_WEIGHT for v in values):
        return "balanced", None
    return "custom", values


def write_weights(weights: dict[str, float]) -> str:
    return ",".join(f"{weights.get(name, 0.0):g}" for name in MODALITIES)


def put(**values: Any) -> None:
    """Write parameters to the URL in one step of the browser's history; None, False and "" remove one."""
    now = st.query_params.to_dict()
    for name, value in values.items():
        if value is None or value is False or value == "":
            now.pop(name, None)
        elif name in PARAMS:
            now[name] = address(str(value))
        else:
            now[name] = "1" if value is True else f"{value:g}" if isinstance(value, float) else str(value)
    if now != st.query_params.to_dict():
        st.query_params.from_dict(now)
    _remember()


def cover(user: str) -> None:
    """Put a pseudonym in place of a real id that came with the address, so that a copied address names nobody."""
    if param("user") not in (None, address(user)):
        put(user=user)


def bound(param_name: str, value: Any, key: str | None = None) -> dict[str, Any]:
    """Keyword arguments that tie a widget to a parameter: `st.slider("K", 1, 50, **bound("k", ws.k))`.

    The widget shows `value`; what the reader picks goes to the URL before the page runs again.
    """
    key = key or f"ws-{param_name}"
    st.session_state[key] = value
    return {"key": key, "on_change": picked, "args": (param_name, key)}


def picked(param_name: str, key: str) -> None:
    put(**{param_name: st.session_state[key]})


def link(**values: Any) -> dict[str, str]:
    """Query parameters of a link to another page: the shared ones, with `values` on top."""
    shared = {name: st.query_params[name] for name in SHARED if name in st.query_params}
    given = {name: str(value) for name, value in values.items() if value is not None}
    return shared | {name: address(value) if name in PARAMS else value for name, value in given.items()}


def carry_over(page: str) -> None:
    """After a switch of pages, put back the shared parameters that the new URL lacks. Called once a run."""
    if st.session_state.get(_PAGE) != page:
        st.session_state[_PAGE] = page
        for name, value in st.session_state.get(_MIRROR, {}).items():
            if name not in st.query_params:
                st.query_params[name] = value
    _remember()


def _remember() -> None:
    st.session_state[_MIRROR] = {name: st.query_params[name] for name in SHARED if name in st.query_params}
