"""How a person's list changed since the pinned baseline, one snapshot a change, for the rank chart.

Snapshots live in the session; the baseline's settings also stand in the URL, so a sent link can be compared again.
"""

import streamlit as st

from avrec.schemas import MODALITIES, RankedList
from avrec.ui import workspace
from avrec.ui.palette import modality_name
from avrec.ui.resources import engine
from avrec.ui.workspace import Workspace

Snapshots = list[tuple[str, list[str]]]

KEPT = 5
_RANKINGS, _SETTINGS, _STEP = "av-rankings", "av-settings", "av-step"


def step(label: str) -> None:
    """Name the change that is about to rank the list again."""
    st.session_state[_STEP] = label


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
    if before.diversity != now.diversity:
        return f"Diversity {now.diversity:g}"
    presets = engine().PRESET_WEIGHTS
    old, new = before.weights(presets), now.weights(presets)
    if old != new:
        moved = [name for name in MODALITIES if old[name] != new[name]]
        if now.preset != "custom":
            return now.preset.capitalize()
        return f"{modality_name(moved[0])} {new[moved[0]]:g}" if len(moved) == 1 else "Weights"
    if before.seen != now.seen:
        return "Seen too" if now.seen else "Unseen only"
    return f"{now.k} clips" if before.k != now.k else ""


def pin(user: str) -> None:
    """Make the present ranking the baseline."""
    ws = workspace.current()
    snapshots: Snapshots = st.session_state.get(_RANKINGS, {}).get(user, [])
    if snapshots:
        snapshots[:] = [("Pinned", snapshots[-1][1])]
    weights = workspace.write_weights(ws.weights(engine().PRESET_WEIGHTS))
    workspace.put(pin=f"{weights},{ws.diversity:g}")


def _from_url(user: str, ws: Workspace) -> list[str] | None:
    """Rank with the settings that a link calls its baseline; None where it names none."""
    weights, _, diversity = (workspace.param("pin") or "").rpartition(",")
    preset, custom = workspace.read_weights(weights)
    try:
        penalty = float(diversity)
    except ValueError:
        return None
    if preset != "custom" or custom is None or not 0 <= penalty <= 1:
        return None
    ranked = engine().recommend(
        user, ws.k, algorithm=ws.algorithm, weights=dict(zip(MODALITIES, custom, strict=True)), diversity=penalty,
        include_seen=ws.seen,
    )  # fmt: skip
    return [place.clip_id for place in ranked.recommendations]
