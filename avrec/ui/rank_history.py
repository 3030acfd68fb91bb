"""How a person's list changed since the pinned baseline, one snapshot a change, for the rank chart.

Snapshots live in the session; the baseline's settings also stand in the URL, so a sent link can be compared again.
"""

from dataclasses import replace

import streamlit as st

from avrec.schemas import MODALITIES, RankedList
from avrec.ui import format as fmt
from avrec.ui import workspace
from avrec.ui.palette import modality_name
from avrec.ui.resources import engine
from avrec.ui.workspace import Workspace

Snapshots = list[tuple[str, list[str]]]

KEPT = 5
NUMBERS = ("diversity", *workspace.OPTIONS, "reserved")
REST = {**workspace.OPTIONS, "collapse": 1.0, "reserved": workspace.MAX_RESERVED}  # option -> the most it can be
_RANKINGS, _SETTINGS, _STEP = "av-rankings", "av-settings", "av-step"


def step(label: str) -> None:
    """Name the change that is about to rank the list again."""
    st.session_state[_STEP] = label


def latest(user: str) -> list[str]:
    """The order of a person's list as it was last shown; empty before the first."""
    snapshots: Snapshots = st.session_state.get(_RANKINGS, {}).get(user, [])
    return list(snapshots[-1][1]) if snapshots else []


def moves(before: list[str], now: list[str], clip_id: str, most: int = 2) -> tuple[str, list[tuple[str, str]]]:
    """What a reaction to a clip did: "#1 → off the list" of the clip, and (clip, "#5 → #3") of those that rose most."""
    places = {clip: rank for rank, clip in enumerate(now, 1)}
    old = {clip: rank for rank, clip in enumerate(before, 1)}
    if clip_id not in old:
        return "", []
    own = f"{fmt.rank(old[clip_id])} → {fmt.rank(places.get(clip_id))}"
    own = own if old[clip_id] != places.get(clip_id) else f"stays {fmt.rank(old[clip_id])}"
    rose = sorted((clip for clip in places if places[clip] < old.get(clip, 0)), key=lambda c: places[c] - old[c])
    return own, [(clip, f"{fmt.rank(old[clip])} → {fmt.rank(places[clip])}") for clip in rose[:most]]


def remember(ranked: RankedList, ws: Workspace) -> Snapshots:
    """Add the list to its person's snapshots when the order changed; the first one is the baseline."""
    snapshots: Snapshots = st.session_state.setdefault(_RANKINGS, {}).setdefault(ranked.user_id, [])
    settings: dict[str, Workspace] = st.session_state.setdefault(_SETTINGS, {})
    order = [place.clip_id for place in ranked.recommendations]
    label = st.session_state.pop(_STEP, "") or change(settings.get(ranked.user_id or ""), ws)
    settings[ranked.user_id or ""] = ws
    if not snapshots:
        pinned = _from_url(ranked.user_id or "", ws)
        snapshots.append(("Pinned" if pinned else "Start", pinned or order))
    if snapshots[-1][1] != order:
        snapshots.append((label or "Now", order))
        del snapshots[1:-KEPT]
    return snapshots


def change(before: Workspace | None, now: Workspace) -> str:
    """What differs between two settings, in a word or two: "Speech 1.5", "Diversity 0.3", "Dialogue"."""
    if before is None:
        return "Now"
    if before.algorithm != now.algorithm:
        return now.algorithm.capitalize()
    for name in NUMBERS:
        if getattr(before, name) != getattr(now, name):
            return f"{name.replace('_', ' ').capitalize()} {getattr(now, name):g}"
    presets = engine().PRESET_WEIGHTS
    old, new = before.weights(presets), now.weights(presets)
    if old != new:
        moved = [name for name in MODALITIES if old[name] != new[name]]
        if now.preset != "custom":
            return now.preset.capitalize()
        return f"{modality_name(moved[0])} {new[moved[0]]:g}" if len(moved) == 1 else "Weights"
    if before.seen != now.seen:
        return "Seen too" if now.seen else "Unseen only"
    if before.collapse != now.collapse:
        return "Twins left out" if now.collapse else "Twins too"
    return f"{now.k} clips" if before.k != now.k else ""


def pin(user: str) -> None:
    """Make the present ranking the baseline."""
    snapshots: Snapshots = st.session_state.get(_RANKINGS, {}).get(user, [])
    if snapshots:
        snapshots[:] = [("Pinned", snapshots[-1][1])]
    workspace.put(pin=write_pin(workspace.current()))


def write_pin(ws: Workspace) -> str:
    """Settings as text: eight weights and diversity; then, where they differ from the defaults, the other options and
    the algorithm, with semicolons between."""
    weights = workspace.write_weights(ws.weights(engine().PRESET_WEIGHTS))
    parts = [f"{weights},{ws.diversity:g}", ",".join(f"{float(getattr(ws, name)):g}" for name in REST), ws.algorithm]
    plain = Workspace()
    if ws.algorithm == plain.algorithm:
        parts.pop()
        if all(getattr(ws, name) == getattr(plain, name) for name in REST):
            parts.pop()
    return ";".join(parts)


def read_pin(text: str, ws: Workspace) -> Workspace | None:
    """The settings in such a text over the present ones; None where it makes no sense."""
    first, _, rest = text.partition(";")
    options, _, algorithm = rest.partition(";")
    weights, _, diversity = first.rpartition(",")
    preset, custom = workspace.read_weights(weights)
    try:
        penalty = float(diversity)
        numbers = [float(part) for part in options.split(",")] if options else [0.0] * len(REST)
    except ValueError:
        return None
    if preset != "custom" or not 0 <= penalty <= 1 or len(numbers) != len(REST):
        return None
    if not all(0 <= number <= high for number, high in zip(numbers, REST.values(), strict=True)):
        return None
    others = {name: type(getattr(ws, name))(number) for name, number in zip(REST, numbers, strict=True)}
    chosen = algorithm or Workspace().algorithm
    return replace(ws, preset="custom", custom=custom, diversity=penalty, algorithm=chosen, **others)


def _from_url(user: str, ws: Workspace) -> list[str] | None:
    """Rank with the settings that a link calls its baseline; None where it names none."""
    pinned = read_pin(workspace.param("pin") or "", ws)
    if pinned is None or pinned.algorithm not in {name for name, *_ in engine().algorithms()}:
        return None
    weights = pinned.weights(engine().PRESET_WEIGHTS)
    ranked = engine().recommend(
        user, ws.k, algorithm=pinned.algorithm, weights=weights, options=pinned.options()
    )  # fmt: skip
    return [place.clip_id for place in ranked.recommendations]
