"""From nothing to the whole demo library, as the app does it, beside what each stage cost."""

import time

from avrec.config import Settings
from avrec.engine import Engine
from benchmarks.table import show


def run(settings: Settings) -> None:
    started = time.monotonic()
    engine = Engine(settings, start_worker=True)
    ready = time.monotonic() - started
    engine.open_demo()
    first = None
    while (status := engine.status())["running"] + status["queued"]:
        if first is None and status["clips"]:
            first = time.monotonic() - started
        time.sleep(0.2)
    total = time.monotonic() - started
    clips = engine.clips()
    show(
        ["what", "measured", "target"],
        [
            ["engine ready", f"{ready:.1f} s", "3 s"],
            ["first demo clip", f"{first or total:.0f} s", "45 s"],
            [
                f"all {len(clips)} demo clips ({sum(c.duration for c in clips):.0f} s of media)",
                f"{total:.0f} s",
                "300 s",
            ],
        ],
    )
    print()
    show(["stage", "s of work per s of clip (median)"], [[k, f"{v:.3f}"] for k, v in engine.stage_speeds().items()])
    engine.close()
