"""Store songs, artists, works and albums, and link passages to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from peewee import Case, fn

from segued.model import FileId, PhaseNumber, SongStatus
from segued.store.flavors import flavor_of, set_passage_flavor, set_song_flavor
from segued.store.prepared import Query, prepared
from segued.store.requeue import requeue_from_phase
from segued.store.schema.files import Passage
from segued.store.schema.music import (
    Album,
    Artist,
    PassageAlbum,
    PassageSong,
    Song,
    SongArtist,
    SongWork,
    Work,
)

__all__ = ["EntityRef", "SongRecord", "link_passage", "transfer_flavor"]

SONG_FLAVOR_COLUMNS: Final = (
    "flavor",
    "flavor_source",
    "flavor_version",
    "flavored_at",
    "flavor_passage",
)


@dataclass(frozen=True, slots=True)
class EntityRef:
    """A song, artist, work or album: its name and, if known, its MusicBrainz id.

    Attributes:
        key: The normalized name, which identifies it if there is no id.
    """

    name: str | None
    mbid: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class SongRecord:
    """A song to store, with its artists and works."""

    song: EntityRef
    artists: tuple[EntityRef, ...] = ()
    works: tuple[EntityRef, ...] = ()


def link_passage(
    passage: str, song: SongRecord | None, album: EntityRef | None
) -> None:
    """Link a passage to its song and album; create their rows if they are new.

    The passage's own flavor moves to the new song, since its audio is the same.
    """
    row = _get_or_create(Song, song.song, "title") if song is not None else None
    transfer_flavor(passage, row)
    _unlink_song(passage)
    _unlink_album(passage)
    if song is not None and row is not None:
        _link_song(passage, row)
        _link_artists(row, song.artists)
        for each in song.works:
            work = _get_or_create(Work, each, "title")
            SongWork.insert(song=row, work=work).on_conflict_ignore().execute()
    if album is not None:
        row = _get_or_create(Album, album, "title")
        _link_album(passage, row)


def transfer_flavor(passage: str, song: str | None) -> None:
    """Move a flavor analyzed in a passage to the passage's new song, if that has none.

    A flavor of the old song that came from a service, or from another passage, stays.
    One that was analyzed in this passage is removed from the old song, whose other
    passages are requeued from phase 9 on.

    Args:
        passage: The passage, still linked to its old song, if it had one.
        song: The new song; None: the flavor becomes the passage's own.
    """
    for old_song, *flavor, source_passage in _flavor_of_passage(passage):
        if old_song == song or source_passage != passage:
            continue
        own_flavor = flavor_of(*flavor)
        if old_song is not None:
            _clear_song_flavor(old_song)
            others = [FileId(file) for (file,) in _files_of_song(old_song, passage)]
            requeue_from_phase(others, PhaseNumber.FLAVOR)
        if own_flavor is None:
            continue
        if song is None:
            set_passage_flavor(passage, own_flavor)
        elif not Song.select().where(Song.id == song, ~Song.flavor.is_null()).exists():
            set_song_flavor(song, own_flavor, passage)


def _link_artists(song: str, artists: Sequence[EntityRef]) -> None:
    rows = list(dict.fromkeys(_get_or_create(Artist, each, "name") for each in artists))
    _unlink_artists(song)
    for row in rows:
        _link_artist(song, row, 1 / len(rows))


def _get_or_create(table: Any, entity: EntityRef, name: str) -> str:  # noqa: ANN401
    """Return the id of the row for `entity`; create it, or add its name, if missing."""
    by_id, by_key = _QUERIES[table]
    for row, stored_name in by_id(entity.mbid) if entity.mbid else by_key(entity.key):
        if entity.name and stored_name is None:
            table.update(**{name: entity.name}).where(table.id == row).execute()
        return str(row)
    ids = {"mbid": entity.mbid} if entity.mbid else {"name_key": entity.key or ""}
    created: str = table.create(**ids, **{name: entity.name}).id
    return created


@prepared
def _flavor_of_passage(passage: str) -> Query:
    """Select a passage's song, if any, and the flavor with the analyzed passage."""
    return (
        Passage.select(
            PassageSong.song,
            fn.COALESCE(Song.flavor, Passage.flavor),
            fn.COALESCE(Song.flavor_source, Passage.flavor_source),
            fn.COALESCE(Song.flavor_version, Passage.flavor_version),
            fn.COALESCE(
                Song.flavor_passage, Case(None, [(Song.id.is_null(), Passage.id)])
            ),
        )
        .left_outer_join(PassageSong)
        .left_outer_join(Song)
        .where(Passage.id == passage)
    )


@prepared
def _clear_song_flavor(song: str) -> Query:
    nulls = dict.fromkeys(SONG_FLAVOR_COLUMNS)
    return Song.update(status=SongStatus.PENDING, **nulls).where(Song.id == song)


@prepared
def _files_of_song(song: str, except_passage: str) -> Query:
    return (
        Passage.select(Passage.file)
        .join(PassageSong)
        .where(PassageSong.song == song, Passage.id != except_passage)
    )


@prepared
def _unlink_song(passage: str) -> Query:
    return PassageSong.delete().where(PassageSong.passage == passage)


@prepared
def _unlink_album(passage: str) -> Query:
    return PassageAlbum.delete().where(PassageAlbum.passage == passage)


@prepared
def _link_song(passage: str, song: str) -> Query:
    return PassageSong.insert(passage=passage, song=song)


@prepared
def _link_album(passage: str, album: str) -> Query:
    return PassageAlbum.insert(passage=passage, album=album)


@prepared
def _unlink_artists(song: str) -> Query:
    return SongArtist.delete().where(SongArtist.song == song)


@prepared
def _link_artist(song: str, artist: str, weight: float) -> Query:
    return SongArtist.insert(song=song, artist=artist, weight=weight)


def _entity_queries(table: Any, name: str) -> tuple[Any, Any]:  # noqa: ANN401
    """Return the queries for a row of `table` by its MusicBrainz id, and by its key."""
    name_column = getattr(table, name)

    @prepared
    def by_id(mbid: str) -> Query:
        return table.select(table.id, name_column).where(table.mbid == mbid)

    @prepared
    def by_key(key: str | None) -> Query:
        return table.select(table.id, name_column).where(table.name_key == key)

    return by_id, by_key


_QUERIES: Final = {
    Song: _entity_queries(Song, "title"),
    Artist: _entity_queries(Artist, "name"),
    Work: _entity_queries(Work, "title"),
    Album: _entity_queries(Album, "title"),
}
