"""`python -m benchmarks [demo] [similarity] [ingest] [recommend] [ui]`: all but `ui` by default, in that order.

The data directory is AVREC_BENCH (a temporary one by default); the weights are the usual ones.
"""

import os
import sys
import tempfile
from pathlib import Path

from avrec.config import Settings
from benchmarks import demo, ingest, recommend, similarity, ui

SECTIONS = {"demo": demo.run, "similarity": similarity.run, "ingest": ingest.run, "recommend": recommend.run}
ASKED_FOR = {"ui": ui.run}  # needs a browser and the cores for itself


def main() -> None:
    chosen = sys.argv[1:] or list(SECTIONS)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(os.environ.get("AVREC_BENCH", folder))
        settings = Settings(data=data, weights=Settings().weights_dir, demo=False)
        for name in chosen:
            print(f"\n## {name}\n", flush=True)
            (SECTIONS | ASKED_FOR)[name](settings)


if __name__ == "__main__":
    main()
