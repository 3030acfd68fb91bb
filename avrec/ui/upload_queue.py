"""The queue: what it has to do, what needs the reader, then its jobs. Redrawn each second while anything runs."""

import streamlit as st

from avrec.schemas import Job, QueueCounts
from avrec.ui import format as fmt
from avrec.ui import pages, workspace
from avrec.ui.chrome import Cell, heading, metric_strip
from avrec.ui.resources import engine
from avrec.ui.upload_actions import answer, bulk, button, choose, menu
from avrec.ui.upload_failures import failures
from avrec.ui.upload_rows import SHOWS, counted, row

ROWS = 10
SEARCH, AT, MENU = "queue-search", "queue-at", "queue-menu"


def is_idle() -> bool:
    """Whether nothing runs and nothing waits that may run."""
    counts = engine().queue_summary()
    return not counts.running and (not counts.waiting or engine().queue_paused)


def queue() -> None:
    """Draw strip, banner, failures and list; the page runs again when the queue becomes idle or busy."""
    eng = engine()
    idle = is_idle()
    if st.session_state.setdefault("queue-idle", idle) != idle:
        st.session_state["queue-idle"] = idle
        st.rerun()
    counts, paused = eng.queue_summary(), eng.queue_paused
    metric_strip(cells(counts, eng.stage_speeds(), eng.queue_seconds_left(), now_left(), paused))
    if paused:
        _paused(counts)
    failures()
    with st.container(border=True, gap="xsmall", key="queue"):
        _head(counts, paused)
        answer("queue", bulk(counts))
        _list(counts)


def now_left() -> float | None:
    """Seconds that the clip in hand still needs."""
    return next((job.seconds_left for job in engine().recent_jobs() if job.seconds_left is not None), None)


def cells(
    counts: QueueCounts, speeds: dict[str, float], left: float | None, now: float | None, paused: bool = False
) -> list[Cell]:
    """The strip's numbers."""
    live = counts.running + counts.waiting
    remark = f"{counts.running} running" if counts.running else "paused" if paused and live else ""
    speed = f"{1 / sum(speeds.values()):.1f}×" if sum(speeds.values()) > 0 else "–"
    this = f"this clip {fmt.duration(now)}" if now is not None and counts.waiting else ""
    this = "once resumed" if paused and live else this
    return [
        Cell("In the queue", f"{live:,}", remark),
        Cell(
            "Time left", fmt.duration(left) if left is not None and live else "–", this,
            "For all that runs and waits, from the medians of the finished clips",
        ),
        Cell("Done", f"{counts.clips:,}", f"clips, {counts.known:,} known" if counts.known else "clips",
             "Files that became clips; known: the same bytes were indexed before"),
        Cell("Needs you", f"{counts.failed:,}", "stopped" if counts.failed else ""),
        Cell("Speed", speed, "real time" if speed != "–" else "not measured yet",
             "Seconds of clip per second of work, median of the finished clips"),
    ]  # fmt: skip


def _paused(counts: QueueCounts) -> None:
    """The banner of a paused queue."""
    hand = "The stage in hand is finished first. " if counts.running else ""
    files = f"{fmt.count(counts.waiting, 'job')} wait{'s' if counts.waiting == 1 else ''}" if counts.waiting else ""
    words = f"{hand}{files or 'Nothing waits'}; new files are taken in and wait too. Nothing is lost."
    with st.container(border=True, horizontal=True, wrap=False, vertical_alignment="center", key="chosen-paused"):
        st.html(f'<div role="status" style="font-size:13px"><b>The queue is paused.</b> {words}</div>', width="stretch")
        st.button("Resume", type="primary", icon=":material/play_arrow:", key="resume", on_click=_resume)


def _resume() -> None:
    engine().resume_queue()


def _pause() -> None:
    engine().pause_queue()


def _head(counts: QueueCounts, paused: bool) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        heading("Queue", "by turn, then the latest; leaving this page does not stop it")
        with st.container(horizontal=True, width="content", gap="xsmall"):
            if not paused and counts.running + counts.waiting:
                st.button("Pause", type="tertiary", icon=":material/pause:", key="pause", on_click=_pause)
            options = menu(counts)
            if options:
                st.menu_button(
                    "All jobs", list(options), format_func=options.get, type="tertiary", icon=":material/checklist:",
                    key=MENU, on_click=choose, args=(MENU,),
                )  # fmt: skip


def _list(counts: QueueCounts) -> None:
    numbers = counted(counts)
    if not numbers["All"]:
        st.markdown("Nothing here yet. Add video or audio to begin; hundreds of files at once are fine.")
        return
    wanted = workspace.choice("show", tuple(SHOWS), "All")
    shows = [name for name in SHOWS if name != "Cancelled" or numbers[name] or wanted == name]
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.segmented_control(
            "Show", shows, label_visibility="collapsed", width="content", required=True,
            format_func=lambda name: f"{name} {numbers[name]:,}", **workspace.bound("show", wanted, "queue-show"),
        )  # fmt: skip
        text = ""
        if numbers["All"] > ROWS or st.session_state.get(SEARCH):
            text = st.text_input(
                "Search the queue", key=SEARCH, label_visibility="collapsed", placeholder="Title or file name",
                icon=":material/search:", width=190, max_chars=120,
            )  # fmt: skip
    if st.session_state.get("queue-of") != (wanted, text):
        st.session_state["queue-of"], st.session_state[AT] = (wanted, text), 1
    _page(wanted, (text or "").strip(), counts)


def _page(wanted: str, text: str, counts: QueueCounts) -> None:
    """The rows of one page, and the way to the others."""
    at = max(1, int(st.session_state.get(AT, 1)))
    page = engine().queue_page(SHOWS[wanted], text=text, first=(at - 1) * ROWS, most=ROWS)
    if not page.jobs and at > 1:  # the list has become shorter meanwhile
        at = st.session_state[AT] = max(1, -(-page.total // ROWS))
        page = engine().queue_page(SHOWS[wanted], text=text, first=(at - 1) * ROWS, most=ROWS)
    if not page.jobs:
        st.markdown("No job here has that in its title or file name." if text else f"No job is under “{wanted}”.")
        return
    clips = engine().clips_of([job.clip_id for job in page.jobs if job.clip_id])
    before = (at - 1) * ROWS - (counts.running if wanted == "All" else 0)
    for i, job in enumerate(page.jobs):
        place = before + i if job.state == "queued" and not text else None
        clip = clips.get(job.clip_id or "")
        peaks = engine().peaks(clip.clip_id) if clip and clip.info.kind == "audio" else ()
        with st.container(
            horizontal=True, vertical_alignment="center", wrap=False, gap="small", key=f"job-{job.job_id}"
        ):
            st.html(row(job, clip, peaks, place), width="stretch")
            with st.container(horizontal=True, horizontal_alignment="right", wrap=False, width=112, gap="small"):
                _actions(job, clip is not None)
    _pager(at, page.total)


def _pager(at: int, total: int) -> None:
    if total <= ROWS:
        return
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        # Its default cannot be left out, so the page stands in the key instead of the session's state.
        key = f"queue-page-{at}"
        st.pagination(-(-total // ROWS), default=at, key=key, on_change=_turn, args=(key,))
        st.caption(f"{(at - 1) * ROWS + 1:,} to {min(at * ROWS, total):,} of {total:,}")


def _turn(key: str) -> None:
    st.session_state[AT] = st.session_state[key]


def _actions(job: Job, known: bool) -> None:
    if job.state == "running":
        button("Cancel", "cancel_job", job.job_id, key=f"cancel-{job.job_id}")
    elif job.state == "queued":
        button("Cancel", "cancel_job", job.job_id, key=f"cancel-{job.job_id}")
        key = f"move-{job.job_id}"
        st.menu_button(
            "", ["Do first", "Do last"], icon=":material/swap_vert:", type="tertiary", key=key, on_click=_move,
            args=(key, job.job_id), help="Change its turn",
        )  # fmt: skip
    elif job.state == "done" and known:
        st.page_link(pages.CLIP, label="Open", icon="", query_params=workspace.link(clip=job.clip_id))
    else:
        if job.state != "done":
            button("Retry", "retry_job", job.job_id, key=f"retry-{job.job_id}")
        button("Remove", "remove_job", job.job_id, key=f"remove-{job.job_id}")


def _move(key: str, job_id: str) -> None:
    chosen = st.session_state[key]
    if chosen:
        engine().move_job(job_id, first=chosen == "Do first")
