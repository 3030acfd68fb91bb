"""How files come in: uploads are copied under their hash, files of a server folder are referred to."""

import csv
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from avrec.config import Settings
from avrec.errors import InvalidInputError, MediaTooLargeError, UnsupportedMediaError
from avrec.schemas import PRESETS
from avrec.store.database import store_error
from avrec.store.files import Arrived, hash_file, keep_by_hash
from avrec.store.jobs import Order

MEDIA_SUFFIXES = frozenset(
    [
        ".mp4",
        ".m4v",
        ".mov",
        ".webm",
        ".mkv",
        ".avi",
        ".mpg",
        ".mpeg",
        ".ts",
        ".mp3",
        ".wav",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".m4a",
        ".aac",
    ]
)
TITLE_LENGTH, TEXT_LENGTH = 300, 5_000


def clean_fields(name: str, title: str = "", description: str = "", tags: Sequence[str] = ()) -> dict[str, Any]:
    """Bound and tidy the text that comes with a file; without a title the file's name is it."""
    stem = Path(name.replace("\\", "/")).stem.replace("_", " ").strip()
    return {
        "title": (_line(title) or _line(stem) or "Untitled")[:TITLE_LENGTH],
        "description": _printable(description)[:TEXT_LENGTH],
        "tags": list(dict.fromkeys(t for tag in tags if (t := _printable(tag)[:80])))[:50],
    }


def display_name(name: str) -> str:
    """The last part of a file name, printable and bounded; only ever shown, never opened."""
    return ("".join(_printable(name.replace("\\", "/").rsplit("/", 1)[-1]).split("\n")) or "unnamed")[-200:]


def _line(text: str) -> str:
    return " ".join(_printable(text).split())


def _printable(text: str) -> str:
    return "".join(c for c in str(text) if c.isprintable() or c in "\n\t").strip()


def check_preset(preset: str) -> None:
    if preset not in PRESETS:
        raise InvalidInputError("Preset", f"{preset!r} is not one of {', '.join(PRESETS)}")


def order_upload(
    source: BinaryIO | Arrived, name: str, settings: Settings, fields: dict[str, Any], preset: str
) -> Order:
    """Keep an uploaded file's bytes and describe the job.

    Raises:
        MediaTooLargeError, StoreError: Nothing was kept.
    """
    check_preset(preset)
    path, sha256 = keep_by_hash(source, settings.originals_dir, display_name(name), settings.max_clip_mb * 1_000_000)
    return Order(sha256, str(path.relative_to(settings.data)), display_name(name), fields, preset)


def order_reference(
    path: Path,
    settings: Settings,
    fields: dict[str, Any],
    preset: str,
    sha256: Callable[[Path], str] = hash_file,
) -> Order:
    """Describe a job for a file that stays where it is.

    Args:
        sha256: What hashes the file, or knows its hash.

    Raises:
        UnsupportedMediaError: It is not a regular file, or cannot be read.
        MediaTooLargeError: It is over the size limit.
    """
    check_preset(preset)
    name = display_name(path.name)
    check_regular(path, name)
    try:
        if path.stat().st_size > settings.max_clip_mb * 1_000_000:
            raise MediaTooLargeError(name, f"it is larger than {settings.max_clip_mb} MB")
        return Order(sha256(path), str(path.resolve()), name, fields, preset)
    except PermissionError as error:
        raise UnsupportedMediaError(name, "it cannot be read", "Allow reading it.") from error
    except OSError as error:
        raise store_error(error) from error


def check_regular(path: Path, name: str) -> None:
    """Require a regular file: folders, pipes, sockets, devices, dangling links and impossible names are none.

    Raises:
        UnsupportedMediaError: It is none.
    """
    if os.path.isfile(path):  # unlike Path.is_file, it takes a path that is too long for a path that is not there
        return
    reason = "it is no regular file" if os.path.exists(path) else "there is no such file"
    raise UnsupportedMediaError(name, reason, "Check the path.")


def source_of(source: str, settings: Settings, name: str) -> Path:
    """The file of an order. One in a server folder lies where it lay when it was ordered, not behind a link put there.

    Raises:
        UnsupportedMediaError: A link stands in its place, or in that of a folder above it.
    """
    path = settings.data / source  # an absolute source stays as it is
    if Path(source).is_absolute() and path.resolve() != path:
        raise UnsupportedMediaError(name, "it is no longer where it was", "Add it again.")
    return path


def check_unchanged(path: Path, sha256: str, settings: Settings, name: str) -> None:
    """Require that a server folder's file still has the bytes that were ordered; uploads lie under their hash.

    Raises:
        UnsupportedMediaError: It has others, or is gone.
    """
    if path.is_relative_to(settings.data):
        return
    try:
        same = hash_file(path) == sha256
    except OSError:
        same = False
    if not same:
        raise UnsupportedMediaError(name, "it changed while it was being read", "Add it again.")


def media_files(folder: Path) -> list[Path]:
    """Files below a folder that look like media, by name; links out of the folder are left out."""
    root = folder.resolve()
    found = (p for p in sorted(folder.rglob("*")) if p.suffix.lower() in MEDIA_SUFFIXES and p.is_file())
    return [p for p in found if p.resolve().is_relative_to(root) and not p.name.startswith(".")]


def check_root(folder: Path, settings: Settings) -> Path:
    """Resolve a server folder and require that it lies below a configured root.

    Raises:
        InvalidInputError: No root is configured, the folder is outside all of them, or it is no folder.
    """
    if not settings.roots:
        raise InvalidInputError("Folder", "no server folder is open to avrec; set AVREC_ROOTS to a list of folders")
    resolved = folder.expanduser().resolve()
    if not any(resolved.is_relative_to(root.expanduser().resolve()) for root in settings.roots):
        raise InvalidInputError("Folder", "it is not below one of the folders in AVREC_ROOTS")
    if not resolved.is_dir():
        raise InvalidInputError("Folder", "there is no such folder")
    return resolved


def read_metadata_csv(text: str) -> tuple[dict[str, dict[str, Any]], list[tuple[int, str]]]:
    """Read titles, descriptions and tags for many files.

    Columns: `file` (its name, required), `title`, `description`, `tags` (separated by `;`). Other columns are ignored.

    Returns:
        File name -> fields, and the rejected lines as (line number, reason).
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    if not reader.fieldnames or "file" not in reader.fieldnames:
        return {}, [(1, "the first line must name the columns, `file` among them")]
    table: dict[str, dict[str, Any]] = {}
    rejected: list[tuple[int, str]] = []
    try:
        for row in reader:
            name = (row.get("file") or "").strip()
            if not name:
                rejected.append((reader.line_num, "no file name"))
            elif name in table:
                rejected.append((reader.line_num, f"{name} stands in an earlier line"))
            else:
                tags = (row.get("tags") or "").split(";")
                table[name] = {
                    "title": row.get("title") or "",
                    "description": row.get("description") or "",
                    "tags": tags,
                }
    except csv.Error as error:
        rejected.append((reader.line_num, f"not readable as CSV ({error})"))
    return table, rejected
