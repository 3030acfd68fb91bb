"""The right side of the Clip page: transcript, annotations, vectors, audience; only the open one runs."""

import streamlit as st

from avrec.schemas import CONTENT_MODALITIES, Annotation, Clip
from avrec.ui import format as fmt
from avrec.ui import subtitles, workspace
from avrec.ui.audience import audience_rows
from avrec.ui.bars import axis_for
from avrec.ui.cards import absent, clip_row
from avrec.ui.chrome import heading, legend
from avrec.ui.format import escape
from avrec.ui.palette import modality_name
from avrec.ui.resources import engine

VIEWS = ("Transcript", "Annotations", "Vectors", "Audience")
UNSURE_WORD, UNSURE_LANGUAGE = 0.5, 0.6
MOST_LINES = 200


def panel(clip: Clip) -> None:
    """Draw the view that the URL names."""
    view = workspace.choice("view", VIEWS, "Transcript")
    st.segmented_control("View", VIEWS, label_visibility="collapsed", **workspace.bound("view", view, "clip-view"))
    match view:
        case "Annotations":
            _annotations(clip)
        case "Vectors":
            _vectors(clip)
        case "Audience":
            heading("Who would like this?", "people in whose own first 10 it stands")
            audience_rows(clip.clip_id)
        case _:
            _transcript(clip)


def _transcript(clip: Clip) -> None:
    lines = engine().transcript(clip.clip_id)
    if not lines:
        why = "It has no sound." if not clip.info.has_sound else "No speech was heard in it."
        st.markdown(f"{why} Nothing is transcribed from silence, noise or music.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.text_input(
            "Find", placeholder="Find in transcript", label_visibility="collapsed", icon=":material/search:", key="find"
        ).lower()
        st.download_button("SRT", subtitles.srt(lines), f"{clip.clip_id}.srt", type="tertiary", on_click="ignore")
        st.download_button("VTT", subtitles.vtt(lines), f"{clip.clip_id}.vtt", type="tertiary", on_click="ignore")
    shown = [line for line in lines if wanted in line.label.lower()]
    for i, line in enumerate(shown[:MOST_LINES]):
        _line(i, line)
    if len(shown) > MOST_LINES:
        st.caption(f"The first {MOST_LINES} of {len(shown)} lines are shown; search narrows them.")
    sure = clip.language_probability
    unsure = ", uncertain" if sure is not None and sure < UNSURE_LANGUAGE else ""
    language = f"{fmt.language(clip.language)}{f' {fmt.probability(sure)}' if sure is not None else ''}{unsure}"
    st.caption(
        f"{fmt.plain(lines[0].model)}, {language}. Dotted words have probability under 0.5. Click a line to play it."
    )


def _line(i: int, line: Annotation) -> None:
    with st.container(horizontal=True, wrap=False, vertical_alignment="top", gap="small"):
        if st.button(fmt.moment(line.start), key=f"line-{i}", type="tertiary", icon=":material/play_arrow:"):
            workspace.put(t=float(round(line.start, 2)))
            st.rerun()
        words = line.details.get("words") or []
        text = " ".join(_word(w["text"], w["probability"]) for w in words) if words else escape(line.label)
        st.html(f'<div style="font-size:13px;padding-top:6px">{text}</div>', width="stretch")
        st.html(
            f'<span class="av-mut av-num" style="font-size:12px">{fmt.probability(line.score)}</span>', width="content"
        )


def _word(text: str, probability: float) -> str:
    if probability >= UNSURE_WORD:
        return escape(text)
    tip = f"probability {fmt.probability(probability)}"
    return f'<span class="av-mut" style="border-bottom:1px dotted" title="{tip}">{escape(text)}</span>'


def _annotations(clip: Clip) -> None:
    import pandas as pd

    rows = [
        {
            "from": fmt.moment(a.start), "to": fmt.moment(a.end), "kind": a.kind,
            "label": a.label + (f" ({a.details['value']:g} {a.details['unit']})" if "unit" in a.details else ""),
            "probability": round(a.score, 3), "model": a.model,
        }
        for a in engine().annotations(clip.clip_id)
    ]  # fmt: skip
    if not rows:
        st.markdown("Nothing was recognised in it.")
        return
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height=420,
        column_config={"probability": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.2f")},
    )  # fmt: skip


def _vectors(clip: Clip) -> None:
    heading("Modalities", f"{len(clip.modalities)} of {len(CONTENT_MODALITIES)} present")
    for modality in CONTENT_MODALITIES:
        here = modality in clip.modalities
        st.html(
            f'<div style="font-size:13px"><i class="av-dot av-m-{modality}"></i>{modality_name(modality)} '
            f'<span class="av-mut">{"present" if here else "missing; the others’ weights are renormalised"}</span></div>'
        )
    heading("Models", "which did what for this clip")
    models = engine().clip_models(clip.clip_id)
    st.html("".join(f'<div style="font-size:13px">{escape(t)}: <span class="av-mut">{escape(n)}</span></div>'
                    for t, n in sorted(models.items())))  # fmt: skip


def nearest(clip: Clip, weights: dict[str, float]) -> None:
    """More like this, with breakdown bars."""
    eng = engine()
    places = eng.similar(clip.clip_id, 7, weights=weights).recommendations
    heading("Nearest clips", "in deviations above a random pair")
    if not places:
        st.caption("There is no other clip yet.")
        return
    st.html(legend(CONTENT_MODALITIES))
    axis = axis_for([place.by_modality for place in places])
    clips = {c.clip_id: c for c in eng.clips()}
    for place in places:
        other = clips.get(place.clip_id)
        peaks = eng.peaks(place.clip_id) if other and other.info.kind == "audio" else ()
        st.html(
            clip_row(other, place.title, place.reason, place.by_modality, axis, value=fmt.score(place.score),
                     peaks=peaks, chips=absent(place.missing))
        )  # fmt: skip
