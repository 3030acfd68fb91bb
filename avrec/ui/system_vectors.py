"""The System page's block on vectors: which version serves, what is old or damaged, and running a stage again."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from avrec.errors import AvrecError
from avrec.schemas import VectorState
from avrec.ui.chrome import heading
from avrec.ui.resources import engine, plain_error


def vectors_block() -> None:
    """Draw the table and a button for each stage."""
    eng = engine()
    states, stale = eng.vector_states(), eng.stale_stages()
    heading("Vectors", "the old version serves until all of the new one is there")
    st.dataframe(
        pd.DataFrame(rows(states)),
        hide_index=True,
        height="content",
        alt="Vectors, one row a modality",
        column_config={"served version": st.column_config.TextColumn(width=280)},
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        for stage in ("speech", "audio", "pictures", "text"):
            count = stale.get(stage, 0)
            help_ = f"{count} clips were read by another model" if count else "Every clip was read by the present model"
            label = f"Run {stage} again" + (f", {count} clips" if count else "")
            kind = "secondary" if count else "tertiary"
            if st.button(label, key=f"rerun-{stage}", help=help_, type=kind, disabled=not any(s.clips for s in states)):
                _rerun(stage, count > 0)


def rows(states: Sequence[VectorState]) -> list[dict[str, object]]:
    """The table's rows."""
    return [
        {
            "modality": state.modality,
            "made by": state.stage,
            "served version": state.served or "none yet",
            "clips": state.clips,
            "stale": state.stale,
            "damaged": state.damaged,
        }
        for state in states
    ]


def _rerun(stage: str, stale: bool) -> None:
    try:
        job = engine().rerun_stage(stage, stale=stale)
    except AvrecError as error:
        st.toast(plain_error(error))
    else:
        st.toast(f"{job.title}: queued. Lists and search serve what they have until it is done.")
