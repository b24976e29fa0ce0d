"""Find what the events of a transaction are about."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from peewee import SqliteDatabase

from segued.paths import shown
from segued.units import TICKS_PER_SECOND

__all__ = ["REMEMBERED", "Told", "events_of", "remember_all"]

ALBUM: Final = "album.completed"
REVIEW: Final = "review.needed"
SESSION: Final = "session.completed"
FOLDER: Final = "folder.imported"

ITEMS_MAX: Final = 100
"""An event names at most so many passages or cards; it has the number of all."""

FILE_SQL: Final = """
SELECT files.id AS file_id, files.path_text AS path, files.folder, files.root, status,
    duration_ticks, code, detail, phase, tries
FROM files LEFT JOIN failures ON failures.file_id = files.id WHERE files.id = ?
"""

PASSAGES_SQL: Final = """
SELECT passages.id AS passage_id, ordinal, start_ticks, end_ticks, passages.title,
    artist, album, confidence, songs.mbid AS recording_mbid
FROM passages
LEFT JOIN passage_songs ON passage_songs.passage_id = passages.id
LEFT JOIN songs ON songs.id = passage_songs.song_id
WHERE file_id = ? GROUP BY passages.id ORDER BY ordinal LIMIT ?
"""

UNFINISHED_SQL: Final = """
SELECT 1 FROM files WHERE folder = ? AND status IN ('PENDING', 'PROCESSING') LIMIT 1
"""

ALBUMS_SQL: Final = """
SELECT DISTINCT album_id, tracks FROM files
JOIN passages ON passages.file_id = files.id
JOIN passage_albums ON passage_albums.passage_id = passages.id
JOIN album_index USING (album_id) WHERE folder = ? ORDER BY album_id
"""

UNFINISHED_ALBUM_SQL: Final = """
SELECT 1 FROM files WHERE status IN ('PENDING', 'PROCESSING') AND folder IN (
    SELECT folder FROM passage_albums
    JOIN passages ON passages.id = passage_id JOIN files ON files.id = file_id
    WHERE album_id = ?) LIMIT 1
"""

ALBUM_SQL: Final = """
SELECT album_id, release_mbid, title, artist, tracks, track_total, disc_total, missing
FROM album_index WHERE album_id = ?
"""

CARDS_SQL: Final = """
SELECT card_id, album_id, file_id, question, text FROM (
    SELECT *, row_number() OVER (PARTITION BY card_id ORDER BY urgency DESC) AS nth
    FROM library_review)
WHERE nth = 1 ORDER BY card_id
"""

SESSION_SQL: Final = """
SELECT id AS session_id, state, roots, started_at, ended_at, files_total, files_done,
    files_failed
FROM import_sessions WHERE id = ?
"""

REMEMBERED: Final[Mapping[str, str]] = {
    ALBUM: "SELECT 'album.completed', album_id, tracks FROM album_index",
    REVIEW: "SELECT DISTINCT 'review.needed', card_id, 'open' FROM library_review",
}
"""Queries of what may have been told already: event, subject and state."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event, what it is about, and the facts that it carries."""

    event: str
    subject: str
    facts: Mapping[str, Any]


def remember_all(database: SqliteDatabase, event: str) -> None:
    """Count all that the library holds as told, when the event is wanted at first.

    A row without a subject says that it was done.
    """
    if _told_state(database, event, "") is not None:
        return
    _remember(database, event, "", "")
    database.execute_sql(f"INSERT OR REPLACE INTO told_subjects {REMEMBERED[event]}")


def events_of(
    database: SqliteDatabase,
    noted: Sequence[tuple[str, str]],
    is_wanted: Callable[[str], bool],
) -> Iterator[Told]:
    """Yield the events of what the triggers noted: pairs of an event and an id."""
    ended = [subject for event, subject in noted if event == "file.ended"]
    for event, subject in noted:
        if event == SESSION:
            if is_wanted(REVIEW):
                yield from _new_cards(database, subject)
            if is_wanted(SESSION):
                yield from _session(database, subject)
        elif event in ("file.imported", "file.failed") and is_wanted(event):
            yield from _file(database, event, subject)
    if is_wanted(ALBUM) or is_wanted(FOLDER):
        for folder, root in _finished_folders(database, ended):
            if is_wanted(ALBUM):
                yield from _albums(database, folder)
            if is_wanted(FOLDER):
                facts = {"folder": _text(folder), "root": _text(root)}
                yield Told(FOLDER, _text(folder), facts)


def _finished_folders(
    database: SqliteDatabase, files: Iterable[str]
) -> list[tuple[bytes, bytes]]:
    """Return the folders of some files, with their roots, in which no file waits."""
    folders: dict[bytes, bytes] = {}
    for file in files:
        for folder, root in database.execute_sql(
            "SELECT folder, root FROM files WHERE id = ?", [file]
        ).fetchall():
            folders[bytes(folder)] = bytes(root)
    return [
        (folder, root)
        for folder, root in folders.items()
        if not database.execute_sql(UNFINISHED_SQL, [folder]).fetchone()
    ]


def _file(database: SqliteDatabase, event: str, file: str) -> Iterator[Told]:
    for facts in _rows(database, FILE_SQL, [file]):
        folder, root = facts["folder"], facts["root"]
        facts |= {"folder": _text(bytes(folder)), "root": _text(bytes(root))}
        failure = {name: facts.pop(name) for name in ("code", "detail", "phase")}
        failure["tries"] = facts.pop("tries")
        ticks = facts.pop("duration_ticks")
        facts["seconds"] = None if ticks is None else ticks / TICKS_PER_SECOND
        if event == "file.failed":
            facts["failure"] = failure
        else:
            facts["passages"] = [
                _in_seconds(passage)
                for passage in _rows(database, PASSAGES_SQL, [file, ITEMS_MAX])
            ]
        yield Told(event, file, facts)


def _in_seconds(passage: dict[str, Any]) -> dict[str, Any]:
    start, end = passage.pop("start_ticks"), passage.pop("end_ticks")
    return passage | {
        "start_seconds": start / TICKS_PER_SECOND,
        "end_seconds": end / TICKS_PER_SECOND,
    }


def _albums(database: SqliteDatabase, folder: bytes) -> Iterator[Told]:
    """Yield the albums of a folder that are complete now, or have more tracks."""
    for album, tracks in database.execute_sql(ALBUMS_SQL, [folder]).fetchall():
        if _told_state(database, ALBUM, album) == str(tracks):
            continue
        if database.execute_sql(UNFINISHED_ALBUM_SQL, [album]).fetchone():
            continue
        _remember(database, ALBUM, album, str(tracks))
        for facts in _rows(database, ALBUM_SQL, [album]):
            facts["missing_tracks"] = len(json.loads(facts.pop("missing")))
            yield Told(ALBUM, album, facts | {"folder": _text(folder)})


def _new_cards(database: SqliteDatabase, session: str) -> Iterator[Told]:
    """Yield one event about all cards that are new since the last one."""
    told = {
        subject
        for (subject,) in database.execute_sql(
            "SELECT subject FROM told_subjects WHERE event = ? AND subject <> ''",
            [REVIEW],
        )
    }
    cards = list(_rows(database, CARDS_SQL, []))
    open_ids = {card["card_id"] for card in cards}
    for gone in told - open_ids:
        database.execute_sql(
            "DELETE FROM told_subjects WHERE event = ? AND subject = ?", [REVIEW, gone]
        )
    new = [card for card in cards if card["card_id"] not in told]
    for card in new:
        _remember(database, REVIEW, card["card_id"], "open")
    if new:
        facts = {"open": len(cards), "new": len(new), "cards": new[:ITEMS_MAX]}
        yield Told(REVIEW, session, facts)


def _session(database: SqliteDatabase, session: str) -> Iterator[Told]:
    for facts in _rows(database, SESSION_SQL, [session]):
        yield Told(SESSION, session, facts | {"roots": json.loads(facts["roots"])})


def _told_state(database: SqliteDatabase, event: str, subject: str) -> str | None:
    row = database.execute_sql(
        "SELECT state FROM told_subjects WHERE event = ? AND subject = ?",
        [event, subject],
    ).fetchone()
    return str(row[0]) if row else None


def _remember(database: SqliteDatabase, event: str, subject: str, state: str) -> None:
    database.execute_sql(
        "INSERT OR REPLACE INTO told_subjects VALUES (?, ?, ?)", [event, subject, state]
    )


def _rows(
    database: SqliteDatabase, sql: str, values: Sequence[Any]
) -> Iterator[dict[str, Any]]:
    cursor = database.execute_sql(sql, list(values))
    names = [column[0] for column in cursor.description]
    for row in cursor.fetchall():
        yield dict(zip(names, row, strict=True))


def _text(path: bytes) -> str:
    """Return a path as it is, or for people if its bytes are no text."""
    try:
        return path.decode()
    except UnicodeDecodeError:
        return shown(os.fsdecode(path))
