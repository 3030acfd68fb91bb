"""What can be evaluated on: the library's own events, a CSV file, public sets.

A dataset whose ids are not clips of the library has no content; public sets have their genres as documents.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from avrec.errors import InvalidInputError
from avrec.evaluate.results import DatasetFacts
from avrec.recommend.csv_import import read_interactions
from avrec.recommend.dataset import Dataset
from avrec.recommend.events import EventWeights, event_frame
from avrec.schemas import CONTENT_MODALITIES, Corpus, Interaction

DEMO = "demo"
MOST_BYTES = 200 << 20
MOST_REJECTED = 1000
ALIASES = {"userid": "user_id", "user": "user_id", "itemid": "item_id", "movieid": "item_id", "rating": "value"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Loaded:
    """A dataset ready to be cut.

    Attributes:
        times: (people, clips) CSR of seconds since 1970 of each pair's latest event; None where nothing has a time.
    """

    dataset: Dataset
    times: sp.csr_matrix | None
    facts: DatasetFacts


class _Anything(frozenset):
    """Every id is known: the file makes its own catalogue."""

    def __contains__(self, _: object) -> bool:
        return True


def pair_times(dataset: Dataset, frame: pd.DataFrame) -> sp.csr_matrix | None:
    """Seconds since 1970 of the latest event of each pair.

    Args:
        frame: Columns user_id, clip_id, datetime.
    """
    frame = frame[frame["clip_id"].isin(dataset.clip_at)]
    if not len(frame):
        return None
    latest = frame.groupby(["user_id", "clip_id"], sort=False)["datetime"].max().reset_index()
    rows = latest["user_id"].map(dataset.user_at).to_numpy()
    columns = latest["clip_id"].map(dataset.clip_at).to_numpy()
    seconds = (latest["datetime"] - pd.Timestamp(EPOCH)).dt.total_seconds().to_numpy()
    return sp.csr_matrix((seconds, (rows, columns)), shape=dataset.user_items.shape)


def describe(
    dataset: Dataset, name: str, title: str, times: sp.csr_matrix | None = None, **more: object
) -> DatasetFacts:
    """The facts of a dataset, with a hash of all that an evaluation reads."""
    return DatasetFacts(
        name=name,
        title=title,
        people=len(dataset.user_ids),
        clips=int(dataset.listable.sum()),
        pairs=int(dataset.user_items.nnz),
        positives=int(dataset.positives.nnz),
        ratings=int(dataset.ratings.nnz) if dataset.ratings is not None else 0,
        content=tuple(m for m in CONTENT_MODALITIES if _has(dataset.corpus, m)),
        content_hash=hash_of(dataset, times),
        **{"simulated": False, **more},
    )


def _has(corpus: Corpus, modality: str) -> bool:
    if modality == "words":
        return any(corpus.documents)
    return modality in corpus.vectors and len(corpus.vectors[modality].clip) > 0


def hash_of(dataset: Dataset, times: sp.csr_matrix | None = None) -> str:
    """Hash of weights, seen, hidden, ratings, times, documents and vectors."""
    digest, corpus = hashlib.sha256(), dataset.corpus
    for texts in (dataset.user_ids, corpus.clip_ids, corpus.documents, corpus.languages, corpus.topics):
        digest.update(repr(texts).encode())
    for matrix in (dataset.user_items, dataset.seen, dataset.hidden, dataset.ratings, times):
        for array in (matrix.indptr, matrix.indices, matrix.data) if matrix is not None else (np.zeros(1),):
            digest.update(np.ascontiguousarray(array).tobytes())
    for name, source in sorted(corpus.vectors.items()):
        digest.update(f"{name} {source.version}".encode())
        for array in (source.clip, source.start, source.end, source.matrix):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def from_library(
    corpus: Corpus, user_ids: Sequence[str], events: Sequence[Interaction], weights: EventWeights | None = None
) -> Loaded:
    """The library's own clips and everybody's events, at the library's weights of events."""
    dataset = Dataset.build(corpus, user_ids, events, weights)
    simulated = sum(event.simulated for event in events)
    whole = bool(events) and simulated == len(events)
    note = ""
    if simulated:
        part = "All" if whole else f"{simulated / len(events):.0%} of the"
        note = f"{part} events are simulated: drawn from stated tastes for subjects, not from people."
    times = pair_times(dataset, event_frame(events))
    facts = describe(
        dataset, DEMO, "This library" + (" (simulated people)" if simulated else ""), times, simulated=simulated > 0,
        note=note, in_library=True,
    )  # fmt: skip
    return Loaded(dataset, times, facts)


def from_csv(path: Path, library: Corpus) -> Loaded:
    """A CSV file of events or ratings; rows that cannot be used are reported with their line numbers.

    Columns as in `avrec.recommend.csv_import`; `rating`, `userId` and `movieId` are read, too. Where at least half of
    the file's ids are clips of the library, it is about the library, and other ids are rejected.

    Raises:
        InvalidInputError: The file cannot be read, or holds no row that can be used.
    """
    text = _read(path)
    cleaned, twice = _without_duplicates(_renamed(text))
    events, rejected = read_interactions(io.StringIO(cleaned, newline=""), _Anything(), EPOCH)
    known = frozenset(library.clip_ids)
    ids = {event.clip_id for event in events}
    in_library = bool(ids) and len(ids & known) * 2 >= len(ids)
    if in_library:
        events, rejected = read_interactions(io.StringIO(cleaned, newline=""), known, EPOCH)
    if not events:
        reason = f"line {rejected[0][0]}: {rejected[0][1]}" if rejected else "it has no rows"
        raise InvalidInputError(path.name, reason)
    corpus = library if in_library else bare_corpus(sorted(ids))
    timed = any(event.at != EPOCH for event in events)
    dataset = Dataset.build(corpus, [], events)
    rejected = sorted([*rejected, *twice])
    note = "" if in_library else "Its ids are not clips of this library, so there is no content to recommend by."
    facts = describe(
        dataset, path.name, path.name, note=note, rejected=tuple(rejected[:MOST_REJECTED]), in_library=in_library
    )
    return Loaded(dataset, pair_times(dataset, event_frame(events)) if timed else None, facts)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InvalidInputError(path.name, f"it is larger than {MOST_BYTES >> 20} MB")
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InvalidInputError(path.name, "it cannot be read") from error


def _renamed(text: str) -> str:
    """The header with the names that the reader knows."""
    head, mark, rest = text.partition("\n")
    names = next(csv.reader([head.rstrip("\r")]), [])
    known = [ALIASES.get(name.strip().lower().replace("_", ""), name.strip()) for name in names]
    taken = {name.strip() for name in names}
    names = [new if new == old.strip() or new not in taken else old for new, old in zip(known, names, strict=True)]
    return ",".join(names) + mark + rest


def _without_duplicates(text: str) -> tuple[str, list[tuple[int, str]]]:
    """Blank out lines that stand in the file before, keeping the numbers of the others."""
    first: dict[str, int] = {}
    kept, rejected = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            kept.append("")
        elif (before := first.setdefault(line.strip(), number)) != number:
            rejected.append((number, f"the same as line {before}"))
            kept.append("")
        else:
            kept.append(line)
    return "\n".join(kept), rejected


def bare_corpus(
    ids: Sequence[str],
    titles: Sequence[str] | None = None,
    documents: Sequence[str] | None = None,
    topics: Sequence[tuple[str, ...]] = (),
) -> Corpus:
    """A catalogue without vectors."""
    n = len(ids)
    return Corpus(
        clip_ids=tuple(ids),
        titles=tuple(titles or ids),
        documents=tuple(documents or ("",) * n),
        languages=(None,) * n,
        durations=np.zeros(n),
        added_at=(EPOCH,) * n,
        vectors={},
        topics=tuple(topics),
    )


def from_ratings(frame: pd.DataFrame, corpus: Corpus, name: str, title: str, note: str) -> Loaded:
    """A table of ratings; a rating r weighs (r - 3) / 2, and none decays: what is old is as true.

    Args:
        frame: Columns user_id, clip_id (as text), value (stars), datetime.
    """
    users = tuple(frame["user_id"].drop_duplicates())
    at, clips = {u: i for i, u in enumerate(users)}, {c: i for i, c in enumerate(corpus.clip_ids)}
    places = frame["user_id"].map(at).to_numpy(), frame["clip_id"].map(clips).to_numpy()
    shape = len(users), len(clips)

    def matrix(values: np.ndarray) -> sp.csr_matrix:
        return sp.csr_matrix((values, places), shape=shape)

    stars = frame["value"].to_numpy(dtype=float)
    dataset = Dataset(
        corpus,
        users,
        matrix((np.clip(stars, 1, 5) - 3) / 2),
        matrix(np.ones(len(frame))),
        sp.csr_matrix(shape),
        latest=frame["datetime"].max(),
        ratings=matrix(stars),
    )
    return Loaded(dataset, pair_times(dataset, frame), describe(dataset, name, title, note=note))


def renamed(loaded: Loaded, **facts: object) -> Loaded:
    """The same data with other facts told of it."""
    return replace(loaded, facts=replace(loaded.facts, **facts))
