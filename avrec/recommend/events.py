"""What an event is worth, and what a person's events add up to per clip."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from itertools import pairwise

import numpy as np
import pandas as pd

from avrec.errors import InvalidInputError
from avrec.schemas import Interaction

LIMIT = 2.0
MOST_POINTS = 12
SHORTEST, LONGEST = 1.0, 36_500.0  # half-lives in days
OPINIONS = ("like", "dislike", "rating")
NOT_SEEN = ("skip", "hide")
EVENT_FIELDS = ("view", "like", "dislike", "rating", "favourite", "share", "comment", "hide", "skip")
VIEW, RATING = EVENT_FIELDS.index("view"), EVENT_FIELDS.index("rating")
COLUMNS = ["user_id", "clip_id", "weight", "events", "seen", "hidden"]


@dataclass(frozen=True)
class EventWeights:
    """Worth of one event.

    A rating r counts (r - 3) / 2 and a view of share v counts what the completion curve says, 2 v - 1 where nothing
    else is set; both are multiplied by their weight here. A search is about no clip and has no weight.

    Attributes:
        completion: Points (share watched, worth) of a piecewise-linear curve, by share, from 0 to 1.
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
    completion: tuple[tuple[float, float], ...] = ((0.0, -1.0), (1.0, 1.0))

    def checked(self) -> "EventWeights":
        """The weights themselves.

        Raises:
            InvalidInputError: One is not finite or out of its range, or the curve is none.
        """
        for name in EVENT_FIELDS:
            if not _within(getattr(self, name), -LIMIT, LIMIT):
                raise InvalidInputError(f"Weight of {name}", f"it must be from {-LIMIT:g} to {LIMIT:g}")
        if not _within(self.half_life_days, SHORTEST, LONGEST):
            raise InvalidInputError("Half-life", f"it must be from {SHORTEST:g} to {LONGEST:g} days")
        points = self.completion
        if not 2 <= len(points) <= MOST_POINTS or not all(len(point) == 2 for point in points):
            raise InvalidInputError("Completion curve", f"it has 2 to {MOST_POINTS} points (share watched, worth)")
        if not all(_within(x, 0.0, 1.0) and _within(y, -LIMIT, LIMIT) for x, y in points):
            raise InvalidInputError("Completion curve", "shares are from 0 to 1 and worths from -2 to 2")
        shares = [x for x, _ in points]
        if shares[0] != 0 or shares[-1] != 1 or any(b <= a for a, b in pairwise(shares)):
            raise InvalidInputError("Completion curve", "the shares must grow from 0 to 1, each of them once")
        return self

    def worth_of_view(self, share: np.ndarray) -> np.ndarray:
        """What views of some shares count before the weight of a view; shares are held to [0, 1]."""
        x, y = zip(*self.completion, strict=True)
        return np.interp(share, x, y)

    def written(self) -> str:
        """As JSON, for the store."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str | None) -> "EventWeights":
        """What `written` wrote; the defaults for nothing, and for what cannot be read."""
        try:
            found = json.loads(text or "{}")
            known = {field.name: found[field.name] for field in fields(cls) if field.name in found}
            if "completion" in known:
                known["completion"] = tuple((float(x), float(y)) for x, y in known["completion"])
            return cls(**known).checked()
        except (ValueError, TypeError, AttributeError, InvalidInputError):
            return cls()


def _within(value: float, low: float, high: float) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and low <= value <= high


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


def kinds_of(events: pd.DataFrame) -> np.ndarray:
    """(events,) index of each event in EVENT_FIELDS; -1 for what has no worth, such as a search."""
    return pd.Index(EVENT_FIELDS).get_indexer(events["event"])


def worth_of(events: pd.DataFrame, weights: EventWeights) -> np.ndarray:
    """(events,) what each event is worth on the day it happens."""
    kinds, value = kinds_of(events), events["value"].to_numpy()
    share = np.clip(np.nan_to_num(value, nan=0.5), 0, 1)
    stars = np.clip(np.nan_to_num(value, nan=3.0), 1, 5)
    # An unknown event has code -1, the last entry: worth nothing.
    worth = np.array([*(getattr(weights, name) for name in EVENT_FIELDS), 0.0])[kinds]
    return worth * np.where(
        kinds == VIEW, weights.worth_of_view(share), np.where(kinds == RATING, (stars - 3) / 2, 1.0)
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
    kinds = kinds_of(events)
    frame = pd.DataFrame(
        {
            "pair": users.astype(np.int64) * len(clip_ids) + clips,
            "worth": worth_of(events, weights),
            "seen": (kinds >= 0) & ~np.isin(kinds, [EVENT_FIELDS.index(name) for name in NOT_SEEN]),
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
