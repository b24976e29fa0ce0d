"""Query albums and artists: pages in several orders, single ones, and the search.

Pages are found by the keys of the row before them, so that each costs the same. Each
function opens its own read-only connection, as in `segued.store.reading.reports`.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from segued.errors import NotFoundError
from segued.matching.library_query import parse_query
from segued.store.reading.listings import (
    PASSAGE_COLUMNS,
    SONG_JOINS,
    find_passages,
    passage_values,
)
from segued.store.reading.music_rows import (
    AlbumDetail,
    AlbumPage,
    AlbumRow,
    ArtistDetail,
    ArtistPage,
    ArtistRow,
    CoverSource,
    Hits,
    PageAfter,
    Place,
    TrackRow,
)
from segued.store.reading.query_conditions import (
    query_condition,
    register_query_functions,
)
from segued.store.reading.reports import open_read_only
from segued.store.reading.word_hits import (
    COUNTED_MAX,
    PASSAGE_INDEX,
    find_hits,
    keys_of,
)
from segued.store.search import search_words, words_condition

__all__ = [
    "ALBUM_COLUMNS",
    "ALBUM_ORDERS",
    "album",
    "album_row",
    "albums",
    "artist",
    "artists",
    "cover_source",
    "search",
]

SONGS_MAX: Final = 500
"""So many songs of an artist are listed without their albums."""

SORTED_MAX: Final = 2_000
"""So many albums are put in order; of more, the first ones in their order are read."""

HITS_MAX: Final = 8
"""So many songs, albums and artists are found at once."""


@dataclass(frozen=True, slots=True)
class _Order:
    """The columns of an order; they end with the key, so that no two rows are equal."""

    columns: tuple[str, ...]
    is_descending: bool = False

    @property
    def kinds(self) -> tuple[type, ...]:
        """The types of the columns."""
        return tuple(int if each == "year" else str for each in self.columns)


ALBUM_ORDERS: Final = {
    "artist": _Order(("artist_key", "year", "album_id")),
    "title": _Order(("title_key", "year", "album_id")),
    "year": _Order(("year", "artist_key", "album_id"), is_descending=True),
    "new": _Order(("added_at", "artist_key", "album_id"), is_descending=True),
}
"""The orders in which albums are listed; new ones and late years come first."""

ARTIST_ORDER: Final = _Order(("artist_key",))


ALBUM_COLUMNS: Final = ", ".join(each.name for each in fields(AlbumRow))


def albums(
    library: Path,
    query: str,
    order: str,
    page: PageAfter,
    *,
    uncertain_only: bool = False,
) -> AlbumPage:
    """Return a page of the albums whose title and artist contain all words of `query`.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        return _album_page(
            database,
            search_words(query),
            ALBUM_ORDERS[order],
            page,
            "uncertain > 0" if uncertain_only else "1",
        )


def album(library: Path, album_id: str) -> AlbumDetail:
    """Return an album.

    Raises:
        NotFoundError: No album has this id.
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        found = database.execute(
            f"SELECT {ALBUM_COLUMNS}, missing FROM album_index WHERE album_id = ?",  # noqa: S608
            [album_id],
        ).fetchone()
        if found is None:
            raise NotFoundError(f"no album has the id {album_id}")
        rows = database.execute(
            f"SELECT {PASSAGE_COLUMNS}, disc, track"  # noqa: S608
            " FROM track_index JOIN passages ON passages.id = track_index.passage_id"
            f" JOIN files ON files.id = passages.file_id {SONG_JOINS}"
            " WHERE track_index.album_id = ?"
            " ORDER BY disc, track, track_index.path, track_index.ordinal",
            [album_id],
        ).fetchall()
        chosen, again = database.execute(
            "SELECT max(chosen_releases.release_mbid),"
            " sum(files.status IN ('PENDING', 'PROCESSING')) FROM track_index"
            " JOIN files ON files.path = track_index.path"
            " LEFT JOIN chosen_releases USING (audio_hash) WHERE album_id = ?",
            [album_id],
        ).fetchone()
    return AlbumDetail(
        album_row(found),
        _tracks(rows),
        [(disc, track) for disc, track in json.loads(found["missing"])],
        chosen,
        again,
    )


def cover_source(library: Path, album_id: str) -> CoverSource:
    """Return where the cover of an album may be: an embedded picture comes first.

    Raises:
        NotFoundError: No album has this id.
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        found = database.execute(
            "SELECT files.path, files.root, files.tags ->> '$.cover.blake3' AS cover,"
            " album_index.release_mbid"
            " FROM track_index JOIN files ON files.path = track_index.path"
            " JOIN album_index USING (album_id)"
            " WHERE album_id = ?"
            " ORDER BY files.tags ->> '$.cover.blake3' DESC, track_index.path LIMIT 1",
            [album_id],
        ).fetchone()
    if found is None:
        raise NotFoundError(f"no album has the id {album_id}")
    return CoverSource(
        bytes(found["path"]),
        bytes(found["root"]),
        found["cover"],
        found["release_mbid"],
    )


def artists(library: Path, query: str, page: PageAfter) -> ArtistPage:
    """Return a page of the artists whose name contains all words of `query`.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        return _artist_page(database, search_words(query), page)


def artist(library: Path, artist_key: str) -> ArtistDetail:
    """Return an artist with albums and songs.

    Raises:
        NotFoundError: No artist has this id.
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        found = database.execute(
            "SELECT * FROM artist_index WHERE artist_key = ?", [artist_key]
        ).fetchone()
        if found is None:
            raise NotFoundError(f"no artist has the id {artist_key}")
        rows = database.execute(
            f"SELECT {ALBUM_COLUMNS} FROM album_index"  # noqa: S608
            " WHERE artist_key = :artist OR album_id IN"
            " (SELECT album_id FROM track_index WHERE artist_key = :artist)"
            " ORDER BY year, title_key, album_id",
            {"artist": artist_key},
        ).fetchall()
        keys = database.execute(
            "SELECT passage_id FROM track_index WHERE artist_key = ?"
            " ORDER BY album_id IS NULL, album_id, disc, track, path, ordinal LIMIT ?",
            [artist_key, SONGS_MAX],
        ).fetchall()
        songs = find_passages(database, [key for (key,) in keys])
    return ArtistDetail(
        ArtistRow(**dict(found)), [AlbumRow(**dict(row)) for row in rows], songs
    )


def search(library: Path, query: str) -> Hits:
    """Return the first songs, albums and artists that a search finds.

    Conditions are about songs: a search with some finds neither albums nor artists.

    Raises:
        QueryError: A condition of the search is invalid.
        StoreError: The library does not exist, or cannot be read.
    """
    parsed = parse_query(query)
    condition = query_condition(parsed)
    with open_read_only(library) as database:
        register_query_functions(database)
        hits = find_hits(database, PASSAGE_INDEX, condition, COUNTED_MAX + 1)
        songs_total, songs_more = min(len(hits), COUNTED_MAX), len(hits) > COUNTED_MAX
        songs = find_passages(
            database, keys_of(database, PASSAGE_INDEX, hits[:HITS_MAX])
        )
        if parsed.terms:
            return Hits(songs, songs_total, [], 0, [], 0, songs_more)
        words = search_words(parsed.words)
        found_albums = _album_page(
            database, words, ALBUM_ORDERS["artist"], PageAfter(limit=HITS_MAX)
        )
        found_artists = _artist_page(database, words, PageAfter(limit=HITS_MAX))
    return Hits(
        songs,
        songs_total,
        found_albums.albums,
        found_albums.total,
        found_artists.artists,
        found_artists.total,
        songs_more,
    )


def album_row(row: sqlite3.Row) -> AlbumRow:
    """Return an album from a row with at least `ALBUM_COLUMNS`."""
    return AlbumRow(**{each.name: row[each.name] for each in fields(AlbumRow)})


def _album_page(
    database: sqlite3.Connection,
    words: Sequence[str],
    order: _Order,
    page: PageAfter,
    condition: str = "1",
) -> AlbumPage:
    matching, values = words_condition("words", words)
    index = "INDEXED BY albums_by_words" if words else ""
    matched = f"FROM album_index {index} WHERE {matching} AND {condition}"
    ((total,),) = database.execute(f"SELECT count(*) {matched}", values)
    source = f"album_index WHERE {matching} AND {condition}"
    if words and total <= SORTED_MAX:
        # Few are found first, and put in order then.
        source = (
            f"(SELECT album_id AS found {matched}) CROSS JOIN album_index"
            " ON album_id = found WHERE 1"
        )
    rows = _page(database, source, values, order, page)
    listed = [album_row(row) for row in rows[: page.limit]]
    return AlbumPage(listed, total, _last_place(rows, order, page.limit))


def _artist_page(
    database: sqlite3.Connection,
    words: Sequence[str],
    page: PageAfter,
) -> ArtistPage:
    where, values = words_condition("artist_key", words)
    ((total,),) = database.execute(
        f"SELECT count(*) FROM artist_index WHERE {where}",  # noqa: S608
        values,
    )
    rows = _page(database, f"artist_index WHERE {where}", values, ARTIST_ORDER, page)
    return ArtistPage(
        [ArtistRow(**dict(row)) for row in rows[: page.limit]],
        total,
        _last_place(rows, ARTIST_ORDER, page.limit),
    )


def _page(
    database: sqlite3.Connection,
    source: str,
    values: Sequence[str],
    order: _Order,
    page: PageAfter,
) -> list[sqlite3.Row]:
    """Return the rows of a page, and one more if there is one.

    Args:
        database: The connection.
        source: The table and the condition on its rows.
        values: The values in that condition.
        order: The order of the rows.
        page: The page.
    """
    columns = ", ".join(order.columns)
    direction = " DESC" if order.is_descending else ""
    sorting = ", ".join(f"{column}{direction}" for column in order.columns)
    start = ""
    if page.place is not None:
        marks = ", ".join("?" for _ in order.columns)
        start = f" AND ({columns}) {'<' if order.is_descending else '>'} ({marks})"
    return database.execute(
        f"SELECT * FROM {source}{start} ORDER BY {sorting} LIMIT ?",  # noqa: S608
        [*values, *(page.place or ()), page.limit + 1],
    ).fetchall()


def _last_place(rows: Sequence[sqlite3.Row], order: _Order, limit: int) -> Place | None:
    if len(rows) <= limit:
        return None
    return tuple(rows[limit - 1][column] for column in order.columns)


def _tracks(rows: Sequence[sqlite3.Row]) -> list[TrackRow]:
    seen: set[Any] = set()
    doubles: set[Any] = set()
    for row in rows:
        for each in _identities(row):
            (doubles if each in seen else seen).add(each)
    return [
        TrackRow(
            **passage_values(row),
            disc=row["disc"],
            track=row["track"],
            is_double=any(each in doubles for each in _identities(row)),
        )
        for row in rows
    ]


def _identities(row: sqlite3.Row) -> list[Any]:
    """Return what two tracks of an album do not share."""
    place = [(row["disc"], row["track"])] if row["track"] else []
    recording = [row["recording_mbid"]] if row["recording_mbid"] else []
    return place + recording
