"""The Why? panel: the ledger that adds up, the moments behind it, and what would be without them."""

from collections.abc import Mapping

import streamlit as st

from avrec.schemas import MODALITIES, Clip, Counterfactual, Interaction, Recommendation, SegmentPair
from avrec.ui import charts, workspace
from avrec.ui import format as fmt
from avrec.ui.bars import Step, axis_for, waterfall
from avrec.ui.cards import clip_row
from avrec.ui.chrome import heading
from avrec.ui.format import escape
from avrec.ui.palette import modality_name
from avrec.ui.player import player
from avrec.ui.resources import engine
from avrec.ui.workspace import Workspace

VIEWS = ("Ledger", "Evidence", "What if")
MOST_WATCHED = 5
PAIRED = ("visual", "audio", "speech", "caption", "meaning")


def why(place: Recommendation, ws: Workspace, user: str, clips: Mapping[str, Clip], history: list) -> None:
    """Draw the panel for one place of the list."""
    st.html(f'<p class="av-h2">Why #{place.rank}, {escape(fmt.cut(place.title, 60))}</p>')
    if place.percentile is not None:
        st.caption(
            f"{fmt.score(place.score)}; before diversity, higher than {place.percentile:.0f} % of random person–clip pairs"
        )
    view = workspace.choice("view", VIEWS, "Ledger")
    st.segmented_control("View", VIEWS, label_visibility="collapsed", **workspace.bound("view", view, "why-view"))
    weights = ws.weights(engine().PRESET_WEIGHTS)
    match view:
        case "Evidence":
            _evidence(place, user, weights, clips)
        case "What if":
            _what_if(place, ws, user, weights, history)
        case _:
            _ledger(place, user, weights, clips)


def _ledger(place: Recommendation, user: str, weights: dict[str, float], clips: Mapping[str, Clip]) -> None:
    steps = []
    for line in place.ledger.children:
        weight, match = line.details.get("weight"), line.details.get("match")
        remark = f"{weight:.2f} × {fmt.signed(match, 2)}" if weight else ""
        steps.append(
            Step(line.key, line.label, line.value, remark, f"weight × match; {len(line.children)} watched clips")
        )
    st.html(waterfall(steps, place.score))
    gap = abs(sum(leaf.value for leaf in place.ledger.leaves()) - place.score)
    st.caption(f"Weight × match. The {len(steps)} lines add up to the score (difference {gap:.0e}). Ledger: "
               f"{'exact' if place.ledger.exact else 'approximate'}.")  # fmt: skip
    watched = watched_parts(place)
    if watched:
        _watched(place, user, watched, clips)
        best = best_pair(place, user, weights)
        if best is not None:
            _moments(best, clips, "ledger")


def watched_parts(place: Recommendation) -> dict[str, dict[str, float]]:
    """Watched clip -> modality -> value, the one that carries most first."""
    from avrec.explain.ledger import by_watched_clip

    return by_watched_clip(place.ledger)


def _watched(place: Recommendation, user: str, watched: dict[str, dict[str, float]], clips: Mapping[str, Clip]) -> None:
    total = sum(sum(parts.values()) for parts in watched.values())
    heading(f"Because {fmt.cut(user, 20)} watched", f"{len(watched)} clips carry {fmt.signed(total)}")
    events: dict[str, list[Interaction]] = {}
    for event in engine().history(user):
        events.setdefault(event.clip_id, []).append(event)
    axis = axis_for(list(watched.values()))
    for clip_id, parts in list(watched.items())[:MOST_WATCHED]:
        clip = clips.get(clip_id)
        peaks = engine().peaks(clip_id) if clip and clip.info.kind == "audio" else ()
        remark = describe_events(events.get(clip_id, []))
        st.html(clip_row(clip, clip.title if clip else clip_id, remark, parts, axis, peaks=peaks))
    rest = list(watched.values())[MOST_WATCHED:]
    if rest:
        carried = fmt.signed(sum(sum(parts.values()) for parts in rest))
        st.caption(f"and {fmt.count(len(rest), 'more clip')}, together {carried}")


def describe_events(events: list[Interaction]) -> str:
    """ "liked, watched 80 %"."""
    words = {"like": "liked", "dislike": "disliked", "favourite": "favourite", "share": "shared", "skip": "skipped",
             "hide": "hidden", "comment": "commented"}  # fmt: skip
    parts = []
    for event in events:
        if event.event == "view":
            parts.append(f"watched {fmt.percent(event.value or 0)}")
        elif event.event == "rating":
            parts.append(f"rated {event.value:g}")
        else:
            parts.append(words[event.event])
    return ", ".join(dict.fromkeys(parts))


def best_pair(place: Recommendation, user: str, weights: dict[str, float]) -> SegmentPair | None:
    """The pair of moments that adds most, over the strongest lines."""
    lines = sorted((x for x in place.ledger.children if x.key in PAIRED), key=lambda x: -x.value)[:2]
    found: list[SegmentPair] = []
    for line in lines:
        leaf = max(line.children, key=lambda x: x.value, default=None)
        if leaf is not None and leaf.value > 0:
            found += engine().pairs(user, place.clip_id, leaf.key, line.key, weights=weights)[:1]
    return max(found, key=lambda pair: pair.value, default=None)


def _moments(pair: SegmentPair, clips: Mapping[str, Clip], key: str) -> None:
    """Both sides of a pair, playable."""
    heading("Best matching moments", f"{modality_name(pair.modality)}, similarity {fmt.probability(pair.similarity)}, "
            f"adds {fmt.signed(pair.value)}")  # fmt: skip
    sides = st.columns(2, gap="small")
    both = (
        ("Watched", pair.watched_clip_id, pair.watched_start, pair.watched_end),
        ("This clip", pair.clip_id, pair.start, pair.end),
    )
    for side, (name, clip_id, start, end) in zip(sides, both, strict=True):
        with side:
            clip = clips.get(clip_id)
            if clip is None:
                st.caption("gone")
                continue
            play_key = f"{key}-play-{name}"
            playing = st.session_state.get(play_key) == (clip_id, start)
            if st.button(
                f"{name}, {fmt.moments(start, end)}", icon=":material/play_arrow:", type="tertiary", key=f"{play_key}-b"
            ):
                st.session_state[play_key] = (clip_id, start)
                playing = True
            st.html(player(clip, start, end, play=playing))


def _evidence(place: Recommendation, user: str, weights: dict[str, float], clips: Mapping[str, Clip]) -> None:
    watched = watched_parts(place)
    lines = [x.key for x in place.ledger.children if x.key in PAIRED and x.children]
    if not watched or not lines:
        st.markdown("No watched clip stands behind this place, so there are no moments to compare.")
        return
    by_clip = {c: parts for c, parts in watched.items() if any(m in lines for m in parts)}
    chosen = workspace.choice("watched", list(by_clip), next(iter(by_clip)))
    names = {c: clips[c].title if c in clips else c for c in by_clip}
    st.selectbox("Watched clip", list(by_clip), format_func=names.get, **workspace.bound("watched", chosen, "ev-clip"))
    here = [m for m in lines if m in by_clip[chosen]]
    modality = workspace.choice("off", here, here[0])
    st.pills("Modality", here, format_func=modality_name, **workspace.bound("off", modality, "ev-modality"))
    pairs = engine().pairs(user, place.clip_id, chosen, modality, weights=weights)
    if not pairs:
        st.markdown("One of the two clips lacks this modality.")
        return
    line = by_clip[chosen][modality]
    heading("Moment by moment", f"rows watched, columns this clip; the cells add up to {fmt.signed(line)}")
    _, _, cells = charts.grid_of(pairs)
    best = max(cells, key=lambda cell: cells[cell].value)
    picked = charts.draw(
        charts.moment_grid(pairs, charts.theme(), best), "moment-grid", "Similarity of every pair of moments",
        on_select="rerun", selection_mode="points",
    )  # fmt: skip
    points = picked.selection.points if picked else []
    if points and tuple(points[0]["customdata"][:2]) in cells:
        best = tuple(points[0]["customdata"][:2])
    _moments(cells[best], clips, "evidence")


def _what_if(place: Recommendation, ws: Workspace, user: str, weights: dict[str, float], history: list) -> None:
    rows = engine().counterfactuals(
        user, place.clip_id, weights=weights, diversity=ws.diversity, algorithm=ws.algorithm
    )
    by_modality = [row for row in rows if row.kind == "modality"]
    heading("Without one modality", "the list is ranked again each time")
    for row in sorted(by_modality, key=lambda row: MODALITIES.index(row.without)):
        _without(row, f'<i class="av-dot av-m-{row.without}"></i>{escape(row.label)}')
    by_clip = [row for row in rows if row.kind == "clip"]
    if by_clip:
        heading("Without one watched clip", "as if it had never been watched")
        for row in sorted(by_clip, key=lambda row: row.score_without)[:8]:
            _without(row, escape(fmt.cut(row.label, 40)))
    heading("Rank changes", "top 10 since the pinned baseline")
    if len(history) < 2:
        st.caption("Move a slider, like or hide something: the chart shows what moved.")
        return
    titles = {clip.clip_id: clip.title for clip in engine().clips()}
    charts.draw(charts.bump(history, titles, place.clip_id, charts.theme()), "bump", "Ranks after each change")


def _without(row: Counterfactual, name: str) -> None:
    moved = (
        f"{fmt.rank(row.rank)} → {fmt.rank(row.rank_without)}"
        if row.rank != row.rank_without
        else f"stays {fmt.rank(row.rank)}"
    )
    st.html(
        '<div class="av-wf" style="grid-template-columns:minmax(0,1fr) 120px 100px;font-size:13px">'
        f'<span style="white-space:nowrap;overflow:hidden;text-overflow:ellipsis">{name}</span>'
        f'<span class="av-mut av-num">{fmt.score(row.score)} → {fmt.score(row.score_without)}</span>'
        f'<b class="av-num">{moved}</b></div>'
    )
