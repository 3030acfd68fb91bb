"""Evaluate: which recommender ranks best, and which modality earns it?"""

import streamlit as st

from avrec.errors import AvrecError
from avrec.evaluate.findings import tuned_words
from avrec.evaluate.report import html_report
from avrec.ui import evaluate_panels as panels
from avrec.ui import format as fmt
from avrec.ui import pages
from avrec.ui.chrome import empty, page_header
from avrec.ui.evaluate_controls import DATASETS, controls, current, job_of, uploads
from avrec.ui.evaluate_progress import LIVE, ended, progress
from avrec.ui.resources import engine, plain_error

eng = engine()
page_header("Evaluate", "Which recommender ranks best on these people, and which modality earns it?", parts=())
choice = current()
facts = eng.library_facts() if choice.dataset == "demo" else None
if facts is not None and (not facts.clips or not facts.positives):
    controls(choice, disabled=True, again=False)
    if not facts.clips:
        empty("No clips yet, so there is nothing to rank. Upload some, open the demo, or choose MovieLens above.",
              "Library", pages.LIBRARY, ":material/grid_view:")  # fmt: skip
    else:
        empty("Nobody has liked anything yet, so there is nothing to hold out. Record likes or import events.",
              "Recommend", pages.RECOMMEND, ":material/recommend:")  # fmt: skip
    st.stop()

try:
    asked = eng.request(choice.dataset, choice.spec)
except AvrecError as error:
    st.error(plain_error(error), icon=":material/error:")
    st.stop()
found, job = eng.evaluation(asked.hash), job_of(asked.hash)
running = job is not None and job.state in LIVE
controls(choice, disabled=running, again=found is not None)
if "ev-error" in st.session_state:
    st.error(st.session_state["ev-error"], icon=":material/error:")
if running:
    progress(job)
for other in eng.evaluation_jobs():
    if other.state in LIVE and other.key != asked.hash:  # one at a time: what another page asked for may be before ours
        progress(other, f"ev-cancel-{other.job_id}")
if found is None:
    ended(job)
    if not running:
        name = (DATASETS | uploads())[choice.dataset]
        note = (
            " The set is fetched once, from a package registry."
            if choice.dataset in ("ml-100k", "ml-latest-small")
            else ""
        )
        with st.container(border=True):
            st.markdown(
                f"These {len(choice.models)} models have not been run on {fmt.plain(name)} with this split yet. Press "
                f"Run: a small library takes seconds, MovieLens some minutes.{note}"
            )
    found = eng.earlier(asked)
    if found is None:
        st.stop()
    st.markdown("Below is what was found before: with other events, other models or another version.")

panels.strip(found, choice.metric)
if found.dataset.note:
    st.html(f'<p class="av-cap" style="margin:0">{fmt.escape(found.dataset.title)}: {fmt.escape(found.dataset.note)} '
            f"{fmt.escape(found.protocol.capitalize())}. {fmt.escape(tuned_words(found))}</p>")  # fmt: skip
pairs = (
    ((panels.leaderboard, choice.metric), (panels.accuracy_against, choice.metric)),
    ((panels.ablation,), (panels.cold_start,)),
    ((panels.calibration,), (panels.popularity_bias,)),
    ((panels.faithfulness,), (panels.worst_served,)),
)
for row in pairs:
    for column, (draw, *more) in zip(st.columns([0.54, 0.46], gap="small"), row, strict=True):
        with column:
            draw(found, *more)
panels.rejected(found)
st.download_button(
    "Report as HTML", html_report(found), f"evaluation-{found.hash}.html", "text/html", icon=":material/description:",
    on_click="ignore", key="ev-report",
)  # fmt: skip
