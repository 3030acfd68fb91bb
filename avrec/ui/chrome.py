"""What every page has: the header with the workspace, the metric strip, the legend."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st

from avrec.errors import AvrecError
from avrec.ui import workspace
from avrec.ui.format import cut, escape, plain
from avrec.ui.palette import ORDER, hue, modality_name
from avrec.ui.people import shown
from avrec.ui.resources import engine
from avrec.ui.workspace import Workspace, bound

PARTS = ("user", "weights", "clip")


def page_header(
    title: str,
    question: str,
    *,
    action: Callable[[], None] | None = None,
    parts: Sequence[str] = PARTS,
) -> Workspace:
    """Draw title, question, workspace popovers, the page's one action and Share, in one row.

    Args:
        title: May be other people's text; it is escaped.
        action: Draws the page's one action, a button.
        parts: Which of "user", "weights", "clip" the page works with.

    Returns:
        The validated workspace.
    """
    ws = workspace.current()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="header"):
        st.html(f'<div class="av-head"><h1>{escape(title)}</h1><span>{escape(question)}</span></div>', width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="xsmall"):
            draw = {"user": _user, "weights": _weights, "clip": _clip}
            for part in parts:
                draw[part](ws)
            if action:
                action()
            _share()
    return ws


def _user(ws: Workspace) -> None:
    people = [person.user_id for person in engine().people()]
    label = plain(cut(shown(ws.user), 18)) if ws.user in people else "no person"
    with st.popover(label, icon=":material/person:", type="tertiary", key="ws-user-popover"):
        if not people:
            st.caption("No people yet. A like, or an import of events, makes one.")
            return
        value = ws.user if ws.user in people else None
        st.selectbox(
            "Person", people, format_func=shown, placeholder="Choose a person", **bound("user", value, "ws-user-head")
        )


def _weights(ws: Workspace) -> None:
    presets = engine().PRESET_WEIGHTS
    chosen = ws.preset_of(presets)
    with st.popover(chosen.capitalize(), icon=":material/tune:", type="tertiary", key="ws-weights-popover"):
        names = [*preset_names(), *(["custom"] if chosen == "custom" else [])]
        key = "ws-weights-head"
        st.session_state[key] = chosen
        st.pills("Weights", names, format_func=str.capitalize, key=key, on_change=pick_preset, args=(key,))
        weights = ws.weights(presets)
        lines = [f"{modality_name(name)} {weights[name]:g}" for name in ORDER]
        st.caption(", ".join(lines) + ". Multipliers; 1 is as fitted.")


def preset_names() -> list[str]:
    """The presets that there are: "auto" comes once settings were tuned."""
    presets = engine().PRESET_WEIGHTS
    return [name for name in workspace.PRESET_NAMES if name in presets]


def pick_preset(key: str) -> None:
    """Callback of a preset's pills: a cleared choice keeps what was there."""
    if st.session_state[key] in workspace.PRESET_NAMES:
        workspace.put(weights=st.session_state[key])


def _clip(ws: Workspace) -> None:
    title = None
    if ws.clip:
        try:
            title = engine().clip(ws.clip).title
        except AvrecError:
            title = None
    label = plain(cut(title, 18)) if title else "no clip"
    with st.popover(label, icon=":material/movie:", type="tertiary", key="ws-clip-popover"):
        clips = {clip.clip_id: clip.title for clip in engine().clips()}
        if not clips:
            st.caption("No clips yet.")
            return
        value = ws.clip if ws.clip in clips else None
        st.selectbox(
            "Clip", list(clips), format_func=lambda c: clips.get(c, c), placeholder="Choose a clip",
            **bound("clip", value, "ws-clip-head"),
        )  # fmt: skip


def _share() -> None:
    with st.popover("Share", icon=":material/link:", type="tertiary", key="ws-share"):
        query = urlencode(sorted(st.query_params.to_dict().items()))
        address = str(st.context.url or "").split("?")[0]
        st.caption("This address restores the page: person, weights, clip and all.")
        st.code(f"{address}?{query}" if query else address or "/", language=None, wrap_lines=True)


@dataclass(frozen=True)
class Cell:
    """One number of the strip with its meaning; `tooltip` says what exactly was counted."""

    label: str
    value: str
    remark: str = ""
    tooltip: str = ""


def metric_strip(cells: Iterable[Cell]) -> None:
    """Draw five to seven numbers in one bordered row, 52 px high."""
    drawn = "".join(
        f'<div title="{escape(c.tooltip)}"><small>{escape(c.label)}</small><b>{escape(c.value)}</b>'
        f"{f'<span>{escape(c.remark)}</span>' if c.remark else ''}</div>"
        for c in cells
    )
    st.html(f'<div class="av-strip">{drawn}</div>')


def legend(modalities: Sequence[str] = ORDER, *, penalties: Sequence[str] = ()) -> str:
    """HTML of the key to the bars: a square, then the name in ink."""
    keys = [key for key in ORDER if key in modalities]
    items = [
        f'<span title="{escape(hue(key).tooltip)}"><i class="av-dot av-m-{key}"></i>{modality_name(key)}</span>'
        for key in keys
    ]
    items += [
        f'<span title="{escape(hue(key).tooltip)}"><i class="av-dot av-m-{key} av-neg"></i>{modality_name(key)}</span>'
        for key in penalties
    ]
    return f'<div class="av-legend">{"".join(items)}</div>'


def heading(title: str, remark: str = "") -> None:
    """A section's title with its grey remark on the same line."""
    tail = f"<span>{escape(remark)}</span>" if remark else ""
    st.html(f'<p class="av-h3">{escape(title)}{tail}</p>')


def empty(sentence: str, label: str = "", page: str = "", icon: str = "") -> None:
    """One sentence and one action, in the place where the content will be."""
    with st.container(border=True):
        st.markdown(sentence)
        if page:
            st.page_link(page, label=label, icon=icon or None, query_params=workspace.link())
