"""Links, hidden names and other files that a scan passes over, end to end."""

import json
import subprocess
from pathlib import Path

from tests.end_to_end.library_queries import files_by_name
from tests.end_to_end.running_daemon import running_daemon, write_noise_wav
from tests.end_to_end.segued_runner import QUICK_CONFIG, SeguedRunner
from tests.web.web_client import WebClient

LINKS = "[scanning]\nfollow_links = true\n"


def statuses(segued: SeguedRunner) -> dict[str, str]:
    """Return the status of each file, by name."""
    files = files_by_name(segued.database)
    return {name: row["status"] for name, row in files.items()}


def test_files_behind_links_are_imported_once(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """With the setting; without it they are MISSING, and come back with it."""
    music, nas = tmp_path / "music", tmp_path / "nas"
    write_noise_wav(music / "real" / "own.wav", 1)
    write_noise_wav(nas / "album" / "far.wav", 2)
    write_noise_wav(nas / "single.wav", 3)
    (music / "album").symlink_to(nas / "album")
    (music / "album again").symlink_to(nas / "album")
    (music / "one.wav").symlink_to(nas / "single.wav")
    (music / "own again.wav").symlink_to(music / "real" / "own.wav")
    (nas / "album" / "circle").symlink_to(music)
    follow = ("--config", segued.write_config(QUICK_CONFIG + LINKS))

    assert segued.import_folders(music, options=follow).code == 0
    everything = dict.fromkeys(("own.wav", "far.wav", "one.wav"), "INGEST COMPLETE")
    assert statuses(segued) == everything

    assert segued.import_folders(music).code == 0
    away = {"far.wav": "MISSING", "one.wav": "MISSING"}
    assert statuses(segued) == everything | away

    again = segued.import_folders(music, options=follow)
    assert statuses(segued) == everything
    assert "hashed" not in again.json["work"]["2"]


def test_the_daemon_finds_files_behind_links(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Also later, though they cause no events; the music folder stays watched."""
    music, nas = tmp_path / "music", tmp_path / "nas"
    write_noise_wav(music / "own.wav", 1)
    write_noise_wav(nas / "far.wav", 2)
    (music / "nas").symlink_to(nas)

    with running_daemon(
        segued, music, reconcile=1.0, settle=0.3, extra_config=LINKS
    ) as daemon:
        status = daemon.wait_until_done(2)
        assert status["folders"][0]["state"] == "watching"
        write_noise_wav(nas / "later.wav", 3)
        daemon.wait_until_done(3)

    assert set(statuses(segued).values()) == {"INGEST COMPLETE"}


def encode_video(path: Path, *options: str) -> None:
    """Write two seconds of sound with a test picture that moves."""
    path.parent.mkdir(parents=True, exist_ok=True)
    moving = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=2")
    sound = ("-f", "lavfi", "-i", "sine=duration=2")
    ffmpeg(*moving, *sound, *options, "-shortest", path)


def ffmpeg(*options: str | Path) -> None:
    """Run FFmpeg."""
    subprocess.run(("ffmpeg", "-v", "error", *options), check=True)


def listed(segued: SeguedRunner) -> set[tuple[str, str]]:
    """Return what `segued library passed-over` lists: reason and name."""
    ran = segued.run("library", "passed-over", "--json", "--database", segued.database)
    rows = map(json.loads, ran.out.splitlines())
    return {(row["reason"], row["path"].rpartition("/music/")[2]) for row in rows}


def make_folder(music: Path) -> None:
    """Make a folder with one song, and something of everything else."""
    write_noise_wav(music / "Album" / "song.wav", 1)
    for name in ("cover.jpg", "notes.txt", ".DS_Store", "old.wav.part", ".hid.wav"):
        (music / "Album" / name).write_bytes(b"x")
    (music / "#Recycle").mkdir()
    (music / ".git").mkdir()
    (music / "closed").mkdir()
    (music / "closed" / ".seguedignore").touch()
    (music / "again").symlink_to(music / "Album")
    encode_video(music / "clip.mkv", "-c:v", "mpeg4", "-c:a", "flac")


EVERYTHING = {
    ("ending", "Album/cover.jpg"),
    ("ending", "Album/notes.txt"),
    ("ending", "Album/.DS_Store"),
    ("partial", "Album/old.wav.part"),
    ("hidden", "Album/.hid.wav"),
    ("ignored-folder", "#Recycle"),
    ("hidden", ".git"),
    ("ignored-folder", "closed/"),
    ("link", "again"),
    ("moving-picture", "clip.mkv"),
}
COUNTS = {
    "ending": 3,
    "partial": 1,
    "hidden": 2,
    "ignored-folder": 2,
    "link": 1,
    "moving-picture": 1,
}


def test_what_is_passed_over_is_counted_and_listed(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """In the summary, as it is after each scan; a video is not read again."""
    music = tmp_path / "music"
    make_folder(music)

    first = segued.import_folders(music)
    assert (first.code, first.json["passed_over"]) == (0, COUNTS)
    assert first.json["files"] == {"INGEST COMPLETE": 1}
    assert listed(segued) == EVERYTHING
    again = segued.import_folders(music)
    assert (again.json["passed_over"], again.json["files_total"]) == (COUNTS, 1)

    (music / "clip.mkv").unlink()
    (music / "closed" / ".seguedignore").unlink()
    (music / "closed").rmdir()
    (music / "Album" / "notes.txt").rename(music / ".git" / "notes.txt")
    options = ("--database", segued.database, "--offline")
    text = segued.run("import", *options, music).out
    assert (
        "  Other:    7 passed over: 1 link, 2 hidden names, 1 ignored folder,"
        " 1 partial download, 2 other files\n"
    ) in text


def test_the_daemon_reports_what_is_passed_over(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """In its status and its metrics, for each music folder, also after a change."""
    music = tmp_path / "music"
    make_folder(music)

    with running_daemon(segued, music, reconcile=1.0, settle=0.3, page=True) as daemon:
        daemon.wait_for(lambda status: status["folders"][0]["passed_over"] == COUNTS)
        assert (
            "passed over: 1 video, 1 link"
            in segued.control("status", client=daemon.client).out
        )
        (music / "again").unlink()
        (music / "clip.mkv").unlink()
        left = {
            reason: count
            for reason, count in COUNTS.items()
            if reason not in {"link", "moving-picture"}
        }
        daemon.wait_for(lambda status: status["folders"][0]["passed_over"] == left)
        web_client = WebClient.for_daemon(daemon)
        page = web_client.get_json("/api/passed-over?reason=hidden&per=1")
        assert (page["counts"], page["total"], page["pages"]) == (left, 2, 2)
        metrics = web_client.request("GET", "/metrics").body.decode()
        assert 'segued_passed_over{reason="ignored-folder"} 2.0' in metrics


def test_only_files_without_a_moving_picture_are_music(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """A cover is none, however it is stored; the content decides, not the name."""
    music = tmp_path / "music"
    music.mkdir()
    encode_video(music / "a.mkv", "-c:v", "mpeg4", "-c:a", "flac")
    encode_video(music / "b.mp4", "-c:v", "mpeg4", "-c:a", "aac")
    encode_video(music / "c.webm", "-c:v", "libvpx", "-c:a", "libopus")
    encode_video(music / "d.m4a", "-f", "mp4", "-c:v", "mpeg4", "-c:a", "aac")
    encode_video(music / "e.wma", "-f", "asf", "-c:v", "wmv2", "-c:a", "wmav2")
    sound = write_noise_wav(tmp_path / "sound.wav", 1)
    cover = tmp_path / "cover.png"
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x64", "-frames:v", "1", cover)
    streams = ("-i", sound, "-i", cover, "-map", "0:a", "-map", "1:v")
    attached = ("-c:v", "copy", "-disposition:v:0", "attached_pic")
    ffmpeg(*streams, "-c:a", "aac", *attached, music / "cover.m4a")
    ffmpeg(*streams, *attached, music / "cover.flac")
    ffmpeg(*streams, "-c:a", "flac", "-c:v", "mpeg4", music / "still.mkv")
    ffmpeg(*streams, "-c:a", "aac", "-c:v", "mpeg4", music / "still.mp4")

    ran = segued.import_folders(music)

    assert ran.json["passed_over"] == {"moving-picture": 5}
    assert ran.code == 0
    expected = ("cover.m4a", "cover.flac", "still.mkv", "still.mp4")
    assert statuses(segued) == dict.fromkeys(expected, "INGEST COMPLETE")
