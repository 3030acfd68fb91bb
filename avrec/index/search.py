"""Words, pictures and clips to moments: exact search over the segments' vectors.

Each way of matching (pictures by the named-picture map or CLIP's text tower, spoken lines by sentence vectors, exact
words by TF-IDF) is calibrated against unrelated queries first: a score is in deviations above what a query about
something else gets, so a query that fits nothing scores low and says so.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from avrec.index.encoders import Encoders
from avrec.recommend.words import WordIndex
from avrec.schemas import Corpus, Moment

UNRELATED = (
    "a form for paying taxes", "the price of steel", "a recipe with lentils", "how to tie a tie", "a football match",
    "a law about rent", "a broken washing machine", "learning to play chess", "a queue at the airport",
    "a wedding dress", "insurance for a car", "an opera from Italy", "a dentist's chair", "a map of the underground",
    "knitting a scarf", "a lesson about fractions", "a lost umbrella", "the history of money", "a haircut",
    "painting a fence", "a job interview", "feeding a baby", "a rainy market", "climbing a glacier",
    "a violin concerto", "repairing a bicycle", "a volcano", "a sleeping dog", "a ship in a storm", "an old castle",
    "a robot arm", "a court case", "growing tomatoes", "a snowball fight", "a chemistry set", "a train timetable",
    "a ballet dancer", "a stock market crash", "a river bridge", "an x-ray of a hand",
)  # fmt: skip
WEIGHTS = {"caption": 1.0, "speech": 1.0, "words": 1.0, "visual": 1.0}
FLOOR = 0.02


def search_words(
    query: str,
    corpus: Corpus,
    lines: Sequence[tuple[str, float, float, str]],
    encoders: Encoders,
    k: int = 10,
) -> list[Moment]:
    """Find moments for words.

    Args:
        lines: Spoken lines of the library, (clip_id, start, end, text).
        encoders: The models behind the corpus's vectors; what has none is left out.

    Returns:
        At most k moments, the best first, one per segment.
    """
    values: dict[tuple[int, float, float], dict[str, float]] = {}
    nulls: dict[str, np.ndarray] = {}
    texts = [query, *UNRELATED]
    encoded: dict[int, np.ndarray] = {}

    def encode(encoder: Any) -> np.ndarray:
        if id(encoder) not in encoded:
            encoded[id(encoder)] = encoder.encode(texts).astype(np.float64)
        return encoded[id(encoder)]

    def collect(name: str, source: Any, scores: np.ndarray) -> None:
        """Scores are (queries, rows); the first query is the user's, the others make the null of each row."""
        null = scores[1:]
        mu, sigma = null.mean(axis=0), np.maximum(null.std(), FLOOR)
        z = (scores - mu) / sigma
        nulls[name] = np.sort(z[1:].max(axis=1))
        for row in range(len(source.clip)):
            key = (int(source.clip[row]), float(source.start[row]), float(source.end[row]))
            values.setdefault(key, {})[name] = float(z[0, row])

    visual, speech = corpus.vectors.get("visual"), corpus.vectors.get("speech")
    if visual is not None and len(visual.clip) and encoders.pictures:
        if encoders.image_text is not None:
            collect("caption", visual, encode(encoders.image_text) @ visual.matrix.T)
        else:
            mapped = encoders.picture_map.texts(encode(encoders.map_sentences))
            collect("caption", visual, mapped @ encoders.picture_map.pictures(visual.matrix).T)
    if speech is not None and len(speech.clip) and encoders.speech is not None:
        collect("speech", speech, encode(encoders.speech) @ speech.matrix.T)
    _add_words(query, corpus, lines, values)
    return _moments(values, nulls, corpus, lines, k)


def _add_words(
    query: str, corpus: Corpus, lines: Sequence[tuple[str, float, float, str]], values: dict[Any, dict[str, float]]
) -> None:
    """Exact words in a spoken line lift its segment, words in the title lift the clip's first segment."""
    at = {clip_id: i for i, clip_id in enumerate(corpus.clip_ids)}
    spoken = [(at[c], start, end, text) for c, start, end, text in lines if c in at]
    documents = [text for *_, text in spoken] + list(corpus.titles)
    index = WordIndex(documents)
    if not index.present.any():
        return
    cosines = np.asarray((index.matrix @ index.query(query).T).todense()).ravel()
    for row in np.flatnonzero(cosines > 0.1):
        if row < len(spoken):
            clip, start, end, _ = spoken[row]
        else:
            clip, start, end = int(row - len(spoken)), 0.0, 0.0
        keys = [key for key in values if key[0] == clip]
        middle = (start + end) / 2
        if not keys:
            keys = [(clip, start, end or float(corpus.durations[clip]))]
        key = min(keys, key=lambda key: 0.0 if key[1] <= middle <= key[2] else abs(key[1] - middle))
        entry = values.setdefault(key, {})
        entry["words"] = max(entry.get("words", 0.0), float(4 * cosines[row]))


def _moments(
    values: dict[tuple[int, float, float], dict[str, float]],
    nulls: dict[str, np.ndarray],
    corpus: Corpus,
    lines: Sequence[tuple[str, float, float, str]],
    k: int,
) -> list[Moment]:
    """A moment's score is its best way of matching plus half of the others that speak for it."""
    scored = []
    for key, z in values.items():
        best = max(z.values())
        scored.append((best + 0.5 * sum(max(v, 0.0) for v in z.values() if v is not best) - 0.0, key, z))
    scored.sort(key=lambda item: (-item[0], item[1]))
    best_null = np.sort(np.max(np.stack(list(nulls.values())), axis=0)) if nulls else np.zeros(0)
    found = []
    for rank, (score, (clip, start, end), z) in enumerate(scored[:k], 1):
        said = [text for c, a, b, text in lines if c == corpus.clip_ids[clip] and a < end and b > start]
        percentile = float(np.searchsorted(best_null, score) / len(best_null) * 100) if len(best_null) else None
        found.append(
            Moment(rank, corpus.clip_ids[clip], corpus.titles[clip], start, end, score, percentile, z, " ".join(said))
        )
    return found


def search_vector(modality: str, vector: np.ndarray, corpus: Corpus, exclude: int | None, k: int) -> list[Moment]:
    """Find moments near a vector of one modality; scores are deviations above the library's mean cosine.

    Args:
        vector: (dim,) of length 1.
        exclude: A clip that is left out.
    """
    source = corpus.vectors.get(modality)
    if source is None or not len(source.clip):
        return []
    cosines = source.matrix @ vector.astype(np.float32)
    z = (cosines - cosines.mean()) / max(float(cosines.std()), FLOOR)
    order = [row for row in np.argsort(-z, kind="stable") if source.clip[row] != exclude][:k]
    return [
        Moment(
            rank, corpus.clip_ids[source.clip[row]], corpus.titles[source.clip[row]], float(source.start[row]),
            float(source.end[row]), float(z[row]), float((z < z[row]).mean() * 100),
            {modality: float(cosines[row])}, "",
        )
        for rank, row in enumerate(order, 1)
    ]  # fmt: skip


@lru_cache(maxsize=8)
def read_picture(path: str) -> np.ndarray:
    """A picture file as uint8 RGB (1, height, width, 3), at most 1,024 points wide or high."""
    from PIL import Image

    with Image.open(path) as opened:
        opened.thumbnail((1024, 1024))
        return np.asarray(opened.convert("RGB"))[None]


def search_clip(clip: int, corpus: Corpus, k: int) -> list[Moment]:
    """Moments of other clips that are like a whole clip, in the first of picture, speech and sound that it has."""
    for modality in ("visual", "speech", "audio"):
        source = corpus.vectors.get(modality)
        if source is not None and (mine := source.clip == clip).any():
            mean = source.matrix[mine].mean(axis=0)
            return search_vector(modality, mean / max(float(np.linalg.norm(mean)), 1e-9), corpus, clip, k)
    return []
