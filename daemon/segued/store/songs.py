"""Songs, artists, works and albums, and what ties passages to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from segued.store.parting import part
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

__all__ = ["Credit", "SongFacts", "record"]


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
    row = _entity(Song, song.song, "title") if song is not None else None
    part(passage, row)
    _untie_song(passage)
    _untie_album(passage)
    if song is not None and row is not None:
        _tie_song(passage, row)
        _credit(row, song.artists)
        for each in song.works:
            work = _entity(Work, each, "title")
            SongWork.insert(song=row, work=work).on_conflict_ignore().execute()
    if album is not None:
        row = _entity(Album, album, "title")
        _tie_album(passage, row)


def _credit(song: str, artists: Sequence[Credit]) -> None:
    rows = list(dict.fromkeys(_entity(Artist, each, "name") for each in artists))
    _uncredit(song)
    for row in rows:
        _credit_one(song, row, 1 / len(rows))


def _entity(table: Any, wanted: Credit, name: str) -> str:  # noqa: ANN401
    """Return the id of the row for `wanted`, made or named if need be."""
    by_id, by_key = _NAMED[table]
    for row, known in by_id(wanted.mbid) if wanted.mbid else by_key(wanted.key):
        if wanted.name and known is None:
            table.update(**{name: wanted.name}).where(table.id == row).execute()
        return str(row)
    ids = {"mbid": wanted.mbid} if wanted.mbid else {"name_key": wanted.key or ""}
    made: str = table.create(**ids, **{name: wanted.name}).id
    return made


@prepared
def _untie_song(passage: str) -> Query:
    return PassageSong.delete().where(PassageSong.passage == passage)


@prepared
def _untie_album(passage: str) -> Query:
    return PassageAlbum.delete().where(PassageAlbum.passage == passage)


@prepared
def _tie_song(passage: str, song: str) -> Query:
    return PassageSong.insert(passage=passage, song=song)


@prepared
def _tie_album(passage: str, album: str) -> Query:
    return PassageAlbum.insert(passage=passage, album=album)


@prepared
def _uncredit(song: str) -> Query:
    return SongArtist.delete().where(SongArtist.song == song)


@prepared
def _credit_one(song: str, artist: str, weight: float) -> Query:
    return SongArtist.insert(song=song, artist=artist, weight=weight)


def _named_in(table: Any, name: str) -> tuple[Any, Any]:  # noqa: ANN401
    """Return the queries for a row of `table` by its MusicBrainz id, and by its key."""
    shown = getattr(table, name)

    @prepared
    def by_id(mbid: str) -> Query:
        return table.select(table.id, shown).where(table.mbid == mbid)

    @prepared
    def by_key(key: str | None) -> Query:
        return table.select(table.id, shown).where(table.name_key == key)

    return by_id, by_key


_NAMED: Final = {
    Song: _named_in(Song, "title"),
    Artist: _named_in(Artist, "name"),
    Work: _named_in(Work, "title"),
    Album: _named_in(Album, "title"),
}
