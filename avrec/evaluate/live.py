"""A quick check of event weights: does the list find what people are known to like?

Leave-one-out over at most 60 people: each person's latest clearly liked clip is taken out with all its events, the
hybrid is fitted on the rest, and the clip is ranked among everything the person has not met. What counts as liked is
fixed by the default weights, or weights could be made to look good by declaring nothing liked. It guides, it does not
prove: the protocols that do are slower.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avrec.evaluate.intervals import bootstrap
from avrec.recommend.content import ContentModel
from avrec.recommend.dataset import Dataset
from avrec.recommend.events import EventWeights, event_frame, net_weights
from avrec.recommend.registry import make
from avrec.schemas import Interaction

MOST_PEOPLE = 60
LEAST_LIKED = 2  # one is taken out, one must be left
SEED = 11


@dataclass(frozen=True)
class Estimate:
    """A mean over people with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LiveCheck:
    """Leave-one-out nDCG of two settings over the same people and clips.

    Attributes:
        difference: After minus before, paired by person.
        people: How many could be checked; below 5 the bounds are NaN.
    """

    before: Estimate
    after: Estimate
    difference: Estimate
    people: int


def held_out(corpus_ids: Sequence[str], interactions: Sequence[Interaction]) -> list[tuple[str, str]]:
    """(user_id, clip_id) of each checked person's latest clip that is liked at the default weights."""
    frame = event_frame(interactions)
    frame = frame[frame["clip_id"].isin(set(corpus_ids))]
    if frame.empty:
        return []
    pairs = net_weights(frame)
    last = frame.groupby(["user_id", "clip_id"])["datetime"].max().rename("last").reset_index()
    liked = pairs[(pairs["weight"] > 0) & pairs["seen"] & ~pairs["hidden"]].merge(last, on=["user_id", "clip_id"])
    liked = liked[liked.groupby("user_id")["clip_id"].transform("size") >= LEAST_LIKED]
    latest = liked.sort_values(["last", "clip_id"]).drop_duplicates("user_id", keep="last").sort_values("user_id")
    if len(latest) > MOST_PEOPLE:
        latest = latest.iloc[np.sort(np.random.default_rng(SEED).choice(len(latest), MOST_PEOPLE, replace=False))]
    return list(zip(latest["user_id"], latest["clip_id"], strict=True))


def leave_one_out(
    content: ContentModel,
    user_ids: Sequence[str],
    interactions: Sequence[Interaction],
    held: Sequence[tuple[str, str]],
    weights: EventWeights,
) -> np.ndarray:
    """nDCG of each held-out pair, 1 / log2(1 + rank) among all clips the person has not met, (pairs,).

    Clips that score the same share their ranks.
    """
    if not held:
        return np.zeros(0)
    out = set(held)
    rest = [event for event in interactions if (event.user_id, event.clip_id) not in out]
    train = Dataset.build(content.corpus, user_ids, rest, weights)
    model = make("hybrid").fit(train, content)
    rows = np.array([train.user_at[user] for user, _ in held])
    targets = np.array([train.clip(clip) for _, clip in held])
    scores = np.asarray(model.scores_of(rows), dtype=np.float64)
    rivals = ~((train.seen[rows] + train.hidden[rows]).toarray() > 0) & train.listable
    own = scores[np.arange(len(rows)), targets][:, None]
    rivals[np.arange(len(rows)), targets] = False
    tied = np.abs(scores - own) <= 1e-6
    rank = 1 + (rivals & (scores > own) & ~tied).sum(axis=1) + 0.5 * (rivals & tied).sum(axis=1)
    return 1.0 / np.log2(1.0 + rank)


def estimate(values: np.ndarray) -> Estimate:
    """Mean and percentile bootstrap interval over people; zeros for nobody."""
    if not len(values):
        return Estimate(0.0, 0.0, 0.0)
    low, high = bootstrap(values[:, None], SEED)
    return Estimate(float(values.mean()), float(low[0]), float(high[0]))


def live_check(
    content: ContentModel,
    user_ids: Sequence[str],
    interactions: Sequence[Interaction],
    before: EventWeights,
    after: EventWeights,
) -> LiveCheck:
    """Compare two settings of the event weights."""
    ids = content.corpus.clip_ids[: len(content.corpus.clip_ids) - content.corpus.guests]
    held = held_out(ids, interactions)
    first = leave_one_out(content, user_ids, interactions, held, before)
    second = first if after == before else leave_one_out(content, user_ids, interactions, held, after)
    return LiveCheck(estimate(first), estimate(second), estimate(second - first), len(held))
