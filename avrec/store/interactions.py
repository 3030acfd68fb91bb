"""People and their events."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC

import numpy as np
import sqlalchemy as sa

from avrec.errors import UnknownUserError
from avrec.schemas import Interaction, Person, PersonSettings
from avrec.store.database import Database
from avrec.store.tables import interactions, people, profile_vectors


class InteractionStore:
    """Reads and writes of people and events."""

    def __init__(self, database: Database):
        self.database = database

    def add(self, events: Iterable[Interaction], persons: Iterable[Person] = ()) -> int:
        """Store events, and the people they name, in one transaction; the same event twice is stored once.

        Returns:
            How many events were new.
        """
        rows = [_row(event) for event in events]
        known = {p.user_id: {"user_id": p.user_id, "simulated": p.simulated, "taste": p.taste} for p in persons}
        for row in rows:
            known.setdefault(row["user_id"], {"user_id": row["user_id"], "simulated": row["simulated"], "taste": ""})
        with self.database.write("events") as connection:
            if known:
                connection.execute(self.database.insert(people).on_conflict_do_nothing(), list(known.values()))
            before = connection.execute(sa.select(sa.func.count()).select_from(interactions)).scalar_one()
            if rows:
                connection.execute(self.database.insert(interactions).on_conflict_do_nothing(), rows)
            return connection.execute(sa.select(sa.func.count()).select_from(interactions)).scalar_one() - before

    def record(self, event: Interaction) -> Interaction:
        """Store one event and return it with its id."""
        with self.database.write("events") as connection:
            person = {"user_id": event.user_id, "simulated": False, "taste": ""}
            connection.execute(self.database.insert(people).values(**person).on_conflict_do_nothing())
            key = connection.execute(interactions.insert().values(**_row(event))).inserted_primary_key[0]
        return _interaction_with(event, key)

    def remove(self, interaction_id: int) -> bool:
        """Take one event back; False when it is not there."""
        with self.database.write("events") as connection:
            statement = interactions.delete().where(interactions.c.interaction_id == interaction_id)
            return bool(connection.execute(statement).rowcount)

    def all(self) -> list[Interaction]:
        with self.database.read() as connection:
            return [_interaction(row) for row in connection.execute(interactions.select().order_by(interactions.c.at))]

    def counts(self) -> dict[str, int]:
        """clip_id -> number of events."""
        query = sa.select(interactions.c.clip_id, sa.func.count()).group_by(interactions.c.clip_id)
        query = query.where(interactions.c.clip_id != "")
        with self.database.read() as connection:
            return dict(connection.execute(query).all())

    def of(self, user_id: str) -> list[Interaction]:
        """One person's events, newest first."""
        query = interactions.select().where(interactions.c.user_id == user_id)
        query = query.order_by(interactions.c.at.desc(), interactions.c.interaction_id.desc())
        with self.database.read() as connection:
            return [_interaction(row) for row in connection.execute(query)]

    def people(self) -> list[sa.Row]:
        """Rows (user_id, simulated, taste, settings) by id."""
        with self.database.read() as connection:
            return list(connection.execute(people.select().order_by(people.c.user_id)))

    def add_person(self, person: Person) -> bool:
        """Store a person without events; False when the id is taken."""
        row = {"user_id": person.user_id, "simulated": person.simulated, "taste": person.taste, "settings": {}}
        with self.database.write("events") as connection:
            return bool(
                connection.execute(self.database.insert(people).values(**row).on_conflict_do_nothing()).rowcount
            )

    def settings(self, user_id: str) -> PersonSettings:
        """What a person chose; the defaults where they chose nothing.

        Raises:
            UnknownUserError: There is no such person.
        """
        with self.database.read() as connection:
            row = connection.execute(people.select().where(people.c.user_id == user_id)).first()
        if row is None:
            raise UnknownUserError(user_id)
        return read_settings(row.settings)

    def put_settings(self, user_id: str, settings: PersonSettings) -> None:
        """Replace a person's settings."""
        with self.database.write("events") as connection:
            statement = people.update().where(people.c.user_id == user_id)
            if not connection.execute(statement.values(settings=asdict(settings))).rowcount:
                raise UnknownUserError(user_id)

    def put_profile(self, user_id: str, vectors: dict[str, tuple[str, np.ndarray]]) -> None:
        """Replace the vectors of a person's profile text, modality -> (version, (dim,)), all of them."""
        rows = [
            {"user_id": user_id, "modality": modality, "version": version, "data": row.astype(np.float32).tobytes()}
            for modality, (version, row) in vectors.items()
        ]
        with self.database.write("profiles") as connection:
            connection.execute(profile_vectors.delete().where(profile_vectors.c.user_id == user_id))
            if rows:
                connection.execute(profile_vectors.insert(), rows)

    def profiles(self) -> dict[str, dict[str, tuple[str, np.ndarray]]]:
        """user_id -> modality -> (version, (dim,)) of everybody's profile text."""
        found: dict[str, dict[str, tuple[str, np.ndarray]]] = {}
        with self.database.read() as connection:
            for row in connection.execute(profile_vectors.select().order_by(profile_vectors.c.user_id)):
                mine = found.setdefault(row.user_id, {})
                if len(row.data) % 4:  # damaged: whoever seats it finds none
                    continue
                mine[row.modality] = (row.version, np.frombuffer(row.data, dtype=np.float32))
        return found

    def has_person(self, user_id: str) -> bool:
        with self.database.read() as connection:
            return (
                connection.execute(sa.select(people.c.user_id).where(people.c.user_id == user_id)).first() is not None
            )


def read_settings(found: dict | None) -> PersonSettings:
    """Settings as the store has them; what does not fit falls back to the default."""
    found = found if isinstance(found, dict) else {}
    diversity = found.get("diversity")
    fits = isinstance(diversity, int | float) and 0 <= diversity <= 1
    pinned, banned = (tuple(str(name) for name in found.get(key) or ()) for key in ("pinned", "banned"))
    return PersonSettings(pinned, banned, float(diversity) if fits else None, str(found.get("profile") or ""))


def _row(event: Interaction) -> dict:
    return {
        "user_id": event.user_id,
        "clip_id": event.clip_id,
        "event": event.event,
        "value": event.value,
        "at": event.at.astimezone(UTC).replace(tzinfo=None),
        "simulated": event.simulated,
        "text": event.text,
    }


def _interaction(row: sa.Row) -> Interaction:
    at = row.at.replace(tzinfo=UTC)
    return Interaction(row.user_id, row.clip_id, row.event, row.value, at, row.simulated, row.interaction_id, row.text)


def _interaction_with(event: Interaction, key: int) -> Interaction:
    return replace(event, interaction_id=key)
