"""A library of version 0.1.0 is opened, migrated and imported again.

The dump `tests/golden/library-0.1.0.sql` was made by version 0.1.0 from the
files of `upgrade_music`, whose folder was `/golden-music`. One of them,
`later.wav`, was imported outside the active hours and not analyzed.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from segued.store.migrate import SCHEMA_VERSION
from tests.end_to_end.library_queries import files_by_name, passages_of, query
from tests.end_to_end.segued_runner import SeguedRunner
from tests.end_to_end.service_catalog import mbid
from tests.end_to_end.upgrade_music import ALBUM, SONGS, add_later, make_music
from tests.fake_services import AnswersInMemory, FakeServices, services_in_background

DUMP = Path(__file__).parents[1] / "golden" / "library-0.1.0.sql"
OLD_ROOT = "/golden-music"
NEVER = "2999-01-01T00:00:00.000+00:00"
LATER = "later.wav"
SIDE = "side.wav"
BROKEN = "broken.mp3"
STATUS_COUNTS = {
    "INGEST COMPLETE": 6,
    "DUPLICATE HASH": 1,
    "FAILED": 1,
    "NO AUDIO": 1,
}

MATCH_COLUMNS = (
    "passage_id",
    "file_id",
    "path",
    "ordinal",
    "start_ticks",
    "end_ticks",
    "lead_in_ticks",
    "lead_out_ticks",
    "fingerprint",
    "title",
    "artist",
    "album",
    "recording_mbid",
    "release_mbid",
    "confidence",
    "score",
    "status",
    "flavor_source",
    "flavor",
)
LOUDNESS_COLUMNS = ("loudness_lufs", "loudness_range_lu", "true_peak_dbtp")


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """The files that version 0.1.0 imported."""
    music = tmp_path / "music"
    make_music(music)
    add_later(music)
    return music


@pytest.fixture(name="old_library")
def _old_library(segued: SeguedRunner, music: Path) -> SeguedRunner:
    """The library of version 0.1.0, moved to this music folder."""
    segued.home.mkdir(parents=True)
    dump = DUMP.read_text().replace(OLD_ROOT, str(music))
    dump = dump.replace(OLD_ROOT.encode().hex().upper(), bytes(music).hex().upper())
    with closing(sqlite3.connect(segued.database)) as library:
        library.executescript(dump)
        for (path,) in library.execute("SELECT path FROM files").fetchall():
            stat = os.stat(path)
            library.execute(
                "UPDATE files SET size_bytes = ?, mtime_ns = ?, inode = ?"
                " WHERE path = ?",
                (stat.st_size, stat.st_mtime_ns, stat.st_ino, path),
            )
        # Phase 1 compares the file with the signature in its checkpoint.
        library.execute(
            "UPDATE checkpoints SET payload = (SELECT json_object('signature',"
            " json_object('size_bytes', size_bytes, 'mtime_ns', mtime_ns,"
            " 'inode', inode)) FROM files WHERE id = file_id) WHERE phase = 1"
        )
        # Answers without a result are valid for a week after the dump was made.
        for table in ("acoustid_cache", "musicbrainz_cache", "acousticbrainz_cache"):
            library.execute(
                f"UPDATE {table} SET expires_at = ?"  # noqa: S608
                " WHERE expires_at IS NOT NULL",
                [NEVER],
            )
        library.execute("UPDATE lookups SET due_at = ?", [NEVER])
        library.commit()
    return segued


@pytest.fixture(name="fake_services")
def _fake_services() -> Iterator[FakeServices]:
    """Services that have no answers, and count the requests."""
    with services_in_background(
        lambda: FakeServices(AnswersInMemory({}), limits=False)
    ) as background:
        yield background.services


def options_for(segued: SeguedRunner, fake_services: FakeServices) -> tuple[str, str]:
    """Return the options to use the fake services and to measure the loudness."""
    return (
        "--config",
        segued.write_config(
            '[flavoring]\nsources = ["acousticbrainz"]\nloudness = true\n'
            "[services]\n"
            f'acoustid_url = "{fake_services.acoustid_url}"\n'
            f'musicbrainz_url = "{fake_services.musicbrainz_url}"\n'
            f'acousticbrainz_url = "{fake_services.acousticbrainz_url}"\n'
            'contact = "tests@example.org"\n'
            "acoustid_rate = 100.0\nmusicbrainz_rate = 100.0\n"
            "acousticbrainz_rate = 100.0\n"
            '[settings]\nacoustid_api_key = "test-key"\n'
            '[logging]\nlevel = "debug"\nformat = "json"\n'
        ),
    )


def passage_rows(
    database: Path, columns: tuple[str, ...] = MATCH_COLUMNS
) -> list[dict[str, Any]]:
    """Return these columns of `library_passages`, ordered by path."""
    return query(
        database,
        f"SELECT {', '.join(columns)} FROM library_passages"  # noqa: S608
        " ORDER BY path, ordinal",
    )


def file_rows(database: Path) -> list[dict[str, Any]]:
    """Return all rows of `library_files`, ordered by path."""
    return query(database, "SELECT * FROM library_files ORDER BY path")


def phases_by_name(log: str) -> dict[str, list[int]]:
    """Return the numbers of the phases that ran, by the file's name."""
    phases: dict[str, list[int]] = {}
    for line in log.splitlines():
        entry = json.loads(line) if line.startswith("{") else {}
        if entry.get("event") == "phase.started":
            phases.setdefault(Path(entry["file"]).name, []).append(entry["phase"])
    return phases


def test_an_old_library_is_opened_without_decoding_or_requests(
    old_library: SeguedRunner, music: Path, fake_services: FakeServices
) -> None:
    """Tags are read and files matched by the new rules; nothing is decoded.

    Files have the same songs. The broken file is tried again, because more kinds of
    files are recognized now.
    """
    passages = passage_rows(old_library.database)
    files = file_rows(old_library.database)
    measured = passage_rows(old_library.database, ("path", *LOUDNESS_COLUMNS))
    options = options_for(old_library, fake_services)

    ran = old_library.import_folders(music, options=options)

    assert ran.code == 1  # broken.mp3 is still a failed file
    assert ran.json["files"] == STATUS_COUNTS
    assert_only_the_album_of_the_sheet_is_searched(fake_services)
    phases = phases_by_name(ran.err)
    assert phases.pop(BROKEN) == [1, 2, 3, 4]
    assert {phase for each in phases.values() for phase in each} == {1, *range(3, 11)}
    assert ran.json["work"]["4"]["decoded"] == 0
    for before, after in zip(files, file_rows(old_library.database), strict=True):
        if Path(before["path"]).name == BROKEN:
            before["failure_detail"] = after["failure_detail"]
        assert {name: after[name] for name in before} == before
    for each in passages:
        if Path(each["path"]).name == SIDE:
            each["album"] = "Side"  # by its sheet, of which 0.1.0 read no album
    assert passage_rows(old_library.database) == passages
    for row in passage_rows(old_library.database, ("path", *LOUDNESS_COLUMNS)):
        if Path(row["path"]).name == LATER:
            assert None not in row.values()
        else:
            assert row in measured
    assert not {"idle", "leisure"} & set(ran.json["deferred"])

    again = old_library.import_folders(music, options=options)

    assert phases_by_name(again.err) == {}
    assert_only_the_album_of_the_sheet_is_searched(fake_services)


def assert_only_the_album_of_the_sheet_is_searched(services: FakeServices) -> None:
    """Assert that there was one request: version 0.1.0 did not know of that album."""
    (request,) = services.requests
    assert request.path.endswith("/release")
    assert request.query["query"] == 'release:"Side" AND artist:"Marram"'


def test_an_override_from_an_old_library_applies(
    old_library: SeguedRunner, music: Path, fake_services: FakeServices
) -> None:
    """After the upgrade, and after a rematch by the current rules."""
    options = options_for(old_library, fake_services)
    database = ("--json", "--database", old_library.database)

    old_library.import_folders(music, options=options)
    rematch = old_library.run("rematch", *database, *options)
    single = old_library.run(
        "explain", *database, music / "Singles/Somebody - Alone.wav"
    )
    song = old_library.run("explain", *database, music / ALBUM / f"02 {SONGS[1]}.wav")

    assert rematch.json["files"] == STATUS_COUNTS, rematch.err
    (row,) = passages_of(old_library.database, "Somebody - Alone.wav")
    assert (row["title"], row["artist"]) == ("Alone", "Somebody")
    assert row["recording_mbid"] == mbid("Somebody", "Alone")
    assert row["confidence"] == "High"
    assert single.json["passages"][0]["reason"] == "a person says so"
    assert song.json["passages"][0]["recording_mbid"] == mbid("Marram", SONGS[1])
    assert_only_the_album_of_the_sheet_is_searched(fake_services)


def test_an_old_library_is_migrated_and_kept(
    old_library: SeguedRunner, music: Path, fake_services: FakeServices
) -> None:
    """The copy beside it has the old schema and the old rows."""
    version = _schema_version(old_library.database)
    passages = passage_rows(old_library.database)

    old_library.import_folders(music, options=options_for(old_library, fake_services))

    assert _schema_version(old_library.database) == SCHEMA_VERSION
    (copy,) = old_library.home.glob("library.db.before-*")
    assert copy.name == f"library.db.before-{SCHEMA_VERSION}"
    assert _schema_version(copy) == version
    assert passage_rows(copy) == passages
    assert files_by_name(old_library.database)[LATER]["status"] == "INGEST COMPLETE"


def _schema_version(database: Path) -> int:
    (row,) = query(database, "PRAGMA user_version")
    return int(row["user_version"])
