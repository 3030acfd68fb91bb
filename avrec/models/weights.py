"""The one place that finds and verifies weights: local folder, then the data directory.

A file is used only when its sha256 is the manifest's. Hashing a gigabyte at each start would take seconds, so a
verified file is remembered by size and modification time; `verify` hashes again.
"""

import hashlib
from pathlib import Path
from typing import Any

from avrec.config import Settings
from avrec.errors import WeightsMismatchError, WeightsUnavailableError
from avrec.models.manifest import Weight, weight
from avrec.store.files import hash_file, read_json, write_json

REMEMBERED = "verified.json"


class Weights:
    """Resolves names of the manifest to verified files.

    Args:
        settings: `models` is looked at first, then `weights_dir`.
    """

    def __init__(self, settings: Settings):
        self.folder = settings.weights_dir
        self._folders = [f for f in (settings.models, settings.weights_dir) if f is not None]

    def path(self, name: str) -> Path:
        """The verified file of a weight.

        Raises:
            UnknownModelError, WeightsUnavailableError, WeightsMismatchError: It cannot be used.
        """
        entry = weight(name)
        found = self.find(entry)
        if found is None:
            raise WeightsUnavailableError(name)
        self.check(entry, found)
        return found

    def find(self, entry: Weight) -> Path | None:
        """Where the file lies, not yet verified."""
        return next((f / entry.file for f in self._folders if (f / entry.file).is_file()), None)

    def check(self, entry: Weight, path: Path, again: bool = False) -> None:
        """Compare a file's hash with the manifest's.

        Args:
            again: Hash even when the file is remembered as good.

        Raises:
            WeightsMismatchError: It is another file.
        """
        if not again and self._remembered().get(_stamp(path)) == entry.sha256:
            return
        found = hash_file(path)
        if found != entry.sha256:
            raise WeightsMismatchError(entry.name, entry.sha256, found)
        self.remember(path, entry.sha256)

    def remember(self, path: Path, sha256: str) -> None:
        record = self._remembered() | {_stamp(path): sha256}
        if self.folder.is_dir():
            write_json(self.folder / REMEMBERED, record)

    def _remembered(self) -> dict[str, str]:
        try:
            return read_json(self.folder / REMEMBERED)
        except (OSError, ValueError):
            return {}

    def derived(self, name: str, made_from: str) -> Path:
        """A file or folder that `weights fetch` made from another weight.

        Raises:
            WeightsUnavailableError: It was not made, or was made from other bytes.
            WeightsMismatchError: It is damaged.
        """
        path = self.folder / "derived" / name
        try:
            record = read_json(path.with_name(f"{name}.made.json"))
        except (OSError, ValueError):
            raise WeightsUnavailableError(name) from None
        if record.get("sha256") != weight(made_from).sha256 or "made" not in record or not path.exists():
            raise WeightsUnavailableError(name)
        self.check_derived(path, record["made"])
        return path

    def check_derived(self, path: Path, expected: str, again: bool = False) -> None:
        """Compare a derived file's or folder's hash with the one noted when it was made.

        Args:
            again: Hash even when it is remembered as good.

        Raises:
            WeightsMismatchError: It is damaged.
        """
        if not again and self._remembered().get(_stamp(path)) == expected:
            return
        found = hash_tree(path)
        if found != expected:
            raise WeightsMismatchError(path.name, expected, found)
        self.remember(path, expected)

    def load_pickled(self, name: str) -> Any:
        """Load a pickled checkpoint that is on the manifest's hash list; nothing in it can run code."""
        import torch

        return torch.load(self.path(name), map_location="cpu", weights_only=True)


def _files(path: Path) -> list[Path]:
    return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def _stamp(path: Path) -> str:
    """Sizes and times of a file, or of a folder's files: what changes when the bytes do."""
    stats = [file.stat() for file in _files(path)]
    return f"{path}|{sum(stat.st_size for stat in stats)}|{max((stat.st_mtime_ns for stat in stats), default=0)}"


def hash_tree(path: Path) -> str:
    """sha256 of a file; of a folder, that of its files' names and hashes."""
    if path.is_file():
        return hash_file(path)
    lines = [f"{file.relative_to(path).as_posix()} {hash_file(file)}" for file in _files(path)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
