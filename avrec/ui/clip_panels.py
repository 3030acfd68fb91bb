"""The right side of the Clip page: one control, of which only the open view runs."""

from collections.abc import Mapping, Sequence

import streamlit as st

from avrec.export import csv_text
from avrec.schemas import CONTENT_MODALITIES, Annotation, Clip, ModelCard
from avrec.ui import charts, palette, workspace
from avrec.ui import format as fmt
from avrec.ui.audience import audience_rows
from avrec.ui.cards import ABSENT_WORDS
from avrec.ui.chrome import heading, legend
from avrec.ui.clip_transcript import transcript
from avrec.ui.format import escape
from avrec.ui.palette import modality_name
from avrec.ui.resources import engine

VIEWS = ("Transcript", "Annotations", "Sound", "Vectors", "Audience")
# Which of a clip's models makes a modality's vectors.
MAKERS = {
    "visual": "image", "audio": "audio", "speech": "sentences", "caption": "caption vectors", "meaning": "documents",
}  # fmt: skip


@st.fragment
def panel(clip: Clip) -> None:
    """Draw the view that the URL names."""
    view = workspace.choice("view", VIEWS, VIEWS[0])
    st.segmented_control(
        "View", VIEWS, label_visibility="collapsed", required=True, **workspace.bound("view", view, "clip-view")
    )
    match view:
        case "Annotations":
            _annotations(clip)
        case "Sound":
            _sound(clip)
        case "Vectors":
            _vectors(clip)
        case "Audience":
            heading("Who would like this?", "people in whose own first 10 it stands; a name opens Recommend")
            st.html(legend())
            audience_rows(clip.clip_id)
        case _:
            transcript(clip)


def _annotations(clip: Clip) -> None:
    import pandas as pd

    found = engine().annotations(clip.clip_id)
    if not found:
        st.markdown("Nothing was recognised in it.")
        return
    kinds = list(dict.fromkeys(a.kind for a in found))
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = st.pills("Kind", kinds, selection_mode="multi", label_visibility="collapsed", key="kinds")
        rows = annotation_rows([a for a in found if not chosen or a.kind in chosen])
        st.download_button(
            "CSV", csv_text(rows), f"{clip.clip_id}-annotations.csv", type="tertiary",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height=400, alt=f"Annotations of {clip.title}",
        column_config={
            "label": st.column_config.TextColumn(width="medium"),
            "probability": st.column_config.ProgressColumn(
                min_value=0.0, max_value=1.0, format="%.2f", width="small",
                help="How sure the model is; a sound statistic is measured, so it has none",
            ),
        },
    )  # fmt: skip


def annotation_rows(found: Sequence[Annotation]) -> list[dict[str, object]]:
    """Table rows; a statistic's value and unit stand beside its name."""
    return [
        {
            "from": fmt.moment(a.start),
            "to": fmt.moment(a.end),
            "kind": a.kind,
            "label": f"{a.label} {_value(a)}".strip() if "unit" in a.details else a.label,
            "probability": None if a.kind == "audio" else round(a.score, 3),
            "model": a.model,
        }
        for a in found
    ]


def _value(a: Annotation) -> str:
    return f"{_rounded(a.details['value']):g} {a.details['unit']}".strip().replace("-", fmt.MINUS)


def _rounded(value: float) -> float:
    """As many places as a reader can use: 1579.7 Hz is 1580, a flatness 0.045."""
    return round(value, 3 if abs(value) < 1 else 1 if abs(value) < 100 else 0)


def _sound(clip: Clip) -> None:
    import pandas as pd

    peaks = engine().peaks(clip.clip_id)
    if not clip.info.has_sound or not peaks:
        st.markdown("It has no sound. The weights of its other modalities are renormalised.")
        return
    now = charts.theme()
    figure = charts.base_figure(110, now, margin={"l": 4, "r": 4, "t": 4, "b": 24}, bargap=0.25)
    step = clip.duration / len(peaks)
    figure.add_bar(
        x=[(i + 0.5) * step for i in range(len(peaks))], y=[2 * p for p in peaks], base=[-p for p in peaks],
        marker={"color": palette.HUES["audio"].of(now), "line": {"width": 0}}, hoverinfo="skip",
    )  # fmt: skip
    figure.update_yaxes(range=[-1.02, 1.02], visible=False)
    figure.update_xaxes(range=[0, clip.duration], ticksuffix=" s", nticks=7)
    charts.draw(figure, "waveform", f"Loudness of {clip.title} over time")
    rows = statistics_rows(engine().annotations(clip.clip_id, "audio"))
    if rows:
        heading("Statistics", "spectral, by segment")
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Spectral statistics by segment")


def statistics_rows(found: Sequence[Annotation]) -> list[dict[str, object]]:
    """One row a segment, one column a statistic with its unit."""
    rows: dict[tuple[float, float], dict[str, object]] = {}
    for a in found:
        row = rows.setdefault((a.start, a.end), {"moment": fmt.moments(a.start, a.end)})
        unit = a.details.get("unit")
        if "value" in a.details:
            row[f"{a.label}, {unit}" if unit else a.label] = _rounded(a.details["value"])
    return list(rows.values())


def _vectors(clip: Clip) -> None:
    eng = engine()
    models = eng.clip_models(clip.clip_id)
    heading("Modalities", f"{len(clip.modalities)} of {len(CONTENT_MODALITIES)} present")
    st.html("".join(coverage(name, clip, models) for name in CONTENT_MODALITIES))
    heading("Models", "which did what for this clip")
    cards = {card.name: card for card in eng.model_cards()}
    st.html("".join(_maker(task, name, cards.get(name)) for task, name in sorted(models.items())))


def coverage(modality: str, clip: Clip, models: Mapping[str, str]) -> str:
    """HTML of a modality's line: is it there, and which model made it."""
    maker = models.get(MAKERS.get(modality, ""), "TF-IDF of all its text" if modality == "words" else "")
    absent = ABSENT_WORDS.get(modality, "missing")
    said = maker if modality in clip.modalities else f"{absent}; the weights of the others are renormalised"
    faded = "" if modality in clip.modalities else ' style="opacity:.3"'
    return (
        f'<div class="av-fact"><span><i class="av-dot av-m-{modality}"{faded}></i>{modality_name(modality)}</span>'
        f'<span class="av-mut">{escape(said)}</span></div>'
    )


def _maker(task: str, name: str, card: ModelCard | None) -> str:
    version = f'<br><code class="av-code">{escape(card.version)}</code> on {escape(card.device)}' if card else ""
    return (
        f'<div class="av-fact"><span>{escape(task.capitalize())}</span>'
        f'<span class="av-mut">{escape(name)}{version}</span></div>'
    )
