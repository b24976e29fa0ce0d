"""Find the passages that sound most like one: their flavors, in memory.

The flavors of each source are one array, which is read at the first search and then
follows the library's counter of changes (`row_changes`).
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec
import numpy as np

from segued.errors import NotFoundError
from segued.matching.flavor_distance import (
    METRICS,
    FlavorTable,
    ShareArray,
    flavor_vector,
)
from segued.matching.playlist import PlaylistSong, path_between, similar_to
from segued.store.reading.listings import find_passages
from segued.store.reading.reports import open_read_only

__all__ = [
    "PlaylistRequest",
    "SimilarPage",
    "SimilarPassages",
    "SimilarRow",
    "passage_at",
]

ROWS_AT_ONCE: Final = 500
NEAR_MAX: Final = 200
"""So many passages near a step of a way are tried."""

DIGITS: Final = 6

FLAVORS: Final = """
    SELECT passages.rowid, passages.id,
        coalesce(passages.flavor_source, songs.flavor_source) AS source,
        coalesce(passages.flavor, songs.flavor) AS flavor, track_index.artist_key,
        coalesce(
            songs.mbid, track_index.artist_key || ' ' || passages.title, passages.id
        ) AS song,
        track_index.length_ticks
    FROM passages
    CROSS JOIN track_index ON track_index.passage_id = passages.id
    LEFT JOIN songs ON songs.id = (
        SELECT song_id FROM passage_songs WHERE passage_id = passages.id
        ORDER BY length_ticks IS NULL DESC, length_ticks DESC, song_id LIMIT 1
    )
"""


@dataclass(frozen=True, slots=True)
class SimilarRow:
    """A passage that sounds like another; the distance is from 0 to 1."""

    distance: float
    passage_id: str
    file_id: str
    path: str
    ordinal: int
    artist: str | None
    title: str | None
    album: str | None


@dataclass(frozen=True, slots=True)
class SimilarPage:
    """The passages that sound most like one, the nearest first.

    Attributes:
        source: The source of all these flavors.
    """

    passage_id: str
    source: str
    metric: str
    similar: list[SimilarRow]


@dataclass(frozen=True, slots=True)
class PlaylistRequest:
    """What a playlist of similar passages is made of.

    Attributes:
        like: The id of the first passage.
        path_to: The id of the last passage; None: those most like the first.
        length_ticks: The length of all together, about.
        artist_gap: An artist is not among so many passages before.
    """

    like: str
    path_to: str | None
    length_ticks: int
    artist_gap: int


class _StoredFlavor(msgspec.Struct):
    """A flavor as stored in the library."""

    characteristics: dict[str, dict[str, float]] = {}


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known about a passage with a flavor."""

    source: str
    song: PlaylistSong


class SimilarPassages:
    """The flavors of a library, by source; several threads may search."""

    def __init__(self, library: Path) -> None:
        self._library: Final = library
        self._lock: Final = Lock()
        self._tables: dict[str, FlavorTable] = {}
        self._known: dict[str, _Known] = {}
        self._change: int | None = None

    def nearest(self, passage: str, count: int, metric: str) -> SimilarPage:
        """Return the passages that sound most like one, by one of `METRICS`.

        Raises:
            NotFoundError: The library has no flavor of this passage.
            StoreError: The library does not exist, or cannot be read.
        """
        with self._lock, open_read_only(self._library) as database:
            self._refresh(database)
            source, table = self._table_of(passage)
            found = table.nearest(table.vector(passage), count + 1, metric)
            near = [each for each in found if each[1] != passage][:count]
            rows = {
                row.passage: row
                for row in find_passages(database, [each for _, each in near])
            }
        return SimilarPage(
            passage,
            source,
            metric,
            [
                SimilarRow(
                    round(distance, DIGITS),
                    each,
                    rows[each].file,
                    rows[each].path,
                    rows[each].ordinal,
                    rows[each].artist,
                    rows[each].title,
                    rows[each].album,
                )
                for distance, each in near
                if each in rows
            ],
        )

    def nearest_songs(self, passage: str, count: int) -> list[tuple[str, float]]:
        """Return the nearest passages of other songs by other artists, and how far.

        Raises:
            NotFoundError: The library has no flavor of this passage.
            StoreError: The library does not exist, or cannot be read.
        """
        with self._lock:
            with open_read_only(self._library) as database:
                self._refresh(database)
            _, table = self._table_of(passage)
            own = self._known[passage].song
            near = table.nearest(table.vector(passage), count, METRICS[0])
            others = [(self._known[each].song, value) for value, each in near]
        return [
            (other.passage, round(distance, DIGITS))
            for other, distance in others
            if other.song != own.song and (not own.artist or other.artist != own.artist)
        ]

    def playlist(self, request: PlaylistRequest) -> list[str]:
        """Return the ids of the passages of a playlist, in order.

        Raises:
            NotFoundError: The library has no flavor of a passage, or those of the two
                ends are from different sources.
            StoreError: The library does not exist, or cannot be read.
        """
        with self._lock:
            with open_read_only(self._library) as database:
                self._refresh(database)
            source, table = self._table_of(request.like)
            first = self._known[request.like].song
            if request.path_to is None:
                near = table.nearest(table.vector(request.like), len(table), METRICS[0])
                chosen = similar_to(
                    first,
                    self._songs(near),
                    request.length_ticks,
                    request.artist_gap,
                )
            else:
                chosen = self._way(request, source, table)
        return [each.passage for each in chosen]

    def _way(
        self, request: PlaylistRequest, source: str, table: FlavorTable
    ) -> list[PlaylistSong]:
        last = request.path_to or request.like
        other, _ = self._table_of(last)
        if other != source:
            raise NotFoundError(
                f"no way from {request.like} to {last}: their flavors are from {source}"
                f" and {other}, which cannot be compared"
            )

        def nearest(point: ShareArray) -> Iterator[PlaylistSong]:
            return self._songs(table.nearest(point, NEAR_MAX, METRICS[0]))

        return path_between(
            (self._known[request.like].song, self._known[last].song),
            (table.vector(request.like), table.vector(last)),
            nearest,
            request.length_ticks,
            request.artist_gap,
        )

    def _songs(self, near: Iterable[tuple[float, str]]) -> Iterator[PlaylistSong]:
        return (self._known[each].song for _, each in near)

    def _table_of(self, passage: str) -> tuple[str, FlavorTable]:
        known = self._known.get(passage)
        if known is None:
            raise NotFoundError(f"the library has no flavor of the passage {passage}")
        return known.source, self._tables[known.source]

    def _refresh(self, database: sqlite3.Connection) -> None:
        """Read the flavors that changed since the last time; at first, all."""
        (newest,) = database.execute(
            "SELECT coalesce(max(change), 0) FROM row_changes"
        ).fetchone()
        if self._change is None or newest < self._change:
            self._tables, self._known = {}, {}
            self._read_all(database)
        elif newest > self._change:
            changed = database.execute(
                "SELECT id FROM row_changes WHERE change > ? AND kind = 'passage'",
                [self._change],
            ).fetchall()
            ids = [each["id"] for each in changed]
            for start in range(0, len(ids), ROWS_AT_ONCE):
                self._read_again(database, ids[start : start + ROWS_AT_ONCE])
        # What changes meanwhile has a higher number, and is read next time.
        self._change = newest

    def _read_all(self, database: sqlite3.Connection) -> None:
        last = 0
        while True:
            rows = database.execute(
                f"{FLAVORS} WHERE passages.rowid > ? ORDER BY passages.rowid LIMIT ?",
                [last, ROWS_AT_ONCE],
            ).fetchall()
            for row in rows:
                self._put(row)
            if len(rows) < ROWS_AT_ONCE:
                return
            last = rows[-1]["rowid"]

    def _read_again(self, database: sqlite3.Connection, ids: Sequence[str]) -> None:
        marks = ", ".join("?" for _ in ids)
        rows = database.execute(f"{FLAVORS} WHERE passages.id IN ({marks})", ids)
        for each in ids:
            known = self._known.pop(each, None)
            if known is not None:
                self._tables[known.source].remove(each)
        for row in rows:
            self._put(row)

    def _put(self, row: sqlite3.Row) -> None:
        if row["flavor"] is None or row["source"] is None:
            return
        stored = msgspec.json.decode(row["flavor"], type=_StoredFlavor)
        vector = flavor_vector(stored.characteristics)
        if np.isnan(vector).all():
            return  # only measures, no characteristic
        self._tables.setdefault(row["source"], FlavorTable()).put(row["id"], vector)
        song = PlaylistSong(
            row["id"], row["artist_key"], row["song"], row["length_ticks"]
        )
        self._known[row["id"]] = _Known(row["source"], song)


def passage_at(library: Path, path: bytes, ordinal: int) -> str | None:
    """Return the id of a passage of a file; None if there is none.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        row = database.execute(
            "SELECT passages.id FROM passages JOIN files ON files.id = file_id"
            " WHERE files.path = ? AND ordinal = ?",
            [path, ordinal],
        ).fetchone()
    return row["id"] if row else None
