"""Library: what is in this collection, and what needs attention?"""

import statistics

import streamlit as st

from avrec.ui import format as fmt
from avrec.ui import library_filter as lf
from avrec.ui import pages, workspace
from avrec.ui.chrome import Cell, empty, metric_strip, page_header
from avrec.ui.library_controls import clear, controls
from avrec.ui.library_grid import cell, is_new
from avrec.ui.resources import engine

PER_PAGE = 48

eng = engine()
page_header("Library", "What is in this collection, and what needs attention?", parts=("user", "weights"))

clips, summary, status = eng.clips(), eng.summary(), eng.status()
waiting = status["running"] + status["queued"]


@st.fragment(run_every="2s" if waiting else None)
def keep_up() -> None:
    """Show clips as they arrive; the last one stops the polling."""
    now = engine().status()
    if waiting and (now["clips"] != len(clips) or not now["running"] + now["queued"]):
        st.rerun()


keep_up()
languages = ", ".join(f"{fmt.language(code)} {n}" for code, n in list(summary["languages"].items())[:3])
new = sum(is_new(clip) for clip in clips)
partial = sum(clip.status == "partial" for clip in clips)
attention = [f"{status['failed']} stopped" if status["failed"] else "", f"{partial} partial" if partial else ""]
metric_strip(
    [
        Cell("Clips", f"{summary['clips']:,}", f"{new} new" if new else "", "New: added in the last 24 hours"),
        Cell(
            "Playing time",
            fmt.duration(summary["seconds"]),
            f"median {fmt.duration(statistics.median(clip.duration for clip in clips))}" if clips else "",
        ),
        Cell(
            "With speech",
            f"{summary['with_speech']:,}",
            fmt.percent(summary["with_speech"] / summary["clips"]) if clips else "",
            "Clips in which speech was recognised",
        ),
        Cell("Languages", str(len(summary["languages"])), languages, "Of the speech, as Whisper hears it"),
        Cell(
            "People",
            f"{summary['people']:,}",
            f"{summary['simulated_people']} simulated" if summary["simulated_people"] else "",
            "Simulated people come with the demo clips",
        ),
        Cell("Interactions", f"{summary['interactions']:,}", "", "Views, likes and other events"),
        Cell(
            "Needs attention",
            str(summary["attention"]),
            ", ".join(filter(None, attention)),
            "Jobs that stopped and clips that are damaged in part",
        ),
    ]
)

if not clips:
    if waiting:
        sentence = f"The first clips are on their way: {waiting} in the queue."
        empty(sentence, "Watch them come in", pages.UPLOAD, ":material/upload:")
    else:
        empty(
            "No clips yet. Upload some, or open the 38 demo clips.", "Upload clips", pages.UPLOAD, ":material/upload:"
        )
        if st.button("Open the demo clips", icon=":material/movie:"):
            if not eng.open_demo():
                st.toast("The demo clips were opened here before.")
            st.rerun()
    st.stop()

wanted, sort = controls(clips)
found = lf.joined(eng.said(), eng.said("caption")) if wanted.text else {}
shown = lf.ordered(lf.matching(clips, wanted, found), sort, eng.event_counts() if sort == "Most events" else {})
if not shown:
    with st.container(border=True):
        st.markdown("No clip fits these filters.")
        st.button("Show all clips", on_click=clear, icon=":material/filter_list_off:")
    st.stop()

count, page, first = lf.page_of(len(shown), PER_PAGE, int(workspace.number("page", 1, 1, 1e6)))
if len(shown) < len(clips):
    st.caption(f"{len(shown):,} of {len(clips):,} clips")
with st.grid("auto", min_column_width=164):
    for clip in shown[first : first + PER_PAGE]:
        cell(clip)
if count > 1:
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        # Its default cannot be left out, so the page stands in the key instead of the session's state.
        key = f"library-page-{page}"
        st.pagination(count, default=page, key=key, on_change=workspace.picked, args=("page", key))
        st.caption(f"{first + 1:,} to {min(first + PER_PAGE, len(shown)):,} of {len(shown):,}")
