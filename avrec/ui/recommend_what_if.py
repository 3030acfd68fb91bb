"""What if: the list really ranked again without one modality or one watched clip, and how ranks moved so far."""

import streamlit as st

from avrec.schemas import MODALITIES, Counterfactual
from avrec.ui import charts, workspace
from avrec.ui import format as fmt
from avrec.ui.chrome import heading
from avrec.ui.format import escape
from avrec.ui.palette import modality_name
from avrec.ui.recommend_why import Case
from avrec.ui.resources import engine

MOST_CLIPS = 8


def what_if(case: Case) -> None:
    """Draw the switch-off pills with what they do, the rank chart, and both leave-one-out tables."""
    ws, place = case.ws, case.place
    rows = engine().counterfactuals(
        case.user, place.clip_id, weights=case.weights, algorithm=ws.algorithm, options=ws.options()
    )
    by_modality = {row.without: row for row in rows if row.kind == "modality"}
    options = [name for name in MODALITIES if name in by_modality]
    off = workspace.choice("off", options, "")
    if options:
        st.pills(
            "Switch off", options, format_func=modality_name,
            help="The list is ranked again without it; nothing is refitted.",
            **workspace.bound("off", off or None, "switch-off"),
        )  # fmt: skip
    snapshots = list(case.snapshots)
    if off:
        row = by_modality[off]
        st.html(
            f'<div class="av-duo"><div><small>Rank without {escape(modality_name(off).lower())}</small>'
            f"<b>{fmt.rank(row.rank)} → {fmt.rank(row.rank_without)}</b></div>"
            f"<div><small>Score</small><b>{fmt.score(row.score)} → {fmt.score(row.score_without)}</b></div></div>"
        )
        snapshots.append((f"No {modality_name(off).lower()}", _order_without(case, off)))
    _bump(case, snapshots)
    if by_modality:
        heading("Without one modality", "ranked again each time")
        st.html("".join(_line(by_modality[m], f'<i class="av-dot av-m-{m}"></i>{modality_name(m)}') for m in options))
    if not rows:
        st.caption("This score rests on no modality and on no watched clip, so there is nothing to leave out.")
    by_clip = sorted((row for row in rows if row.kind == "clip"), key=lambda row: row.score_without)
    if by_clip:
        heading("Without one watched clip", "leave one out, ranked again")
        st.html("".join(_line(row, escape(row.label)) for row in by_clip[:MOST_CLIPS]))
        if len(by_clip) > MOST_CLIPS:
            st.caption(f"The {MOST_CLIPS} that carry most of {len(by_clip)}.")


def _order_without(case: Case, modality: str) -> list[str]:
    weights = dict(case.weights or engine().PRESET_WEIGHTS["balanced"]) | {modality: 0.0}
    ws = case.ws
    ranked = engine().recommend(case.user, ws.k, algorithm=ws.algorithm, weights=weights, options=ws.options())
    return [place.clip_id for place in ranked.recommendations]


def _bump(case: Case, snapshots: list[tuple[str, list[str]]]) -> None:
    heading("Rank changes", "top 10, one line a clip")
    if len(snapshots) < 2:
        st.caption("Nothing has changed yet. Switch something off, move a slider, like or hide a clip.")
        return
    titles = {clip_id: clip.title for clip_id, clip in case.clips.items()}
    charts.draw(
        charts.bump(snapshots, titles, case.place.clip_id, charts.theme()), "bump",
        f"Ranks over {len(snapshots)} lists: {', '.join(label for label, _ in snapshots)}",
    )  # fmt: skip


def _line(row: Counterfactual, name: str) -> str:
    same = row.rank == row.rank_without
    moved = f"stays {fmt.rank(row.rank)}" if same else f"{fmt.rank(row.rank)} → {fmt.rank(row.rank_without)}"
    return (
        f'<div class="av-wf av-drop"><span>{name}</span>'
        f'<span class="av-mut av-num">{fmt.score(row.score)} → {fmt.score(row.score_without)}</span>'
        f'<b class="{"av-mut " if same else ""}av-num">{moved}</b></div>'
    )
