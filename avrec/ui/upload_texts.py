"""Titles, descriptions and tags for files that are being added: one row a file, filled in by hand or from a CSV."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from avrec.errors import AvrecError
from avrec.ui import format as fmt
from avrec.ui import uploads
from avrec.ui.clip_forms import split_tags
from avrec.ui.resources import engine, plain_error

COLUMNS = ("file", "title", "description", "tags")
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")
Fields = dict[str, dict[str, Any]]


def sheet(key: str) -> Fields:
    """A CSV for many files: file name -> fields. Says what was understood and which lines were left out."""
    given = st.file_uploader("CSV with file, title, description, tags (`;` between tags)", type="csv", key=key)
    if given is None:
        return {}
    try:
        table, rejected = engine().read_metadata_csv(decoded(uploads.content(given)))
    except AvrecError as error:
        st.caption(plain_error(error))
        return {}
    st.caption(f"{fmt.count(len(table), 'file')} named in it.")
    if rejected:
        lines = "; ".join(f"line {line}: {fmt.plain(why)}" for line, why in rejected[:5])
        more = f"; and {len(rejected) - 5} more" if len(rejected) > 5 else ""
        st.caption(f"Left out: {lines}{more}.")
    return table


def decoded(data: bytes) -> str:
    """The text of a CSV as spreadsheets save it."""
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", errors="replace")


def editor(names: Sequence[str], table: Fields, key: str) -> Fields:
    """A table to fill in, one row a file; what the CSV says is there already."""
    import pandas as pd

    edited = st.data_editor(
        pd.DataFrame(rows(names, table), columns=list(COLUMNS)), hide_index=True, key=key, disabled=["file"],
        column_config={
            "file": st.column_config.TextColumn("File"),
            "title": st.column_config.TextColumn("Title", max_chars=300),
            "description": st.column_config.TextColumn("Description", max_chars=5000),
            "tags": st.column_config.TextColumn("Tags", help="Separated by commas"),
        },
    )  # fmt: skip
    return fields(edited.to_dict("records"))


def rows(names: Sequence[str], table: Fields) -> list[dict[str, str]]:
    """The editor's rows: what the CSV says about each file, else empty cells."""
    found = [(name, table.get(name, {})) for name in dict.fromkeys(names)]
    return [
        {
            "file": name,
            "title": row.get("title", ""),
            "description": row.get("description", ""),
            "tags": ", ".join(tag.strip() for tag in row.get("tags", ()) if tag.strip()),
        }
        for name, row in found
    ]


def fields(edited: Iterable[Mapping[str, Any]]) -> Fields:
    """File name -> fields, as the engine takes them; cleared cells are empty."""
    return {
        str(row["file"]): {
            "title": str(row["title"] or ""),
            "description": str(row["description"] or ""),
            "tags": split_tags(str(row["tags"] or "")),
        }
        for row in edited
    }
