"""Songs, artists, works and albums, and what ties passages to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from segued.store.parting import transfer_flavor
from segued.store.prepared import Query, prepared
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

__all__ = ["EntityRef", "SongRecord", "link_passage"]


@dataclass(frozen=True, slots=True)
class EntityRef:
    """Somebody or something with a name and, if known, a MusicBrainz id.

    Attributes:
        key: What tells it apart when there is no id: its normalised name.
    """

    name: str | None
    mbid: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class SongRecord:
    """A song as it is to be recorded, with those it is tied to."""

    song: EntityRef
    artists: tuple[EntityRef, ...] = ()
    works: tuple[EntityRef, ...] = ()


def link_passage(
    passage: str, song: SongRecord | None, album: EntityRef | None
) -> None:
    """Tie a passage to its song and album, making either if it is new.

    What is known of its sound goes with it: the sound stays, whatever its name.
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


def _link_artists(song: str, artists: Sequence[EntityRef]) -> None:
    rows = list(dict.fromkeys(_get_or_create(Artist, each, "name") for each in artists))
    _unlink_artists(song)
    for row in rows:
        _link_artist(song, row, 1 / len(rows))


def _get_or_create(table: Any, entity: EntityRef, name: str) -> str:  # noqa: ANN401
    """Return the id of the row for `entity`, made or named if need be."""
    by_id, by_key = _QUERIES[table]
    for row, known in by_id(entity.mbid) if entity.mbid else by_key(entity.key):
        if entity.name and known is None:
            table.update(**{name: entity.name}).where(table.id == row).execute()
        return str(row)
    ids = {"mbid": entity.mbid} if entity.mbid else {"name_key": entity.key or ""}
    created: str = table.create(**ids, **{name: entity.name}).id
    return created


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
    shown = getattr(table, name)

    @prepared
    def by_id(mbid: str) -> Query:
        return table.select(table.id, shown).where(table.mbid == mbid)

    @prepared
    def by_key(key: str | None) -> Query:
        return table.select(table.id, shown).where(table.name_key == key)

    return by_id, by_key


_QUERIES: Final = {
    Song: _entity_queries(Song, "title"),
    Artist: _entity_queries(Artist, "name"),
    Work: _entity_queries(Work, "title"),
    Album: _entity_queries(Album, "title"),
}
