"""Evidence: one watched clip against the explained one, moment by moment, both sides playable.

Only the direct match of two clips can be opened into moments; what was learned with the crowd is a property of whole
clips. Both are told, and the grid adds up to the direct one.
"""

import streamlit as st

from avrec.explain.ledger import by_watched_clip, direct_leaves
from avrec.schemas import SEGMENT_MODALITIES, Contribution, SegmentPair
from avrec.ui import charts, workspace
from avrec.ui import format as fmt
from avrec.ui.chrome import heading
from avrec.ui.palette import modality_name
from avrec.ui.recommend_why import PAIRED, Case, moments, open_pairs


def direct_by_clip(ledger: Contribution) -> dict[str, dict[str, float]]:
    """Watched clip -> modality with moments -> its direct match, the clip that carries most first."""
    found: dict[str, dict[str, float]] = {}
    for line in ledger.children:
        for leaf in direct_leaves(line) if line.key in PAIRED else ():
            if leaf.kind == "clip":
                found.setdefault(leaf.key, {})[line.key] = leaf.value
    return dict(sorted(found.items(), key=lambda item: -sum(item[1].values())))


def evidence(case: Case) -> None:
    """Draw the choice of watched clip and modality, the grid, and the two players of the chosen pair."""
    # A person's own text counts as watched, too, but has no moments to play.
    direct = {c: parts for c, parts in direct_by_clip(case.place.ledger).items() if c in case.clips}
    if not direct:
        st.markdown("No watched clip stands behind this place by direct match, so there are no moments to compare.")
        return
    chosen = workspace.choice("watched", list(direct), next(iter(direct)))
    here = [name for name in PAIRED if name in direct[chosen]]
    # Meaning is one vector a clip: its grid has one cell, so it opens only where nothing narrower speaks.
    narrow = [name for name in here if name in SEGMENT_MODALITIES] or here
    modality = workspace.choice("modality", here, max(narrow, key=lambda name: abs(direct[chosen][name])))
    told = {leaf.key: leaf.label for leaf in case.place.ledger.leaves()}
    names = {c: case.clips[c].title if c in case.clips else told.get(c, c) for c in direct}
    st.selectbox(
        "Watched clip", list(direct), format_func=lambda c: names.get(c, c),
        **workspace.bound("watched", chosen, "evidence-clip"),
    )  # fmt: skip
    st.pills(
        "Modality", here, format_func=modality_name, required=True,
        **workspace.bound("modality", modality, "evidence-modality"),
    )  # fmt: skip
    pairs = open_pairs(case, chosen, modality)
    if not pairs:
        st.markdown("One of the two clips lacks this modality.")
        return
    learned = by_watched_clip(case.place.ledger)[chosen][modality] - direct[chosen][modality]
    about = f"{case.place.clip_id}-{chosen}-{modality}"
    heading("Moment by moment", f"rows watched, columns this clip; adds up to {fmt.signed(direct[chosen][modality])}")
    pair = grid(pairs, about, modality_name(modality))
    st.caption(_told(modality_name(modality).lower(), direct[chosen][modality], learned))
    moments(pair, case.clips, "evidence", "This pair")


def _told(modality: str, direct: float, learned: float) -> str:
    """What the grid holds, and what it cannot hold."""
    if abs(learned) < 5e-4:
        return f"All that the watched clip adds by {modality} is direct match: the pairs sum to {fmt.signed(direct)}."
    return (
        f"By {modality} the watched clip adds {fmt.signed(direct + learned)}: {fmt.signed(direct)} by direct match, "
        f"which the pairs sum to, and {fmt.signed(learned)} learned from the crowd, which belongs to whole clips, "
        "not to moments."
    )


def grid(
    pairs: list[SegmentPair], about: str, modality: str, names: tuple[str, str] = ("watched", "this")
) -> SegmentPair:
    """The clickable grid of pairs.

    Args:
        about: Names the two clips and the modality, in the URL and as the chart's key.
        names: What rows and columns are called.

    Returns:
        The chosen pair, or the one that adds most.
    """
    _, _, cells = charts.grid_of(pairs)
    best = max(cells, key=lambda cell: cells[cell].value)
    cell = read_pair(workspace.param("pair"), about, cells) or best
    highest = max(pair.similarity for pair in pairs)
    charts.draw(
        charts.moment_grid(pairs, charts.theme(), cell, names), f"grid-{about}",
        f"Similarity of {fmt.count(len(pairs), 'pair')} of moments, {modality}; the highest is {highest:.2f}",
        on_select=lambda: pick(about), selection_mode="points",
    )  # fmt: skip
    return cells[cell]


def pick(about: str) -> None:
    """Callback of a click in the grid: the pair goes to the URL, since redrawing the grid clears its selection."""
    points = st.session_state[f"grid-{about}"]["selection"]["points"]
    if points:
        row, column = points[0]["customdata"][:2]
        workspace.put(pair=f"{about}-{int(row)}-{int(column)}")


def read_pair(text: str | None, about: str, cells: dict) -> tuple[int, int] | None:
    """The cell that the URL names, where it is one of this grid's."""
    names = {f"{about}-{row}-{column}": (row, column) for row, column in cells}
    return names.get(text or "")
