"""What people say that passages are. It holds until they say otherwise."""

from dataclasses import dataclass
from typing import Final

from segued.model import FileId
from segued.store.prepared import Query, prepared
from segued.store.requeue import MATCHING, take_up_from
from segued.store.schema.files import File, Passage, now, tuples
from segued.store.schema.music import Overrule
from segued.units import TICKS_PER_SECOND, Ticks

__all__ = ["Said", "forget", "said_of", "say"]

NEAR: Final = Ticks(TICKS_PER_SECOND)
"""A passage that begins this near to where it began is the same."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of the passage that begins at `start`.

    Attributes:
        recording_mbid: The recording it is; None if it is no song.
    """

    start: Ticks
    recording_mbid: str | None = None
    title: str | None = None
    artist: str | None = None

    def is_about(self, start: Ticks) -> bool:
        """Return whether it is about a passage that begins at `start`."""
        return abs(self.start - start) <= NEAR


def say(path: bytes, ordinal: int, said: Said) -> bool:
    """Put on record what a passage is; return whether there is such a passage.

    Args:
        path: The file's absolute path.
        ordinal: Which of its passages, from 1.
        said: What it is; where it begins is seen from the passage.
    """
    found = _passage(path, ordinal)
    if found is None:
        return False
    file, audio_hash, start = found
    _forget(audio_hash, start)
    Overrule.insert(
        audio_hash=audio_hash,
        start_ticks=start,
        recording_mbid=said.recording_mbid,
        title=said.title,
        artist=said.artist,
        at=now(),
    ).execute()
    take_up_from([file], MATCHING)
    return True


def forget(path: bytes, ordinal: int) -> bool:
    """Forget what was said of a passage; return whether there is such a passage."""
    found = _passage(path, ordinal)
    if found is None:
        return False
    file, audio_hash, start = found
    _forget(audio_hash, start)
    take_up_from([file], MATCHING)
    return True


def said_of(file: FileId) -> list[Said]:
    """Return all that was said of a file's passages."""
    return [Said(Ticks(start), *rest) for start, *rest in _said_of(file)]


@prepared
def _said_of(file: FileId) -> Query:
    audio_hash = File.select(File.audio_hash).where(File.id == file)
    return Overrule.select(
        Overrule.start_ticks, Overrule.recording_mbid, Overrule.title, Overrule.artist
    ).where(Overrule.audio_hash == audio_hash)


def _passage(path: bytes, ordinal: int) -> tuple[FileId, str, Ticks] | None:
    rows = (
        Passage.select(File.id, File.audio_hash, Passage.start_ticks)
        .join(File)
        .where(File.path == path, Passage.ordinal == ordinal)
    )
    for file, audio_hash, start in tuples(rows):
        return FileId(file), audio_hash, Ticks(start)
    return None


def _forget(audio_hash: str, start: Ticks) -> None:
    Overrule.delete().where(
        Overrule.audio_hash == audio_hash,
        Overrule.start_ticks.between(start - NEAR, start + NEAR),
    ).execute()
