"""`python -m benchmarks.recommenders [micro-videos] [films] [ratings] [speed]`: all by default, in that order.

Micro-videos need the folder that AVREC_TIKTOK names; films are fetched once into the data directory.
"""

import sys

from avrec.config import Settings
from benchmarks.recommenders import films, micro_videos, ratings, speed

SECTIONS = {"micro-videos": micro_videos.run, "films": films.run, "ratings": ratings.run, "speed": speed.run}


def main() -> None:
    settings = Settings()
    for name in sys.argv[1:] or SECTIONS:
        print(f"\n## {name}\n", flush=True)
        SECTIONS[name](settings)


if __name__ == "__main__":
    main()
