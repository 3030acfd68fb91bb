"""Evidence: one watched clip against the explained one, moment by moment, both sides playable."""

import streamlit as st

from avrec.explain.ledger import by_watched_clip
from avrec.ui import charts, workspace
from avrec.ui import format as fmt
from avrec.ui.chrome import heading
from avrec.ui.palette import modality_name
from avrec.ui.recommend_why import PAIRED, Case, moments
from avrec.ui.resources import engine


def evidence(case: Case) -> None:
    """Draw the choice of watched clip and modality, the grid, and the two players of the chosen pair."""
    watched = by_watched_clip(case.place.ledger)
    choices = {c: [m for m in PAIRED if parts.get(m)] for c, parts in watched.items()}
    choices = {c: modalities for c, modalities in choices.items() if modalities}
    if not choices:
        st.markdown("No watched clip stands behind this place with a vector, so there are no moments to compare.")
        return
    chosen = workspace.choice("watched", list(choices), next(iter(choices)))
    here = choices[chosen]
    strongest = max(here, key=lambda name: abs(watched[chosen][name]))
    modality = workspace.choice("modality", here, strongest)
    names = {c: case.clips[c].title if c in case.clips else c for c in choices}
    st.selectbox(
        "Watched clip", list(choices), format_func=lambda c: names.get(c, c),
        **workspace.bound("watched", chosen, "evidence-clip"),
    )  # fmt: skip
    st.pills(
        "Modality", here, format_func=modality_name, required=True,
        **workspace.bound("modality", modality, "evidence-modality"),
    )  # fmt: skip
    pairs = engine().pairs(case.user, case.place.clip_id, chosen, modality, weights=case.weights)
    if not pairs:
        st.markdown("One of the two clips lacks this modality.")
        return
    _, _, cells = charts.grid_of(pairs)
    best = max(cells, key=lambda cell: cells[cell].value)
    about = f"{case.place.clip_id}-{chosen}-{modality}"
    cell = read_pair(workspace.param("pair"), about, cells) or best
    total = fmt.signed(sum(pair.value for pair in pairs))
    heading(
        "Moment by moment",
        f"rows watched, columns this clip; {modality_name(modality)} direct match adds up to {total}",
    )
    charts.draw(
        charts.moment_grid(pairs, charts.theme(), cell), f"grid-{about}",
        f"Similarity of {len(pairs)} pairs of moments; the highest is {max(p.similarity for p in pairs):.2f}",
        on_select=lambda: pick(about), selection_mode="points",
    )  # fmt: skip
    moments(cells[cell], case.clips, "evidence", "This pair")


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
