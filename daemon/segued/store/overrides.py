"""Read and write overrides: decisions of a person on what a passage is."""

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
"""An override applies to a passage whose start differs by at most one second."""


@dataclass(frozen=True, slots=True)
class PassageOverride:
    """A person's decision on the passage that starts at `start`.

    Attributes:
        start: Start of the passage in ticks, when the override was set.
        recording_mbid: MusicBrainz id of the recording; None if it is not a song.
    """

    start: Ticks
    recording_mbid: str | None = None
    title: str | None = None
    artist: str | None = None

    def applies_to(self, start: Ticks) -> bool:
        """Return whether the override applies to a passage that starts at `start`."""
        return abs(self.start - start) <= START_TOLERANCE


def set_override(path: bytes, ordinal: int, override: PassageOverride) -> bool:
    """Store an override and requeue the file; return False without such a passage.

    Args:
        path: The file's absolute path.
        ordinal: Number of the passage in the file, from 1.
        override: The override; its start is taken from the passage instead.
    """
    passage = _find_passage(path, ordinal)
    if passage is None:
        return False
    file, audio_hash, start = passage
    _delete(audio_hash, start)
    StoredOverride.insert(
        audio_hash=audio_hash,
        start_ticks=start,
        recording_mbid=override.recording_mbid,
        title=override.title,
        artist=override.artist,
        at=now(),
    ).execute()
    requeue_from_phase([file], PhaseNumber.MATCH, in_flight=True)
    return True


def clear_override(path: bytes, ordinal: int) -> bool:
    """Delete an override and requeue the file; return False without such a passage."""
    passage = _find_passage(path, ordinal)
    if passage is None:
        return False
    file, audio_hash, start = passage
    _delete(audio_hash, start)
    requeue_from_phase([file], PhaseNumber.MATCH, in_flight=True)
    return True


def overrides_for(file: FileId) -> list[PassageOverride]:
    """Return the overrides of a file's passages."""
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


def _find_passage(path: bytes, ordinal: int) -> tuple[FileId, str, Ticks] | None:
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
