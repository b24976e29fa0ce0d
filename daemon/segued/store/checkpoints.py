"""Which phases a file has behind it, and what each of them found."""

from collections.abc import Sequence
from dataclasses import dataclass

from segued.model import FileId, Need, PhaseNumber
from segued.store.prepared import Query, prepared
from segued.store.schema.files import Checkpoint, Crash, now

__all__ = ["StoredCheckpoint", "for_file", "save"]


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """One phase's checkpoint.

    Attributes:
        recipe: The phase's version and the settings it used.
        payload: Its result, as JSON.
        needs: What it waits for, when it was deferred.
    """

    phase: PhaseNumber
    recipe: str
    payload: str
    needs: Need | None


def save(file: FileId, checkpoint: StoredCheckpoint) -> None:
    """Put on record that a phase is done for a file, and what it found.

    Forgets every later phase of the file: it was worked out from what this
    result replaces.
    """
    _delete_from(file, checkpoint.phase)
    if checkpoint.phase > PhaseNumber.FILENAME:
        # It got further than where it ended the daemon, if it ever did.
        _clear_crashes(file)
    _insert(
        file=file,
        phase=checkpoint.phase,
        recipe=checkpoint.recipe,
        payload=checkpoint.payload,
        needs=checkpoint.needs,
        at=now(),
    )


def for_file(file: FileId) -> Sequence[StoredCheckpoint]:
    """Return a file's checkpoints in the order of their phases."""
    return [
        StoredCheckpoint(PhaseNumber(phase), recipe, payload, needs and Need(needs))
        for phase, recipe, payload, needs in _for_file(file)
    ]


@prepared
def _clear_crashes(file: FileId) -> Query:
    return Crash.delete().where(Crash.file == file)


@prepared
def _delete_from(file: FileId, phase: PhaseNumber) -> Query:
    return Checkpoint.delete().where(Checkpoint.file == file, Checkpoint.phase >= phase)


@prepared
def _insert(  # noqa: PLR0913
    *,
    file: FileId,
    phase: PhaseNumber,
    recipe: str,
    payload: str,
    needs: Need | None,
    at: str,
) -> Query:
    return Checkpoint.insert(
        file=file, phase=phase, recipe=recipe, payload=payload, needs=needs, at=at
    )


@prepared
def _for_file(file: FileId) -> Query:
    return (
        Checkpoint.select(
            Checkpoint.phase, Checkpoint.recipe, Checkpoint.payload, Checkpoint.needs
        )
        .where(Checkpoint.file == file)
        .order_by(Checkpoint.phase)
    )
