"""System and the frame: every model with its facts, the self-check on click, the status lines."""

from fake_engine import FakeEngine
from page_text import html_of

from avrec.ui import pages
from avrec.ui.status import lines


def test_every_library_gives_a_page_without_exceptions(any_library, open_page):
    app = open_page(pages.SYSTEM)
    assert not app.exception
    assert not app.error


def test_models_are_listed_with_what_they_stand_in_for(full, open_page):
    table = open_page(pages.SYSTEM).dataframe[0].value
    assert {"task", "model", "version", "device", "source", "licence", "loaded", "memory", "stands in for"} <= set(
        table
    )
    row = table[table["model"] == "composed"].iloc[0]
    assert row["stands in for"] == "BLIP base"
    assert table["loaded"].tolist()[0] == "yes"


def test_the_self_check_runs_on_click_only(full, open_page):
    app = open_page(pages.SYSTEM)
    assert ("doctor",) not in full.calls
    next(b for b in app.button if b.label == "Check now").click().run()
    assert ("doctor",) in full.calls
    html = html_of(app)
    assert "✓ database" in html
    assert "✗ disk space" in html


def test_status_says_clips_models_device_and_jobs(full):
    full.put_job(job_id="x", state="running")
    full.put_job(job_id="y", state="failed")
    clips, models, device, jobs = lines(full.status())
    assert "38 clips" in clips
    assert "2 models live, 1 standing in" in models
    assert device == "CPU, 2 cores; no GPU found"
    assert "1 running" in jobs
    assert "1 stopped" in jobs


def test_vectors_say_what_serves_and_a_stage_is_run_again(full, open_page):
    app = open_page(pages.SYSTEM)
    table = next(d.value for d in app.dataframe if "served version" in d.value.columns)
    row = table[table["modality"] == "visual"].iloc[0]
    assert (row["served version"], row["stale"], row["damaged"]) == ("c0-crop", 38, 1)
    next(b for b in app.button if b.label == "Run pictures again, 38 clips").click().run()
    next(b for b in app.button if b.label == "Run text again").click().run()
    assert ("rerun_stage", "pictures", None, True) in full.calls
    assert ("rerun_stage", "text", None, False) in full.calls


def test_workers_and_a_paused_queue_are_named(full, open_page):
    full.pause_queue()
    app = open_page(pages.SYSTEM)
    html = html_of(app)
    assert "<small>Workers</small><b>1</b><span>1.4\u00a0GB</span>" in html
    assert "newest first; the queue is paused" in html
    (row,) = next(d.value for d in app.dataframe if "works on" in d.value.columns).to_dict("records")
    assert row == {
        "works on": "clips", "process": "4711", "memory": "1.4\u00a0GB",
        "models in memory": "transcribe, encode pictures",
    }  # fmt: skip


def test_idle_workers_take_no_room(hold, open_page):
    hold(FakeEngine([]))
    html = html_of(open_page(pages.SYSTEM))
    assert "<small>Workers</small><b>idle</b>" in html
    assert "processes of their own" not in html
