"""Compare, second view: two people over each other."""

from collections.abc import Mapping

import streamlit as st

from avrec.schemas import Clip, CommonClip, PeopleComparison, Person
from avrec.ui import algorithms, charts, workspace
from avrec.ui import format as fmt
from avrec.ui.cards import thumbnail
from avrec.ui.chrome import Cell, heading, metric_strip
from avrec.ui.compare_columns import Column, columns
from avrec.ui.compare_lists import outlines
from avrec.ui.format import escape
from avrec.ui.list_options import list_popover
from avrec.ui.people import shown
from avrec.ui.recommend_controls import person_label
from avrec.ui.resources import engine
from avrec.ui.workspace import Workspace, bound

MOST_TOPICS, MOST_CLIPS = 10, 6


def two_people(ws: Workspace, people: Mapping[str, Person], user: str, clips: Mapping[str, Clip]) -> None:
    """Draw tastes, agreement and both lists."""
    if len(people) < 2:
        st.markdown("There is only one person here. Events of a second one make two that can be compared.")
        return
    others = [name for name in people if name != user]
    other = workspace.choice("other", others, max(others, key=lambda name: people[name].positives))
    known = algorithms.entries()
    algorithm = algorithms.chosen(ws, known)
    with st.container(horizontal=True, vertical_alignment="top", gap="small", key="controls"):
        for title, name, options, value in (("Person", "user", list(people), user), ("And", "other", others, other)):
            st.selectbox(
                title, options, format_func=lambda u: person_label(people[u]), width=214,
                **bound(name, value, f"people-{name}"),
            )  # fmt: skip
        algorithms.picker(algorithm, known, "people-algorithm")
        with st.container(width="content"):
            st.space("small")
            list_popover(ws)
    found = engine().compare_people(
        user, other, ws.k, algorithm=algorithm.name, weights=ws.weights(engine().PRESET_WEIGHTS), options=ws.options()
    )
    metric_strip(_cells(found))
    left, right = st.columns([0.4, 0.6], gap="medium")
    with left:
        tastes(found)
        _common("Both like", found.shared, found, clips, "no clip yet")
        _common("They disagree", found.opposed, found, clips, "on no clip")
    with right:
        _lists(found, ws, clips)


def _cells(found: PeopleComparison) -> list[Cell]:
    agreement = "none" if found.cosine is None else fmt.signed(found.cosine, 2)
    tip = "Cosine of their signed event weights over all clips, from −1 to 1"
    rest = "Of the two lists below"
    return [
        Cell("In common", fmt.count(found.common, "clip"), f"{len(found.shared)} liked by both"),
        Cell("They disagree on", fmt.count(len(found.opposed), "clip"), "", "One likes it, the other does not"),
        Cell("Agreement", agreement, "cosine" if found.common else "nothing in common", tip),
        Cell("Same clips listed", fmt.probability(found.jaccard), "Jaccard", rest),
        Cell("Same order", fmt.probability(found.rbo), "RBO", f"{rest}; Webber et al. 2010, p = 0.9, extrapolated"),
    ]


def tastes(found: PeopleComparison) -> None:
    """Topic by topic, the first person in ink over the second in the accent; the widest apart first."""
    first, second = found.tastes
    heading("Taste by topic", "share of what each likes")
    if not first and not second:
        st.caption("Neither has liked a clip with a topic yet.")
        return
    topics = sorted({*first, *second}, key=lambda t: -max(first.get(t, 0.0), second.get(t, 0.0)))
    top = max([*first.values(), *second.values()])
    key = (
        f'<div class="av-legend"><span><i class="av-dot av-ink"></i>{escape(shown(found.user_id))}</span>'
        f'<span><i class="av-dot av-accent"></i>{escape(shown(found.other_id))}</span></div>'
    )
    rows = "".join(_topic(t, first.get(t, 0.0), second.get(t, 0.0), top, found) for t in topics[:MOST_TOPICS])
    rest = len(topics) - MOST_TOPICS
    st.html(key + rows + (f'<div class="av-cap">and {fmt.count(rest, "more topic")}</div>' if rest > 0 else ""))


def _topic(topic: str, mine: float, theirs: float, top: float, found: PeopleComparison) -> str:
    first, second = shown(found.user_id), shown(found.other_id)
    label = escape(f"{topic}: {first} {fmt.percent(mine)}, {second} {fmt.percent(theirs)}")
    bars = "".join(
        f'<i class="{colour}" style="width:{100 * value / top:.1f}%{"" if value else ";visibility:hidden"}"></i>'
        for colour, value in (("av-ink", mine), ("av-accent", theirs))
    )
    return (
        f'<div class="av-twin" role="img" aria-label="{label}" title="{label}"><span>{escape(topic)}</span>'
        f"<div>{bars}</div><div><small>{fmt.percent(mine)}</small><small>{fmt.percent(theirs)}</small></div></div>"
    )


def _common(
    title: str, common: tuple[CommonClip, ...], found: PeopleComparison, clips: Mapping[str, Clip], nothing: str
) -> None:
    heading(title, fmt.count(len(common), "clip") if common else nothing)
    rows = []
    for one in common[:MOST_CLIPS]:
        clip = clips.get(one.clip_id)
        peaks = engine().peaks(one.clip_id) if clip and clip.info.kind == "audio" else ()
        said = (
            f"{fmt.cut(shown(found.user_id), 20)} {fmt.signed(one.weight, 2)}, "
            f"{fmt.cut(shown(found.other_id), 20)} {fmt.signed(one.other_weight, 2)}"
        )
        rows.append(
            f'<div class="av-past" title="Weights of their events, decayed with age">'
            f'{thumbnail(clip, peaks, small=True)}<div style="min-width:0"><b>{escape(one.title)}</b>'
            f'<small class="av-num">{escape(said)}</small></div></div>'
        )
    rest = len(common) - MOST_CLIPS
    if rows:
        st.html("".join(rows) + (f'<div class="av-cap">and {fmt.count(rest, "more clip")}</div>' if rest > 0 else ""))


def _lists(found: PeopleComparison, ws: Workspace, clips: Mapping[str, Clip]) -> None:
    places = {p.clip_id: p.title for ranked in found.lists for p in ranked.recommendations}
    theirs = {place.clip_id for place in found.lists[1].recommendations}
    both = [place.clip_id for place in found.lists[0].recommendations if place.clip_id in theirs]
    followed = ws.clip if ws.clip in places else next(iter(both), None)
    seen = "" if ws.seen else "; each without what that person has seen"
    heading(f"First {ws.k} of each", f"{fmt.count(len(both), 'clip')} in both{seen}")
    if not places:
        st.markdown("Nothing is left to rank for either. Turn on “Seen clips too” under List, or add clips.")
        return
    drawn = [
        Column(
            shown(str(ranked.user_id)),
            (ranked.note or f"of {fmt.count(ranked.candidates, 'clip')}",),
            ranked.recommendations,
        )
        for ranked in found.lists
    ]
    st.html(columns(drawn, clips, followed, charts.theme(), outlines(places, clips)))
