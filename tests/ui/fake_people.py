"""The people's half of the Engine's test double: wishes, event weights, profiles; made up but stable."""

from avrec.errors import InvalidInputError
from avrec.evaluate.live import Estimate, LiveCheck
from avrec.recommend.events import EventWeights
from avrec.recommend.pseudonyms import pseudonym
from avrec.schemas import (
    MODALITIES,
    HistoryLine,
    Interests,
    Neighbour,
    NeighbourLike,
    Person,
    PersonProfile,
    PersonSettings,
)


class FakePeople:
    """Over what `FakeEngine` knows of events; `_wishes` and `_new` are filled by calls."""

    def pseudonym(self, user_id: str) -> str:
        return pseudonym(user_id, b"tests")

    def event_weights(self) -> EventWeights:
        return getattr(self, "_event_weights", EventWeights())

    def set_event_weights(self, weights: EventWeights) -> None:
        self._event_weights = weights.checked()
        self._changed("set_event_weights", weights)

    def reset_event_weights(self) -> None:
        self._event_weights = EventWeights()
        self._changed("reset_event_weights")

    def check_event_weights(self, before, after=None) -> LiveCheck:
        after = after or self.event_weights()
        gain = 0.01 * (after.like - before.like)
        first, second = Estimate(0.3, 0.2, 0.4), Estimate(0.3 + gain, 0.2 + gain, 0.4 + gain)
        return LiveCheck(first, second, Estimate(gain, gain - 0.02, gain + 0.02), len(self.people()))

    def person_settings(self, user_id: str) -> PersonSettings:
        return self.__dict__.setdefault("_wishes", {}).get(user_id, PersonSettings())

    def set_person_settings(self, user_id: str, settings: PersonSettings) -> None:
        if set(settings.pinned) & set(settings.banned):
            raise InvalidInputError("Topics", "one cannot be pinned and banned at once")
        self.__dict__.setdefault("_wishes", {})[user_id] = settings
        self._changed("set_person_settings", user_id, settings)

    def topics(self) -> list[tuple[str, int]]:
        subjects = [clip.subject for clip in self.clips()]
        return sorted((name, subjects.count(name)) for name in set(subjects))

    def interests(self, user_id: str) -> Interests:
        said = [e.text for e in self.history(user_id) if e.text]
        return Interests(tuple(said), (("space", 0.5),) if said else (), tuple(said), ". ".join(said), len(said))

    def new_person(self, user_id="", *, sentence="", likes=()) -> Person:
        name = user_id or "p-00000a"
        if name in {p.user_id for p in self.people()}:
            raise InvalidInputError("Person", "that id is taken")
        for clip_id in likes:
            self.record(name, clip_id, "like")
        self.set_person_settings(name, PersonSettings(profile=sentence))
        self._changed("new_person", name, sentence, tuple(likes))
        return Person(name, len(likes), len(likes), False)

    def profile(self, user_id: str, k: int = 20) -> PersonProfile:
        own = self.history(user_id)
        clips = {e.clip_id: self.clip(e.clip_id) for e in own if e.clip_id in self._clips}
        subjects = [clip.subject for clip in clips.values()]
        topics = {s: subjects.count(s) / len(subjects) for s in sorted(set(subjects), key=lambda s: -subjects.count(s))}
        lines = tuple(
            HistoryLine(c, clip.title, 1.0, 0.5, tuple(e for e in own if e.clip_id == c)) for c, clip in clips.items()
        )
        others = [p.user_id for p in self.people() if p.user_id != user_id]
        near = tuple(Neighbour(u, 0.3 - 0.04 * i, 4, 4 / 9) for i, u in enumerate(others) if i < 7)
        unseen = [c for c in self.clips() if c.clip_id not in clips][:5]
        likes = tuple(NeighbourLike(c.clip_id, c.title, 0.5, 2) for c in unseen) if near else ()
        periods = ("2026-02-01", "2026-02-08", "2026-02-15")
        interest = {s: (0.1, 0.4, 0.9 * share) for s, share in list(topics.items())[:6]}
        return PersonProfile(
            user_id, topics, {m: 0.1 * (i + 1) for i, m in enumerate(MODALITIES)}, periods, interest, lines, near, likes
        )
