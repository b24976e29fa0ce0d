"""Load and save checkpoints: the results of a file's finished phases."""

from collections.abc import Sequence
from dataclasses import dataclass

from segued.model import FileId, Need, PhaseNumber
from segued.store import decode_cache
from segued.store.prepared import Query, prepared
from segued.store.schema.audio import DecodeCache
from segued.store.schema.files import Checkpoint, Crash, File, now

__all__ = ["StoredCheckpoint", "for_file", "save"]


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """The checkpoint of one phase.

    Attributes:
        recipe: Version of the phase and the settings it used.
        payload: The result, as JSON.
        needs: What a deferred phase waits for; None if it is complete.
    """

    phase: PhaseNumber
    recipe: str
    payload: str
    needs: Need | None


def save(
    file: FileId, checkpoint: StoredCheckpoint, *, keep_later: bool = False
) -> None:
    """Store the checkpoint of a phase, in place of an earlier one.

    The checkpoints of all later phases of the file are deleted: they depend on the
    result that this one replaces.

    Args:
        file: The file.
        checkpoint: Its checkpoint.
        keep_later: Whether those of later phases stay: there are none, or each is
            replaced in turn, and the file never lacks them.
    """
    payload = checkpoint.payload
    if checkpoint.phase == PhaseNumber.FINGERPRINT:
        for (prints,) in _fingerprints_of(file):
            payload = decode_cache.without_fingerprints(payload, prints)
    if not keep_later:
        _delete_from(file, checkpoint.phase)
        if checkpoint.phase > PhaseNumber.FILENAME:
            # A crash count is only about crashes without progress in between.
            _clear_crashes(file)
    _insert(
        file=file,
        phase=checkpoint.phase,
        recipe=checkpoint.recipe,
        payload=payload,
        needs=checkpoint.needs,
        at=now(),
    )


def for_file(file: FileId) -> Sequence[StoredCheckpoint]:
    """Return a file's checkpoints in the order of their phases.

    That of phase 5 is not among them if its fingerprints are not stored any more.
    """
    found = []
    for phase, recipe, text, needs in _for_file(file):
        payload = text
        if phase == PhaseNumber.FINGERPRINT:
            payload = _with_fingerprints(file, text)
            if payload is None:
                continue
        found.append(
            StoredCheckpoint(PhaseNumber(phase), recipe, payload, needs and Need(needs))
        )
    return found


def _with_fingerprints(file: FileId, payload: str) -> str | None:
    """Return the result of phase 5 with its fingerprints; None if some are missing."""
    for (prints,) in _fingerprints_of(file):
        return decode_cache.with_fingerprints(payload, prints)
    return decode_cache.with_fingerprints(payload, None)


@prepared
def _fingerprints_of(file: FileId) -> Query:
    return (
        DecodeCache.select(DecodeCache.prints)
        .join(File, on=(File.audio_hash == DecodeCache.audio_hash))
        .where(File.id == file)
    )


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
    ).on_conflict_replace()


@prepared
def _for_file(file: FileId) -> Query:
    return (
        Checkpoint.select(
            Checkpoint.phase, Checkpoint.recipe, Checkpoint.payload, Checkpoint.needs
        )
        .where(Checkpoint.file == file)
        .order_by(Checkpoint.phase)
    )
