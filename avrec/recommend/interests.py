"""What a person's comments and searches are about, proposed as a profile text that they can edit.

Keywords come from TF-IDF in the library's vocabulary, topics and typical sentences from sentence vectors. Nothing here
reads a sentence's mood, so a comment that complains still names its subject; the text is a proposal for this reason.
"""

from collections.abc import Callable, Sequence

import numpy as np

from avrec.recommend.words import HAN, WordIndex
from avrec.schemas import Corpus, Interests

MOST_WORDS, MOST_TOPICS, MOST_SENTENCES = 8, 3, 3
MOST_READ = 200  # the latest so many comments and searches are read
COMMON = 0.25  # a word that stands in more of the clips than this says nothing about anybody
NEAR = 0.3  # a topic at a smaller cosine is not meant


def read_interests(
    texts: Sequence[str], corpus: Corpus, words: WordIndex | None, encode: Callable[[list[str]], np.ndarray] | None
) -> Interests:
    """Read comments and searches, the latest first.

    Args:
        corpus: The library without guests.
        words: Its TF-IDF.
        encode: Texts to unit sentence vectors; None where no sentence encoder is there: keywords alone.
    """
    said = [text for text in dict.fromkeys(" ".join(t.split()) for t in texts) if text][:MOST_READ]
    keywords = _keywords(said, words)
    topics, sentences = _nearest(said, corpus, encode) if said and encode is not None else ((), ())
    parts = list(dict.fromkeys([*sentences, *([", ".join(keywords)] if keywords else [])]))
    if topics:
        parts.append(", ".join(name for name, _ in topics))
    return Interests(keywords, topics, sentences, ". ".join(part.rstrip(".") for part in parts), len(said))


def _keywords(said: Sequence[str], words: WordIndex | None) -> tuple[str, ...]:
    """Words of the library, by their summed TF-IDF over what was said.

    Left out are those that many clips have, and English function words, which a small library may hardly have.
    """
    if words is None or not said:
        return ()
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    weight = sum(np.asarray(words.query(text).todense()).ravel() for text in said)
    clips = max(words.matrix.shape[0], 1)
    shared = words.matrix.getnnz(axis=0) / clips
    keep = (weight > 0) & ((shared <= COMMON) | (clips < 8))
    order = [i for i in np.argsort(-weight, kind="stable").tolist() if keep[i]]
    found = [str(words.vocabulary[i]) for i in order]
    kept = (w for w in found if w not in ENGLISH_STOP_WORDS and (len(w) > 2 or HAN.search(w)))
    return tuple(kept)[:MOST_WORDS]


def _nearest(
    said: Sequence[str], corpus: Corpus, encode: Callable[[list[str]], np.ndarray]
) -> tuple[tuple[tuple[str, float], ...], tuple[str, ...]]:
    """Topics whose names lie nearest to anything said, and what was said nearest to the middle of it all."""
    names = sorted({name for mine in corpus.topics for name in mine})
    vectors = np.asarray(encode([*said, *names]), dtype=np.float64)
    mine, theirs = vectors[: len(said)], vectors[len(said) :]
    near = (mine @ theirs.T).max(axis=0) if names else np.zeros(0)
    best = [i for i in np.argsort(-near, kind="stable")[:MOST_TOPICS].tolist() if near[i] >= NEAR]
    middle = mine @ mine.mean(axis=0)
    typical = [said[i] for i in np.argsort(-middle, kind="stable")[:MOST_SENTENCES].tolist()]
    return tuple((names[i], float(near[i])) for i in best), tuple(typical)
