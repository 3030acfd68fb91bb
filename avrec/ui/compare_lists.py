"""Compare, first view: up to four recommenders for one person."""

from collections.abc import Mapping

import streamlit as st

from avrec.schemas import AlgorithmEntry, Clip, Comparison, Interaction, ListMetrics, Person
from avrec.ui import algorithms, charts, workspace
from avrec.ui import format as fmt
from avrec.ui.bars import axis_for, stacked_bar
from avrec.ui.cards import parts_of, thumbnail
from avrec.ui.chrome import heading, legend
from avrec.ui.compare_columns import Column, columns
from avrec.ui.format import escape
from avrec.ui.list_options import list_popover
from avrec.ui.palette import ORDER
from avrec.ui.people import shown
from avrec.ui.recommend_controls import person_label
from avrec.ui.recommend_why import describe_events
from avrec.ui.resources import engine
from avrec.ui.workspace import Workspace, bound

MOST = 4
USUAL = ("hybrid", "content", "ease", "popularity")
PAST = 9


def short(entry: AlgorithmEntry) -> str:
    """ "Words alone" of "Words alone: TF-IDF"."""
    return entry.title.split(":")[0]


def recommenders(ws: Workspace, people: Mapping[str, Person], user: str, clips: Mapping[str, Clip]) -> None:
    """Draw the controls, the person's history, the lists, the followed clip in each, and the overlap."""
    known = algorithms.entries()
    usual = [name for name in USUAL if name in known] or list(known)[:2]
    chosen = workspace.several("algorithms", list(known), usual, MOST)
    weights = ws.weights(engine().PRESET_WEIGHTS)
    found = engine().compare(user, chosen, ws.k, weights=weights, options=ws.options())
    places = {p.clip_id: p.title for ranked in found.lists for p in ranked.recommendations}
    followed = ws.clip if ws.clip in places else next(iter(places), None)
    _controls(ws, people, user, known, chosen, places, followed)
    left, right = st.columns([0.185, 0.815], gap="medium")
    with right:
        heading(f"First {ws.k} for {shown(user)}", _finding(found, [short(known[name]) for name in chosen]))
        if not places:
            st.markdown("Nothing is left to rank. Turn on “Seen clips too” under List, or add clips.")
        st.html(legend(ORDER, penalties=["diversity"]))
        drawn = [
            Column(short(known[ranked.algorithm]), _remarks(known[ranked.algorithm], metrics), ranked.recommendations)
            for ranked, metrics in zip(found.lists, found.metrics, strict=True)
        ]
        st.html(columns(drawn, clips, followed, charts.theme(), outlines(places, clips)))
        if followed:
            same_clip(found, known, followed, places[followed])
        if len(chosen) > 1:
            overlap_table(found, [short(known[name]) for name in chosen])
    with left:
        history(user, clips)


def _controls(
    ws: Workspace,
    people: Mapping[str, Person],
    user: str,
    known: Mapping[str, AlgorithmEntry],
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
            f"Recommenders, up to {MOST}", list(known), format_func=lambda name: short(known[name]), key=key,
            max_selections=MOST, on_change=_pick, args=(key,), width=430,
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


def _finding(found: Comparison, names: list[str]) -> str:
    """Which two agree most and which least, by RBO."""
    pairs = [(found.rbo[i][j], names[i], names[j]) for i in range(len(names)) for j in range(i)]
    if not pairs:
        return "choose a second recommender to compare"
    most, least = max(pairs), min(pairs)
    told = f"{most[2]} and {most[1]} agree most (RBO {fmt.probability(most[0])})"
    return told if len(pairs) == 1 else f"{told}, {least[2]} and {least[1]} least ({fmt.probability(least[0])})"


def outlines(places: Mapping[str, str], clips: Mapping[str, Clip]) -> dict[str, list[float]]:
    """Outline of the sound of those clips that have no picture."""
    return {c: engine().peaks(c) for c in places if c in clips and clips[c].info.kind == "audio"}


def same_clip(found: Comparison, known: Mapping[str, AlgorithmEntry], clip_id: str, title: str) -> None:
    """Where the followed clip stands in each list, and what its score is made of there."""
    heading(fmt.cut(title, 60), "in each list; scores of different recommenders have different scales")
    rows = []
    for ranked in found.lists:
        place = next((p for p in ranked.recommendations if p.clip_id == clip_id), None)
        name = escape(short(known[ranked.algorithm]))
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


def overlap_table(found: Comparison, names: list[str]) -> None:
    """Overlap of every two lists: Jaccard above the diagonal, RBO below it."""
    heading("Overlap", "above the diagonal Jaccard (same clips), below it RBO (same clips high up)")
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = []
    for i, name in enumerate(names):
        cells = "".join(_cell(found, names, i, j) for j in range(len(names)))
        rows.append(f"<tr><th>{escape(name)}</th>{cells}</tr>")
    st.html(
        f'<div style="overflow-x:auto"><table class="av-matrix"><tr><th></th>{head}</tr>{"".join(rows)}</table></div>'
        '<div class="av-cap">0 is nothing in common, 1 the same. RBO after Webber et al. 2010, p = 0.9, extrapolated '
        "from these places.</div>"
    )


def _cell(found: Comparison, names: list[str], i: int, j: int) -> str:
    if i == j:
        return '<td class="av-self" style="--v:0">same</td>'
    measure, value = ("Jaccard", found.jaccard[i][j]) if j > i else ("RBO", found.rbo[i][j])
    tip = escape(f"{measure} of {names[i]} and {names[j]}: {fmt.probability(value)}")
    return f'<td style="--v:{value:.3f}" title="{tip}">{fmt.probability(value)}</td>'


def history(user: str, clips: Mapping[str, Clip], most: int = PAST) -> None:
    """What the person did, the latest first; one row a clip."""
    events: dict[str, list[Interaction]] = {}
    for event in engine().history(user):
        events.setdefault(event.clip_id, []).append(event)
    kept = {clip_id: mine for clip_id, mine in events.items() if clip_id in clips}
    heading("History", fmt.count(len(kept), "clip"))
    if not kept:
        st.caption("No events with clips of this library.")
        return
    rows = []
    for clip_id, mine in list(kept.items())[:most]:
        clip = clips[clip_id]
        peaks = engine().peaks(clip_id) if clip.info.kind == "audio" else ()
        rows.append(
            f'<div class="av-past">{thumbnail(clip, peaks, small=True)}<div style="min-width:0">'
            f'<b title="{escape(clip.title)}">{escape(clip.title)}</b><small>{escape(describe_events(mine))}</small>'
            "</div></div>"
        )
    rest = len(kept) - most
    more = f'<div class="av-cap">and {fmt.count(rest, "more clip")}</div>' if rest > 0 else ""
    st.html(f'<div class="av-pasts">{"".join(rows)}{more}</div>')
