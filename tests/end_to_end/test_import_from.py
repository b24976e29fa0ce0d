"""What other programs know about files: `segued import-from`."""

import csv
import io
import json
import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sample_library import encode, song, tag

from tests.end_to_end.foreign_libraries import write_beets, write_itunes
from tests.end_to_end.library_queries import query
from tests.end_to_end.running_daemon import running_daemon, write_album
from tests.end_to_end.segued_runner import CommandResult, SeguedRunner

RECORDING = "b1a9c0e9-d987-4042-ae91-78d6a3267d69"
RELEASE = "23d6c5e1-61df-3f1e-9a49-8ab0ee2d4e6c"
OTHER = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(name="music")
def _music(tmp_path: Path, segued: SeguedRunner) -> Path:
    """Two imported songs without any id in their tags."""
    music = write_album(tmp_path / "music" / "Tide", songs=2).parent
    assert segued.import_folders(music).code == 0
    return music


def import_from(
    segued: SeguedRunner, program: str, *words: str | Path
) -> CommandResult:
    """Read the library of a program."""
    return segued.run("import-from", program, "--database", segued.database, *words)


def passages(segued: SeguedRunner) -> list[dict[str, object]]:
    """Return the passages by path."""
    return query(segued.database, "SELECT * FROM library_passages ORDER BY path")


def test_the_ids_of_beets_are_evidence_and_never_truth(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """Medium at best, matched again without a decode, and explained."""
    first, second = sorted((music / "Tide").iterdir())
    items: list[dict[str, object]] = [
        {
            "path": os.fsencode(first),
            "mb_trackid": RECORDING.upper(),
            "mb_albumid": RELEASE,
            "added": 1_551_484_800.5,
        },
        # The ids of another database, and a path below beets' own folder.
        {"path": b"Tide/" + os.fsencode(second.name), "mb_trackid": "1234567"},
        {"path": b"/elsewhere/other.mp3", "mb_trackid": OTHER},
    ]
    library = write_beets(tmp_path / "beets.db", items)
    before = library.read_bytes()

    ran = import_from(segued, "beets", library)
    assert (ran.code, ran.err) == (0, "")
    line, example = ran.out.splitlines()
    assert line.endswith("3 items, 2 matched, 1 with new ids, 1 not in the library"), (
        ran.out
    )
    assert example.endswith("/elsewhere/other.mp3")
    again = import_from(segued, "beets", library, "--json")
    assert again.json["counts"]["changed"] == 0
    assert library.read_bytes() == before

    statuses = query(segued.database, "SELECT status FROM files ORDER BY path")
    assert [row["status"] for row in statuses] == ["PENDING", "INGEST COMPLETE"]
    earlier = (
        "SELECT file_id, phase, at FROM checkpoints WHERE phase BETWEEN 2 AND 5"
        " ORDER BY file_id, phase"
    )
    done = query(segued.database, earlier)
    assert segued.import_folders(music).code == 0
    assert query(segued.database, earlier) == done
    named, unnamed = passages(segued)
    assert (named["confidence"], named["recording_mbid"]) == ("Medium", RECORDING)
    assert named["release_mbid"] is None
    assert (unnamed["confidence"], unnamed["recording_mbid"]) == ("Low", None)
    explained = segued.run("explain", "--database", segued.database, first)
    assert "beets names the recording; unconfirmed" in explained.out
    says = f"beets says    recording {RECORDING}, release {RELEASE}, added 2019-03-02"
    assert says in explained.out
    (row,) = query(segued.database, "SELECT * FROM library_imported_ids")
    assert (row["path"], row["source"]) == (str(first), "beets")
    assert row["added_at"] == "2019-03-02T00:00:00.500+00:00"

    # Where beets no longer names an id, it is forgotten, and the match with it.
    write_beets(library, [{"path": os.fsencode(first)}])
    assert import_from(segued, "beets", library).code == 0
    assert segued.import_folders(music).code == 0
    assert [row["confidence"] for row in passages(segued)] == ["Low", "Low"]


def test_an_id_in_the_tags_precedes_that_of_beets(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """What beets says is shown, and does not count."""
    path = tmp_path / "music" / "song.flac"
    path.parent.mkdir()
    encode(path, song(1, 14.0), 44_100, "flac")
    tag(
        path,
        {"title": "Jóga", "artist": "Björk", "musicbrainz_trackid": RECORDING},
    )
    assert segued.import_folders(path.parent).code == 0
    item = {"path": os.fsencode(path), "mb_trackid": OTHER}
    library = write_beets(tmp_path / "beets.db", [item])

    assert import_from(segued, "beets", library).code == 0
    assert segued.import_folders(path.parent).code == 0

    (row,) = passages(segued)
    assert row["recording_mbid"] == RECORDING
    explained = segued.run("explain", "--database", segued.database, path)
    assert f"beets says    recording {OTHER}" in explained.out
    assert "the tags name the recording" in explained.out


def test_a_relative_path_in_two_music_folders_names_neither(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """Until a map says which one is meant."""
    other = write_album(tmp_path / "second" / "Tide", songs=2).parent
    assert segued.import_folders(music, other).code == 0
    item = {"path": b"Tide/01 song.mp3", "mb_trackid": RECORDING}
    library = write_beets(tmp_path / "beets.db", [item])

    refused = import_from(segued, "beets", library)
    done = import_from(segued, "beets", library, "--map", f".={other}")

    assert refused.code == 2
    assert done.code == 0, done.err
    (row,) = query(segued.database, "SELECT path FROM library_imported_ids")
    assert row["path"] == str(other / "Tide" / "01 song.mp3")


def test_ratings_and_play_counts_are_carried_by_exports(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """From Windows paths, with percent signs; nothing is matched again."""
    windows = r"C:\Users\me\Music"
    where = "file://localhost/C:/Users/me/Music/Tide"
    tracks = [
        {
            "Location": f"{where}/01%20song.mp3",
            "Rating": 80,
            "Play Count": 17,
            "Play Date UTC": datetime(2024, 5, 6, 7, 8, 9),  # noqa: DTZ001
        },
        {"Location": f"{where}/02%20song.mp3", "Rating": 60, "Rating Computed": True},
        {"Location": "http://radio.example.org/stream", "Rating": 100},
        {"Name": "Not on this disk", "Play Count": 3},
    ]
    library = write_itunes(tmp_path / "Library.xml", tracks)
    change = query(segued.database, "SELECT max(change) AS last FROM library_changes")

    ran = import_from(
        segued, "itunes", "--json", library, "--map", f"{windows}={music}"
    )

    assert ran.code == 0, ran.err
    assert ran.json["counts"] == {
        "items": 2,
        "matched": 2,
        "changed": 1,
        "not_in_library": 0,
    }
    pending = query(segued.database, "SELECT * FROM files WHERE status = 'PENDING'")
    assert pending == []
    expected = (80, 17, "2024-05-06T07:08:09.000+00:00")
    rated, unrated = passages(segued)
    assert (rated["rating"], rated["play_count"], rated["last_played"]) == expected
    assert (unrated["rating"], unrated["play_count"]) == (None, None)
    changed = query(
        segued.database,
        f"SELECT id FROM library_changes WHERE change > {change[0]['last']}",  # noqa: S608
    )
    assert [row["id"] for row in changed] == [rated["passage_id"]]
    database = ("--database", segued.database)
    lines = segued.run("export", "jsonl", *database).out.splitlines()
    assert [json.loads(line)["rating"] for line in lines] == [80, None]
    table = csv.DictReader(io.StringIO(segued.run("export", "csv", *database).out))
    assert [row["play_count"] for row in table] == ["17", ""]
    stickers = tmp_path / "sticker.sql"
    words = ("export", "stickers", *database, "--root", music, "-o", stickers)
    assert segued.run(*words).code == 0
    values = query(
        stickers, "SELECT value FROM sticker WHERE name IN ('rating') ORDER BY uri"
    )
    assert values == [{"value": "8"}]


def test_a_rating_given_in_a_client_of_mpd_stays(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """It is newer than that of the other program."""
    location = (music / "Tide" / "01 song.mp3").as_uri()
    library = write_itunes(
        tmp_path / "Library.xml", [{"Location": location, "Rating": 20}]
    )
    assert import_from(segued, "itunes", library).code == 0
    stickers = tmp_path / "sticker.sql"
    words = ("export", "stickers", "--database", segued.database, "--root", music)
    assert segued.run(*words, "-o", stickers).code == 0
    with closing(sqlite3.connect(stickers)) as database:
        database.execute("UPDATE sticker SET value = '9' WHERE name = 'rating'")
        database.commit()

    assert segued.run(*words, "-o", stickers).code == 0

    values = query(stickers, "SELECT value FROM sticker WHERE name = 'rating'")
    assert values == [{"value": "9"}]


def test_nothing_found_names_paths_and_the_way_out(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """At most three of the paths."""
    assert music.exists()
    items = [{"path": f"/mnt/nas/{n}.mp3".encode()} for n in range(1, 6)]
    library = write_beets(tmp_path / "beets.db", items)

    ran = import_from(segued, "beets", library)

    assert ran.code == 2
    assert "none of its 5 files is in the library" in ran.err
    assert "/mnt/nas/3.mp3" in ran.err
    assert "/mnt/nas/4.mp3" not in ran.err
    assert "--map THERE=HERE" in ran.err


def write_foreign(path: Path) -> None:
    """Write a database of another program."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, path BLOB)")


@pytest.mark.parametrize(
    ("program", "name", "content", "reason"),
    [
        ("beets", "none.db", None, "cannot be read: No such file"),
        ("beets", "text.db", b"no database " * 100, "not a library of beets"),
        ("beets", "empty.db", b"", "not a library of beets: it has no items"),
        ("itunes", "none.xml", None, "cannot be read: No such file"),
        ("itunes", "cut.xml", b"<?xml version='1.0'?><plist><dict>", "not an XML"),
        (
            "itunes",
            "order.xml",
            b"<plist version='1.0'><dict><string>a</string></dict></plist>",
            "not an XML library",
        ),
        (
            "itunes",
            "other.xml",
            b"<plist version='1.0'><dict></dict></plist>",
            "it has no Tracks",
        ),
        (
            "itunes",
            "bomb.xml",
            b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><plist>&b;</plist>",
            "not an XML library",
        ),
        ("itunes", "list.m3u", b"#EXTM3U\n#EXTINF:1,a\na.mp3\n", "no ratings"),
    ],
)
def test_a_wrong_file_is_refused(  # noqa: PLR0913
    segued: SeguedRunner,
    music: Path,
    tmp_path: Path,
    *,
    program: str,
    name: str,
    content: bytes | None,
    reason: str,
) -> None:
    """The error names the file and the reason."""
    assert music.exists()
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    ran = import_from(segued, program, path)

    assert (ran.code, ran.out) == (2, "")
    assert str(path) in ran.err
    assert reason in ran.err


def test_a_library_in_use_is_refused(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """That of beets while it imports; another program's has not its columns."""
    assert music.exists()
    library = write_beets(tmp_path / "beets.db", [])
    with closing(sqlite3.connect(library, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        locked = import_from(segued, "beets", library)
    write_foreign(tmp_path / "foreign.db")
    foreign = import_from(segued, "beets", tmp_path / "foreign.db")

    assert (locked.code, foreign.code) == (2, 2)
    assert "beets is writing to it" in locked.err
    assert "its items have no mb_trackid" in foreign.err


def test_a_pipe_is_refused_at_once(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """Nobody writes to it, so reading it would never end."""
    assert music.exists()
    os.mkfifo(tmp_path / "pipe.xml")

    ran = import_from(segued, "itunes", tmp_path / "pipe.xml")

    assert (ran.code, "not a file" in ran.err) == (2, True)


def test_without_a_library_nothing_is_created(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """It says that something has to be imported first."""
    library = write_beets(tmp_path / "beets.db", [])

    ran = import_from(segued, "beets", library)

    assert ran.code == 3
    assert "import something first" in ran.err
    assert not segued.database.exists()


def test_a_running_daemon_is_not_disturbed(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """It has to be stopped first, as for `segued knowledge import`."""
    item = {"path": os.fsencode(music / "Tide" / "01 song.mp3")}
    library = write_beets(tmp_path / "beets.db", [item])
    with running_daemon(segued, music) as daemon:
        socket = daemon.client.path
        config = segued.write_config(f'[library]\ncontrol_socket = "{socket}"\n')
        ran = import_from(segued, "beets", library, "--config", config)

    assert ran.code not in (0, 1)
    assert "a daemon uses this library; stop it first" in ran.err
