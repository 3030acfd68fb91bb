"""Upload: files go in at once, failures say what to do, the queue tells the truth, costs are measured."""

from dataclasses import replace

import pytest
from fake_engine import FakeEngine
from fake_library import NOW
from page_text import html_of

from avrec.errors import MediaTooLargeError
from avrec.schemas import STAGES, Job, ModelCard, QueueCounts
from avrec.ui import pages
from avrec.ui.upload_form import cost
from avrec.ui.upload_now import steps
from avrec.ui.upload_queue import cells
from avrec.ui.upload_rows import SHOWS, row, state, when
from avrec.ui.upload_texts import decoded, fields, rows


def job(**values) -> Job:
    return Job(**({"job_id": "j", "file_name": "a.mp4", "title": "A", "state": "queued", "created_at": NOW} | values))


def test_every_library_gives_a_page_without_exceptions(any_library, open_page):
    app = open_page(pages.UPLOAD)
    assert not app.exception
    assert not app.error
    if not any_library.clips():
        assert any("not measured yet" in c.value for c in app.caption)


def test_files_are_taken_in_at_once_and_the_widget_is_dropped(full, open_page):
    app = open_page(pages.UPLOAD)
    app.file_uploader[0].upload("one.mp4", b"1").upload("two.mp3", b"2").run()
    added = [call for call in full.calls if call[0] == "add_file"]
    assert [call[1] for call in added] == ["one.mp4", "two.mp3"]
    assert {call[5] for call in added} == {"balanced"}
    assert app.session_state["upload-turn"] == 1
    app.run()
    assert len([call for call in full.calls if call[0] == "add_file"]) == 2, "a rerun adds nothing again"


def test_the_preset_goes_with_the_files(full, open_page):
    app = open_page(pages.UPLOAD)
    app.get_by_key("preset").set_value("thorough").run()
    app.file_uploader[0].upload("one.mp4", b"1").run()
    assert full.calls[-1][5] == "thorough"


def test_titles_can_be_given_first(full, open_page):
    app = open_page(pages.UPLOAD)
    app.toggle(key="name-first").set_value(True).run()
    sheet = b"file,title,description,tags\none.mp4,First <b>,Words,a;b\n"
    app.file_uploader(key="csv-0").upload("names.csv", sheet)
    app.file_uploader(key="files-0").upload("one.mp4", b"1").upload("two.mp4", b"2").run()
    assert not [call for call in full.calls if call[0] == "add_file"], "they wait"
    next(b for b in app.button if b.label == "Add 2 clips").click().run()
    added = {call[1]: call for call in full.calls if call[0] == "add_file"}
    assert added["one.mp4"][2] == "First <b>"
    assert added["two.mp4"][2] == ""


def test_known_files_and_refused_ones_are_one_line_each(full, open_page, monkeypatch):
    taken = full.add_file

    def add_file(source, name, **given):
        if name == "big.mp4":
            raise MediaTooLargeError("big.mp4", "it is over 500 MB")
        return taken(source, name, **given)

    monkeypatch.setattr(full, "add_file", add_file)
    full.put_job(job_id="x", file_name="known.mp4")
    app = open_page(pages.UPLOAD)
    app.file_uploader[0].upload("known.mp4", b"1").upload("big.mp4", b"2").run()
    html = html_of(app)
    assert "<b>known.mp4:</b> already indexed, same bytes" in html
    assert "<b class=av-red>big.mp4:</b> it is over 500 MB. Cut or scale it down" in html
    next(b for b in app.button if b.label == "Hide").click().run()
    assert "500 MB." not in html_of(app)


def test_a_failure_is_a_card_that_says_what_to_do(full, open_page):
    reason = "cut.mp4: it is <i>damaged</i>. Export or download the file again, then retry."
    full.put_job(job_id="bad", file_name="cut.mp4", title="cut", state="failed", reason=reason, stage="decode")
    app = open_page(pages.UPLOAD)
    html = html_of(app)
    assert '<b class="av-red">cut.mp4:</b> it is &lt;i&gt;damaged&lt;/i&gt;. Export' in html
    app.button(key="fail-retry-bad").click().run()
    assert ("retry_job", "bad") in full.calls
    full.put_job(job_id="bad", file_name="cut.mp4", title="cut", state="failed", reason=reason)
    app.run()
    app.button(key="fail-remove-bad").click().run()
    assert "bad" not in {j.job_id for j in full.jobs()}


def test_running_jobs_show_their_stages_and_can_be_cancelled(full, open_page):
    full.put_job(job_id="r", state="running", stage="speech", stages_done=("decode", "segments"), progress=0.4,
                 seconds_left=11.0, stage_seconds={"decode": 0.4})  # fmt: skip
    app = open_page(pages.UPLOAD)
    html = html_of(app)
    assert "✓ decode" in html
    assert 'av-chip-on">speech' in html
    assert "40\u00a0%, 11.0\u00a0s left" in html
    assert "Next: audio, pictures, text, index; about 11.0\u00a0s left" in [c.value for c in app.caption]
    app.button(key="cancel-r").click().run()
    assert ("cancel_job", "r") in full.calls


def test_when_a_clip_is_done_its_audience_and_two_ways_on_are_there(full, open_page):
    clip = full.clips()[0]
    full.put_job(job_id="d", title=clip.title, state="done", outcome="done", clip_id=clip.clip_id, stages_done=STAGES,
                 duration=8.0, found="2 segments, 10 words")  # fmt: skip
    app = open_page(pages.UPLOAD, user="u-001")
    assert {"See what it understood", "Who would like this?"} <= {b.label for b in app.button}
    assert "2 segments, 10 words" in html_of(app)
    next(b for b in app.button if b.label == "Who would like this?").click().run()
    assert {name: app.query_params[name] for name in ("clip", "user", "view")} == {
        "clip": clip.clip_id, "user": "u-001", "view": "Audience",
    }  # fmt: skip


def test_a_deleted_clip_of_a_done_job_is_not_offered(full, open_page):
    full.put_job(job_id="d", state="done", outcome="done", clip_id="gone", stages_done=STAGES)
    app = open_page(pages.UPLOAD)
    assert not app.exception
    assert "Just finished" not in html_of(app)
    assert app.button(key="remove-d")


def test_the_queue_can_be_narrowed(full, open_page):
    for i in range(12):
        full.put_job(job_id=f"q{i}", state="cancelled" if i % 3 else "queued")
    for show, number in (("Waiting", 4), ("Cancelled", 8), ("Done", 0), ("All", 10), ("nonsense", 10)):
        assert html_of(open_page(pages.UPLOAD, show=show)).count('class="av-job"') == number


def test_a_server_folder_needs_a_configured_root(hold, open_page):
    hold(FakeEngine())
    app = open_page(pages.UPLOAD)
    assert any("No server folder is open" in c.value and "AVREC_ROOTS" in c.value for c in app.caption)
    assert not [t for t in app.text_input if t.key == "folder"]


def test_hundreds_of_known_and_refused_files_are_two_lines_that_open(full, open_page, monkeypatch):
    taken = full.add_file

    def add_file(source, name, **given):
        if name.startswith("big"):
            raise MediaTooLargeError(name, "it is over 500 MB")
        return taken(source, name, **given)

    monkeypatch.setattr(full, "add_file", add_file)
    for i in range(20):
        full.put_job(job_id=f"x{i}", file_name=f"known{i}.mp4")
    app = open_page(pages.UPLOAD)
    for i in range(20):
        app.file_uploader[0].upload(f"known{i}.mp4", b"1").upload(f"big{i}.mp4", b"2")
    html = html_of(app.run())
    assert "<summary><b class=av-red>20 files</b> were refused</summary>" in html
    assert "<summary><b>20 files</b> were known</summary>" in html
    assert "<b class=av-red>big19.mp4:</b>" in html


# ---- the parts -----------------------------------------------------------------------------------------------


def test_the_cost_of_a_preset_is_what_was_measured_with_it():
    cards = [ModelCard("transcriber", "Whisper base (faster-whisper, int8)", "1", "", ""),
             ModelCard("image", "CLIP ViT-B/16, image tower (open_clip)", "1", "", "")]  # fmt: skip
    speeds = {"balanced": (2.0, 2), "fast": (9.0, 1)}
    assert cost("balanced", speeds, cards).replace("\\", "") == (
        "Whisper base, CLIP ViT-B/16, 2 frames a segment. "
        "About 2.0 s of work per second of clip here (median of 2 clips)."
    )
    assert "9.0 s of work" in cost("fast", speeds, cards)
    assert "not measured yet" in cost("thorough", speeds, cards)


def test_the_strip_counts_clips_not_jobs():
    counts = QueueCounts(running=1, waiting=1, done=9, failed=1, clips=1, known=2)
    strip = {cell.label: (cell.value, cell.remark) for cell in cells(counts, {"decode": 0.5}, 90.0, 4.0)}
    assert strip["In the queue"] == ("2", "1 running")
    assert strip["Time left"] == ("1\u00a0min 30\u00a0s", "this clip 4.0\u00a0s")
    assert strip["Done"] == ("1", "clips, 2 known")
    assert strip["Needs you"] == ("1", "stopped")
    assert strip["Speed"] == ("2.0×", "real time")
    empty = {c.label: (c.value, c.remark) for c in cells(QueueCounts(), {}, None, None)}
    assert empty["Speed"] == ("–", "not measured yet")
    assert empty["Time left"] == ("–", "")
    paused = {c.label: c.remark for c in cells(QueueCounts(waiting=2), {}, 9.0, None, paused=True)}
    assert (paused["In the queue"], paused["Time left"]) == ("paused", "once resumed")


@pytest.mark.parametrize(
    ("values", "words", "ending"),
    [
        ({"state": "queued"}, "7 stages to do", "waiting"),
        ({"state": "queued", "stages_done": ("decode",)}, "✓ decode", "waiting"),
        ({"state": "failed", "stage": "speech", "stages_done": ("decode",)}, "✗ speech", "stopped"),
        ({"state": "cancelled"}, "index", "cancelled"),
        ({"state": "done", "outcome": "duplicate", "found": "already indexed as B, same bytes"}, "as B", "known"),
        ({"state": "done", "outcome": "partial", "reason": "It ends early."}, "It ends early", "done, 0.0\u00a0s"),
        (
            {"state": "done", "kind": "text", "stages_done": ("text",), "found": "text embedded again"},
            "✓ text",
            "done, 0.0\u00a0s",
        ),
    ],
)
def test_each_state_is_said_in_words(values, words, ending):
    made = job(**values)
    assert words in state(made)
    assert when(made) == ending
    assert sum(made.state in states for states in SHOWS.values()) == 2


def test_other_peoples_names_are_text():
    made = row(job(title="<b>x</b>", file_name='"><script>', reason="<i>"), None)
    assert "<script" not in made
    assert "<b>x</b>" not in made


def test_steps_are_those_done_and_the_one_in_hand():
    made = job(state="running", stage="speech", stages_done=("decode", "segments"), stage_seconds={"decode": 0.41})
    before = [("Decode, 0.4\u00a0s", "complete"), ("Segments", "complete"), ("Speech", "running")]
    assert steps(made) == before
    assert steps(replace(made, stages_now=("speech", "pictures"))) == [*before, ("Pictures", "running")]


def test_the_sheet_fills_the_editor_and_comes_back_as_fields():
    table = {"a.mp4": {"title": "T", "description": "D", "tags": ["x", " y", ""]}}
    filled = rows(["a.mp4", "b.mp4", "a.mp4"], table)
    assert [r["file"] for r in filled] == ["a.mp4", "b.mp4"]
    assert filled[0]["tags"] == "x, y"
    assert fields([*filled, {"file": "c", "title": None, "description": None, "tags": None}]) == {
        "a.mp4": {"title": "T", "description": "D", "tags": ["x", "y"]},
        "b.mp4": {"title": "", "description": "", "tags": []},
        "c": {"title": "", "description": "", "tags": []},
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_spreadsheets_encodings_are_read(encoding):
    assert decoded("file,title\na.mp4,Café".encode(encoding)) == "file,title\na.mp4,Café"
