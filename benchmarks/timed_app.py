"""The app with a clock on every script run: `python -m benchmarks.timed_app PORT FILE`.

Each run of a page's script, or of one of its fragments, adds a line to FILE: page, "page" or "fragment", milliseconds
that passed, milliseconds of CPU of its thread.
"""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_lock = threading.Lock()


def timed(run: Callable[..., Any], times: Path) -> Callable[..., Any]:
    """Put a clock around Streamlit's `ScriptRunner._run_script`."""
    from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

    def with_clock(runner: Any, rerun: Any) -> Any:
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            return run(runner, rerun)
        finally:
            spent = 1e3 * (time.perf_counter() - wall), 1e3 * (time.thread_time() - cpu)
            context = get_script_run_ctx()
            pages = context.pages_manager.get_pages() if context else {}
            page = pages.get(context.page_script_hash, {}) if context else {}
            kind = "fragment" if rerun.fragment_id_queue else "page"
            with _lock, times.open("a", encoding="utf-8") as file:
                file.write(f"{page.get('url_pathname') or 'library'}\t{kind}\t{spent[0]:.2f}\t{spent[1]:.2f}\n")

    return with_clock


def main(port: str, file: str) -> None:
    from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
    from streamlit.web import cli

    ScriptRunner._run_script = timed(ScriptRunner._run_script, Path(file))
    options = ["--server.port", port, "--server.address", "127.0.0.1", "--server.fileWatcherType", "none"]
    cli.main(["run", "app.py", *options, "--server.headless", "true"], standalone_mode=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
