"""What makes a list besides the score: length, filters, priors, calibration, reserved places. All in the URL."""

import streamlit as st

from avrec.ui import format as fmt
from avrec.ui import workspace
from avrec.ui.workspace import MAX_RESERVED, OPTIONS, Workspace, bound

SLIDERS = {
    "calibration": ("Calibration", "Pulls the list's topics towards the mix of the person's own history (Steck 2018)."),
    "quality": ("Quality", "Weight of the mean rating, shrunk towards the library's where few people rated."),
    "freshness": ("Freshness", "Weight of having been added lately; it halves every 30 days."),
    "long_tail": ("Long tail", "Weight of being liked by few."),
}


def summary(ws: Workspace) -> str:
    """ "List: 20 unseen, 2 options"."""
    active = sum(bool(getattr(ws, name)) for name in (*OPTIONS, "collapse", "reserved"))
    more = f", {fmt.count(active, 'option')}" if active else ""
    return f"List: {ws.k}{' seen too' if ws.seen else ''}{more}"


def list_popover(ws: Workspace) -> None:
    """The popover with all of them; priors and penalties are lines of the ledger, the rest badges."""
    with st.popover(summary(ws), icon=":material/filter_list:", type="tertiary", key="more"):
        st.number_input("Length of the list", 1, workspace.MAX_K, **bound("k", ws.k, "how-many"))
        st.toggle("Seen clips too", **bound("seen", ws.seen, "seen-too"))
        st.toggle(
            "Leave near-duplicates out", help="Of clips whose pictures and sound are nearly the same, the best stays.",
            **bound("collapse", ws.collapse, "collapse-twins"),
        )  # fmt: skip
        st.number_input(
            "Places kept for new clips", 0, MAX_RESERVED, help="For the best clips that nobody has an event with.",
            **bound("reserved", ws.reserved, "reserved-places"),
        )  # fmt: skip
        for name, (title, text) in SLIDERS.items():
            unit = "" if name == "calibration" else " In deviations of the score."
            st.slider(
                title, 0.0, OPTIONS[name], step=0.05, help=f"{text}{unit} 0 is off; its line stands in the ledger.",
                **bound(name, min(float(getattr(ws, name)), OPTIONS[name]), f"option-{name}"),
            )  # fmt: skip
