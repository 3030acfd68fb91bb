"""Compare, third view: two clips over each other."""

from collections.abc import Mapping

import streamlit as st

from avrec.schemas import Clip, ClipComparison, ModalityLikeness
from avrec.ui import format as fmt
from avrec.ui import workspace
from avrec.ui.bars import Step, lines
from avrec.ui.chrome import Cell, heading, metric_strip
from avrec.ui.format import escape
from avrec.ui.palette import hue, modality_name
from avrec.ui.recommend_evidence import grid
from avrec.ui.recommend_why import PAIRED, moments
from avrec.ui.resources import engine
from avrec.ui.workspace import Workspace, bound

DETECTED = ("scene", "object")
LEAST_SCORE, MOST_LABELS = 0.2, 12


def two_clips(ws: Workspace, clips: Mapping[str, Clip]) -> None:
    """Draw likeness by modality, tags, and the two clips moment by moment."""
    if len(clips) < 2:
        st.markdown("There is only one clip here. Upload a second one to compare it with.")
        return
    first = ws.clip if ws.clip in clips else next(iter(clips))
    others = [c for c in clips if c != first]
    second = workspace.choice("other_clip", others, _nearest(first, others))
    with st.container(horizontal=True, vertical_alignment="top", gap="small", key="controls"):
        for title, name, options, value in (
            ("Clip", "clip", list(clips), first), ("And", "other_clip", others, second),
        ):  # fmt: skip
            st.selectbox(
                title, options, format_func=lambda c: clips[c].title if c in clips else c, width=300,
                **bound(name, value, f"clips-{name}"),
            )  # fmt: skip
    found = engine().compare_clips(first, second)
    metric_strip(_cells(found, clips))
    left, right = st.columns([0.44, 0.56], gap="medium")
    with left:
        likeness(found, clips)
        tags(found, clips)
    with right:
        _moments(found, clips)


def _nearest(clip_id: str, others: list[str]) -> str:
    places = engine().similar(clip_id, 1).recommendations
    return places[0].clip_id if places and places[0].clip_id in others else others[0]


def _cells(found: ClipComparison, clips: Mapping[str, Clip]) -> list[Cell]:
    strongest = max(found.lines, key=lambda line: line.value, default=None)
    tip = "Sum over the modalities that both have, in deviations above a random pair of clips"
    level = fmt.percentile(found.percentile)
    cells = [
        Cell("Likeness", fmt.signed(found.likeness, 2), f"{level} of random pairs" if level else "", tip),
        Cell("Compared in", fmt.count(len(found.lines), "modality", "modalities"), f"{len(found.absent)} missing"),
    ]
    if strongest is not None and strongest.value > 0:
        name = modality_name(strongest.modality)
        cells.append(Cell("Most alike in", name, f"cosine {fmt.probability(strongest.cosine)}"))
    cells.append(Cell("Words in common", str(len(found.words)), ", ".join(found.words[:3]), ", ".join(found.words)))
    pair = [clips[c].duration for c in (found.clip_id, found.other_id)]
    cells.append(Cell("Lengths", fmt.duration(pair[0]), f"and {fmt.duration(pair[1])}"))
    return cells


def likeness(found: ClipComparison, clips: Mapping[str, Clip]) -> None:
    """One bar a modality, and what cannot be compared because a clip lacks it."""
    heading("Alike, modality by modality", "σ above a random pair, held to ±4")
    if found.lines:
        steps = [_step(line) for line in found.lines]
        st.html(
            lines(steps, "Likeness by modality", places=2)
            + f'<div class="av-cap">What the lines add sums to {fmt.signed(found.likeness, 2)}, at the fitted weights.'
            "</div>"
        )
    else:
        st.caption("They have no modality in common, so nothing can be compared.")
    lacking = [
        f"{modality_name(name)}: {' and '.join(fmt.cut(clips[c].title, 24) for c in ids if c in clips)}"
        for name, ids in found.absent.items()
    ]
    if lacking:
        st.html(f'<div class="av-cap">Missing: {escape("; ".join(lacking))}.</div>')


def _step(line: ModalityLikeness) -> Step:
    remark = f"cosine {fmt.probability(line.cosine)}, adds {fmt.signed(line.value, 2)}"
    return Step(line.modality, modality_name(line.modality), line.sigma, remark, hue(line.modality).tooltip)


def labels(clip: Clip) -> list[str]:
    """A clip's tags, and the surest of what was seen in it."""
    seen: dict[str, float] = {}
    for kind in DETECTED:
        for found in engine().annotations(clip.clip_id, kind):
            seen[found.label] = max(seen.get(found.label, 0.0), found.score)
    sure = sorted((name for name, score in seen.items() if score >= LEAST_SCORE), key=lambda name: -seen[name])
    return list(dict.fromkeys([*clip.tags, *([clip.category] if clip.category else []), *sure]))[:MOST_LABELS]


def tags(found: ClipComparison, clips: Mapping[str, Clip]) -> None:
    """Tags and things seen: in both, and in one alone."""
    heading("Tags and things seen", "and the words that both use")
    first, second = (labels(clips[c]) for c in (found.clip_id, found.other_id))
    groups = [
        ("In both", [name for name in first if name in second]),
        (f"Only {fmt.cut(clips[found.clip_id].title, 26)}", [name for name in first if name not in second]),
        (f"Only {fmt.cut(clips[found.other_id].title, 26)}", [name for name in second if name not in first]),
        ("Words in both", list(found.words)),
    ]
    st.html("".join(_group(title, names) for title, names in groups))


def _group(title: str, names: list[str]) -> str:
    chips = "".join(f'<span class="av-chip">{escape(fmt.cut(name, 40))}</span>' for name in names)
    return (
        f'<div class="av-cap" style="margin-top:6px">{escape(title)}</div>'
        f'<div style="line-height:24px">{chips or "<span class=av-cap>none</span>"}</div>'
    )


def _moments(found: ClipComparison, clips: Mapping[str, Clip]) -> None:
    """The grid of segments in one modality, and both sides of the chosen pair."""
    here = [line.modality for line in found.lines if line.modality in PAIRED]
    heading("Moment by moment", f"rows {fmt.cut(clips[found.clip_id].title, 30)}, columns the other")
    if not here:
        st.caption("No modality with moments is in both clips.")
        return
    by_value = {line.modality: line.value for line in found.lines}
    modality = workspace.choice("modality", here, max(here, key=lambda name: by_value[name]))
    st.pills(
        "Modality", here, format_func=modality_name, required=True, label_visibility="collapsed",
        **bound("modality", modality, "clips-modality"),
    )  # fmt: skip
    pairs = engine().clip_pairs(found.clip_id, found.other_id, modality)
    if not pairs:
        st.caption("This modality has no moments here.")
        return
    pair = grid(pairs, f"{found.clip_id}-{found.other_id}-{modality}", modality_name(modality), ("first", "second"))
    st.html(
        f'<div class="av-cap">Numbers are cosines of two moments. Their contributions sum to '
        f"{fmt.signed(sum(p.value for p in pairs))}, the line of {escape(modality_name(modality).lower())}.</div>"
    )
    moments(pair, clips, "clips", "This pair", ("First", "Second"))
