"""Read and write overrides: decisions of a person on what a passage is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.model import FileId
from segued.store.prepared import Query, prepared
from segued.store.schema.files import File, iter_rows
from segued.store.schema.music import StoredOverride
from segued.units import TICKS_PER_SECOND, Ticks

__all__ = [
    "START_TOLERANCE",
    "OverrideRow",
    "PassageOverride",
    "overrides_for",
    "replace_near",
    "rows_near",
]

START_TOLERANCE: Final = Ticks(TICKS_PER_SECOND)
"""An override applies to a passage whose start differs by at most one second."""


@dataclass(frozen=True, slots=True)
class PassageOverride:
    """A person's decision on the passage that starts at `start`.

    Attributes:
        start: Start of the passage in ticks, when the override was set.
        recording_mbid: MusicBrainz id of the recording; None if it is not a song.
        keeps_match: Whether its present match stays, also if it is none.
    """

    start: Ticks
    recording_mbid: str | None = None
    title: str | None = None
    artist: str | None = None
    keeps_match: bool = False

    def applies_to(self, start: Ticks) -> bool:
        """Return whether the override applies to a passage that starts at `start`."""
        return abs(self.start - start) <= START_TOLERANCE


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """A stored override, and when it was stored."""

    override: PassageOverride
    at: str


def overrides_for(file: FileId) -> list[PassageOverride]:
    """Return the overrides of a file's passages."""
    return [_override(row) for row in _overrides_for(file)]


def rows_near(audio_hash: str, start: Ticks) -> tuple[OverrideRow, ...]:
    """Return the overrides that apply to the passage of some audio at `start`."""
    rows = StoredOverride.select(
        StoredOverride.start_ticks,
        StoredOverride.recording_mbid,
        StoredOverride.title,
        StoredOverride.artist,
        StoredOverride.keeps_match,
        StoredOverride.at,
    ).where(_is_near(audio_hash, start))
    return tuple(OverrideRow(_override(row), row[-1]) for row in iter_rows(rows))


def replace_near(audio_hash: str, start: Ticks, rows: Sequence[OverrideRow]) -> None:
    """Replace the overrides that apply to the passage of some audio at `start`."""
    StoredOverride.delete().where(_is_near(audio_hash, start)).execute()
    for each in rows:
        StoredOverride.insert(
            audio_hash=audio_hash,
            start_ticks=each.override.start,
            recording_mbid=each.override.recording_mbid,
            title=each.override.title,
            artist=each.override.artist,
            at=each.at,
            keeps_match=1 if each.override.keeps_match else None,
        ).execute()


def _override(row: Sequence[object]) -> PassageOverride:
    start, mbid, title, artist, keeps_match = row[:5]
    return PassageOverride(
        Ticks(int(str(start))),
        None if mbid is None else str(mbid),
        None if title is None else str(title),
        None if artist is None else str(artist),
        keeps_match == 1,
    )


@prepared
def _overrides_for(file: FileId) -> Query:
    audio_hash = File.select(File.audio_hash).where(File.id == file)
    return StoredOverride.select(
        StoredOverride.start_ticks,
        StoredOverride.recording_mbid,
        StoredOverride.title,
        StoredOverride.artist,
        StoredOverride.keeps_match,
    ).where(StoredOverride.audio_hash == audio_hash)


def _is_near(audio_hash: str, start: Ticks) -> Query:
    return (
        StoredOverride.audio_hash == audio_hash
    ) & StoredOverride.start_ticks.between(
        start - START_TOLERANCE, start + START_TOLERANCE
    )
