"""`segued export`: what other programs make of it."""

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest
from sample_library import encode, song, tag

from segued.exports.format_list import EXPORT_FORMATS
from tests.end_to_end.library_queries import passages_of
from tests.end_to_end.running_daemon import running_daemon, write_album
from tests.end_to_end.running_mpd import running_mpd
from tests.end_to_end.segued_runner import SeguedRunner
from tests.web.web_client import WebClient

ODD_NAMES = (b"caf\xe9.mp3", b"new\nline.mp3", b"#one.mp3", b'quo"te.mp3')


@pytest.fixture(name="music", scope="module")
def _music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An album with a picture, a side with a CUE sheet, and odd names."""
    music = tmp_path_factory.mktemp("exported") / "music"
    write_album(music / "Tide", songs=3)
    (music / "Tide" / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (music / "Side").mkdir()
    encode(music / "Side" / "side.flac", song(9, 36.0), 44_100, "flac")
    (music / "Side" / "side.cue").write_text(
        'PERFORMER "Marram"\nTITLE "Neap"\nFILE "side.flac" WAVE\n'
        '  TRACK 01 AUDIO\n    TITLE "Ebb"\n    INDEX 01 00:00:00\n'
        '  TRACK 02 AUDIO\n    TITLE "Flow"\n    INDEX 01 00:12:37\n'
        '  TRACK 03 AUDIO\n    TITLE "Slack"\n    INDEX 01 00:25:01\n'
    )
    (music / "Odd").mkdir()
    for number, name in enumerate(ODD_NAMES, 20):
        path = music / "Odd" / "plain.mp3"
        encode(path, song(number, 4.0), 44_100, "mp3")
        tag(path, {"title": f"Odd {number}", "artist": "Nobody"})
        os.rename(path, os.path.join(os.fsencode(path.parent), name))
    return music


@pytest.fixture(name="library", scope="module")
def _library(tmp_path_factory: pytest.TempPathFactory, music: Path) -> SeguedRunner:
    """The library of that music."""
    segued = SeguedRunner(tmp_path_factory.mktemp("library"))
    loud = segued.write_config("[flavoring]\nsources = []\n")
    done = segued.import_folders(music, options=("--offline", "--config", loud))
    assert done.code == 0, done.err
    return segued


def test_mpd_loads_the_playlist(
    library: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """Relative paths and names of any bytes: each file of the library, once."""
    target = music / "all.m3u8"
    try:
        done = library.run(
            "export", "m3u8", "--database", library.database, "--relative", "-o", target
        )
        with running_mpd(music, tmp_path) as player:
            files = player.load("all.m3u8")
            player.mpc("--quiet", "play", "1")
            current = player.mpc("current", "-f", "%title%")
    finally:
        target.unlink()

    assert (done.code, done.out, done.err) == (0, "", "")
    names = [os.path.basename(each) for each in files]
    assert b"side.flac" in names
    assert names.count(b"side.flac") == 1
    # mpd itself has no names that are not UTF-8, or that have line breaks.
    assert {b"#one.mp3", b'quo"te.mp3'} <= set(names)
    assert len(files) == 6
    assert current.strip()


def test_mpd_plays_the_cuts_of_a_sheet(
    library: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """The written sheet has the cuts of the one that was read, to the frame."""
    target = music / "Side" / "written.cue"
    words = ("--database", library.database, "--relative", "-o", target)
    try:
        done = library.run("export", "cue", "path:side", *words)
        text = target.read_text()
        with running_mpd(music, tmp_path) as player:
            player.mpc("--quiet", "clear")
            player.mpc("--quiet", "load", "Side/written.cue")
            titles = player.mpc("playlist", "-f", "%title% %time%").splitlines()
            player.mpc("--quiet", "play", "2")
            current = player.mpc("current", "-f", "%title%")
    finally:
        target.unlink(missing_ok=True)

    assert done.code == 0, done.err
    assert 'FILE "side.flac" WAVE' in text
    assert text.count('TITLE "Neap"') == 1
    albums = {each["album"] for each in passages_of(library.database, "side.flac")}
    assert albums == {"Neap"}
    assert [line.split()[-1] for line in text.splitlines() if "INDEX 01" in line] == [
        "00:00:00",
        "00:12:37",
        "00:25:01",
    ]
    assert "REM REPLAYGAIN_TRACK_GAIN" in text
    assert titles == [b"Ebb 0:12", b"Flow 0:13", b"Slack 0:11"]
    assert current.strip() == b"Flow"


def test_ffmpeg_reads_the_playlist(library: SeguedRunner, tmp_path: Path) -> None:
    """Its demuxer for M3U8 finds all songs, one after the other."""
    target = tmp_path / "tide.m3u8"
    words = ("--database", library.database, "-o", target)
    done = library.run("export", "m3u8", "album:tide", *words)
    # It is meant for streams, whose end is marked.
    target.write_text(target.read_text() + "#EXT-X-ENDLIST\n")

    options = ("-v", "error", "-f", "hls", "-allowed_extensions", "ALL")
    length = ("-show_entries", "format=duration", "-of", "csv=p=0")
    probed = subprocess.run(
        ("ffprobe", *options, *length, str(target)), check=True, capture_output=True
    )

    assert done.code == 0
    assert float(probed.stdout) == pytest.approx(12, abs=1)
    cover = [line for line in target.read_text().splitlines() if "ALBUMART" in line]
    assert len(cover) == 3
    assert cover[0].startswith("#EXTALBUMARTURL:file:///")
    assert cover[0].endswith("/Tide/cover.jpg")


def test_tables_have_all_columns(library: SeguedRunner) -> None:
    """CSV and JSON Lines of passages and of albums."""
    database = ("--database", library.database)
    as_csv = library.run("export", "csv", *database)
    as_json = library.run("export", "jsonl", "album:tide", *database)
    albums = library.run("export", "jsonl", "--albums", "artist:marram", *database)

    rows = list(csv.DictReader(as_csv.out.splitlines()))
    assert len(rows) == 10
    (odd,) = [each for each in rows if each["path_bytes"].endswith(b"\xe9.mp3".hex())]
    assert bytes.fromhex(odd["path_bytes"]).endswith(ODD_NAMES[0])
    songs = [json.loads(line) for line in as_json.out.splitlines()]
    assert [each["title"] for each in songs] == ["Song 1", "Song 2", "Song 3"]
    assert songs[0].keys() == rows[0].keys()
    titles = {json.loads(line)["title"] for line in albums.out.splitlines()}
    assert titles == {"Neap", "Tide"}


def test_errors_name_place_and_reason(library: SeguedRunner, tmp_path: Path) -> None:
    """And nothing is written."""
    database = ("--database", library.database, "-o", tmp_path / "list")

    invalid = library.run("export", "m3u8", "tide bpm:fast", *database)
    several = library.run("export", "audacity", *database)
    unquotable = library.run("export", "cue", "path:odd", *database)
    no_albums = library.run("export", "xspf", "--albums", *database)

    for result, reason in (
        (invalid, 'at character 6, "bpm:fast"'),
        (several, "labels are for one file"),
        (unquotable, "a CUE sheet cannot name"),
        (no_albums, "albums are exported as csv or jsonl"),
    ):
        assert result.code == 2
        assert reason in result.err
    assert os.listdir(tmp_path) == []


def test_an_output_is_complete_or_as_it_was(
    library: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """Music and the library are refused; a failed export leaves the old list."""
    old = tmp_path / "list.cue"
    old.write_text("old")
    old.chmod(0o600)
    database = ("--database", library.database)
    song = music / "Tide" / "01 song.mp3"
    before = song.read_bytes()
    link = tmp_path / "link.m3u8"
    link.symlink_to(song)

    failed = library.run("export", "cue", "-o", old, *database)
    kept = old.read_text()
    written = library.run("export", "cue", "path:side", "-o", old, *database)
    refused = [
        library.run("export", "m3u8", *database, "-o", target)
        for target in (song, link, library.database, tmp_path, tmp_path / "no" / "x")
    ]

    assert (failed.code, kept, written.code) == (2, "old", 0)
    assert "INDEX 01" in old.read_text()
    assert old.stat().st_mode & 0o777 == 0o600
    assert [each.code for each in refused] == [2] * 5
    assert song.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["link.m3u8", "list.cue"]


def test_mpd_plays_from_the_daemon(
    library: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """As on another machine: the list and its songs have addresses."""
    elsewhere = tmp_path / "none"
    elsewhere.mkdir()
    with (
        running_daemon(library, music, page=True) as daemon,
        running_mpd(elsewhere, tmp_path) as player,
    ):
        address = WebClient.for_daemon(daemon).url
        files = player.load(f"{address}/api/export/m3u8?query=album:tide&urls=true")
        player.mpc("--quiet", "play", "2")
        status = player.mpc("status")

    assert len(files) == 3
    assert all(each.startswith(f"{address}/api/files/".encode()) for each in files)
    assert b"[playing] #2/3" in status
    assert b"ERROR" not in status


def test_the_daemon_sends_the_same(library: SeguedRunner, music: Path) -> None:
    """Over HTTP: each format, with addresses instead of paths if wanted."""
    with running_daemon(library, music, page=True) as daemon:
        web_client = WebClient.for_daemon(daemon)
        for name, kind in EXPORT_FORMATS.items():
            reply = web_client.request(
                "GET", f"/api/export/{name}", query={"query": "path:side"}
            )
            printed = library.run(
                "export", name, "path:side", "--database", library.database
            )
            assert reply.status == 200
            assert reply.headers["Content-Type"].startswith(kind.media_type)
            assert reply.body.decode() == printed.out
        listed = web_client.request(
            "GET", "/api/export/m3u8", query={"query": "path:tide", "urls": "true"}
        )
        address = listed.body.decode().splitlines()[-1]
        sound = web_client.request("GET", address.removeprefix(web_client.url))
        invalid = web_client.request(
            "GET", "/api/export/m3u8", query={"query": "bpm:x"}
        )
        unknown = web_client.request("GET", "/api/export/mp7")
        # An account that may not read the file asks the daemon.
        sent = b"".join(
            daemon.client.download("/api/export/jspf", {"query": "path:side"})
        )

    assert sound.body == (music / "Tide" / "03 song.mp3").read_bytes()
    assert (invalid.status, invalid.json["error"]["code"]) == (400, "query")
    assert (unknown.status, unknown.json["error"]["code"]) == (404, "not-known")
    assert len(json.loads(sent)["playlist"]["track"]) == 3
