"""Six files of 180 MB dropped in real Chromium: the server's memory stays flat, and all six are taken in."""

import os
import sys
import threading
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sessions import light_app

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
MIB = 1 << 20


def test_six_large_files_at_once(tmp_path, browser):
    files = []
    for i in range(6):
        files.append(tmp_path / f"{i}.mp4")
        with files[-1].open("wb") as file:
            file.write(os.urandom(MIB))
            file.truncate(180 * MIB)
    with light_app(tmp_path / "data", tmp_path / "log") as (address, process):
        page = browser.new_page()
        page.goto(f"{address}/upload")
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)
        me, highest, over = psutil.Process(process.pid), [0], threading.Event()
        before = me.memory_info().rss

        def watch():
            while not over.wait(0.05):
                highest[0] = max(highest[0], me.memory_info().rss)

        watcher = threading.Thread(target=watch)
        watcher.start()
        page.locator("input[type=file]").first.set_input_files([str(path) for path in files])
        page.get_by_text("5.mp4").first.wait_for(timeout=120_000)
        for _ in range(600):
            originals = tmp_path / "data" / "originals"
            if originals.is_dir() and len(list(originals.iterdir())) == 6:
                break
            page.wait_for_timeout(200)
        over.set()
        watcher.join()
        assert len(list(originals.iterdir())) == 6
        page.wait_for_timeout(500)
        assert [p for p in (tmp_path / "data" / "uploads").glob("*/*") if p.name != "lock"] == []
        print(f"parent memory +{(highest[0] - before) / MIB:.0f} MiB for 1,080 MiB from Chromium")
        assert highest[0] - before < 60 * MIB
        page.close()
