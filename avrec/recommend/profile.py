"""A person's taste as the recommenders see it: by topic, by modality, over time, clip by clip."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from avrec.explain.ledger import by_watched_clip
from avrec.recommend.dataset import Dataset
from avrec.recommend.events import OPINIONS, EventWeights, event_frame, worth_of
from avrec.recommend.similar_people import liked_by_neighbours, neighbours
from avrec.recommend.topics import taste_by_topic, topic_matrix
from avrec.schemas import MODALITIES, HistoryLine, Interaction, PersonProfile, RankedList

FIRST = 20  # so many clips of the list say what a modality or a watched clip contributes now
MOST_TOPICS = 6
MOST_PERIODS = 30
WEEKS_UP_TO = 210  # days of history that are still shown by week


def person_profile(
    dataset: Dataset,
    user_id: str,
    events: Sequence[Interaction],
    ranked: RankedList,
    weights: EventWeights,
    k: int = 20,
) -> PersonProfile:
    """Put a person's profile together.

    Args:
        events: All of the person's events.
        ranked: Their first clips by the default recommender, diversity 0.
        k: Neighbours and clips of neighbours at most.
    """
    taste = dataset.taste(user_id)
    row = dataset.user_at[user_id]
    periods, interest = interest_over_time(dataset, events, weights)
    near = neighbours(dataset, row, k)
    return PersonProfile(
        user_id,
        taste_by_topic(dataset, taste),
        by_modality_of(ranked),
        periods,
        interest,
        history_lines(dataset, user_id, events, ranked),
        tuple(near),
        tuple(liked_by_neighbours(dataset, row, near, k)),
    )


def by_modality_of(ranked: RankedList) -> dict[str, float]:
    """Modality -> mean absolute ledger line over a list's first 20 clips; empty for an empty list."""
    places = ranked.recommendations[:FIRST]
    if not places:
        return {}
    return {m: float(np.mean([abs(p.by_modality.get(m, 0.0)) for p in places])) for m in MODALITIES}


def history_lines(
    dataset: Dataset, user_id: str, events: Sequence[Interaction], ranked: RankedList
) -> tuple[HistoryLine, ...]:
    """Everything a person has a weight for, the largest contribution first."""
    carried: dict[str, float] = {}
    for place in ranked.recommendations[:FIRST]:
        for clip_id, parts in by_watched_clip(place.ledger).items():
            carried[clip_id] = carried.get(clip_id, 0.0) + sum(parts.values())
    behind: dict[str, list[Interaction]] = {}
    for event in sorted(events, key=lambda e: e.at, reverse=True):
        behind.setdefault(event.clip_id, []).append(event)
    taste, corpus = dataset.taste(user_id), dataset.corpus
    weights = dict(zip(taste.clips.tolist(), taste.weights.tolist(), strict=True))
    met = dict.fromkeys([*weights, *(dataset.clip_at[c] for c in behind if c in dataset.clip_at)])
    lines = [
        HistoryLine(
            corpus.clip_ids[i], corpus.titles[i], weights.get(i, 0.0), carried.get(corpus.clip_ids[i], 0.0),
            tuple(behind.get(corpus.clip_ids[i], ())),
        )
        for i in met
    ]  # fmt: skip
    return tuple(sorted(lines, key=lambda line: (-abs(line.contribution), -abs(line.weight), line.title)))


def interest_over_time(
    dataset: Dataset, events: Sequence[Interaction], weights: EventWeights
) -> tuple[tuple[str, ...], dict[str, tuple[float, ...]]]:
    """Topic -> signed weight at each period's end, decayed to it; the six topics with the most weight at any time.

    An opinion that a later one replaced counts until then no more, as in the list.

    Returns:
        Ends of the periods as ISO dates (weeks; months for longer histories), and the weights.
    """
    names, topics = topic_matrix(dataset.corpus)
    frame = event_frame(events)
    frame = frame[frame["clip_id"].isin(dataset.clip_at)].sort_values("datetime", kind="stable")
    frame = frame[~(frame["event"].isin(OPINIONS) & _replaced(frame))]
    if frame.empty or not names:
        return (), {}
    ends = period_ends(frame["datetime"])
    days = (ends.to_numpy()[:, None] - frame["datetime"].dt.tz_localize(None).to_numpy()[None]) / np.timedelta64(1, "D")
    decay = np.where(days >= 0, np.exp2(-np.maximum(days, 0) / weights.half_life_days), 0.0)
    rows = topics[[dataset.clip_at[c] for c in frame["clip_id"]]]
    levels = np.asarray((rows.multiply(worth_of(frame, weights)[:, None])).T @ decay.T)
    order = np.argsort(-np.abs(levels).max(axis=1), kind="stable")[:MOST_TOPICS]
    kept = [i for i in order.tolist() if np.abs(levels[i]).max() > 1e-9]
    dates = tuple(end.date().isoformat() for end in ends)
    return dates, {names[i]: tuple(levels[i].tolist()) for i in kept}


def _replaced(frame: pd.DataFrame) -> pd.Series:
    """Whether a later opinion of the same clip follows, by time; meaningless for other events."""
    opinions = frame["event"].isin(OPINIONS)
    return frame.assign(opinion=opinions).duplicated(["clip_id", "opinion"], keep="last")


def period_ends(times: pd.Series) -> pd.DatetimeIndex:
    """Ends of weeks, months or longer periods that cover some times, 30 at most; without a zone, UTC."""
    first, last = times.min().tz_localize(None), times.max().tz_localize(None)
    days = (last - first).total_seconds() / 86_400
    step = 7.0 if days <= WEEKS_UP_TO else max(30.44, days / (MOST_PERIODS - 1))
    count = int(days // step) + 1
    return pd.DatetimeIndex([last - pd.Timedelta(days=step * i) for i in range(count - 1, -1, -1)])
