"""The four lines under the navigation: clips, models, device, jobs."""

import logging

import streamlit as st

from avrec.errors import AvrecError
from avrec.ui import format as fmt
from avrec.ui.format import escape
from avrec.ui.resources import engine

logger = logging.getLogger(__name__)

EVERY_SECONDS = 5


@st.fragment(run_every=EVERY_SECONDS)
def status_lines() -> None:
    """Draw the status; it refreshes itself without running the page."""
    try:
        status = engine().status()
    except Exception as error:
        # The page itself says what is wrong and what to do; here a word is enough, and the page must still come.
        logger.warning("no status: %s", error, exc_info=not isinstance(error, AvrecError))
        st.html('<div class="av-status"><span class="av-red">The library cannot be opened.</span></div>')
        return
    st.html(f'<div class="av-status">{"<br>".join(lines(status))}</div>')


def lines(status: dict) -> list[str]:
    """HTML of the four lines."""
    live, standing = len(status["models_live"]), len(status["standing_in"])
    names = ", ".join([*status["models_live"], *status["standing_in"]])
    models = f"{fmt.count(live, 'model')} live" + (f", {standing} standing in" if standing else "")
    jobs = [f"{status[key]} {word}" for key, word in (("running", "running"), ("queued", "waiting")) if status[key]]
    if status["failed"]:
        jobs.append(f'<span class="av-red">{status["failed"]} stopped</span>')
    total = f", {fmt.duration(status['seconds'])}" if status["clips"] else ""
    return [
        f"<b>{fmt.count(status['clips'], 'clip')}</b> indexed{total}",
        f'<span title="{escape(names)}">{models}</span>',
        escape(status["device"]),
        "Jobs: " + ", ".join(jobs) if jobs else "No jobs running",
    ]
