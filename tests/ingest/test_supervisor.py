"""Workers as processes: started when there is work, started again when they die, gone with the app."""

import io
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from avrec.config import REPOSITORY
from avrec.engine import Engine


def until(what, seconds=30.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def workers_of(pid):
    """Worker processes below a process."""
    return [p for p in psutil.Process(pid).children() if "avrec.working" in " ".join(p.cmdline())]


@pytest.fixture
def served(settings):
    made = Engine(settings, start_worker=True)
    yield made
    made.close()


def test_work_is_done_by_a_modest_process_that_comes_back_after_a_kill(served):
    assert workers_of(os.getpid()) == [], "without work there is no worker"
    job = served.add_file(io.BytesIO(b"not media at all"), "a.mp4")
    assert served.wait([job.job_id], timeout=30)[0].state == "failed"
    (worker,) = workers_of(os.getpid())
    assert worker.nice() == 5
    until(served.workers)
    assert [state.lane for state in served.workers()] == ["clips"]
    worker.kill()
    again = served.add_file(io.BytesIO(b"no media either"), "b.mp4")
    assert served.wait([again.job_id], timeout=30)[0].state == "failed"
    assert served.job(again.job_id).reason.startswith("b.mp4: ")
    pids = {p.pid for p in workers_of(os.getpid())}
    served.close()
    assert not any(psutil.pid_exists(pid) for pid in pids), "the app takes its workers with it"


def policies(process):
    """Scheduling classes of a process's threads."""
    return {os.sched_getscheduler(thread.id) for thread in process.threads()}


def test_work_stands_back_while_somebody_uses_the_pages(served, monkeypatch):
    monkeypatch.setattr("avrec.supervisor.ATTENDED_SECONDS", 0.5)
    served.add_file(io.BytesIO(b"not media at all"), "a.mp4")
    (worker,) = until(lambda: workers_of(os.getpid()))
    assert policies(worker) == {os.SCHED_OTHER}
    served.attend()
    until(lambda: policies(worker) == {os.SCHED_IDLE})
    until(lambda: policies(worker) == {os.SCHED_OTHER})


APP = """
import sys, time
from pathlib import Path
from avrec.config import Settings
from avrec.engine import Engine
engine = Engine(Settings(data=Path(sys.argv[1]), demo=False), start_worker=True)
engine.add_file(open(sys.argv[2], "rb"), "a.mp4")
print("ready", flush=True)
time.sleep(60)
"""


def test_a_killed_app_leaves_no_worker_behind(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"not media")
    command = [sys.executable, "-c", APP, str(tmp_path / "data"), str(tmp_path / "a.mp4")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY) as app:
        assert app.stdout.readline() == b"ready\n"
        (worker,) = until(lambda: workers_of(app.pid))
        os.kill(app.pid, signal.SIGKILL)
        app.wait()
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
