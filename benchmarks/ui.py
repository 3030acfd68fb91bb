"""How quick the pages are, idle and while the demo clips are ingested, with two people in two browsers.

Two Chromium sessions click through the pages; a page's time is from the click in the sidebar to the end of its script
in the browser. `python -m benchmarks ui`; it needs Chromium and playwright, and free cores to say much.
"""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np

from avrec.config import REPOSITORY, Settings
from avrec.engine import Engine
from benchmarks.table import show

PAGES = ("Library", "Upload", "Clip", "Recommend", "Users")
SESSIONS = 2
IDLE_ROUNDS, BUSY_ROUNDS = 12, 30
PAUSE_MS = 400  # between two clicks: people look before they click again
TARGET_MS = 200
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
Times = dict[str, list[float]]

# Clicks a page's link in the sidebar; answers with the milliseconds until its script has ended.
CLICK = """([name, before]) => new Promise((resolve, reject) => {
  const links = [...document.querySelectorAll('[data-testid=stSidebarNavLink]')];
  const link = links.find(one => one.innerText.trim().endsWith(name));
  const started = performance.now();
  link.click();
  const look = () => {
    const app = document.querySelector('[data-testid=stApp]');
    const title = document.querySelector('.av-head h1');
    const drawn = title && title.innerText !== before && link.matches('[aria-current=page]');
    if (drawn && app.dataset.testScriptState === 'notRunning') resolve(performance.now() - started);
    else if (performance.now() - started > 30000) reject(new Error(name + ' did not come'));
    else setTimeout(look, 4);
  };
  look();
})"""


def run(settings: Settings) -> None:
    """Ingest the demo in the app while two sessions read, then let them read the finished library."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("Chromium is not installed; nothing was measured.")
        return
    data = settings.data / "ui"
    shutil.rmtree(data, ignore_errors=True)
    log = data.with_suffix(".times")
    log.unlink(missing_ok=True)
    port, process = serve(data, settings)
    engine = Engine(Settings(data=data, weights=settings.weights_dir, demo=False))
    try:
        wait_until(lambda: len(engine.clips()) >= 3, 300)
        clip = engine.clips()[-1].clip_id
        begun = len(engine.clips())
        busy = measure(chromium, port, clip, lambda done: done >= BUSY_ROUNDS or not live(engine))
        server = {"ingesting": log.read_text()}
        told = f"{len(engine.clips()) - begun} clips came meanwhile"
        wait_until(lambda: not live(engine), 900)
        idle = measure(chromium, port, clip, lambda done: done >= IDLE_ROUNDS)
        server["idle"] = log.read_text()[len(server["ingesting"]) :]
    finally:
        engine.close()
        process.terminate()
        process.wait(timeout=60)
    report(idle, busy, told)
    report_server(server)


def serve(data: Path, settings: Settings) -> tuple[int, subprocess.Popen]:
    """Start the app on a free port over a new library with the demo, and wait until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "AVREC_DATA": str(data), "AVREC_WEIGHTS": str(settings.weights_dir), "AVREC_DEMO": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "benchmarks.timed_app", str(port), str(data.with_suffix(".times"))]
    process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL)
    wait_until(lambda: answers(port), 90)
    return port, process


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def live(engine: Engine) -> int:
    counts = engine.queue_counts()
    return counts.get("running", 0) + counts.get("queued", 0)


def wait_until(true: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("the app was not ready in time")
        time.sleep(0.2)


def measure(chromium: str, port: int, clip: str, over: Callable[[int], bool]) -> Times:
    """Click through the pages in every session at once, round after round until `over(rounds done)`.

    Returns:
        Page -> milliseconds of each click, of all sessions.
    """
    times: Times = {page: [] for page in PAGES}
    failed: list[BaseException] = []

    def session(shift: int) -> None:
        try:
            _session(chromium, f"http://127.0.0.1:{port}/clip?clip={clip}", shift, over, times)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=session, args=(i,)) for i in range(SESSIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return times


def _session(chromium: str, address: str, shift: int, over: Callable[[int], bool], times: Times) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address, wait_until="domcontentloaded")
        page.locator(".av-head h1").first.wait_for(timeout=60_000)
        page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)
        order = [*PAGES[2 * shift :], *PAGES[: 2 * shift]]
        if order[0] == "Clip":
            order = [*order[1:], order[0]]
        rounds = 0
        while not over(rounds):
            for name in order:
                before = page.locator(".av-head h1").first.inner_text()
                taken = page.evaluate(CLICK, [name, before])
                if rounds:  # the first round loads the browser's scripts
                    times[name].append(taken)
                page.wait_for_timeout(PAUSE_MS)
            rounds += 1
        browser.close()


def report(idle: Times, busy: Times, told: str) -> None:
    """Print p50 and p95 of each page, idle and while ingesting."""
    rows = []
    for page in (*PAGES, "all"):
        pair = [times[page] if page in times else list(chain(*times.values())) for times in (idle, busy)]
        cells = [f"{np.percentile(t, q):.0f} ms" if t else "" for t in pair for q in (50, 95)]
        ratio = f"{np.percentile(pair[1], 95) / np.percentile(pair[0], 95):.1f}" if all(pair) else ""
        rows.append([page, *cells, ratio, f"{len(pair[0])}, {len(pair[1])}"])
    show(["page", "idle p50", "idle p95", "ingesting p50", "ingesting p95", "p95 ratio", "clicks"], rows)
    print(f"\nTwo sessions, from click to the end of the page's script in the browser; {told}.")
    print(f"Target: p95 < {TARGET_MS} ms.")


def report_server(logs: dict[str, str]) -> None:
    """Print what the scripts took on the server: of whole pages, and of the fragments that refresh themselves."""
    rows = []
    runs = {state: [line.split("\t") for line in text.splitlines()] for state, text in logs.items()}
    names = sorted({(page, kind) for lines in runs.values() for page, kind, *_ in lines}, key=lambda n: (n[1], n[0]))
    for page, kind in names:
        row, counts = [page, kind], []
        for state in ("idle", "ingesting"):
            own = np.array([(float(w), float(c)) for p, k, w, c in runs[state] if (p, k) == (page, kind)]).reshape(
                -1, 2
            )
            cells = (
                (np.percentile(own[:, 0], 50), np.percentile(own[:, 0], 95), np.median(own[:, 1])) if len(own) else ()
            )
            row += [f"{value:.0f} ms" for value in cells] or ["", "", ""]
            counts.append(str(len(own)))
        rows.append([*row, ", ".join(counts)])
    print()
    heads = [f"{state} {what}" for state in ("idle", "ingesting") for what in ("p50", "p95", "CPU p50")]
    show(["script on the server", "run of", *heads, "runs"], rows)
