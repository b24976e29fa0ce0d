"""What people say that passages are. It holds until they say otherwise."""

from dataclasses import dataclass
from typing import Final

from segued.model import FileId, PhaseNumber
from segued.store.prepared import Query, prepared
from segued.store.requeue import requeue_from_phase
from segued.store.schema.files import File, Passage, iter_rows, now
from segued.store.schema.music import StoredOverride
from segued.units import TICKS_PER_SECOND, Ticks

__all__ = ["PassageOverride", "clear_override", "overrides_for", "set_override"]

START_TOLERANCE: Final = Ticks(TICKS_PER_SECOND)
"""A passage that begins this near to where it began is the same."""


@dataclass(frozen=True, slots=True)
class PassageOverride:
    """What a person said of the passage that begins at `start`.

    Attributes:
        recording_mbid: The recording it is; None if it is no song.
    """

    start: Ticks
    recording_mbid: str | None = None
    title: str | None = None
    artist: str | None = None

    def applies_to(self, start: Ticks) -> bool:
        """Return whether it is about a passage that begins at `start`."""
        return abs(self.start - start) <= START_TOLERANCE


def set_override(path: bytes, ordinal: int, override: PassageOverride) -> bool:
    """Put on record what a passage is; return whether there is such a passage.

    Args:
        path: The file's absolute path.
        ordinal: Which of its passages, from 1.
        override: What it is; where it begins is seen from the passage.
    """
    found = _passage(path, ordinal)
    if found is None:
        return False
    file, audio_hash, start = found
    _delete(audio_hash, start)
    StoredOverride.insert(
        audio_hash=audio_hash,
        start_ticks=start,
        recording_mbid=override.recording_mbid,
        title=override.title,
        artist=override.artist,
        at=now(),
    ).execute()
    requeue_from_phase([file], PhaseNumber.MATCH)
    return True


def clear_override(path: bytes, ordinal: int) -> bool:
    """Forget what was said of a passage; return whether there is such a passage."""
    found = _passage(path, ordinal)
    if found is None:
        return False
    file, audio_hash, start = found
    _delete(audio_hash, start)
    requeue_from_phase([file], PhaseNumber.MATCH)
    return True


def overrides_for(file: FileId) -> list[PassageOverride]:
    """Return all that was said of a file's passages."""
    return [
        PassageOverride(Ticks(start), *rest) for start, *rest in _overrides_for(file)
    ]


@prepared
def _overrides_for(file: FileId) -> Query:
    audio_hash = File.select(File.audio_hash).where(File.id == file)
    return StoredOverride.select(
        StoredOverride.start_ticks,
        StoredOverride.recording_mbid,
        StoredOverride.title,
        StoredOverride.artist,
    ).where(StoredOverride.audio_hash == audio_hash)


def _passage(path: bytes, ordinal: int) -> tuple[FileId, str, Ticks] | None:
    rows = (
        Passage.select(File.id, File.audio_hash, Passage.start_ticks)
        .join(File)
        .where(File.path == path, Passage.ordinal == ordinal)
    )
    for file, audio_hash, start in iter_rows(rows):
        return FileId(file), audio_hash, Ticks(start)
    return None


def _delete(audio_hash: str, start: Ticks) -> None:
    StoredOverride.delete().where(
        StoredOverride.audio_hash == audio_hash,
        StoredOverride.start_ticks.between(
            start - START_TOLERANCE, start + START_TOLERANCE
        ),
    ).execute()
