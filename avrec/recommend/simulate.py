"""Simulated people for the demo library, and said to be so wherever they show.

Each has stated tastes for subjects; events are drawn from those and from nothing else, never from our own vectors, or
the demo would only confirm itself. Every draw depends on the person and the clip alone, so adding a clip changes
nobody's other events.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from avrec.schemas import Interaction, Person

PEOPLE = 40
COLD = 2
BASE = datetime(2026, 6, 1, tzinfo=UTC)
DAYS = 120
REACH = 0.42  # share of the clips that a person comes across


def simulate(
    clips: Sequence[tuple[str, str, str]], seed: int = 7, people: int = PEOPLE
) -> tuple[list[Person], list[Interaction]]:
    """Draw people and their events.

    Args:
        clips: (clip_id, subject, category); the category is not used.
        seed: The same seed gives the same events.
        people: How many; the last two have no event.

    Returns:
        People with their stated taste in words, and their events.
    """
    subjects = sorted({subject for _, subject, _ in clips})
    persons, events = [], []
    for number in range(1, people + 1):
        user_id = f"u-{number:03d}"
        if number > people - COLD:
            persons.append(Person(user_id, 0, 0, True, "simulated: no events yet"))
            continue
        rng = _rng(seed, user_id)
        liked = rng.choice(subjects, size=min(int(rng.integers(1, 4)), len(subjects)), replace=False).tolist()
        rest = [subject for subject in subjects if subject not in liked]
        disliked = rng.choice(rest, size=1).tolist() if rest else []
        taste = f"simulated: likes {', '.join(liked)}" + (f"; not {disliked[0]}" if disliked else "")
        mine = [
            event
            for clip_id, subject, _ in clips
            for event in _events(user_id, clip_id, subject in liked, subject in disliked, _rng(seed, user_id, clip_id))
        ]
        persons.append(Person(user_id, len(mine), 0, True, taste))
        events += mine
    return persons, events


def _rng(seed: int, *names: str) -> np.random.Generator:
    digest = hashlib.sha256("|".join((str(seed), *names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def _events(user_id: str, clip_id: str, liked: bool, disliked: bool, rng: np.random.Generator) -> list[Interaction]:
    """One person before one clip: perhaps they come across it, watch a share, and perhaps they react."""
    met, share, mood, kind, day = rng.random(5)
    if met > REACH * (1.25 if liked else 0.7):
        return []
    at = BASE + timedelta(days=float(day) * DAYS)
    watched = float(np.clip((0.75 if liked else 0.15 if disliked else 0.4) + 0.35 * (share - 0.5), 0.02, 1.0))
    found = [Interaction(user_id, clip_id, "view", round(watched, 2), at, True)]

    def react(event: str, value: float | None = None) -> None:
        found.append(Interaction(user_id, clip_id, event, value, at + timedelta(minutes=1), True))

    if liked and mood < 0.7:
        event = "like" if kind < 0.6 else "favourite" if kind < 0.75 else "share" if kind < 0.85 else "rating"
        react(event, 5.0 if event == "rating" else None)
    elif disliked and mood < 0.6:
        event = "dislike" if kind < 0.6 else "skip" if kind < 0.9 else "hide"
        react(event)
    elif not liked and mood < 0.12:
        react("like" if kind < 0.5 else "rating", None if kind < 0.5 else 3.0)
    return found
