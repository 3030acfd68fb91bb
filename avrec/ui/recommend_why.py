"""The Why? panel: the ledger that adds up, the moments behind it, and what would be without them."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from avrec.explain.ledger import by_watched_clip, direct_leaves
from avrec.schemas import SEGMENT_MODALITIES, Clip, Interaction, Recommendation, SegmentPair
from avrec.ui import format as fmt
from avrec.ui import workspace
from avrec.ui.bars import axis_for, lines, waterfall
from avrec.ui.cards import clip_row
from avrec.ui.chrome import heading
from avrec.ui.format import escape
from avrec.ui.ledger_steps import ledger_steps, other_leaves, sums
from avrec.ui.palette import modality_name
from avrec.ui.people import shown
from avrec.ui.player import player
from avrec.ui.rank_history import Snapshots
from avrec.ui.resources import engine, guard
from avrec.ui.workspace import Workspace

VIEWS = ("Ledger", "Evidence", "What if")
MOST_WATCHED, MOST_OTHERS = 4, 8
OTHERS = {  # kind of leaf -> title, one, many
    "neighbour": ("People of a similar taste", "person", "people"),
    "factor": ("What was learned of this taste", "factor", "factors"),
}
PAIRED = ("visual", "audio", "speech", "caption", "meaning")
DONE = {
    "like": "liked", "dislike": "disliked", "favourite": "favourite", "share": "shared", "skip": "skipped",
    "hide": "hidden", "comment": "commented",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What is being explained: one place of one person's list, and the settings that ranked it.

    Attributes:
        algorithm: The list's; the shelf of new clips has its own.
    """

    place: Recommendation
    user: str
    ws: Workspace
    weights: dict[str, float] | None
    clips: Mapping[str, Clip]
    snapshots: Snapshots
    algorithm: str = "hybrid"


@st.fragment(key="why-panel")
def why(case: Case) -> None:
    """Draw the panel; changing its view runs nothing else."""
    from avrec.ui.recommend_evidence import evidence
    from avrec.ui.recommend_what_if import what_if

    place = case.place
    level = fmt.higher_than(place.percentile)
    meaning = f"before the list's penalties, {level}" if level else ""
    remark = "; ".join(x for x in (fmt.score(place.score), meaning) if x)
    st.html(
        f'<p class="av-h2" id="why-panel">Why #{place.rank}, {escape(fmt.cut(place.title, 60))}</p>'
        f'<div class="av-mut" style="font-size:13px">{remark}</div>'
    )
    view = workspace.choice("view", VIEWS, "Ledger")
    st.segmented_control(
        "View", VIEWS, label_visibility="collapsed", required=True, **workspace.bound("view", view, "why-view")
    )
    with guard():
        {"Ledger": ledger, "Evidence": evidence, "What if": what_if}[view](case)


def ledger(case: Case) -> None:
    """The waterfall from zero to the score, what is behind it, the best pair of moments."""
    place = case.place
    st.html(waterfall(ledger_steps(place), place.score) + f'<div class="av-cap">{escape(sums(place.ledger))}</div>')
    watched = by_watched_clip(place.ledger)
    if watched:
        _watched(case, watched)
    for kind in OTHERS:
        _others(case, kind)
    best = best_pair(case)
    if best is not None:
        moments(best, case.clips, "ledger", "Best matching moments")


def _others(case: Case, kind: str) -> None:
    """Neighbours or factors, the largest first."""
    title, *names = OTHERS[kind]
    steps = other_leaves(case.place.ledger, kind)
    if not steps:
        return
    heading(title, f"{fmt.count(len(steps), *names)}, together {fmt.signed(sum(step.value for step in steps))}")
    shown, rest = steps[:MOST_OTHERS], steps[MOST_OTHERS:]
    more = f"and {len(rest)} more, together {fmt.signed(sum(step.value for step in rest))}" if rest else ""
    st.html(lines(shown, title) + f'<div class="av-cap">{more}</div>')


def _watched(case: Case, watched: dict[str, dict[str, float]]) -> None:
    total = sum(sum(parts.values()) for parts in watched.values())
    events: dict[str, list[Interaction]] = {}
    for event in engine().history(case.user):
        events.setdefault(event.clip_id, []).append(event)
    axis = axis_for(list(watched.values()))
    rows, titles = [], {leaf.key: leaf.label for leaf in case.place.ledger.leaves() if leaf.kind == "clip"}
    for clip_id, parts in list(watched.items())[:MOST_WATCHED]:
        clip = case.clips.get(clip_id)
        peaks = engine().peaks(clip_id) if clip and clip.info.kind == "audio" else ()
        remark = describe_events(events.get(clip_id, [])) or ("" if clip else "what they say of themself")
        title = clip.title if clip else titles.get(clip_id, clip_id)
        rows.append(clip_row(clip, title, remark, parts, axis, peaks=peaks))
    rest = list(watched.values())[MOST_WATCHED:]
    if rest:
        carried = fmt.signed(sum(sum(parts.values()) for parts in rest))
        rows.append(f'<div class="av-cap">and {fmt.count(len(rest), "more clip")}, together {carried}</div>')
    heading(
        f"Because {fmt.cut(shown(case.user), 20)} watched",
        f"{fmt.count(len(watched), 'clip carries', 'clips carry')} {fmt.signed(total)}",
    )
    st.html("".join(rows))


def describe_events(events: list[Interaction]) -> str:
    """ "liked, watched 80 %, 2 days ago"."""
    parts = []
    for event in events:
        if event.event == "view":
            parts.append(f"watched {fmt.percent(event.value or 0)}")
        elif event.event == "rating":
            parts.append(f"rated {event.value:g}")
        else:
            parts.append(DONE.get(event.event, event.event))
    return ", ".join([*dict.fromkeys(parts), *([fmt.ago(max(e.at for e in events))] if events else [])])


def best_pair(case: Case) -> SegmentPair | None:
    """The pair of moments that adds most, over the strongest lines."""
    paired = [line for line in case.place.ledger.children if line.key in PAIRED and line.value > 0]
    # `meaning` has one vector a clip, so its pair is the whole of both: shown only where nothing narrower speaks.
    narrow = [line for line in paired if line.key in SEGMENT_MODALITIES] or paired
    found: list[SegmentPair] = []
    for line in sorted(narrow, key=lambda line: -line.value)[:2]:
        playable = [leaf for leaf in direct_leaves(line) if leaf.kind == "clip" and leaf.key in case.clips]
        leaf = max(playable, key=lambda x: x.value, default=None)
        if leaf is not None and leaf.value > 0:
            found += open_pairs(case, leaf.key, line.key)
    return max(found, key=lambda pair: pair.value, default=None)


def open_pairs(case: Case, watched: str, modality: str) -> list[SegmentPair]:
    """The pairs of moments behind one watched clip's direct match in one modality."""
    return engine().pairs(
        case.user, case.place.clip_id, watched, modality, weights=case.weights, algorithm=case.algorithm
    )  # fmt: skip


def moments(
    pair: SegmentPair,
    clips: Mapping[str, Clip],
    key: str,
    title: str,
    names: tuple[str, str] = ("Watched", "This clip"),
) -> None:
    """Both sides of a pair, each with its play button."""
    heading(title, f"{modality_name(pair.modality)}, similarity {fmt.probability(pair.similarity)}, "
            f"adds {fmt.signed(pair.value)}")  # fmt: skip
    both = (
        (names[0], pair.watched_clip_id, pair.watched_start, pair.watched_end),
        (names[1], pair.clip_id, pair.start, pair.end),
    )
    with st.grid(2, min_column_width=150, gap="small"):
        for name, clip_id, start, end in both:
            with st.container(gap="xsmall"):
                _side(name, clips.get(clip_id), start, end, f"{key}-{name}")


def _side(name: str, clip: Clip | None, start: float, end: float, key: str) -> None:
    if clip is None:
        st.caption(f"{name}: a text, or a clip that is gone; nothing to play.")
        return
    play = st.button(
        f"{name}, {fmt.moments(start, end)}", icon=":material/play_arrow:", type="tertiary", key=f"play-{key}",
        help=f"Play {fmt.plain(clip.title)}",
    )  # fmt: skip
    st.html(player(clip, start, end, play=play))
