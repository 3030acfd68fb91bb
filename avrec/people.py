"""People's side of the Engine: events and their worth, what a person chose and says of themself, taste, pseudonyms."""

import io
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from avrec.errors import InvalidInputError, UnknownClipError, UnknownUserError
from avrec.evaluate.live import LiveCheck
from avrec.ingest.profiles import embed_profile
from avrec.ingest.task import Handler, Task
from avrec.models.catalogue import Models
from avrec.recommend.csv_import import LIMITS, TEXT_LENGTH, USER_ID_LENGTH, clean_text, read_interactions
from avrec.recommend.events import EventWeights
from avrec.recommend.pseudonyms import SHOWN
from avrec.schemas import (
    EVENTS,
    SPOKEN_EVENTS,
    ImportReport,
    Interaction,
    Interests,
    Person,
    PersonProfile,
    PersonSettings,
)
from avrec.serving import EVENT_WEIGHTS, Serving
from avrec.store.clips import ClipStore
from avrec.store.database import Database
from avrec.store.interactions import InteractionStore
from avrec.store.jobs import JobStore, Order

MOST_TOPICS = 100


class People:
    """Answers about people. `Engine` sets the attributes."""

    _database: Database
    _clips: ClipStore
    _interactions: InteractionStore
    _jobs: JobStore
    _models: Models
    _serving: Serving

    def people(self) -> list[Person]:
        """Everyone with at least an id, in order of it."""
        return self._serving.people()

    def pseudonym(self, user_id: str) -> str:
        """What a person is called where others read it: their id where it says nothing, else "person 7f3a9c"."""
        return self._serving.pseudonym(user_id)

    # ---- events --------------------------------------------------------------------------------------

    def history(self, user_id: str) -> list[Interaction]:
        """A person's events, newest first.

        Raises:
            UnknownUserError: There is no such person.
        """
        if not self._interactions.has_person(user_id):
            raise UnknownUserError(user_id)
        return self._interactions.of(user_id)

    def record(self, user_id: str, clip_id: str, event: str, value: float | None = None, text: str = "") -> Interaction:
        """Store one event; a new user id makes a new person.

        Args:
            clip_id: "" for a search, which is about no clip.
            text: What a comment says, or was searched for; kept for these two alone.

        Raises:
            UnknownClipError, InvalidInputError: Nothing was stored.
        """
        user_id = _checked_id(user_id)
        if event not in EVENTS:
            raise InvalidInputError("Event", f"{event!r} is not one of {', '.join(EVENTS)}")
        limits = LIMITS.get(event)
        if limits and (value is None or not limits[0] <= value <= limits[1]):
            raise InvalidInputError("Value", f"a {event} needs a number from {limits[0]:g} to {limits[1]:g}")
        said = clean_text(text) if event in SPOKEN_EVENTS else ""
        if event == "search" and not said:
            raise InvalidInputError("Search", "the words are empty")
        about = "" if event == "search" else clip_id
        if event != "search" and not self._clips.has(clip_id):
            raise UnknownClipError(clip_id)
        made = Interaction(user_id, about, event, value if limits else None, datetime.now(UTC), text=said)
        stored = self._interactions.record(made)
        self._serving.heard(stored)
        return stored

    def undo(self, interaction_id: int) -> None:
        """Take one event back; nothing happens when it is gone already."""
        self._interactions.remove(interaction_id)

    def import_interactions(self, source: Path | TextIO) -> ImportReport:
        """Import events from CSV; bad rows are reported with their line numbers, good rows are kept.

        Columns: see `avrec.recommend.csv_import`.
        """
        known = frozenset(self._clips.ids())
        stream = source.open(encoding="utf-8-sig", errors="replace", newline="") if isinstance(source, Path) else source
        with stream if isinstance(source, Path) else io.StringIO():
            events, rejected = read_interactions(stream, known)
            self._interactions.add(events)
        return ImportReport(kept=len(events), rejected=tuple(rejected))

    # ---- what events are worth -----------------------------------------------------------------------

    def event_weights(self) -> EventWeights:
        """What events are worth in this library."""
        return self._serving.stored_weights()

    def set_event_weights(self, weights: EventWeights) -> None:
        """Replace what events are worth; every list follows at once.

        Raises:
            InvalidInputError: A weight is not finite or out of its range; nothing was changed.
        """
        self._database.put_value(EVENT_WEIGHTS, weights.checked().written(), "events")

    def reset_event_weights(self) -> None:
        """Go back to the defaults."""
        self._database.drop_value(EVENT_WEIGHTS, "events")

    def check_event_weights(self, before: EventWeights, after: EventWeights | None = None) -> LiveCheck:
        """Leave-one-out nDCG of the hybrid at two settings, by default the defaults and the present ones.

        Well under a second on the demo library; fits the hybrid twice, so it takes as long as that on a large one.
        """
        return self._serving.live_check(before.checked(), (after or self.event_weights()).checked())

    # ---- one person ----------------------------------------------------------------------------------

    def profile(self, user_id: str, k: int = 20) -> PersonProfile:
        """A person's taste by topic, by modality and over time, their history, and who is alike.

        Raises:
            UnknownUserError: There is no such person.
        """
        return self._serving.profile(user_id, k)

    def topics(self) -> list[tuple[str, int]]:
        """(topic, number of clips) of the library, by name: what can be pinned and banned."""
        return self._serving.topics()

    def person_settings(self, user_id: str) -> PersonSettings:
        """What a person chose for their own lists.

        Raises:
            UnknownUserError: There is no such person.
        """
        return self._interactions.settings(user_id)

    def set_person_settings(self, user_id: str, settings: PersonSettings) -> None:
        """Replace what a person chose. A new profile text counts at once, its language-model vector when it is made.

        Raises:
            UnknownUserError, InvalidInputError: Nothing was changed.
        """
        before = self._interactions.settings(user_id)
        checked = _checked_settings(settings)
        self._interactions.put_settings(user_id, checked)
        if checked.profile != before.profile:
            self._embed_profile(user_id)

    def _embed_profile(self, user_id: str) -> None:
        """Embed with the sentence encoder here, within milliseconds once it is loaded; the rest in the queue."""
        if not embed_profile(user_id, self._interactions, self._clips, self._models, wait=False):
            fields = {"title": f"Profile of {self.pseudonym(user_id)}", "user_id": user_id}
            self._jobs.enqueue([Order("", "", "profile text", fields, kind="profile", priority=1)])

    def _people_handlers(self) -> dict[str, Handler]:
        """Kind of job -> what the worker runs for it."""
        return {"profile": self._run_profile}

    def _run_profile(self, task: Task) -> str:
        """Embed a person's present profile text with the language model, too."""
        task.announce(0.0, "text")
        embed_profile(str(task.fields["user_id"]), self._interactions, self._clips, self._models, wait=True)
        return "profile text embedded"

    def interests(self, user_id: str) -> Interests:
        """Read a person's comments and searches for interests: keywords and sentence vectors, no language model.

        Raises:
            UnknownUserError: There is no such person.
        """
        return self._serving.interests(user_id)

    def new_person(self, user_id: str = "", *, sentence: str = "", likes: Sequence[str] = ()) -> Person:
        """Make a person whose first list is sensible at once: from one sentence, from some likes, or from both.

        Args:
            user_id: A pseudonym such as "p-7f3a9c" is drawn where it is empty.
            sentence: What they say of themself; becomes their profile text.
            likes: Clips that they like.

        Raises:
            InvalidInputError: The id is taken or cannot be one.
            UnknownClipError: A clip is not there; nothing was stored.
        """
        name = _checked_id(user_id) if user_id.strip() else self._drawn_id()
        missing = next((clip_id for clip_id in likes if not self._clips.has(clip_id)), None)
        if missing is not None:
            raise UnknownClipError(missing)
        settings = _checked_settings(PersonSettings(profile=sentence))
        if not self._interactions.add_person(Person(name, 0, 0, False)):
            raise InvalidInputError("Person", "that id is taken; choose another or leave it empty")
        now = datetime.now(UTC)
        self._interactions.add([Interaction(name, clip_id, "like", None, now) for clip_id in dict.fromkeys(likes)])
        if settings.profile:
            self.set_person_settings(name, settings)
        return next(person for person in self.people() if person.user_id == name)

    def _drawn_id(self) -> str:
        while True:
            name = f"p-{secrets.token_hex(3)}"
            if not self._interactions.has_person(name):
                return name


def _checked_id(user_id: str) -> str:
    user_id = user_id.strip()
    if not user_id or len(user_id) > USER_ID_LENGTH or not user_id.isprintable():
        raise InvalidInputError("Person", f"an id has 1 to {USER_ID_LENGTH} printable characters")
    if SHOWN.fullmatch(user_id):
        raise InvalidInputError("Person", f"{user_id!r} has the form of a pseudonym; choose another id")
    return user_id


def _checked_settings(settings: PersonSettings) -> PersonSettings:
    """Settings without doubles and control characters.

    Raises:
        InvalidInputError: Diversity out of [0, 1], a topic both pinned and banned, or too much of something.
    """
    if settings.diversity is not None and not 0 <= settings.diversity <= 1:
        raise InvalidInputError("Diversity", "it must be from 0 to 1")
    both = set(settings.pinned) & set(settings.banned)
    if both:
        raise InvalidInputError("Topics", f"{min(both)} cannot be pinned and banned at once")
    if max(len(settings.pinned), len(settings.banned)) > MOST_TOPICS:
        raise InvalidInputError("Topics", f"at most {MOST_TOPICS} of each")
    if len(settings.profile) > TEXT_LENGTH:
        raise InvalidInputError("Profile text", f"it has at most {TEXT_LENGTH:,} characters")
    pinned, banned = (tuple(dict.fromkeys(names)) for names in (settings.pinned, settings.banned))
    return PersonSettings(pinned, banned, settings.diversity, clean_text(settings.profile))
