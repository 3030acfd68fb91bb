"""The Gantt of stages: what overlaps is beside each other, idle time is cut, what is in hand ends now."""

from zoneinfo import ZoneInfo

import pytest
from fake_library import NOW

from avrec.schemas import Job
from avrec.ui.upload_timeline import Axis, bars, gantt, table, tip

TIMES = {
    "decode": (1000.0, 1002.0),
    "segments": (1002.0, 1002.0),
    "speech": (1001.0, 1004.0),
    "pictures": (1002.0, 1006.0),
}


def timed(**values) -> Job:
    base = {"job_id": "j", "file_name": "a.mp4", "title": "A clip", "state": "done", "created_at": NOW,
            "duration": 8.0, "stage_times": TIMES}  # fmt: skip
    return Job(**(base | values))


def test_what_runs_at_once_is_in_two_lanes():
    made = {bar.stage: bar for bar in bars(timed(), 2000.0)}
    assert made["decode"].lane == made["pictures"].lane == 0
    assert made["speech"].lane == 1
    assert "segments" not in made, "it took no time"


def test_a_stage_in_hand_ends_now_and_only_while_the_job_runs():
    times = {"decode": (1000.0, 1002.0), "speech": (1001.0, 1001.0)}
    running = timed(state="running", stages_now=("speech",), stage_times=times)
    speech = bars(running, 1009.0)[1]
    assert (speech.end, speech.running) == (1009.0, True)
    assert tip(speech) == "Speech of A clip: 8.0\u00a0s so far"
    assert [bar.stage for bar in bars(timed(state="failed", stage_times=times), 1009.0)] == ["decode"]


def test_idle_time_is_cut_and_order_is_kept():
    axis = Axis([(0.0, 10.0), (4.0, 20.0), (3600.0, 3620.0)])
    assert axis.busy == [(0.0, 20.0), (3600.0, 3620.0)]
    assert axis.at(0.0) == 0.0
    assert axis.at(3620.0) == pytest.approx(100.0)
    assert axis.at(20.0) == pytest.approx(48.5, abs=0.1)
    assert axis.at(2000.0) == pytest.approx(axis.at(3600.0)), "nothing is drawn in an idle time"
    ((where, seconds),) = axis.gaps()
    assert axis.at(20.0) < where < axis.at(3600.0)
    assert seconds == 3580.0
    assert all(t <= 20.0 or t >= 3600.0 for t in axis.ticks())


def test_many_idle_times_leave_room_for_the_work():
    axis = Axis([(1000.0 * i, 1000.0 * i + 5.0) for i in range(60)])
    widths = [axis.at(1000.0 * i + 5.0) - axis.at(1000.0 * i) for i in range(60)]
    assert sum(widths) > 65.0
    assert axis.at(59_005.0) == pytest.approx(100.0)


def test_the_drawing_names_colours_lengths_and_clock_times():
    html = gantt([timed(title="<b>x</b>")], 2000.0, ZoneInfo("UTC"))
    assert "<b>x" not in html
    assert "av-m-speech av-l1" in html
    assert "av-m-visual av-l0" in html
    assert "av-m-neutral av-l0" in html
    assert "Speech of &lt;b&gt;x&lt;/b&gt;: 3.0\u00a0s, 0.38 s per s of clip" in html
    assert "1.33× real time" in html
    assert ">00:16:40<" in html
    assert gantt([], 0.0) == ""
    assert gantt([timed(stage_times={})], 0.0) == ""


def test_the_oldest_clip_is_at_the_top():
    later = timed(title="Later", stage_times={"decode": (1010.0, 1012.0)})
    html = gantt([later, timed()], 2000.0)
    assert html.index(">A clip<") < html.index(">Later<")


def test_the_table_says_the_same_in_numbers():
    rows = {row["stage"]: row for row in table([timed()], 2000.0)}
    assert rows["pictures"]["seconds"] == 4.0
    assert rows["pictures"]["s per s of clip"] == 0.5
    assert rows["pictures"]["x real time"] == 2.0
    assert rows["pictures"]["start"] == "1970-01-01T00:16:42.000+00:00"
    assert table([timed(duration=None)], 2000.0)[0]["x real time"] is None
