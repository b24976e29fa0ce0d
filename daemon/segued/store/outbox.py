"""Keep events for other programs in the library, until each receiver has taken them.

Temporary triggers on the writer's connection note what happens, and the end of the same
transaction stores the events: a kill leaves both or neither. Without receivers there is
no trigger, and nothing is written.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog
from peewee import SqliteDatabase

from segued import __version__
from segued.store import codec, event_facts
from segued.store.event_facts import Told
from segued.store.schema.files import new_id, now
from segued.store.schema.outgoing import OutgoingEvent, ToldSubject

__all__ = ["FOLDER_IMPORTED", "Outbox", "WaitingEvent", "make_payload"]

log: Final = structlog.get_logger()

FOLDER_IMPORTED: Final = "folder.imported"
"""Told to the programs that scan a folder again; the last one of a folder counts."""

TRIGGERS: Final = {
    "told_files": """
        CREATE TEMP TRIGGER told_files AFTER UPDATE OF shown_status ON main.files
        WHEN new.shown_status IN ('INGEST COMPLETE', 'FAILED')
            AND old.shown_status IS NOT new.shown_status
            AND old.shown_status IS NOT 'MISSING'
        BEGIN
            INSERT OR IGNORE INTO told VALUES (
                CASE new.shown_status WHEN 'FAILED' THEN 'file.failed'
                ELSE 'file.imported' END, new.id);
        END""",
    "told_ends": """
        CREATE TEMP TRIGGER told_ends AFTER UPDATE OF status ON main.files
        WHEN old.status IN ('PENDING', 'PROCESSING')
            AND new.status NOT IN ('PENDING', 'PROCESSING')
        BEGIN
            INSERT OR IGNORE INTO told VALUES ('file.ended', new.id);
        END""",
    "told_sessions": """
        CREATE TEMP TRIGGER told_sessions AFTER UPDATE OF state ON main.import_sessions
        WHEN new.state = 'COMPLETED' AND old.state <> 'COMPLETED'
        BEGIN
            INSERT OR IGNORE INTO told VALUES ('session.completed', new.id);
        END""",
}

SPARE_SHARE: Final = 10
"""With a full outbox, a tenth of it is dropped at once, and logged once."""


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """An event that a receiver has not taken.

    Attributes:
        number: Its place in the outbox; 0 if it is not stored.
        event: Its name.
        payload: JSON with its id, its name, its time and its facts.
    """

    number: int
    event: str
    payload: str


def make_payload(event: str, facts: Mapping[str, Any]) -> str:
    """Return the JSON of a new event, with an id of its own."""
    head = {"id": new_id(), "event": event, "at": now(), "segued": __version__}
    return codec.encode(head | dict(facts))


class Outbox:
    """The events of one open library. All methods run within its transactions.

    Attributes:
        on_new: Called after a transaction that stored events, on the writer's thread.
    """

    def __init__(self) -> None:
        self.on_new: Callable[[], None] = lambda: None
        self._receivers: Mapping[str, Collection[str]] = {}
        self._keep = 0
        self._has_new = False

    def is_wanted(self, event: str) -> bool:
        """Return whether a receiver takes events of this name."""
        return any(event in events for events in self._receivers.values())

    def subscribe(
        self,
        database: SqliteDatabase,
        receivers: Mapping[str, Collection[str]],
        keep: int,
        *,
        forgets_others: bool,
    ) -> None:
        """Store events for these receivers from now on.

        Args:
            database: The open library.
            receivers: The names of the events that each receiver takes.
            keep: How many events wait for a receiver at most; the oldest are dropped.
            forgets_others: Whether to delete the events of all other receivers.
        """
        self._receivers, self._keep = receivers, keep
        for name in TRIGGERS:
            database.execute_sql(f"DROP TRIGGER IF EXISTS temp.{name}")
        if forgets_others:
            _forget_others(receivers)
        if not receivers:
            return
        database.execute_sql(
            "CREATE TEMP TABLE IF NOT EXISTS told (event TEXT NOT NULL,"
            " subject TEXT NOT NULL, PRIMARY KEY (event, subject)) WITHOUT ROWID"
        )
        for statement in TRIGGERS.values():
            database.execute_sql(statement)
        # What is in the library already is no news.
        for event in event_facts.REMEMBERED:
            if self.is_wanted(event):
                event_facts.remember_all(database, event)

    def refresh(self, database: SqliteDatabase) -> None:
        """Store the events of the current transaction, at its end."""
        if not self._receivers:
            return
        noted = database.execute_sql(
            "SELECT event, subject FROM told ORDER BY event, subject"
        ).fetchall()
        if not noted:
            return
        database.execute_sql("DELETE FROM told")
        for told in event_facts.events_of(database, noted, self.is_wanted):
            self._store(told)

    def tell(self, event: str, subject: str, facts: Mapping[str, Any]) -> None:
        """Store an event that is no change of the library."""
        self._store(Told(event, subject, facts))

    def notify(self) -> None:
        """Report events of a committed transaction."""
        if self._has_new:
            self._has_new = False
            self.on_new()

    def waiting(self, receiver: str, limit: int) -> list[WaitingEvent]:
        """Return the oldest events that a receiver has not taken."""
        rows = (
            OutgoingEvent.select()
            .where(OutgoingEvent.receiver == receiver)
            .order_by(OutgoingEvent.id)
            .limit(limit)
        )
        return [WaitingEvent(row.id, row.event, row.payload) for row in rows]

    def delete(self, numbers: Sequence[int]) -> None:
        """Delete events that were taken."""
        OutgoingEvent.delete().where(OutgoingEvent.id.in_(list(numbers))).execute()

    def _store(self, told: Told) -> None:
        payload = make_payload(told.event, told.facts)
        for receiver, events in self._receivers.items():
            if told.event not in events:
                continue
            if told.event == FOLDER_IMPORTED:
                OutgoingEvent.delete().where(
                    OutgoingEvent.receiver == receiver,
                    OutgoingEvent.subject == told.subject,
                ).execute()
            OutgoingEvent.create(
                receiver=receiver,
                event=told.event,
                subject=told.subject,
                payload=payload,
            )
            self._has_new = True
            self._drop_oldest(receiver)

    def _drop_oldest(self, receiver: str) -> None:
        of_receiver = OutgoingEvent.receiver == receiver
        count = OutgoingEvent.select().where(of_receiver).count()
        if count <= self._keep:
            return
        spare = max(1, self._keep // SPARE_SHARE)
        oldest = (
            OutgoingEvent.select(OutgoingEvent.id)
            .where(of_receiver)
            .order_by(OutgoingEvent.id)
            .limit(min(spare, count - 1))
        )
        dropped = OutgoingEvent.delete().where(OutgoingEvent.id.in_(oldest)).execute()
        log.warning("hook.dropped", receiver=receiver, dropped=dropped)


def _forget_others(receivers: Collection[str]) -> None:
    """Delete what waits for receivers that are no more; without any, all of it."""
    others = OutgoingEvent.receiver.not_in(list(receivers))
    # Read first: without receivers, nothing is written.
    if OutgoingEvent.select().where(others).exists():
        OutgoingEvent.delete().where(others).execute()
    if not receivers and ToldSubject.select().exists():
        ToldSubject.delete().execute()
