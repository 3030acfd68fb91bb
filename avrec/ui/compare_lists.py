"""Compare, first view: up to four recommenders for one person."""

from collections import Counter
from collections.abc import Mapping

import streamlit as st

from avrec.schemas import AlgorithmEntry, Clip, Comparison, ListMetrics, Person
from avrec.ui import algorithms, charts, pages, workspace
from avrec.ui import format as fmt
from avrec.ui.bars import axis_for, stacked_bar
from avrec.ui.cards import parts_of
from avrec.ui.chrome import heading, legend
from avrec.ui.compare_columns import Column, columns
from avrec.ui.compare_history import history
from avrec.ui.compare_overlap import finding, overlap_table
from avrec.ui.format import escape
from avrec.ui.list_options import list_popover
from avrec.ui.palette import ORDER
from avrec.ui.people import shown
from avrec.ui.recommend_controls import person_label
from avrec.ui.resources import engine
from avrec.ui.workspace import Workspace, bound

MOST = 4
USUAL = ("hybrid", "content", "ease", "popularity")
PAST = 9


def short_names(known: Mapping[str, AlgorithmEntry]) -> dict[str, str]:
    """ "Words alone" of "Words alone: TF-IDF"; the whole title where several begin alike."""
    heads = Counter(entry.title.split(":")[0] for entry in known.values())
    return {
        name: head if heads[head := entry.title.split(":")[0]] == 1 else entry.title for name, entry in known.items()
    }


def recommenders(ws: Workspace, people: Mapping[str, Person], user: str, clips: Mapping[str, Clip]) -> None:
    """Draw the controls, the person's history, the lists, the followed clip in each, and the overlap."""
    known = algorithms.entries()
    usual = [name for name in USUAL if name in known] or list(known)[:2]
    chosen = workspace.several("algorithms", list(known), usual, MOST)
    names, weights = short_names(known), ws.weights(engine().PRESET_WEIGHTS)
    titles = [names[name] for name in chosen]
    found = engine().compare(user, chosen, ws.k, weights=weights, options=ws.options())
    places = {p.clip_id: p.title for ranked in found.lists for p in ranked.recommendations}
    followed = ws.clip if ws.clip in places else next(iter(places), None)
    _controls(ws, people, user, names, chosen, places, followed)
    left, right = st.columns([0.185, 0.815], gap="medium")
    with right:
        heading(f"First {ws.k} for {shown(user)}", finding(found, titles))
        if not places:
            st.markdown("Nothing is left to rank. Turn on “Seen clips too” under List, or add clips.")
        st.html(legend(ORDER, penalties=["diversity", *(["calibration"] if ws.calibration else [])]))
        drawn = [
            Column(names[ranked.algorithm], _remarks(known[ranked.algorithm], metrics), ranked.recommendations)
            for ranked, metrics in zip(found.lists, found.metrics, strict=True)
        ]
        st.html(columns(drawn, clips, followed, charts.theme(), outlines(places, clips)))
        if followed:
            same_clip(found, names, followed, places[followed])
            st.page_link(
                pages.RECOMMEND, label="Why, in Recommend", icon=":material/recommend:", width="content",
                query_params=workspace.link(user=user, clip=followed),
            )  # fmt: skip
        if len(chosen) > 1:
            overlap_table(found, titles)
    with left:
        history(user, clips)


def _controls(
    ws: Workspace,
    people: Mapping[str, Person],
    user: str,
    names: Mapping[str, str],
    chosen: list[str],
    places: Mapping[str, str],
    followed: str | None,
) -> None:
    with st.container(horizontal=True, vertical_alignment="top", gap="small", key="controls"):
        st.selectbox(
            "Person", list(people), format_func=lambda u: person_label(people[u]), width=214,
            **bound("user", user, "who"),
        )  # fmt: skip
        key = "compared"
        st.session_state[key] = chosen
        st.multiselect(
            f"Recommenders, up to {MOST}", list(names), format_func=lambda name: names.get(name, name), key=key,
            max_selections=MOST, on_change=_pick, args=(key,), width=500,
        )  # fmt: skip
        if followed:
            st.selectbox(
                "Follow a clip", list(places), format_func=lambda c: places.get(c, c), width=240,
                **bound("clip", followed, "follow"),
            )  # fmt: skip
        with st.container(width="content"):
            st.space("small")
            list_popover(ws)


def _pick(key: str) -> None:
    workspace.put(algorithms=",".join(st.session_state[key]))


def _remarks(entry: AlgorithmEntry, metrics: ListMetrics) -> tuple[str, ...]:
    kind = f"{entry.family}, {'exact' if entry.exact else 'approximate'}"
    lines = [kind]
    if metrics.diversity is not None and metrics.novelty is not None:
        lines.append(f"diversity {fmt.probability(metrics.diversity)}, novelty {metrics.novelty:.1f} bits")
    if metrics.popularity is not None:
        lines.append(f"{fmt.percent(metrics.popularity)} of people like a clip")
    return tuple(lines)


def outlines(places: Mapping[str, str], clips: Mapping[str, Clip]) -> dict[str, list[float]]:
    """Outline of the sound of those clips that have no picture."""
    return {c: engine().peaks(c) for c in places if c in clips and clips[c].info.kind == "audio"}


def same_clip(found: Comparison, names: Mapping[str, str], clip_id: str, title: str) -> None:
    """Where the followed clip stands in each list, and what its score is made of there."""
    heading(fmt.cut(title, 60), "in each list; scores of different recommenders have different scales")
    rows = []
    for ranked in found.lists:
        place = next((p for p in ranked.recommendations if p.clip_id == clip_id), None)
        name = escape(names[ranked.algorithm])
        if place is None:
            rows.append(
                f'<div class="av-same"><span>{name}</span><span class="av-mut">not listed</span>'
                f'<span class="av-mut">not among its first {len(ranked.recommendations)}</span></div>'
            )
            continue
        parts = parts_of(place)
        rows.append(
            f'<div class="av-same"><span>{name}</span><b class="av-num">#{place.rank} <span class="av-mut" '
            f'style="font-weight:400">{fmt.score(place.score)}</span></b><div style="min-width:0">'
            f'<div class="av-mut av-small-title" title="{escape(place.reason)}">{escape(place.reason)}</div>'
            f"{stacked_bar(parts, axis_for([parts]), small=True)}</div></div>"
        )
    st.html("".join(rows))
