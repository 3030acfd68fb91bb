"""People's own texts as guests of the library: rows at its end that count as watched and are never listed.

A profile text is compared with clips as a clip is, so it needs no model of its own: it is one more liked item of its
person's history, with lines in the ledger like any other. Everything that is calibrated (means, null, vocabulary) is
fitted on the clips alone before the guests are seated, so one person's text never moves another's list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import scipy.sparse as sp

from avrec.recommend.calibration import SIGMA_FLOOR
from avrec.recommend.vectors import FLOOR, CentredVectors
from avrec.recommend.words import WordIndex
from avrec.schemas import Corpus, Interaction, VectorSet

LEAST_CLIPS = 10
SECONDS = 1.0  # a text has no length; its vector is the whole of it


@dataclass(frozen=True)
class Guest:
    """One person's text.

    Attributes:
        clip_id: What the ledger's lines are keyed by; no clip's id.
        vectors: Modality -> (version, (dim,) of length 1).
    """

    user_id: str
    clip_id: str
    title: str
    text: str
    vectors: Mapping[str, tuple[str, np.ndarray]]


def with_guests(corpus: Corpus, guests: Sequence[Guest]) -> Corpus:
    """Append guests to a library of clips; vectors of another version than the library's are left out."""
    if not guests or not corpus.clip_ids:
        return corpus
    first, count = len(corpus.clip_ids), len(guests)
    return replace(
        corpus,
        clip_ids=corpus.clip_ids + tuple(guest.clip_id for guest in guests),
        titles=corpus.titles + tuple(guest.title for guest in guests),
        documents=corpus.documents + tuple(guest.text for guest in guests),
        languages=corpus.languages + (None,) * count,
        durations=np.append(corpus.durations, np.full(count, SECONDS)),
        added_at=corpus.added_at + corpus.added_at[:1] * count,
        vectors={name: _appended(name, source, guests, first) for name, source in corpus.vectors.items()},
        topics=corpus.topics + ((),) * count if corpus.topics else (),
        guests=count,
    )


def _appended(modality: str, source: VectorSet, guests: Sequence[Guest], first: int) -> VectorSet:
    """A modality's vectors with the guests' after them."""
    width = source.matrix.shape[1] if source.matrix.ndim == 2 else 0
    rows, places = [], []
    for i, guest in enumerate(guests):
        version, row = guest.vectors.get(modality, ("", np.zeros(0)))
        if version == source.version and row.shape == (width,) and np.isfinite(row).all() and row.any():
            rows.append(row)
            places.append(first + i)
    if not rows:
        return source
    return VectorSet(
        source.version,
        np.append(source.clip, np.array(places, dtype=np.int64)),
        np.append(source.start, np.zeros(len(rows))),
        np.append(source.end, np.full(len(rows), SECONDS)),
        np.concatenate([source.matrix, np.array(rows, dtype=np.float32)]),
    )


def guest_likes(guests: Sequence[Guest], at: datetime) -> list[Interaction]:
    """One like of every guest by its person alone; it never ages, as what a person says of themself holds now."""
    return [Interaction(guest.user_id, guest.clip_id, "like", None, at) for guest in guests]


def clips_alone(corpus: Corpus) -> Corpus:
    """The library without its guests."""
    if not corpus.guests:
        return corpus
    n = len(corpus.clip_ids) - corpus.guests
    return replace(
        corpus,
        clip_ids=corpus.clip_ids[:n],
        titles=corpus.titles[:n],
        documents=corpus.documents[:n],
        languages=corpus.languages[:n],
        durations=corpus.durations[:n],
        added_at=corpus.added_at[:n],
        vectors={name: _head(source, n) for name, source in corpus.vectors.items()},
        topics=corpus.topics[:n],
        guests=0,
    )


def _head(source: VectorSet, clips: int) -> VectorSet:
    end = int(np.searchsorted(source.clip, clips))
    return VectorSet(source.version, source.clip[:end], source.start[:end], source.end[:end], source.matrix[:end])


def seat_words(words: WordIndex, texts: Sequence[str]) -> WordIndex:
    """Rows of the guests' texts below the clips', in the clips' vocabulary; see `WordIndex.statement`."""
    return words.with_matrix(sp.csr_matrix(sp.vstack([words.matrix, *(words.statement(text) for text in texts)])))


def guest_scales(vectors: CentredVectors, clips: int, scale: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of cosines, per row: the library's for clips, for a guest those of its own with the clips.

    A sentence is less like any clip than clips are like each other, and the more so in some modalities; measured
    against random clips it speaks as loudly as a clip does. Below 10 clips nothing can be told, and the library's hold.

    Returns:
        (rows,) means, (rows,) deviations.
    """
    mu, sigma = (np.full(len(vectors.present), value) for value in scale)
    mine = vectors.present[:clips]
    guests = clips + np.flatnonzero(vectors.present[clips:])
    if mine.sum() >= LEAST_CLIPS and len(guests):
        cosines = vectors.units[guests].astype(np.float64) @ vectors.units[:clips][mine].T.astype(np.float64)
        mu[guests] = cosines.mean(axis=1)
        sigma[guests] = np.maximum(cosines.std(axis=1), SIGMA_FLOOR)
    return mu, sigma


def seat_vectors(vectors: CentredVectors, source: VectorSet, clips: int, guests: int) -> CentredVectors:
    """The guests' vectors below the clips', centred at the clips' mean."""
    mine = source.clip >= clips
    places = source.clip[mine] - clips
    present = np.zeros(guests, dtype=bool)
    present[places] = True
    centred = np.zeros((guests, len(vectors.mean)))
    centred[places] = source.matrix[mine].astype(np.float64) - vectors.mean
    norms = np.maximum(np.linalg.norm(centred, axis=1), FLOOR)
    return CentredVectors(
        np.append(vectors.present, present),
        np.concatenate([vectors.units, (centred / norms[:, None]).astype(np.float32)]),
        np.append(vectors.norms, norms),
        np.append(vectors.shares, np.ones(int(mine.sum()))),
        source,
        vectors.mean,
    )
