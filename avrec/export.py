"""Rows to take away as CSV. What other people wrote is in them, and spreadsheets run what looks like a formula."""

import csv
import io
from collections.abc import Mapping, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the wide ones too, where Excel reads them


def csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    """CSV of rows, a column a key; a text that a spreadsheet would run as a formula gets an apostrophe before it."""
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writerow({name: _guarded(name) for name in writer.fieldnames})
        writer.writerows({key: _guarded(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def _guarded(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
