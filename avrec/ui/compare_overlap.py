"""How much several lists agree: in one sentence, and as a table."""

import streamlit as st

from avrec.schemas import Comparison
from avrec.ui import format as fmt
from avrec.ui.chrome import heading
from avrec.ui.format import escape


def finding(found: Comparison, names: list[str]) -> str:
    """Which two agree most and which least, by RBO."""
    pairs = [(found.rbo[i][j], names[i], names[j]) for i in range(len(names)) for j in range(i)]
    if not pairs:
        return "choose a second recommender to compare"
    most, least = max(pairs), min(pairs)
    told = f"{most[2]} and {most[1]} agree most (RBO {fmt.probability(most[0])})"
    return told if len(pairs) == 1 else f"{told}, {least[2]} and {least[1]} least ({fmt.probability(least[0])})"


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
