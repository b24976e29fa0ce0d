"""Query everything that the library stores about one file.

Each function opens its own read-only connection, as in `segued.store.reading.reports`.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from segued.errors import NotFoundError
from segued.model import FileStatus, Fingerprint, LevelCurve, PhaseNumber
from segued.paths import shown
from segued.store import codec
from segued.store.overrides import START_TOLERANCE
from segued.store.packed_levels import unpack_levels
from segued.store.reading.listings import PASSAGE_COLUMNS, SONG_JOINS, passage_values
from segued.store.reading.reports import open_read_only
from segued.store.reading.rows import (
    Duplicate,
    FailureRow,
    FileFacts,
    FileLocation,
    PassageFacts,
    PhaseRow,
    RememberedTag,
)
from segued.units import Frames, Hertz

__all__ = [
    "FileDetail",
    "acoustid_answers",
    "file_detail",
    "level_curve",
    "location",
    "path_of",
]

NANOSECONDS: Final = 1_000_000_000

COPIED_COLUMNS: Final = (
    "flavor_version",
    "flavored_at",
    "flavor_failure",
    "key_strength",
    "loudness_range_lu",
    "true_peak_dbtp",
    "fade_in_ticks",
    "fade_out_ticks",
    "album_id",
    "disc",
    "track",
)
"""Columns of a passage that `PassageFacts` takes over unchanged."""


@dataclass(frozen=True, slots=True)
class FileDetail:
    """A file with its tags, failure, phases, duplicates and passages.

    Attributes:
        remembered_tags: Tags that it does not hold any more: value and date.
        fingerprints: All stored fingerprints of its audio.
    """

    facts: FileFacts
    tags: dict[str, Any]
    remembered_tags: dict[str, RememberedTag]
    failure: FailureRow | None
    phases: list[PhaseRow]
    duplicates: list[Duplicate]
    passages: list[PassageFacts]
    fingerprints: tuple[Fingerprint, ...]


def file_detail(library: Path, file: str) -> FileDetail:
    """Return everything stored about a file.

    Raises:
        NotFoundError: No file has this id.
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        row = _row(database, file)
        facts = _facts(row)
        phases = [
            PhaseRow(phase, at, needs)
            for phase, at, needs in database.execute(
                "SELECT phase, at, needs FROM checkpoints"
                " WHERE file_id = ? ORDER BY phase",
                [file],
            )
        ]
        duplicates = [
            Duplicate(duplicate, shown(path))
            for other in json.loads(row["matching_hashes"])
            for duplicate, path in database.execute(
                "SELECT id, path FROM files WHERE id = ?", [other]
            )
        ]
        return FileDetail(
            facts=facts,
            tags=_tags(row["tags"]),
            remembered_tags={
                name: RememberedTag(**each)
                for name, each in json.loads(row["remembered_tags"] or "{}").items()
            },
            failure=_failure(database, facts),
            phases=phases,
            duplicates=duplicates,
            passages=_passages(database, facts),
            fingerprints=_fingerprints(database, facts.audio_hash),
        )


def acoustid_answers(library: Path, keys: Iterable[str]) -> dict[str, bytes | None]:
    """Return AcoustID's cached responses by key, as received; None if it rejected one.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        answers = {}
        for key in keys:
            for (answer,) in database.execute(
                "SELECT answer FROM acoustid_cache WHERE key = ?", [key]
            ):
                answers[key] = None if answer is None else zlib.decompress(answer)
        return answers


def level_curve(library: Path, file: str) -> LevelCurve | None:
    """Return the level curve of a file; None if it was never decoded.

    Raises:
        NotFoundError: No file has this id.
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        audio_hash = _row(database, file)["audio_hash"]
        for levels, hop, rate, frames in database.execute(
            "SELECT levels, hop_frames, rate, frames FROM decode_cache"
            " WHERE audio_hash = ?",
            [audio_hash],
        ):
            return LevelCurve(
                unpack_levels(levels), Frames(hop), Hertz(rate), Frames(frames)
            )
    return None


@dataclass(frozen=True, slots=True)
class SegmentationInputs:
    """What a file that is one passage was segmented by.

    Attributes:
        tags_payload: The stored result of phase 3.
        recipe: The recipe of phase 4: its version and settings.
        siblings: Number of audio files in its folder, itself included.
        curve: Its level curve.
    """

    tags_payload: str
    recipe: str
    siblings: int
    curve: LevelCurve


def segmentation_inputs(library: Path, path: bytes) -> SegmentationInputs | None:
    """Return what a file was segmented by; None unless it is one passage.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        row = database.execute(
            "SELECT files.id, tags.payload, cut.recipe, (SELECT count(*) FROM files AS"
            " other WHERE other.folder = files.folder AND other.status <> 'MISSING')"
            " FROM files JOIN checkpoints AS tags ON tags.file_id = files.id AND"
            " tags.phase = ?"
            " JOIN checkpoints AS cut ON cut.file_id = files.id AND"
            " cut.phase = ?"
            " WHERE files.path = ? AND (SELECT count(*) FROM passages"
            " WHERE passages.file_id = files.id) = 1",
            [PhaseNumber.TAGS, PhaseNumber.SEGMENT, path],
        ).fetchone()
    if row is None:
        return None
    file, payload, recipe, siblings = row
    curve = level_curve(library, file)
    return SegmentationInputs(payload, recipe, siblings, curve) if curve else None


def path_of(library: Path, file: str) -> bytes:
    """Return the path of a file, whether it still exists or not.

    Raises:
        NotFoundError: No file has this id.
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        return bytes(_row(database, file)["path"])


def location(library: Path, file: str) -> FileLocation:
    """Return path and codec of a file.

    Raises:
        NotFoundError: No file has this id, or the file is MISSING.
        StoreError: The library does not exist, or cannot be read.
    """
    with open_read_only(library) as database:
        row = _row(database, file)
        if row["status"] == FileStatus.MISSING:
            raise NotFoundError(f"{shown(bytes(row['path']))}: the file is missing")
        return FileLocation(bytes(row["path"]), row["codec"])


def _row(database: sqlite3.Connection, file: str) -> sqlite3.Row:
    row: sqlite3.Row | None = database.execute(
        "SELECT * FROM files WHERE id = ?", [file]
    ).fetchone()
    if row is None:
        raise NotFoundError(f"no file has the id {file}")
    return row


def _facts(row: sqlite3.Row) -> FileFacts:
    path = bytes(row["path"])
    return FileFacts(
        file=row["id"],
        path=shown(path),
        name=shown(path.rpartition(b"/")[2]),
        folder=shown(path.rpartition(b"/")[0]),
        root=shown(bytes(row["root"])),
        status=row["shown_status"],
        size_bytes=row["size_bytes"],
        modified_at=_date(row["mtime_ns"]),
        added_at=row["added_at"],
        finished_at=row["finished_at"],
        content_hash=row["content_hash"],
        audio_hash=row["audio_hash"],
        duration_ticks=row["duration_ticks"],
        sample_rate=row["sample_rate"],
        channels=row["channels"],
        codec=row["codec"],
    )


def _date(mtime_ns: int) -> str:
    try:
        when = datetime.fromtimestamp(mtime_ns / NANOSECONDS, UTC)
    except (OverflowError, ValueError, OSError):
        return ""  # outside the range of `datetime`
    return when.isoformat(timespec="seconds")


def _tags(text: str | None) -> dict[str, Any]:
    """Return the tags that have a value."""
    tags = json.loads(text) if text else {}
    return {name: value for name, value in tags.items() if value not in (None, [])}


def _failure(database: sqlite3.Connection, facts: FileFacts) -> FailureRow | None:
    for phase, code, detail, fatal, at, retry_at in database.execute(
        "SELECT phase, code, detail, fatal, at, retry_at FROM failures"
        " WHERE file_id = ?",
        [facts.file],
    ):
        return FailureRow(
            facts.file,
            facts.path,
            facts.status,
            phase,
            code,
            detail,
            bool(fatal),
            at,
            retry_at,
        )
    return None


def _fingerprints(
    database: sqlite3.Connection, audio_hash: str | None
) -> tuple[Fingerprint, ...]:
    for (text,) in database.execute(
        "SELECT prints FROM decode_cache WHERE audio_hash = ?", [audio_hash]
    ):
        return tuple(codec.decode(text, list[Fingerprint]))
    return ()


def _passages(database: sqlite3.Connection, facts: FileFacts) -> list[PassageFacts]:
    override_starts = [
        start
        for (start,) in database.execute(
            "SELECT start_ticks FROM overrides WHERE audio_hash = ?",
            [facts.audio_hash],
        )
    ]
    rows = database.execute(
        f"SELECT {PASSAGE_COLUMNS}, reason, evidence, rejected,"  # noqa: S608
        " coalesce(passages.flavor, songs.flavor) AS flavor,"
        " iif(passages.flavor IS NULL, songs.flavor_version,"
        " passages.flavor_version) AS flavor_version,"
        " iif(passages.flavor IS NULL, songs.flavored_at,"
        " passages.flavored_at) AS flavored_at,"
        " flavor_failure, key_strength, loudness_range_lu, true_peak_dbtp,"
        " fade_in_ticks, fade_out_ticks, track_index.album_id, disc, track"
        " FROM passages"
        f" JOIN files ON files.id = passages.file_id {SONG_JOINS}"
        " LEFT JOIN decisions ON decisions.passage_id = passages.id"
        " LEFT JOIN track_index ON track_index.passage_id = passages.id"
        " WHERE passages.file_id = ? ORDER BY passages.ordinal",
        [facts.file],
    )
    return [
        PassageFacts(
            **passage_values(row),
            reason=row["reason"] or "",
            evidence=json.loads(row["evidence"] or "{}"),
            rejected=json.loads(row["rejected"] or "[]"),
            overruled=any(
                abs(start - row["start_ticks"]) <= START_TOLERANCE
                for start in override_starts
            ),
            flavor=json.loads(row["flavor"]) if row["flavor"] else None,
            **{name: row[name] for name in COPIED_COLUMNS},
        )
        for row in rows
    ]
