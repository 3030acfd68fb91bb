"""Interactions from CSV: good rows are kept, bad rows are reported with their line numbers.

Columns: `user_id`, `clip_id` (or `item_id`), `event`, `value`, `datetime` (or `timestamp`), `text`. `event` is one of
view, like, dislike, rating, favourite, share, comment, hide, skip, search; without the column, a row with a value from
1 to 5 is a rating and a row without one is a like. `value` is the share watched (0 to 1) for view, 1 to 5 for rating,
empty otherwise. `text` is what a comment says (optional) or what was searched for (needed; a search has no clip).
`datetime` is ISO 8601 or seconds since 1970, UTC where no zone is given; empty means now.
"""

import csv
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO

from avrec.recommend.pseudonyms import SHOWN
from avrec.schemas import EVENTS, SPOKEN_EVENTS, Interaction

USER_ID_LENGTH = 120
TEXT_LENGTH = 2_000
LIMITS = {"view": (0.0, 1.0), "rating": (1.0, 5.0)}
EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def read_interactions(
    stream: TextIO, known: frozenset[str], now: datetime | None = None
) -> tuple[list[Interaction], list[tuple[int, str]]]:
    """Read events.

    Args:
        known: Ids of the library's clips; rows with others are rejected.
        now: Time of rows without one.

    Returns:
        The good rows as events, and the rejected as (line number, reason); the header is line 1.
    """
    now = now or datetime.now(UTC)
    rows: list[Interaction] = []
    rejected: list[tuple[int, str]] = []
    reader = csv.DictReader(_without_nul(stream))
    names = {(name or "").strip().lstrip("\ufeff"): name for name in reader.fieldnames or ()}
    clip_column = names.get("clip_id") or names.get("item_id")
    time_column = names.get("datetime") or names.get("timestamp")
    if "user_id" not in names or clip_column is None:
        return [], [(1, "the first line must name the columns; user_id and clip_id (or item_id) are needed")]
    try:
        for row in reader:

            def cell(column: str | None, row: dict = row) -> str:
                return (row.get(column) or "").strip() if column is not None else ""

            try:
                rows.append(
                    _event(
                        cell(names["user_id"]), cell(clip_column), cell(names.get("event")), cell(names.get("value")),
                        cell(time_column), cell(names.get("text")), known, now,
                    )
                )  # fmt: skip
            except ValueError as error:
                rejected.append((reader.line_num, str(error)))
    except csv.Error as error:
        rejected.append((reader.line_num, f"not readable as CSV ({error})"))
    return rows, rejected


def _without_nul(stream: TextIO) -> Iterable[str]:
    return (line.replace("\x00", "") for line in stream)


def _event(
    user_id: str, clip_id: str, event: str, value: str, at: str, text: str, known: frozenset[str], now: datetime
) -> Interaction:
    """Check one row.

    Raises:
        ValueError: The sentence says what is wrong.
    """
    if not user_id or len(user_id) > USER_ID_LENGTH or not user_id.isprintable():
        raise ValueError(f"user_id must have 1 to {USER_ID_LENGTH} printable characters")
    if SHOWN.fullmatch(user_id):
        raise ValueError(f"user_id {user_id!r} has the form of a pseudonym")
    if event.lower() == "search":
        if not clean_text(text):
            raise ValueError("a search needs its words in the column text")
        return Interaction(user_id, "", "search", None, _time(at, now), text=clean_text(text))
    if clip_id not in known:
        raise ValueError(f"unknown clip_id {clip_id[:40]!r}")
    number = None
    if value:
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"value {value[:20]!r} is not a number") from None
        if not math.isfinite(number):
            raise ValueError(f"value {value[:20]!r} is not a finite number")
    event = event.lower() or ("rating" if number is not None else "like")
    if event not in EVENTS:
        raise ValueError(f"unknown event {event[:20]!r}")
    if event in LIMITS:
        low, high = LIMITS[event]
        if number is None or not low <= number <= high:
            raise ValueError(f"a {event} needs a value from {low:g} to {high:g}")
    said = clean_text(text) if event in SPOKEN_EVENTS else ""
    return Interaction(user_id, clip_id, event, number if event in LIMITS else None, _time(at, now), text=said)


def clean_text(text: str) -> str:
    """What a person said, on one line, without control characters, at most 2,000 characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:TEXT_LENGTH]


def _time(text: str, now: datetime) -> datetime:
    if not text:
        return now
    try:
        seconds = float(text)
        at = datetime.fromtimestamp(seconds, UTC) if abs(seconds) < 1e11 else None
    except ValueError:
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
    except (OverflowError, OSError):
        at = None
    if at is None:
        raise ValueError(f"datetime {text[:30]!r} is not ISO 8601 or seconds since 1970")
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if not EARLIEST <= at <= LATEST:
        raise ValueError(f"datetime {text[:30]!r} is not between {EARLIEST.year} and {LATEST.year}")
    return at
