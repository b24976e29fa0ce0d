"""Read and write the flavors and measurements of passages and songs."""

from dataclasses import astuple, dataclass, fields
from typing import Any, Final, TypeAlias

from peewee import JOIN, SQL

from segued.model import FileId, Need, SongStatus
from segued.store.prepared import Query, prepared
from segued.store.schema.files import Checkpoint, File, Passage, now
from segued.store.schema.music import PassageSong, Song
from segued.units import Ticks

__all__ = [
    "Flavor",
    "Measures",
    "PassageRank",
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

PassageRank: TypeAlias = tuple[int, bytes, int]
"""Which passage stands for a song: the longest, then the first by path and place.

So the flavor of a song does not depend on which of its passages was analyzed first.
"""


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
        analyzed: The rank of the passage that its flavor is of; None if a service sent
            it, or that passage is no more.
    """

    song: str
    length: Ticks | None
    flavor: Flavor | None
    analyzed: PassageRank | None = None


@dataclass(frozen=True, slots=True)
class StoredPassageFlavor:
    """A stored passage, with its songs and flavor.

    Attributes:
        songs: Its songs; nearly always one, or none.
        flavor: Its own flavor, if it is not one song.
    """

    passage: str
    rank: PassageRank
    songs: tuple[StoredSongFlavor, ...]
    flavor: Flavor | None


def for_file(file: FileId) -> list[StoredPassageFlavor]:
    """Return a file's passages, in order, with their stored flavors."""
    songs: dict[str, list[StoredSongFlavor]] = {}
    for passage, song, length, *flavor, shortness, path, ordinal in _songs(file):
        analyzed = None if path is None else (shortness, bytes(path), ordinal)
        songs.setdefault(passage, []).append(
            StoredSongFlavor(song, length, flavor_of(*flavor), analyzed)
        )
    return [
        StoredPassageFlavor(
            passage,
            (shortness, bytes(path), ordinal),
            tuple(songs.get(passage, ())),
            flavor_of(*flavor),
        )
        for passage, *flavor, shortness, path, ordinal in _passages(file)
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

    What the same analyzers gave for a passage that comes before this one stays.

    Args:
        song: The song.
        flavor: The flavor.
        source_passage: The passage that was analyzed; None if a service sent it.
    """
    if flavor is not None:
        text, source, version = astuple(flavor)
        if source_passage is not None and _is_preceded(song, flavor, source_passage):
            return
        _set_song_flavor(song, text, source, version, now(), source_passage)
        return
    # Another file of the same song may have got a flavor meanwhile.
    Song.update(status=SongStatus.FLAVORING_FAILED).where(
        Song.id == song, Song.status != SongStatus.FLAVOR_READY
    ).execute()


def _is_preceded(song: str, flavor: Flavor, passage: str) -> bool:
    """Return whether a song has a flavor, by the same source, of a better passage."""
    own = [(shortness, bytes(path), place) for shortness, path, place in _rank(passage)]
    return any(
        (source, version) == (flavor.source, flavor.version)
        and [(shortness, bytes(path), place)] < own
        for source, version, shortness, path, place in _analyzed_rank(song)
    )


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


ANALYZED: Final = Passage.alias()
ANALYZED_FILE: Final = File.alias()


def _rank_columns(passage: Any, file: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """Return the columns of a `PassageRank`."""
    return passage.start_ticks - passage.end_ticks, file.path, passage.ordinal


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
            *_rank_columns(ANALYZED, ANALYZED_FILE),
        )
        .join(Song)
        .join(ANALYZED, JOIN.LEFT_OUTER, on=Song.flavor_passage == ANALYZED.id)
        .join(ANALYZED_FILE, JOIN.LEFT_OUTER, on=ANALYZED.file == ANALYZED_FILE.id)
        .switch(PassageSong)
        .join(Passage)
        .where(Passage.file == file)
        .order_by(PassageSong.passage, PassageSong.song)
    )


@prepared
def _passages(file: FileId) -> Query:
    return (
        Passage.select(
            Passage.id,
            Passage.flavor,
            Passage.flavor_source,
            Passage.flavor_version,
            *_rank_columns(Passage, File),
        )
        .join(File)
        .where(Passage.file == file)
        .order_by(Passage.ordinal)
    )


@prepared
def _rank(passage: str) -> Query:
    columns = _rank_columns(Passage, File)
    return Passage.select(*columns).join(File).where(Passage.id == passage)


@prepared
def _analyzed_rank(song: str) -> Query:
    return (
        Song.select(
            Song.flavor_source,
            Song.flavor_version,
            *_rank_columns(ANALYZED, ANALYZED_FILE),
        )
        .join(ANALYZED, on=Song.flavor_passage == ANALYZED.id)
        .join(ANALYZED_FILE, on=ANALYZED.file == ANALYZED_FILE.id)
        .where(Song.id == song)
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
    # A row that stays the same is not written, and does not count as changed.
    return Passage.update(flavor_failure=reason).where(
        Passage.id == passage, SQL("flavor_failure IS NOT :reason")
    )


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
