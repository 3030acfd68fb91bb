"""The queue on the Upload page: hundreds of jobs, failures by reason, pausing, order, bulk changes, watched folders."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from fake_library import starter_clips
from page_text import html_of

from avrec.config import Settings
from avrec.schemas import STAGES, WatchedFolder
from avrec.ui import pages

EMPTY = "{name}: the file is empty. Export or download the file again, then retry."
LARGE = "{name}: its picture has {n} × 20000 points. Cut or scale it down, then add it again."


@pytest.fixture
def crowded(full) -> FakeEngine:
    """500 jobs: one in hand, 400 wait, 59 are done, 40 failed for two reasons."""
    clips = full.clips()
    full.put_job(job_id="now", title="In hand", state="running", stage="speech", stages_now=("speech", "pictures"),
                 stages_done=("decode", "segments"), progress=0.4, seconds_left=11.0)  # fmt: skip
    for i in range(400):
        full.put_job(job_id=f"w{i:03d}", file_name=f"wait_{i:03d}.mp4", title=f"Waits {i}")
    for i in range(59):
        full.put_job(job_id=f"d{i:02d}", title=f"Done {i}", state="done", outcome="done", stages_done=STAGES,
                     clip_id=clips[i % len(clips)].clip_id)  # fmt: skip
    for i in range(40):
        name = f"bad_{i:02d}.mp4"
        reason = (EMPTY if i < 30 else LARGE).format(name=name, n=16000 + i)
        full.put_job(job_id=f"f{i:02d}", file_name=name, title=name, state="failed", stage="decode", reason=reason)
    return full


def labels(app) -> set[str]:
    return {b.label for b in app.button}


def click(app, label: str):
    next(b for b in app.button if b.label == label).click()
    return app.run()


def chosen_in_menu(app, label: str):
    menu = app.get_by_key("queue-menu")
    menu.click_index(next(i for i, option in enumerate(menu.options) if option.startswith(label)))
    return app.run()


def test_counts_are_those_of_all_jobs_and_a_page_shows_ten(crowded, open_page):
    app = open_page(pages.UPLOAD)
    html = html_of(app)
    assert not app.exception
    assert "<small>In the queue</small><b>401</b><span>1 running</span>" in html
    assert "<small>Needs you</small><b>40</b>" in html
    assert "<small>Done</small><b>59</b>" in html
    assert html.count('class="av-job"') == 10
    shows = app.get_by_key("queue-show")
    assert [str(option.content if hasattr(option, "content") else option) for option in shows.options] == [
        "All 500", "Running 1", "Waiting 400", "Done 59", "Needs you 40",
    ]  # fmt: skip


def test_the_list_is_in_the_order_of_work(crowded, open_page):
    html = html_of(open_page(pages.UPLOAD))
    assert html.index("In hand</b>") < html.index("Waits 0</b>") < html.index("Waits 1</b>")
    assert ">next<" in html
    assert ">#2 in line<" in html


def test_two_stages_in_hand_are_two_chips_and_two_steps(crowded, open_page):
    app = open_page(pages.UPLOAD)
    html = html_of(app)
    assert 'av-chip-on">speech' in html
    assert 'av-chip-on">pictures' in html
    assert "Next: audio, text, index; about 11.0\u00a0s left" in [c.value for c in app.caption]


def test_names_are_searched_for_in_all_pages(crowded, open_page):
    app = open_page(pages.UPLOAD)
    app.text_input(key="queue-search").set_value("WAIT_39").run()
    html = html_of(app)
    assert html.count('class="av-job"') == 10
    assert "Waits 390</b>" in html
    app.text_input(key="queue-search").set_value("no such name").run()
    assert any("No job here has that" in block.value for block in app.markdown)


def test_failures_stand_together_by_reason_with_each_file_named(crowded, open_page):
    html = html_of(open_page(pages.UPLOAD))
    assert "40 files stopped<span>for 2 reasons; the others go on</span>" in html
    assert '<b class="av-red">30 files:</b> the file is empty. Export or download the file again, then retry.' in html
    assert '<b class="av-red">10 files:</b> its picture has … × … points. Cut or scale it down' in html
    for i in range(40):
        assert f"<li><b>bad_{i:02d}.mp4</b>" in html
    assert "its picture has 16035 × 20000 points" in html, "numbers that differ stand beside the file"


def test_all_of_one_reason_are_retried_together(crowded, open_page):
    app = open_page(pages.UPLOAD)
    app.button(key="fail-retry-f39").click().run()
    assert {call[1] for call in crowded.calls if call[0] == "retry_job"} == {f"f{i}" for i in range(30, 40)}
    assert crowded.queue_counts()["failed"] == 30


def test_all_failed_ones_are_retried_at_once(crowded, open_page):
    click(open_page(pages.UPLOAD), "Retry all")
    assert "failed" not in crowded.queue_counts()


def test_removing_many_is_asked_about_first(crowded, open_page):
    app = click(open_page(pages.UPLOAD), "Remove all")
    assert crowded.queue_counts()["failed"] == 40
    assert "Take all 40 stopped files off the list?" in html_of(app)
    app = click(app, "No")
    assert crowded.queue_counts()["failed"] == 40
    assert "Take all 40" not in html_of(app)
    click(click(app, "Remove all"), "Remove 40")
    assert "failed" not in crowded.queue_counts()


def test_everything_that_waits_is_cancelled_after_a_yes(crowded, open_page):
    app = chosen_in_menu(open_page(pages.UPLOAD), "Cancel all 400")
    assert "Cancel all 400 that wait?" in html_of(app)
    assert crowded.queue_counts()["queued"] == 400
    app = click(app, "Cancel 400")
    assert crowded.queue_counts()["cancelled"] == 400
    assert "queued" not in crowded.queue_counts()


def test_ended_ones_are_removed_state_by_state(crowded, open_page):
    app = chosen_in_menu(open_page(pages.UPLOAD), "Remove all 59 done")
    assert "Their clips stay." in html_of(app)
    click(app, "Remove 59")
    assert "done" not in crowded.queue_counts()
    assert crowded.queue_counts()["failed"] == 40


def test_a_waiting_job_is_moved(crowded, open_page):
    app = open_page(pages.UPLOAD)
    app.get_by_key("move-w003").click("Do first").run()
    assert ("move_job", "w003", True) in crowded.calls
    assert html_of(app).index("Waits 3</b>") < html_of(app).index("Waits 0</b>")


def test_a_paused_queue_says_so_and_goes_on(crowded, open_page):
    app = click(open_page(pages.UPLOAD), "Pause")
    assert crowded.queue_paused
    html = html_of(app)
    assert "<b>The queue is paused.</b> The stage in hand is finished first. 400 jobs wait" in html
    assert "once resumed" in html
    assert "Pause" not in labels(app)
    app = click(app, "Resume")
    assert not crowded.queue_paused
    assert "The queue is paused" not in html_of(app)


def test_pages_turn(crowded, open_page):
    app = open_page(pages.UPLOAD, show="Waiting")
    assert any(c.value == "1 to 10 of 400" for c in app.caption)
    app.get_by_key("queue-page-1").set_value(40).run()
    assert any(c.value == "391 to 400 of 400" for c in app.caption)
    assert "Waits 399</b>" in html_of(app)


def test_other_kinds_of_work_read_well(full, open_page):
    full.put_job(job_id="a", file_name="", title="Folder holiday", kind="folder", state="done", outcome="done",
                 found="180 added, 20 already indexed", stage_seconds={"folder": 2.0})  # fmt: skip
    full.put_job(job_id="b", file_name="", title="Folder <b>new", kind="folder", state="running",
                 stage="reading 3 of 200 files", progress=0.1)  # fmt: skip
    full.put_job(job_id="c", title="Text of Cat", kind="text", state="done", outcome="done", stages_done=("text",),
                 found="text embedded again")  # fmt: skip
    full.put_job(job_id="d", title="Pictures again", kind="rerun", state="running", stage="3 of 38 clips")
    full.put_job(job_id="e", title="Previews", kind="media", state="failed", reason="The disk is full. Free some.")
    app = open_page(pages.UPLOAD)
    html = html_of(app)
    assert '✓ folder</span><span class="av-cap">180 added, 20 already indexed' in html
    assert 'folder</span><span class="av-cap">reading 3 of 200 files' in html
    assert "Folder &lt;b&gt;new" in html
    assert "✓ text" in html
    assert "3 of 38 clips" in html
    assert "✗ previews" in html
    assert "of 7 stages" not in html, "only files have stages"
    assert not app.exception


# ---- folders ---------------------------------------------------------------------------------------------


def test_a_folder_is_listed_in_the_background(hold, open_page, tmp_path):
    engine = hold(FakeEngine(settings=Settings(data=Path("unused"), roots=[tmp_path])))
    app = open_page(pages.UPLOAD)
    app.text_input(key="folder").set_value(str(tmp_path)).run()
    app = click(app, "Add folder")
    assert ("queue_folder", str(tmp_path), "balanced") in engine.calls
    assert not [call for call in engine.calls if call[0] == "add_file"]
    assert any("is being listed" in c.value for c in app.caption)
    assert f"Folder {tmp_path.name}" in html_of(app)


def test_folders_outside_the_roots_are_refused_with_a_sentence(hold, open_page, tmp_path):
    hold(FakeEngine(settings=Settings(data=Path("unused"), roots=[tmp_path])))
    app = open_page(pages.UPLOAD)
    app.text_input(key="folder").set_value("/etc").run()
    for label in ("Add folder", "Watch folder"):
        app = click(app, label)
        assert any("it is not below a configured root" in c.value.replace("\\", "") for c in app.caption)


def test_watched_folders_are_listed_and_let_go(hold, open_page, tmp_path):
    engine = hold(FakeEngine(starter_clips(1), settings=Settings(data=Path("unused"), roots=[tmp_path])))
    app = open_page(pages.UPLOAD)
    assert "Watched folders" not in html_of(app)
    app.text_input(key="folder").set_value(str(tmp_path)).run()
    app = click(app, "Watch folder")
    assert "not looked into yet" in html_of(app)
    odd = WatchedFolder("/in/<img src=x>", "fast", datetime.now(UTC), "12 files, 1 still being written")
    engine._watched = {odd.path: odd}
    app.run()
    html = html_of(app)
    assert "<b>&lt;img src=x&gt;</b><small>fast, looked just now, 12 files, 1 still being written</small>" in html
    assert "<img src=x" not in html
    click(app, "Stop")
    assert engine.watched_folders() == []
