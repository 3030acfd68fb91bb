"""Failures by their reason: forty files that were cut off are one thing to do, not forty."""

import re
from collections.abc import Sequence

import sqlalchemy as sa

from avrec.schemas import Failures

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def by_reason(rows: Sequence[sa.Row]) -> list[Failures]:
    """Put failed jobs together whose sentences differ in the file's name and in numbers alone.

    Args:
        rows: (job_id, file_name, reason), the latest first.

    Returns:
        The most frequent reason first.
    """
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for row in rows:
        own = own_sentence(row.file_name, row.reason)
        groups.setdefault(_NUMBER.sub("…", own), []).append((row.job_id, row.file_name, own))
    made = [Failures(_common(pattern, files), tuple(files)) for pattern, files in groups.items()]
    return sorted(made, key=lambda group: -len(group.files))


def own_sentence(file_name: str, reason: str) -> str:
    """A failed job's reason without the file's name before it."""
    return reason.removeprefix(f"{file_name}: ").strip() or "it stopped without a reason. Retry it."


def _common(pattern: str, files: Sequence[tuple[str, str, str]]) -> str:
    sentences = {own for *_, own in files}
    return next(iter(sentences)) if len(sentences) == 1 else pattern
