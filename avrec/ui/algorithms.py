"""The choice of an algorithm: searchable, in families, each saying whether its ledger is exact."""

import streamlit as st

from avrec.schemas import AlgorithmEntry
from avrec.ui import workspace
from avrec.ui.resources import engine
from avrec.ui.workspace import Workspace

DEFAULT = "hybrid"


def entries() -> dict[str, AlgorithmEntry]:
    """Name -> algorithm; a family's members stand together, families in the order of their first member."""
    found = engine().algorithm_entries()
    families = list(dict.fromkeys(entry.family for entry in found))
    return {entry.name: entry for entry in sorted(found, key=lambda entry: families.index(entry.family))}


def label(entry: AlgorithmEntry) -> str:
    """ "Words alone: TF-IDF · content, exact"; the family only where the title does not begin with it."""
    family = "" if entry.title.lower().startswith(entry.family.lower()) else f"{entry.family}, "
    return f"{entry.title} · {family}{'exact' if entry.exact else 'approximate'}"


def chosen(ws: Workspace, known: dict[str, AlgorithmEntry]) -> AlgorithmEntry:
    """The URL's algorithm, or the default where there is none of its name."""
    return known.get(ws.algorithm) or known.get(DEFAULT) or next(iter(known.values()))


def picker(now: AlgorithmEntry, known: dict[str, AlgorithmEntry], key: str = "algorithm", width: int = 384) -> None:
    """One choice, written to the URL."""
    families = list(dict.fromkeys(entry.family for entry in known.values()))
    st.selectbox(
        "Algorithm", list(known), format_func=lambda name: label(known[name]), width=width,
        help=f"{len(known)} algorithms in {len(families)} families ({', '.join(families)}); type to search. "
        "Exact: the ledger's lines are the score. Approximate: they are leave-one-out differences.",
        **workspace.bound("algorithm", now.name, key),
    )  # fmt: skip
