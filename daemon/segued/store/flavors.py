"""Read and write the flavors and measurements of passages and songs."""

from dataclasses import astuple, dataclass, fields
from typing import Final

from segued.model import FileId, Need, SongStatus
from segued.store.prepared import Query, prepared
from segued.store.schema.files import Checkpoint, Passage, now
from segued.store.schema.music import PassageSong, Song
from segued.units import Ticks

__all__ = [
    "Flavor",
    "Measures",
    "StoredPassageFlavor",
    "StoredSongFlavor",
    "clear",
    "flavor_of",
    "for_file",
    "mark_failed",
    "set_failure",
    "set_measures",
    "set_passage_flavor",
    "set_song_flavor",
]

FLAVOR_COLUMNS: Final = (
    "flavor",
    "flavor_source",
    "flavor_version",
    "flavored_at",
    "flavor_failure",
)


@dataclass(frozen=True, slots=True)
class Flavor:
    """The flavor of a passage or song.

    Attributes:
        text: JSON: `characteristics`, and further values of the source.
        source: The service or analyzer; flavors are comparable within one source only.
        version: Version of the source.
    """

    text: str
    source: str
    version: str


@dataclass(frozen=True, slots=True)
class Measures:
    """Measurements of a passage; None if not measured."""

    bpm: float | None = None
    key: str | None = None
    scale: str | None = None
    key_strength: float | None = None
    loudness_lufs: float | None = None
    loudness_range_lu: float | None = None
    true_peak_dbtp: float | None = None


@dataclass(frozen=True, slots=True)
class StoredSongFlavor:
    """A stored song of a passage.

    Attributes:
        length: Length of its part of the passage in ticks; None: the whole passage.
    """

    song: str
    length: Ticks | None
    flavor: Flavor | None


@dataclass(frozen=True, slots=True)
class StoredPassageFlavor:
    """A stored passage, with its songs and flavor.

    Attributes:
        songs: Its songs; nearly always one, or none.
        flavor: Its own flavor, if it is not one song.
    """

    passage: str
    songs: tuple[StoredSongFlavor, ...]
    flavor: Flavor | None


def for_file(file: FileId) -> list[StoredPassageFlavor]:
    """Return a file's passages, in order, with their stored flavors."""
    songs: dict[str, list[StoredSongFlavor]] = {}
    for passage, song, length, *flavor in _songs(file):
        songs.setdefault(passage, []).append(
            StoredSongFlavor(song, length, flavor_of(*flavor))
        )
    return [
        StoredPassageFlavor(passage, tuple(songs.get(passage, ())), flavor_of(*flavor))
        for passage, *flavor in _passages(file)
    ]


def flavor_of(
    text: str | None, source: str | None, version: str | None
) -> Flavor | None:
    """Return the flavor in three columns of a row; None if they are null."""
    return Flavor(text, source, version or "") if text and source else None


def set_song_flavor(
    song: str, flavor: Flavor | None, source_passage: str | None = None
) -> None:
    """Store the flavor of a song; None marks it FLAVORING FAILED.

    Args:
        song: The song.
        flavor: The flavor.
        source_passage: The passage that was analyzed; None if a service sent it.
    """
    if flavor is not None:
        text, source, version = astuple(flavor)
        _set_song_flavor(song, text, source, version, now(), source_passage)
        return
    # Another file of the same song may have got a flavor meanwhile.
    Song.update(status=SongStatus.FLAVORING_FAILED).where(
        Song.id == song, Song.status != SongStatus.FLAVOR_READY
    ).execute()


def set_passage_flavor(passage: str, flavor: Flavor | None) -> None:
    """Store the flavor of a passage that is not one song; None clears it."""
    text, source, version = astuple(flavor) if flavor else (None, None, None)
    _set_passage_flavor(passage, text, source, version, now() if flavor else None)


def set_failure(passage: str, reason: str | None) -> None:
    """Store why a passage's flavor is missing or incomplete; None clears that."""
    _set_failure(passage, reason)


def clear(file: FileId) -> None:
    """Delete flavors and measurements of a file's passages, as its audio changed."""
    names = [each.name for each in fields(Measures)]
    columns = [getattr(Passage, name) for name in (*FLAVOR_COLUMNS, *names)]
    Passage.update(dict.fromkeys(columns)).where(Passage.file == file).execute()


def mark_failed(file: FileId, reason: str) -> None:
    """Store why a file's passages cannot be analyzed; `retry` requeues it."""
    Passage.update(flavor_failure=reason).where(Passage.file == file).execute()
    Checkpoint.update(needs=None).where(
        Checkpoint.file == file, Checkpoint.needs == Need.IDLE
    ).execute()


def set_measures(passage: str, measures: Measures) -> None:
    """Store the measurements of a passage."""
    values = {each.name: getattr(measures, each.name) for each in fields(measures)}
    _set_measures(passage, **values)


@prepared
def _songs(file: FileId) -> Query:
    return (
        PassageSong.select(
            PassageSong.passage,
            PassageSong.song,
            PassageSong.length_ticks,
            Song.flavor,
            Song.flavor_source,
            Song.flavor_version,
        )
        .join(Song)
        .switch(PassageSong)
        .join(Passage)
        .where(Passage.file == file)
        .order_by(PassageSong.passage, PassageSong.song)
    )


@prepared
def _passages(file: FileId) -> Query:
    return (
        Passage.select(
            Passage.id, Passage.flavor, Passage.flavor_source, Passage.flavor_version
        )
        .where(Passage.file == file)
        .order_by(Passage.ordinal)
    )


@prepared
def _set_song_flavor(  # noqa: PLR0913, PLR0917
    song: str, text: str, source: str, version: str, at: str, source_passage: str | None
) -> Query:
    return Song.update(
        status=SongStatus.FLAVOR_READY,
        flavor=text,
        flavor_source=source,
        flavor_version=version,
        flavored_at=at,
        flavor_passage=source_passage,
    ).where(Song.id == song)


@prepared
def _set_passage_flavor(
    passage: str,
    text: str | None,
    source: str | None,
    version: str | None,
    at: str | None,
) -> Query:
    return Passage.update(
        flavor=text, flavor_source=source, flavor_version=version, flavored_at=at
    ).where(Passage.id == passage)


@prepared
def _set_failure(passage: str, reason: str | None) -> Query:
    return Passage.update(flavor_failure=reason).where(Passage.id == passage)


@prepared
def _set_measures(  # noqa: PLR0913
    passage: str,
    *,
    bpm: float | None,
    key: str | None,
    scale: str | None,
    key_strength: float | None,
    loudness_lufs: float | None,
    loudness_range_lu: float | None,
    true_peak_dbtp: float | None,
) -> Query:
    return Passage.update(
        bpm=bpm,
        key=key,
        scale=scale,
        key_strength=key_strength,
        loudness_lufs=loudness_lufs,
        loudness_range_lu=loudness_range_lu,
        true_peak_dbtp=true_peak_dbtp,
    ).where(Passage.id == passage)
