"""What the hybrid is made of, and "Auto": its parts tuned on this library's own events."""

import streamlit as st

from avrec.errors import AvrecError
from avrec.recommend.hybrid_settings import HybridSettings
from avrec.schemas import Job
from avrec.ui import format as fmt
from avrec.ui.rank_history import step
from avrec.ui.resources import engine, guard


def parts_popover() -> None:
    """The hybrid's parts, and buttons that tune them or bring the fixed ones back."""
    settings = engine().hybrid_settings()
    tuned = settings.source.startswith("tuned")
    with st.popover(f"Parts: {'auto' if tuned else 'fixed'}", icon=":material/tune:", type="tertiary", key="parts"):
        st.markdown(f"Parts are {fmt.plain(settings.source)}.")
        st.caption(in_words(settings))
        job = tuning_job()
        if job is not None:
            _progress()
            return
        said = st.session_state.pop("parts-said", "")
        if said:
            st.caption(said)
        st.button(
            "Tune again" if tuned else "Auto: tune on this library", key="parts-tune", on_click=_tune, args=(tuned,),
            help="Coordinate ascent on a held-out fifth of each person's positives; every part can reach zero.",
        )  # fmt: skip
        if tuned:
            st.button("Back to the fixed parts", key="parts-fixed", on_click=_fixed)


def in_words(settings: HybridSettings) -> str:
    """ "content 1, CEASE 2 (λ 10, β 1, dropout 0, kernel 1), walk 0, spectral 0, popularity 1"."""
    fit = settings.fit
    inside = f"λ {fit.regularization:g}, β {fit.beta:g}, dropout {fit.dropout:g}, kernel {fit.kernel:g}"
    return (
        f"Content {settings.content:g}, CEASE {settings.cease:g} ({inside}), two-step walk {settings.walk:g}, "
        f"main directions {settings.spectral:g}, popularity {settings.popularity:g}."
    )


def tuning_job() -> Job | None:
    """The tuning that is on its way."""
    jobs = engine().evaluation_jobs()
    return next((job for job in jobs if job.kind == "tune" and job.state in ("queued", "running")), None)


@st.fragment(run_every="1s")
def _progress() -> None:
    with guard():
        job = tuning_job()
        if job is None:
            step("Auto")
            st.rerun()
        st.progress(job.progress, text=f"Tuning, {fmt.percent(job.progress)}")
        st.button("Cancel", key="parts-cancel", on_click=engine().cancel_job, args=(job.job_id,))


def _tune(again: bool) -> None:
    try:
        engine().tune(wait=False, use=True, again=again)
        step("Auto")
    except AvrecError as error:
        st.session_state["parts-said"] = fmt.plain(str(error))


def _fixed() -> None:
    engine().use_hybrid(None)
    step("Fixed parts")
