"""Library: what is in this collection, and what needs attention?"""

import streamlit as st

from avrec.ui import format as fmt
from avrec.ui import library_filter as lf
from avrec.ui import pages, workspace
from avrec.ui.chrome import Cell, empty, metric_strip, page_header
from avrec.ui.library_grid import cell
from avrec.ui.resources import engine

PER_PAGE = 48

eng = engine()
page_header("Library", "What is in this collection, and what needs attention?", parts=("user", "weights"))

summary = eng.summary()
languages = ", ".join(f"{fmt.language(code)} {n}" for code, n in list(summary["languages"].items())[:3])
simulated = f"{summary['simulated_people']} simulated" if summary["simulated_people"] else ""
metric_strip(
    [
        Cell("Clips", f"{summary['clips']:,}"),
        Cell("Playing time", fmt.duration(summary["seconds"])),
        Cell(
            "With speech",
            f"{summary['with_speech']:,}",
            fmt.percent(summary["with_speech"] / summary["clips"]) if summary["clips"] else "",
        ),
        Cell("Languages", str(len(summary["languages"])), languages, "Of the speech, as Whisper hears it"),
        Cell("People", f"{summary['people']:,}", simulated, "Simulated people come with the demo clips"),
        Cell("Interactions", f"{summary['interactions']:,}"),
        Cell("Needs attention", str(summary["attention"]), "stopped or partial", "Jobs that stopped, partial clips"),
    ]
)

clips = eng.clips()
if not clips:
    waiting = eng.status()
    if waiting["running"] + waiting["queued"]:
        sentence = f"The first clips are on their way: {waiting['running'] + waiting['queued']} in the queue."
        empty(sentence, "Watch them come in", pages.UPLOAD, ":material/upload:")
    else:
        empty("No clips yet. Upload some, or open the demo clips.", "Upload clips", pages.UPLOAD, ":material/upload:")
        if not eng.settings.demo and st.button("Open the demo clips", icon=":material/movie:"):
            eng.open_demo()
            st.rerun()
    st.stop()

subjects = lf.facet([clip.subject for clip in clips])
categories = lf.facet([clip.category for clip in clips])
spoken = lf.facet([clip.language or "none" for clip in clips])
longest = max(clip.duration for clip in clips)

with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filters"):
    text = st.text_input(
        "Search", placeholder="Title, tags, words said", icon=":material/search:", label_visibility="collapsed",
        key="q", bind="query-params", width=230, max_chars=200,
    )  # fmt: skip
    chosen_subjects = st.pills(
        "Subject", list(subjects), selection_mode="multi", format_func=lambda s: f"{s.capitalize()} {subjects[s]}",
        label_visibility="collapsed", key="subject", width="stretch",
    )  # fmt: skip
    with st.popover("More", icon=":material/filter_list:"):
        chosen_categories = st.multiselect("Category", list(categories), key="category") if categories else []
        chosen_languages = st.multiselect("Language", list(spoken), format_func=fmt.language, key="language")
        speech = st.segmented_control("Speech", lf.SPEECH, default="Any", key="speech") or "Any"
        kind = st.segmented_control("Kind", lf.KINDS, default="Any", key="kind") or "Any"
        limit = st.slider("Longest, seconds", 1, max(2, int(longest) + 1), max(2, int(longest) + 1), key="longest")
    sort = st.selectbox("Sort", lf.SORTS, label_visibility="collapsed", key="sort", width=150)
    if st.button("Upload clips", type="primary", icon=":material/upload:"):
        st.switch_page(pages.UPLOAD, query_params=workspace.link())

wanted = lf.Filter(
    text, tuple(chosen_subjects or ()), tuple(chosen_categories), tuple(chosen_languages), speech, kind,
    limit if limit < longest else None,
)  # fmt: skip
shown = lf.ordered(
    lf.matching(clips, wanted, eng.said() if text else {}), sort, eng.event_counts() if sort == "Most events" else {}
)
if not shown:
    st.markdown("No clip fits these filters. Clear the search or a facet.")
    st.stop()
first = 0
if len(shown) > PER_PAGE:
    page = st.pagination(-(-len(shown) // PER_PAGE), key="page")
    first = (int(page or 1) - 1) * PER_PAGE
if len(shown) < len(clips):
    st.caption(f"{len(shown)} of {len(clips)} clips")
with st.grid("auto", min_column_width=164):
    for clip in shown[first : first + PER_PAGE]:
        cell(clip)
