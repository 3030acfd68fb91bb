"""What an event is worth, and what a person's events add up to per clip."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from avrec.schemas import Interaction

LIMIT = 2.0
OPINIONS = ("like", "dislike", "rating")
NOT_SEEN = ("skip", "hide")


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
            "user_id": [e.user_id for e in events],
            "clip_id": [e.clip_id for e in events],
            "event": [e.event for e in events],
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
        Columns user_id, clip_id, weight, events, seen, hidden; one row per pair.
    """
    columns = ["user_id", "clip_id", "weight", "events", "seen", "hidden"]
    if events.empty:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    weights = weights or EventWeights()
    frame = events.sort_values("datetime", kind="stable")
    opinion = frame["event"].isin(OPINIONS)
    stale = opinion & frame[opinion].duplicated(["user_id", "clip_id"], keep="last").reindex(
        frame.index, fill_value=False
    )
    frame = frame[~stale]
    worth = frame["event"].map({name: getattr(weights, name) for name in EVENT_FIELDS}).astype(float)
    value = frame["value"]
    factor = np.select(
        [frame["event"] == "view", frame["event"] == "rating"],
        [2 * value.fillna(0.5).clip(0, 1) - 1, (value.fillna(3).clip(1, 5) - 3) / 2],
        1.0,
    )
    frame = frame.assign(worth=worth * factor, seen=~frame["event"].isin(NOT_SEEN), hidden=frame["event"] == "hide")
    pairs = frame.groupby(["user_id", "clip_id"], sort=True).agg(
        weight=("worth", "sum"),
        events=("worth", "size"),
        seen=("seen", "any"),
        hidden=("hidden", "any"),
        last=("datetime", "max"),
    )
    latest = latest if latest is not None else events["datetime"].max()
    age = (latest - pairs["last"]).dt.total_seconds().clip(lower=0) / 86_400
    pairs["weight"] = pairs["weight"].clip(-LIMIT, LIMIT) * np.exp2(-age / weights.half_life_days)
    return pairs.reset_index()[columns]


EVENT_FIELDS = ("view", "like", "dislike", "rating", "favourite", "share", "comment", "hide", "skip")
