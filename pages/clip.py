"""Clip: what happens, when, and how sure are we?"""

import streamlit as st

from avrec.errors import UnknownClipError
from avrec.ui import charts, pages, workspace
from avrec.ui import format as fmt
from avrec.ui.cards import thumbnail
from avrec.ui.chrome import empty, heading, metric_strip, page_header
from avrec.ui.clip_facts import cells, facts
from avrec.ui.clip_forms import clip_menu
from avrec.ui.clip_nearest import nearest
from avrec.ui.clip_panels import panel
from avrec.ui.player import play_at, player, plays
from avrec.ui.resources import engine
from avrec.ui.ribbons import lanes, ribbons

QUESTION = "What happens, when, and how sure are we?"
RIBBONS = "ribbons"
NO_PREVIEW = "The files to play this clip are gone; the self-check on System makes them again from its original."

eng = engine()
ws = workspace.current()
try:
    clip = eng.clip(ws.clip) if ws.clip else None
except UnknownClipError:
    clip = None
if clip is None:
    page_header("Clip", QUESTION, parts=("user", "clip"))
    if not eng.clips():
        empty("No clips yet. Upload some to see what is in them.", "Upload", pages.UPLOAD, ":material/upload:")
    else:
        sentence = "There is no such clip here; it may have been deleted." if ws.clip else "No clip is chosen."
        empty(f"{sentence} Pick one above, or in the Library.", "Library", pages.LIBRARY, ":material/grid_view:")
    st.stop()

page_header(
    fmt.cut(clip.title, 36), QUESTION, action=lambda: clip_menu(clip, "Edit", pages.LIBRARY), parts=("user", "weights"),
)  # fmt: skip
annotations, segments = eng.annotations(clip.clip_id), eng.segments(clip.clip_id)
metric_strip(cells(clip, segments, annotations, eng.event_counts().get(clip.clip_id, 0)))
moment = ws.t if ws.t is not None and ws.t < clip.duration else None


def play_block() -> None:
    """Play the block that was clicked; a second click on it unselects it, which plays it again."""
    points = st.session_state[RIBBONS].selection.points
    if points:
        start = points[0]["customdata"]
        play_at(clip.clip_id, float(start[0] if isinstance(start, list) else start))
    elif moment is not None:
        play_at(clip.clip_id, moment)


left, right = st.columns([0.6, 0.4], gap="medium")
with left:
    video, beside = st.columns([0.6, 0.4], gap="small")
    with video:
        if clip.info.kind == "audio":
            st.html(thumbnail(clip, eng.peaks(clip.clip_id), small=True))
        if eng.has_preview(clip.clip_id):
            st.html(player(clip, moment, play=plays(clip.clip_id) > 0, turn=plays(clip.clip_id)))
        else:
            st.warning(NO_PREVIEW, icon=":material/broken_image:")
    with beside:
        st.html(facts(clip, eng.caption(clip.clip_id), annotations))
    heading("Timeline", "click a block to play it; stronger tint means more certain")
    pictures = clip.info.kind == "video"
    rows = lanes(segments, annotations, pictures=pictures)
    charts.draw(
        ribbons(rows, segments, clip.duration, charts.theme(), moment, clip.clip_id if pictures else ""), RIBBONS,
        f"Over time: {', '.join(name.lower() for name, *_ in rows)}. The table is under Annotations.",
        on_select=play_block, selection_mode="points",
    )  # fmt: skip
with right:
    with st.container(border=True):
        panel(clip)
    with st.container(border=True):
        nearest(clip, ws.weights(eng.PRESET_WEIGHTS))
