"""Tables to take away as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    """CSV of rows with the same keys. A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows({key: _guarded(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def _guarded(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
