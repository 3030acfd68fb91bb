"""Upload: files go in at once, failures say what to do, the queue tells the truth, costs are measured."""

from pathlib import Path

import pytest
from fake_engine import FakeEngine
from fake_library import NOW, starter_clips
from page_text import html_of

from avrec.config import Settings
from avrec.errors import MediaTooLargeError
from avrec.schemas import STAGES, Job, ModelCard
from avrec.ui import pages
from avrec.ui.upload_form import cost, speeds_of
from avrec.ui.upload_now import steps
from avrec.ui.upload_queue import cells
from avrec.ui.upload_rows import SHOWS, fits, row, state, when
from avrec.ui.upload_texts import decoded, fields, rows

CLIPS = starter_clips(3)


def job(**values) -> Job:
    return Job(**({"job_id": "j", "file_name": "a.mp4", "title": "A", "state": "queued", "created_at": NOW} | values))


def done(clip, preset="balanced", work=2.0, **values) -> Job:
    spent = {"decode": work * clip.duration}
    return job(state="done", outcome="done", preset=preset, clip_id=clip.clip_id, stages_done=STAGES,
               stage_seconds=spent, **values)  # fmt: skip


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
    full.put_job(job_id="bad", title="cut", state="failed", reason=reason, stage="decode")
    app = open_page(pages.UPLOAD)
    html = html_of(app)
    assert '<b class="av-red">cut.mp4:</b> it is &lt;i&gt;damaged&lt;/i&gt;. Export' in html
    app.button(key="fail-retry-bad").click().run()
    assert ("retry_job", "bad") in full.calls
    full.put_job(job_id="bad", title="cut", state="failed", reason=reason)
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
    assert "Next: audio, pictures, text, index" in [c.value for c in app.caption]
    app.button(key="cancel-r").click().run()
    assert ("cancel_job", "r") in full.calls


def test_when_a_clip_is_done_its_audience_and_two_ways_on_are_there(full, open_page):
    clip = full.clips()[0]
    full.put_job(job_id="d", title=clip.title, state="done", outcome="done", clip_id=clip.clip_id, stages_done=STAGES,
                 found="2 segments, 10 words")  # fmt: skip
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


def test_the_queue_can_be_narrowed_and_opened_up(full, open_page):
    for i in range(12):
        full.put_job(job_id=f"q{i}", state="cancelled" if i % 2 else "queued")
    app = open_page(pages.UPLOAD, show="Running")
    assert html_of(app).count('class="av-job"') == 6
    app = open_page(pages.UPLOAD)
    assert html_of(app).count('class="av-job"') == 7
    app.button(key="queue-more").click().run()
    assert html_of(app).count('class="av-job"') == 12


def test_a_server_folder_needs_a_configured_root(hold, open_page, tmp_path):
    hold(FakeEngine())
    app = open_page(pages.UPLOAD)
    assert any("No server folder is open" in c.value for c in app.caption)
    (tmp_path / "clip.mp4").write_bytes(b"x")
    engine = hold(FakeEngine(settings=Settings(data=Path("unused"), roots=[tmp_path])))
    app = open_page(pages.UPLOAD)
    app.text_input(key="folder").set_value("/etc").run()
    next(b for b in app.button if b.label == "Add folder").click().run()
    assert "it is not below a configured root" in html_of(app)
    app.text_input(key="folder").set_value(str(tmp_path)).run()
    next(b for b in app.button if b.label == "Add folder").click().run()
    assert [call[1] for call in engine.calls if call[0] == "add_file"] == ["clip.mp4"]


# ---- the parts -----------------------------------------------------------------------------------------------


def test_the_cost_of_a_preset_is_what_was_measured_with_it():
    jobs = [done(CLIPS[0], work=1.0), done(CLIPS[1], work=3.0), done(CLIPS[2], "fast", work=9.0)]
    cards = [ModelCard("transcriber", "Whisper base (faster-whisper, int8)", "1", "", ""),
             ModelCard("image", "CLIP ViT-B/16, image tower (open_clip)", "1", "", "")]  # fmt: skip
    assert cost("balanced", jobs, CLIPS, cards).replace("\\", "") == (
        "Whisper base, CLIP ViT-B/16, 2 frames a segment. "
        "About 2.0 s of work per second of clip here (median of 2 clips)."
    )
    assert "9.0 s of work" in cost("fast", jobs, CLIPS, cards)
    assert "not measured yet" in cost("thorough", jobs, CLIPS, cards)


def test_duplicates_and_text_edits_do_not_count_as_measured():
    durations = {clip.clip_id: clip.duration for clip in CLIPS}
    known = job(state="done", outcome="duplicate", clip_id=CLIPS[0].clip_id)
    edited = job(state="done", stages_done=("text",), stage_seconds={"text": 1.0}, clip_id=CLIPS[0].clip_id)
    assert speeds_of("balanced", [known, edited], durations) == []


def test_the_strip_counts_clips_not_jobs():
    jobs = [done(CLIPS[0]), job(state="done", outcome="duplicate"), job(state="running", seconds_left=4.0), job(),
            job(state="failed")]  # fmt: skip
    strip = {cell.label: (cell.value, cell.remark) for cell in cells(jobs, {"decode": 0.5})}
    assert strip["In the queue"] == ("2", "1 running")
    assert strip["Time left"] == ("4.0\u00a0s", "this clip")
    assert strip["Done"] == ("1", "clips")
    assert strip["Needs you"] == ("1", "stopped")
    assert strip["Speed"] == ("2.0×", "real time")
    assert {c.label: c.remark for c in cells([], {})}["Speed"] == "not measured yet"


@pytest.mark.parametrize(
    ("values", "words", "ending"),
    [
        ({"state": "queued"}, "decode", "waiting"),
        ({"state": "failed", "stage": "speech", "stages_done": ("decode",)}, "✗ speech", "stopped"),
        ({"state": "cancelled"}, "index", "cancelled"),
        ({"state": "done", "outcome": "duplicate", "found": "already indexed as B, same bytes"}, "as B", "known"),
        ({"state": "done", "outcome": "partial", "reason": "It ends early."}, "It ends early", "done, 0.0\u00a0s"),
        ({"state": "done", "stages_done": ("text",), "found": "text embedded again"}, "✓ text", "done, 0.0\u00a0s"),
    ],
)
def test_each_state_is_said_in_words(values, words, ending):
    made = job(**values)
    assert words in state(made)
    assert when(made) == ending
    assert next(show for show in SHOWS if fits(made, show)) == "All"
    assert sum(fits(made, show) for show in SHOWS) == 2


def test_other_peoples_names_are_text():
    made = row(job(title="<b>x</b>", file_name='"><script>', reason="<i>"), None)
    assert "<script" not in made
    assert "<b>x</b>" not in made


def test_steps_are_those_done_and_the_one_in_hand():
    made = job(state="running", stage="speech", stages_done=("decode", "segments"), stage_seconds={"decode": 0.41})
    assert steps(made) == [("Decode, 0.4\u00a0s", "complete"), ("Segments", "complete"), ("Speech", "running")]


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
