"""Serve the app with a real engine, store and queue, but light models: `python tests/serve_light.py PORT`.

`AVREC_DATA` names the data directory, as for the app itself; other settings count too.
"""

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]


def main(port: str, address: str = "127.0.0.1") -> None:
    from light import LightModels
    from streamlit.web import bootstrap, cli

    from avrec.engine import Engine
    from avrec.ui import resources

    os.chdir(REPOSITORY)
    resources.hold(Engine(start_worker=False, models=LightModels()))
    bootstrap.load_config_options({"server.port": int(port), "server.headless": True})
    arguments = ["run", "app.py", "--server.port", port, "--server.address", address, "--server.headless", "true"]
    cli.main(arguments, standalone_mode=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
