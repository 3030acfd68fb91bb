"""What an event is worth, and what a person's events add up to per clip."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from avrec.schemas import Interaction

LIMIT = 2.0
OPINIONS = ("like", "dislike", "rating")
NOT_SEEN = ("skip", "hide")
EVENT_FIELDS = ("view", "like", "dislike", "rating", "favourite", "share", "comment", "hide", "skip")
VIEW, RATING = EVENT_FIELDS.index("view"), EVENT_FIELDS.index("rating")
COLUMNS = ["user_id", "clip_id", "weight", "events", "seen", "hidden"]


@dataclass(frozen=True)
class EventWeights:
    """Worth of one event.

    A rating r counts (r - 3) / 2 and a view of share v counts 2 v - 1; both are multiplied by their weight here.
    """

    view: float = 1.0
    like: float = 1.0
    dislike: float = -1.0
    rating: float = 1.0
    favourite: float = 1.5
    share: float = 1.5
    comment: float = 0.5
    hide: float = -1.0
    skip: float = -0.5
    half_life_days: float = 90.0


def event_frame(events: Sequence[Interaction]) -> pd.DataFrame:
    """Events as columns user_id, clip_id, event, value, datetime."""
    return pd.DataFrame(
        {
            "user_id": np.array([e.user_id for e in events], dtype=object),
            "clip_id": np.array([e.clip_id for e in events], dtype=object),
            "event": np.array([e.event for e in events], dtype=object),
            "value": np.array([np.nan if e.value is None else e.value for e in events], dtype=float),
            "datetime": pd.to_datetime([e.at for e in events], utc=True),
        }
    )


def net_weights(
    events: pd.DataFrame, latest: pd.Timestamp | None = None, weights: EventWeights | None = None
) -> pd.DataFrame:
    """Add up events per person and clip.

    The latest like, dislike or rating of a clip replaces earlier ones; the rest is summed, held to +-2, and halved
    for every half-life between the pair's last event and the store's latest one.

    Args:
        events: As `event_frame` makes them.
        latest: Time of the store's latest event; by default the latest here.

    Returns:
        Columns user_id, clip_id, weight, events, seen, hidden; one row per pair, in order of the ids.
    """
    if events.empty:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    weights = weights or EventWeights()
    users, user_ids = pd.factorize(events["user_id"], sort=True)
    clips, clip_ids = pd.factorize(events["clip_id"], sort=True)
    kinds = pd.Categorical(events["event"], categories=EVENT_FIELDS).codes
    value = events["value"].to_numpy()
    share = np.clip(np.nan_to_num(value, nan=0.5), 0, 1)
    stars = np.clip(np.nan_to_num(value, nan=3.0), 1, 5)
    # An unknown event has code -1, the last entry: worth nothing.
    worth = np.array([*(getattr(weights, name) for name in EVENT_FIELDS), 0.0])[kinds]
    worth = worth * np.where(kinds == VIEW, 2 * share - 1, np.where(kinds == RATING, (stars - 3) / 2, 1.0))
    frame = pd.DataFrame(
        {
            "pair": users.astype(np.int64) * len(clip_ids) + clips,
            "worth": worth,
            "seen": ~np.isin(kinds, [EVENT_FIELDS.index(name) for name in NOT_SEEN]),
            "hidden": kinds == EVENT_FIELDS.index("hide"),
            "last": events["datetime"].array,
            "opinion": np.isin(kinds, [EVENT_FIELDS.index(name) for name in OPINIONS]),
        }
    ).sort_values("last", kind="stable")
    stale = frame["opinion"] & frame.duplicated(["pair", "opinion"], keep="last")
    grouped = frame[~stale].groupby("pair", sort=True)
    pairs = grouped.agg(worth=("worth", "sum"), events=("worth", "size"), seen=("seen", "any"),
                        hidden=("hidden", "any"), last=("last", "max"))  # fmt: skip
    latest = latest if latest is not None else events["datetime"].max()
    age = (latest - pairs["last"]).dt.total_seconds().clip(lower=0) / 86_400
    pairs["weight"] = pairs["worth"].clip(-LIMIT, LIMIT) * np.exp2(-age / weights.half_life_days)
    pairs["user_id"] = user_ids[pairs.index // len(clip_ids)]
    pairs["clip_id"] = clip_ids[pairs.index % len(clip_ids)]
    return pairs.reset_index(drop=True)[COLUMNS]
