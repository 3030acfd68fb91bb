"""Clip: what happens, when, and how sure are we?"""

import streamlit as st

from avrec.errors import UnknownClipError
from avrec.schemas import CONTENT_MODALITIES
from avrec.ui import charts, pages, workspace
from avrec.ui import format as fmt
from avrec.ui.chrome import Cell, empty, heading, metric_strip, page_header
from avrec.ui.clip_forms import clip_menu
from avrec.ui.clip_panels import nearest, panel
from avrec.ui.format import escape
from avrec.ui.player import player
from avrec.ui.resources import engine
from avrec.ui.ribbons import ribbons

eng = engine()
ws = workspace.current()
try:
    clip = eng.clip(ws.clip) if ws.clip else None
except UnknownClipError:
    clip = None
if clip is None:
    page_header("Clip", "What happens, when, and how sure are we?")
    sentence = "There is no such clip any more." if ws.clip else "No clip is chosen."
    empty(f"{sentence} Pick one in the Library.", "Library", pages.LIBRARY, ":material/grid_view:")
    st.stop()

page_header(
    fmt.cut(clip.title, 60), "What happens, when, and how sure are we?",
    action=lambda: clip_menu(clip, "Edit", pages.LIBRARY),
    parts=("user", "weights", "clip"),
)  # fmt: skip
annotations = eng.annotations(clip.clip_id)
segments = eng.segments(clip.clip_id)
spoken = sum(a.end - a.start for a in annotations if a.kind == "speech")
scene = max((a for a in annotations if a.kind == "scene"), key=lambda a: a.score, default=None)
size = f"{clip.info.width} × {clip.info.height}" if clip.info.width else "sound only"
language = fmt.language(clip.language) if clip.language else ""
metric_strip(
    [
        Cell("Length", fmt.duration(clip.duration), size),
        Cell("Segments", str(len(segments)), "2 to 10 s each"),
        Cell("Speech", fmt.duration(spoken) if spoken else "none", language),
        Cell("Scene", scene.label if scene else "–", fmt.probability(scene.score) if scene else ""),
        Cell("Modalities", f"{len(clip.modalities)} of {len(CONTENT_MODALITIES)}", ""),
        Cell("Status", clip.status, " ".join(clip.info.notes)),
    ]
)

left, right = st.columns([0.6, 0.4], gap="medium")
with left:
    video, facts = st.columns([0.58, 0.42], gap="small")
    with video:
        st.html(player(clip, ws.t, play=ws.t is not None))
    with facts:
        sentence, model = eng.caption(clip.clip_id)
        if sentence:
            heading("What it shows", model)
            st.html(f'<div style="font-size:13px">{escape(sentence)}</div>')
        if clip.description:
            st.html(f'<div class="av-cap">{escape(fmt.cut(clip.description, 300))}</div>')
        if clip.tags:
            st.html("".join(f'<span class="av-chip">{escape(tag)}</span>' for tag in clip.tags))
        best: dict[str, tuple[float, str, str]] = {}
        for a in annotations:
            if a.kind in ("scene", "object", "tag") and a.score > best.get(a.label, (0.0,))[0]:
                best[a.label] = (a.score, "caption" if a.kind == "tag" else "visual", a.model)
        if best:
            heading("Labels", "probability; named-picture tags are uncertain")
        for label, (score, modality, model) in sorted(best.items(), key=lambda item: -item[1][0])[:8]:
            st.html(
                f'<div class="av-wf" style="grid-template-columns:minmax(0,1fr) 80px 36px;font-size:13px" '
                f'title="{escape(model)}"><span style="white-space:nowrap;overflow:hidden;text-overflow:ellipsis">'
                f'<i class="av-dot av-m-{modality}"></i>{escape(label)}</span><span class="av-lane">'
                f'<i class="av-part av-m-{modality}" style="left:0;width:{100 * score:.0f}%"></i></span>'
                f'<b class="av-num">{fmt.probability(score)}</b></div>'
            )
    heading("Timeline", "click a block to play it; stronger tint means more certain")
    picked = charts.draw(
        ribbons(segments, annotations, clip.duration, charts.theme(), ws.t), "ribbons",
        "Shots, captions, speech, scenes, objects and sound level over time", on_select="rerun",
        selection_mode="points",
    )  # fmt: skip
    points = picked.selection.points if picked else []
    if points:
        chosen = float(points[0]["customdata"] if not isinstance(points[0]["customdata"], list)
                       else points[0]["customdata"][0])  # fmt: skip
        if chosen != st.session_state.get("ribbon-played"):
            st.session_state["ribbon-played"] = chosen
            workspace.put(t=chosen)
            st.rerun()
with right:
    with st.container(border=True):
        panel(clip)
    with st.container(border=True):
        nearest(clip, ws.weights(eng.PRESET_WEIGHTS))
