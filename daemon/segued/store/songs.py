"""Songs, artists, works and albums, and what ties passages to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from segued.model import FileId, SongStatus
from segued.store.entities import (
    Album,
    Artist,
    PassageAlbum,
    PassageSong,
    Song,
    SongArtist,
    SongWork,
    Work,
)
from segued.store.models import Passage, tuples

__all__ = [
    "Credit",
    "SongFacts",
    "flavored",
    "flavored_without",
    "record",
    "set_flavor",
    "song_of",
]


@dataclass(frozen=True, slots=True)
class Credit:
    """Somebody or something with a name and, if known, a MusicBrainz id.

    Attributes:
        key: What tells it apart when there is no id: its normalised name.
    """

    name: str | None
    mbid: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class SongFacts:
    """A song as it is to be recorded, with those it is tied to."""

    song: Credit
    artists: tuple[Credit, ...] = ()
    works: tuple[Credit, ...] = ()


def record(passage: str, song: SongFacts | None, album: Credit | None) -> None:
    """Tie a passage to its song and album, making either if it is new.

    What is known of its sound goes with it: the sound stays, whatever its name.
    """
    before = _sound_of(passage)
    PassageSong.delete().where(PassageSong.passage == passage).execute()
    PassageAlbum.delete().where(PassageAlbum.passage == passage).execute()
    if song is not None:
        row = _entity(Song, song.song, "title")
        PassageSong.insert(passage=passage, song=row).execute()
        _credit(row, song.artists)
        if before is not None:
            set_flavor(row, SongStatus.FLAVOR_READY, *before)
        for each in song.works:
            work = _entity(Work, each, "title")
            SongWork.insert(song=row, work=work).on_conflict_ignore().execute()
    if album is not None:
        row = _entity(Album, album, "title")
        PassageAlbum.insert(passage=passage, album=row).execute()


def _sound_of(passage: str) -> tuple[str, str] | None:
    """Return the flavor of a passage's song, or its own, with the source."""
    row = (
        Song.select(Song.flavor, Song.flavor_source)
        .join(PassageSong)
        .where(PassageSong.passage == passage, ~Song.flavor.is_null())
        .first()
    ) or (
        Passage.select(Passage.flavor, Passage.flavor_source)
        .where(Passage.id == passage, ~Passage.flavor.is_null())
        .first()
    )
    return (row.flavor, row.flavor_source) if row else None


def _credit(song: str, artists: Sequence[Credit]) -> None:
    rows = list(dict.fromkeys(_entity(Artist, each, "name") for each in artists))
    SongArtist.delete().where(SongArtist.song == song).execute()
    for row in rows:
        SongArtist.insert(song=song, artist=row, weight=1 / len(rows)).execute()


def _entity(table: Any, wanted: Credit, name: str) -> str:  # noqa: ANN401
    """Return the id of the row for `wanted`, made or named if need be."""
    if wanted.mbid:
        same = table.mbid == wanted.mbid
        ids = {"mbid": wanted.mbid}
    else:
        same = table.name_key == wanted.key
        ids = {"name_key": wanted.key or ""}
    row = table.get_or_none(same)
    if row is None:
        row = table.create(**ids, **{name: wanted.name})
    elif wanted.name and getattr(row, name) is None:
        table.update(**{name: wanted.name}).where(same).execute()
    found: str = row.id
    return found


def song_of(file: FileId) -> list[tuple[str, str | None]]:
    """Return each passage of a file, in order, with its song if it has one."""
    rows = (
        Passage.select(Passage.id, PassageSong.song)
        .left_outer_join(PassageSong)
        .where(Passage.file == file)
        .order_by(Passage.ordinal)
    )
    return [(passage, song) for passage, song in tuples(rows)]


def flavored(songs: Sequence[str]) -> set[str]:
    """Return those of `songs` whose sound is known."""
    rows = Song.select(Song.id).where(
        Song.id.in_(list(songs)), Song.status == SongStatus.FLAVOR_READY
    )
    return {row.id for row in rows}


def flavored_without(file: FileId) -> set[str]:
    """Return a file's passages without a song whose sound is known."""
    rows = Passage.select(Passage.id).where(
        Passage.file == file, ~Passage.flavor.is_null()
    )
    return {row.id for row in rows}


def set_flavor(
    song: str, status: SongStatus, flavor: str | None = None, source: str | None = None
) -> None:
    """Put on record how a song sounds, or that it could not be found out."""
    # Another file of the same song may have been luckier meanwhile.
    Song.update(status=status, flavor=flavor, flavor_source=source).where(
        Song.id == song, Song.status != SongStatus.FLAVOR_READY
    ).execute()
