"""The demo library: 38 clips that go through the real pipeline, and people who are simulated.

Only a demo clip's title goes in with it. Its category and subject are shown and filtered by but never embedded, and
the captions and transcripts of `starter.csv` are for tests alone; else the demo would flatter itself.
"""

import csv
from pathlib import Path

from avrec.config import REPOSITORY
from avrec.store.database import Database
from avrec.store.interactions import InteractionStore
from avrec.store.jobs import JobStore, Order

STARTER = REPOSITORY / "assets" / "starter"
SEED = 7
# A short clip with picture and speech goes first, so that there is something to look at soon.
FIRST = ("talk_rocket", "rocket_launch", "talk_cat")


def demo_orders(folder: Path = STARTER) -> list[Order]:
    """The demo clips as jobs, in the order in which they should appear."""
    with (folder / "starter.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rows.sort(key=lambda row: FIRST.index(row["id"]) if row["id"] in FIRST else len(FIRST))
    return [
        Order(
            sha256=row["sha256"],
            source=str((folder / row["file"]).resolve()),
            file_name=row["file"],
            fields={"title": row["title"], "category": row["category"], "subject": row["subject"], "demo": True},
            priority=-1,
        )
        for row in rows
    ]


def open_demo(database: Database, jobs: JobStore, interactions: InteractionStore) -> bool:
    """Queue the demo clips and store the simulated people, once per library.

    Returns:
        Whether there was anything to do.
    """
    from avrec.recommend.simulate import simulate

    with database.write() as connection:
        if not STARTER.exists() or database.get("demo"):
            return False
        database.put(connection, "demo", "opened")
    orders = demo_orders()
    people, events = simulate([(o.sha256[:16], o.fields["subject"], o.fields["category"]) for o in orders], SEED)
    interactions.add(events, people)
    jobs.enqueue(orders)
    return True
