"""The panel with the stages of the latest clips: bars or their table, and a CSV."""

import time
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

import streamlit as st

from avrec.export import csv_text
from avrec.ui.chrome import heading
from avrec.ui.resources import engine
from avrec.ui.upload_timeline import gantt, hue, table

MOST = 12
VIEWS = ("Bars", "Table")
KEY = ("decode", "speech", "pictures", "audio", "text", "index")


def stage_times() -> None:
    """Draw the latest clips and those in hand; nothing before the first stage was timed."""
    jobs = [job for job in engine().recent_jobs(MOST) if job.stage_times][:MOST]
    drawn = gantt(jobs, time.time(), reader_zone())
    if not drawn:
        return
    with st.container(border=True, gap="xsmall", key="times"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            heading("Stages over time", "the latest clips; sound and pictures run beside each other")
            with st.container(horizontal=True, width="content", gap="xsmall", vertical_alignment="center"):
                view = st.segmented_control(
                    "View", VIEWS, default=VIEWS[0], required=True, label_visibility="collapsed", key="times-view",
                )  # fmt: skip
                st.download_button(
                    "CSV", lambda: csv_text(table(engine().recent_jobs(100), time.time())), "stages.csv", "text/csv",
                    type="tertiary", icon=":material/download:", key="times-csv", on_click="ignore",
                    help="Every stage of the latest 100 clips",
                )  # fmt: skip
        if view == "Table":
            _table(jobs)
        else:
            st.html(drawn + _key())


def _table(jobs: list) -> None:
    import pandas as pd

    rows = pd.DataFrame(table(jobs, time.time())).drop(columns=["file"])
    st.dataframe(rows, hide_index=True, height=320, alt="Stages of the latest clips, a stage a line, times in UTC")


def _key() -> str:
    items = "".join(f'<span><i class="av-dot av-m-{hue(stage)}"></i>{stage}</span>' for stage in KEY)
    return f'<div class="av-legend" style="padding-top:6px">{items}</div>'


def reader_zone() -> tzinfo:
    """The reader's time zone; UTC where the browser does not say."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (KeyError, ValueError, OSError):
        return UTC
