"""What a backup says of itself: first a head, so that a foreign file is refused at once, last a list with hashes.

The archive is a plain tar: media do not compress, and any tool can open it in ten years.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath

from avrec.errors import StoreError
from avrec.store.gate import DATABASE_FILE

FORMAT = 1
HEAD_FILE, MANIFEST_FILE = "avrec-backup.json", "manifest.json"
FOLDERS = ("clips", "originals", "evaluations", "datasets/csv")  # what a backup holds besides the database
RECORD_BYTES = 200_000_000  # a manifest of a million files is below this
FOREIGN = "This is no backup that avrec made"
PRINTABLE = re.compile(r"[^\x00-\x1f\x7f\\]{1,400}")


@dataclass
class Manifest:
    """What a backup holds.

    Attributes:
        schema: Version of the database.
        files: Name in the archive -> [bytes, sha256].
        missing: Files that rows name and that were gone when the backup was made.
    """

    made_at: str
    version: str
    schema: str
    files: dict[str, list] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(size for size, _ in self.files.values())

    def encode(self) -> bytes:
        """As JSON that carries its own hash."""
        record = {"format": FORMAT} | asdict(self)
        return json.dumps(record | {"sha256": _digest(record)}).encode()

    @classmethod
    def decode(cls, data: bytes) -> "Manifest":
        """Read one back.

        Raises:
            StoreError: It is damaged.
        """
        try:
            record = json.loads(data)
            told = record.pop("sha256")
            if told != _digest(record) or record.pop("format") != FORMAT:
                raise ValueError("another hash")
            return cls(**record)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise damaged("its list of files cannot be read") from error

    def head(self) -> bytes:
        return json.dumps({"format": FORMAT, "made_at": self.made_at, "schema": self.schema}).encode()


def damaged(reason: str) -> StoreError:
    return StoreError(f"The backup is damaged: {reason}", "Nothing was changed; use another copy.")


def foreign() -> StoreError:
    return StoreError(FOREIGN, "Nothing was changed; name a file that `python -m avrec backup` wrote.")


def read_head(data: bytes) -> str:
    """The database's version that a head names.

    Raises:
        StoreError: It is no head, or of a newer avrec.
    """
    try:
        record = json.loads(data)
        number, schema = record["format"], str(record["schema"])
    except (ValueError, KeyError, TypeError) as error:
        raise foreign() from error
    if not isinstance(number, int) or number > FORMAT:
        raise newer()
    return schema


def newer() -> StoreError:
    return StoreError("The backup was made by a newer avrec", "Nothing was changed; update avrec first.")


def is_safe(name: str) -> bool:
    """Whether a name in an archive is one that a backup has: relative, below a known folder, without `..`."""
    path = PurePosixPath(name)
    if not PRINTABLE.fullmatch(name) or str(path) != name or path.is_absolute() or ".." in path.parts:
        return False
    return name == DATABASE_FILE or any(path.is_relative_to(folder) and name != folder for folder in FOLDERS)


def _digest(record: dict) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
