"""What needs the reader: failed files by their reason, each with what to do and two buttons."""

from collections.abc import Sequence

import streamlit as st

from avrec.schemas import Failures
from avrec.ui.format import escape
from avrec.ui.resources import engine
from avrec.ui.upload_actions import Question, answer, ask, button

REASONS, MOST_REASONS = 3, 40
NAMES = 200


def failures() -> None:
    """Draw the reasons, the most frequent first; nothing where nothing failed."""
    groups = engine().queue_failures()
    if not groups:
        return
    number = sum(len(group.files) for group in groups)
    with st.container(border=True, gap="xsmall", key="failures"):
        if number > 1:
            _head(number, len(groups))
        answer("failures", _questions(groups, number))
        opened = st.session_state.get("reasons-all")
        for group in groups[: MOST_REASONS if opened else REASONS]:
            _group(group)
        if len(groups) > REASONS:
            label = "Show fewer" if opened else f"Show {min(len(groups), MOST_REASONS) - REASONS} more reasons"
            st.button(label, type="tertiary", key="reasons-more", on_click=_toggle)


def _questions(groups: Sequence[Failures], number: int) -> dict[str, Question]:
    """Removing all, or all of one reason, is asked about first."""
    gone = "Uploads that became no clip are deleted."
    sentence = f"Take all {number:,} stopped files off the list? {gone}"
    found = {"all": Question(sentence, f"Remove {number:,}", "remove_ended", ("failed",))}
    for group in groups:
        ids = [job_id for job_id, *_ in group.files]
        sentence = f"Take these {len(ids):,} files off the list? “{group.what}” {gone}"
        found[ids[0]] = Question(sentence, f"Remove {len(ids):,}", "remove_jobs", (ids,))
    return found


def _toggle() -> None:
    st.session_state["reasons-all"] = not st.session_state.get("reasons-all")


def _head(number: int, reasons: int) -> None:
    why = "for one reason" if reasons == 1 else f"for {reasons} reasons"
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.html(f'<p class="av-h3">{number:,} files stopped<span>{why}; the others go on</span></p>', width="stretch")
        with st.container(horizontal=True, width="content", gap="small"):
            button("Retry all", "retry_failed", key="fail-retry-all", kind="secondary")
            st.button("Remove all", type="tertiary", key="fail-remove-all", on_click=ask, args=("failures", "all"))


def _group(group: Failures) -> None:
    """What happened, what to do, which files, two buttons."""
    ids = [job_id for job_id, *_ in group.files]
    with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
        st.html(described(group), width="stretch")
        with st.container(horizontal=True, width="content", gap="small"):
            button("Retry", "retry_failed", ids, key=f"fail-retry-{ids[0]}", kind="secondary")
            if len(ids) == 1:
                button("Remove", "remove_jobs", ids, key=f"fail-remove-{ids[0]}")
            else:
                name = f"fail-remove-{ids[0]}"
                st.button("Remove", type="tertiary", key=name, on_click=ask, args=("failures", ids[0]))


def described(group: Failures) -> str:
    """HTML of a reason: the file's name, or how many files and, to be opened, their names."""
    first = group.files[0]
    if len(group.files) == 1:
        return f'<div class="av-fail" role="alert"><b class="av-red">{escape(first[1])}:</b> {escape(first[2])}</div>'
    own = any(sentence != first[2] for *_, sentence in group.files)
    lines = "".join(
        f"<li><b>{escape(name)}</b>{f' {escape(sentence)}' if own else ''}</li>"
        for _, name, sentence in group.files[:NAMES]
    )
    more = len(group.files) - NAMES
    if more > 0:
        lines += f"<li>and {more:,} more; search the list below</li>"
    return (
        f'<div class="av-fail" role="alert"><b class="av-red">{len(group.files):,} files:</b> {escape(group.what)}'
        f"<details><summary>Which files</summary><ul>{lines}</ul></details></div>"
    )
