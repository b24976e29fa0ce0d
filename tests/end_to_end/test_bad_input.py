"""Bad files in a music folder, and a bad environment.

Each bad file fails with a code and a message that names it; every other file is
imported; libraries print nothing of their own on the terminal.
"""

import os
import re
import shutil
import socket
import struct
import subprocess
import zlib
from pathlib import Path

import blake3
import numpy as np
import pytest
import soundfile
from sample_library import encode, song, tag

from tests.end_to_end.library_queries import files_by_name, passages_of
from tests.end_to_end.segued_runner import QUICK_CONFIG, SeguedRunner
from tests.limits import WAIT_SECONDS

RATE = 44_100
BAD = {
    "empty.mp3": "empty",
    "text.mp3": "not-audio",
    "picture.flac": "not-audio",
    "playlist.mp3": "not-audio",
    "page.ogg": "not-audio",
    "fifo.mp3": "not-regular",
    "socket.ogg": "not-regular",
    "device.wav": "not-regular",
    "541 MHz.wav": "absurd",
    "208 channels.wav": "absurd",
}
"""The files that fail, with their failure codes."""

PROGRESS = re.compile(r"^(scanning|processing|completed): .* files")
LONG = "n" * 251 + ".mp3"
GOOD = {
    "good.mp3",
    "mp3 inside.flac",
    "-rf.mp3",
    "two\nlines.mp3",
    "<b>bold.mp3",
    "caf\ufffd.mp3",
    LONG,
    "id3 bomb.mp3",
    "cut.flac",
    "2^63 frames.wav",
}
"""Unusual files that are imported."""


def wav_header(channels: int, rate: int, size: int = 0xFFFFFFFF) -> bytes:
    """Return a WAV header with these values, true or not."""
    block = 2 * channels
    layout = struct.pack(
        "<HHIIHH", 1, channels, rate, rate * block & 0xFFFFFFFF, block & 0xFFFF, 16
    )
    data = b"data" + struct.pack("<I", size)
    riff = b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WAVEfmt \x10\0\0\0"
    return riff + layout + data


def id3_bomb(megabytes: int) -> bytes:
    """Return a small ID3 tag with a compressed frame that unpacks to zeros."""
    unpacked = megabytes << 20
    packed = zlib.compress(bytes(unpacked), 9)

    def syncsafe(number: int) -> bytes:
        return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))

    body = syncsafe(unpacked & 0x0FFFFFFF) + packed
    frame = b"COMM" + syncsafe(len(body)) + b"\x00\x09" + body
    return b"ID3\x04\x00\x00" + syncsafe(len(frame)) + frame


@pytest.fixture(name="music", scope="module")
def _music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good, unusual and bad files."""
    folder = tmp_path_factory.mktemp("traps")
    good = folder / "good.mp3"
    encode(good, song(1, 5.0), RATE, "mp3")
    tag(good, {"title": "Good", "artist": "Honest"})

    def variant(name: str | bytes, seed: int) -> Path:
        path = folder / os.fsdecode(name)
        encode(path, song(seed, 5.0), RATE, "mp3")
        return path

    for seed, name in enumerate(("-rf.mp3", "two\nlines.mp3", "<b>bold.mp3", LONG)):
        variant(name, 10 + seed)
    variant(b"caf\xe9.mp3", 20)
    variant("mp3 inside.flac", 21)
    bombed = variant("id3 bomb.mp3", 22)
    bombed.write_bytes(id3_bomb(200) + bombed.read_bytes())
    cut = folder / "cut.flac"
    encode(cut, song(23, 12.0), RATE, "flac")
    os.truncate(cut, cut.stat().st_size // 2)

    (folder / "empty.mp3").touch()
    (folder / "text.mp3").write_text("dear diary\n" * 1_000)
    (folder / "page.ogg").write_text("<!doctype html><p>404 not found" * 100)
    (folder / "playlist.mp3").write_text(f"#EXTM3U\n#EXTINF:5,x\n{good}\n" * 3)
    (folder / "picture.flac").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5_000))
    os.mkfifo(folder / "fifo.mp3")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket has at most 107 bytes
        listener.bind("socket.ogg")
        os.chdir(here)
    os.mknod(folder / "device.wav", 0o600 | 0o20000, os.makedev(1, 5))

    (folder / "541 MHz.wav").write_bytes(wav_header(2, 541_633_604) + bytes(40_000))
    (folder / "208 channels.wav").write_bytes(wav_header(208, RATE) + bytes(41_600))
    samples = (song(24, 3.0) * 30_000).astype("<i2").tobytes()
    header = wav_header(2, RATE, size=0xFFFFFFFF)
    (folder / "2^63 frames.wav").write_bytes(header + samples)

    (folder / "link.mp3").symlink_to(good)
    (folder / "dangling.mp3").symlink_to("nowhere")
    (folder / "loop").symlink_to(folder)
    (folder / "half.mp3.part").write_bytes(good.read_bytes()[:1_000])
    (folder / ".hidden.mp3").write_bytes(good.read_bytes())
    (folder / "@eaDir").mkdir()
    shutil.copy(good, folder / "@eaDir" / "thumb.mp3")
    return folder


def test_each_bad_file_fails_alone(music: Path, segued: SeguedRunner) -> None:
    """Each has its code, all others are imported, and stderr shows only progress."""
    config = segued.write_config(QUICK_CONFIG)
    options = ("--database", segued.database, "--config", config)
    ran = segued.run("import", *options, music)

    files = files_by_name(segued.database)
    failed = {n: r["failure_code"] for n, r in files.items() if r["status"] == "FAILED"}
    complete = {n for n, r in files.items() if r["status"] == "INGEST COMPLETE"}
    assert failed == BAD
    assert complete == GOOD
    assert ran.code == 1
    other_lines = [line for line in ran.err.splitlines() if not PROGRESS.match(line)]
    assert other_lines == []
    for name in BAD:
        assert f"/{name}: " in files[name]["failure_detail"]
    lines = ran.out.splitlines()
    assert sum(line.startswith("  not-audio ") for line in lines) == 4
    assert files["cut.flac"]["failure_code"] == "truncated"
    assert files["cut.flac"]["failure_detail"].startswith(str(music / "cut.flac: "))
    # A comment of 200 MB, compressed: it is not read, and not missed.
    assert files["id3 bomb.mp3"]["failure_code"] is None
    segued.assert_no_process_left()


def test_names_survive_byte_for_byte(music: Path, segued: SeguedRunner) -> None:
    """The library stores each path as the bytes of the file system."""
    segued.import_folders(music)

    for row in files_by_name(segued.database).values():
        assert os.path.lexists(row["path_bytes"])


def test_unreadable_file_and_folder_are_reported(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Other files are imported; files below the folder do not become MISSING."""
    music = tmp_path / "music"
    (music / "closed").mkdir(parents=True)
    for seed, name in enumerate(("open.mp3", "secret.mp3", "closed/inside.mp3")):
        encode(music / name, song(seed, 3.0), RATE, "mp3")
    assert segued.import_folders(music).code == 0
    (music / "secret.mp3").chmod(0)
    os.utime(music / "secret.mp3", ns=(1, 1))
    (music / "closed").chmod(0)

    # Root reads everything unless it drops these capabilities.
    dropped = "-dac_override,-dac_read_search"
    setpriv = ("setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}")
    options = (
        "--database",
        segued.database,
        "--config",
        segued.write_config(QUICK_CONFIG),
    )
    command = segued.command("import", *options, music)
    ran = subprocess.run(
        (*setpriv, *command), env=segued.environment(), capture_output=True, check=False
    )

    statuses = {
        name: row["status"] for name, row in files_by_name(segued.database).items()
    }
    codes = {
        name: row["failure_code"]
        for name, row in files_by_name(segued.database).items()
    }
    (music / "closed").chmod(0o700)
    assert statuses["open.mp3"] == statuses["inside.mp3"] == "INGEST COMPLETE"
    assert (statuses["secret.mp3"], codes["secret.mp3"]) == ("FAILED", "permission")
    assert b"closed: cannot be scanned: permission denied" in ran.stderr
    assert ran.returncode == 1


def test_disk_error_fails_only_its_file(segued: SeguedRunner, tmp_path: Path) -> None:
    """EIO while one file is read: it fails, with the system's message."""
    music = tmp_path / "music"
    music.mkdir()
    for seed, name in enumerate(("bad.wav", "good.wav")):
        soundfile.write(music / name, song(seed, 20.0), RATE)
    inject = ("-P", str(music / "bad.wav"), "-e", "inject=pread64:error=EIO:when=2+")
    strace = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pread64")

    options = (
        "--database",
        segued.database,
        "--config",
        segued.write_config(QUICK_CONFIG),
    )
    command = segued.command("import", *options, music)
    subprocess.run(
        (*strace, *inject, *command),
        env=segued.environment(),
        capture_output=True,
        check=False,
    )

    files = files_by_name(segued.database)
    assert files["bad.wav"]["failure_code"] == "io"
    assert "Input/output error" in files["bad.wav"]["failure_detail"]
    assert files["good.wav"]["status"] == "INGEST COMPLETE"


@pytest.mark.parametrize("phase", [2, 4])
@pytest.mark.parametrize("change", ["grows", "shrinks", "vanishes", "is replaced"])
def test_a_file_that_changes_while_it_is_read(
    segued: SeguedRunner, tmp_path: Path, phase: int, change: str
) -> None:
    """The library stores the new content or MISSING, never a mixture."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "another.mp3", song(3, 3.0), RATE, "mp3")
    path = music / "song.wav"
    # Long enough that it is deleted before its last byte is read.
    times = 96 if change == "vanishes" else 24
    first, second = np.tile(song(1, 10.0), (times, 1)), song(2, 3.0)
    soundfile.write(path, first, RATE)
    old_hash = blake3.blake3(path.read_bytes()).hexdigest()
    other = tmp_path / "other.wav"
    soundfile.write(other, second, RATE)

    with segued.start_import(music) as process:
        assert process.stderr is not None
        for line in process.stderr:
            has_started = b'"phase.started"' in line and b"song.wav" in line
            if has_started and f'"phase": {phase},'.encode() in line:
                break
        match change:
            case "grows":
                with path.open("ab") as file:
                    file.write(np.zeros(RATE, "<i2").tobytes())
            case "shrinks":
                os.truncate(path, path.stat().st_size // 2)
            case "vanishes":
                path.unlink()
            case _:
                other.rename(path)
        process.stderr.read()
        process.wait(WAIT_SECONDS)

    row = files_by_name(segued.database)["song.wav"]
    if row["content_hash"] == old_hash and row["status"] == "INGEST COMPLETE":
        # It changed after its last byte was read: the next import sees that.
        segued.import_folders(music)
        row = files_by_name(segued.database)["song.wav"]
    if change == "vanishes":
        assert row["status"] == "MISSING"
        return
    fresh = SeguedRunner(tmp_path / "fresh")
    fresh.import_folders(music)
    expected = files_by_name(fresh.database)["song.wav"]
    for column in ("status", "content_hash", "audio_hash", "size_bytes", "mtime_ns"):
        assert row[column] == expected[column]
    spans = [
        [(p["start_ticks"], p["end_ticks"], p["fingerprint"]) for p in each]
        for each in (
            passages_of(segued.database, "song.wav"),
            passages_of(fresh.database, "song.wav"),
        )
    ]
    assert row["duration_ticks"] == expected["duration_ticks"]
    assert spans[0] == spans[1]


def test_invalid_commands_explain_themselves(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Each has its own message and exit code, and creates no file."""
    options = ("--database", segued.database)
    file = tmp_path / "file.mp3"
    file.touch()

    missing = segued.run("import", *options, tmp_path / "nowhere")
    not_folder = segued.run("import", *options, file)
    no_folder = segued.run("import", *options)
    workers = segued.run("import", *options, "--workers", "0", tmp_path)
    config = segued.run("import", *options, "--config", tmp_path / "no.toml", tmp_path)
    library = segued.run("library", *options)
    inside = segued.run("import", "--database", tmp_path / "in.db", tmp_path)

    assert (missing.code, not_folder.code, no_folder.code) == (2, 2, 2)
    assert (workers.code, config.code, library.code) == (2, 2, 3)
    assert missing.err == f"segued: {tmp_path}/nowhere: there is no such folder\n"
    assert not_folder.err == f"segued: {file}: not a folder but a file\n"
    assert "FOLDER" in no_folder.err
    assert "from 1 to 1024" in workers.err
    assert "no.toml: cannot be read" in config.err
    assert "there is no library yet" in library.err
    assert not segued.database.exists()
    assert inside.code == 2
    assert "cannot be inside the music folder" in inside.err
    assert not (tmp_path / "in.db").exists()


def test_unusable_library_is_reported(segued: SeguedRunner, tmp_path: Path) -> None:
    """Exit code 3, a one-line message, and the file is unchanged."""
    segued.home.mkdir(exist_ok=True)
    segued.database.write_text("shopping list" * 100)
    before = segued.database.read_bytes()

    music = tmp_path / "music"
    music.mkdir()

    ran = segued.run("import", "--database", segued.database, music)

    assert ran.code == 3
    assert ran.err == f"segued: {segued.database}: not a segued library\n"
    assert segued.database.read_bytes() == before


def test_full_disk_stops_the_import_with_a_message(tmp_path: Path) -> None:
    """Committed rows are kept; once there is free space, the next run continues."""
    music = tmp_path / "music"
    music.mkdir()
    for seed in range(30):
        encode(music / f"{seed}.mp3", song(seed, 6.0), RATE, "mp3")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(
        ("mount", "-t", "tmpfs", "-o", "size=720k", "tmpfs", small), check=True
    )
    try:
        small_disk = SeguedRunner(small)
        full = small_disk.import_folders(music)
        subprocess.run(("mount", "-o", "remount,size=64m", small), check=True)
        after = small_disk.import_folders(music)
    finally:
        subprocess.run(("umount", small), check=True)

    assert full.code == 3
    assert "no space left" in full.err
    assert "Traceback" not in full.err
    assert full.json["failed"] == []
    assert after.code == 0
    assert after.json["files"] == {"INGEST COMPLETE": 30}
