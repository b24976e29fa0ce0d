"""Each file that arrives in a watched folder is imported once."""

import os
import shutil
import socket
import threading
from pathlib import Path

from tests.end_to_end.library_queries import files_by_name
from tests.end_to_end.running_daemon import (
    running_daemon,
    write_noise_mp3,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner

SLICE_BYTES = 2_048


def make_tree(folder: Path, folders: int, seed: int = 0) -> int:
    """Write a file into each of nested folders, three deep; return the file count."""
    for number in range(folders):
        inside = folder / f"{number % 5}" / f"{number % 25}" / f"{number}"
        write_noise_wav(inside / f"song {number}.wav", seed + number)
    return folders


def test_quickly_created_tree_is_fully_imported(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Two hundred nested folders, copied in and then moved in."""
    music, copied, moved = (tmp_path / name for name in ("music", "one", "two"))
    music.mkdir()
    make_tree(copied, 200)
    make_tree(moved, 100, seed=1_000)

    with running_daemon(segued, music) as daemon:
        daemon.wait_for(lambda status: status["folders"][0]["state"] == "watching")
        shutil.copytree(copied, music / "copied")
        daemon.wait_until_done(200)
        moved.rename(music / "moved")
        daemon.wait_until_done(300)

        daemon.assert_imported_once(300)


def test_file_is_not_read_while_being_written(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Written slowly while others are imported, or under a temporary name first."""
    music = tmp_path / "music"
    music.mkdir()
    whole = write_noise_wav(tmp_path / "whole.wav", 1, seconds=120.0)
    content = whole.read_bytes()
    slow = music / "slow" / "song.wav"
    slow.parent.mkdir()
    others_imported = threading.Event()

    def write() -> None:
        with slow.open("wb", buffering=0) as file:
            for start in range(0, len(content), SLICE_BYTES):
                file.write(content[start : start + SLICE_BYTES])
                others_imported.wait(1.0)  # a slow writer is what is tested

    # On a busy machine the writer may pause longer between two slices.
    with running_daemon(segued, music, settle=5.0) as daemon:
        daemon.wait_for(lambda status: status["folders"][0]["state"] == "watching")
        writer = threading.Thread(target=write)
        writer.start()

        part = write_noise_wav(music / "quick" / "song.wav.part", 2)
        write_noise_wav(music / "quick" / "other.wav", 3)
        daemon.wait_for(lambda status: status["files_done"] == 1)
        part.rename(part.with_suffix(""))
        daemon.wait_for(lambda status: status["files_done"] == 2)

        assert writer.is_alive()
        assert (
            "song.wav"
            not in [Path(each).name for each in daemon.completion_counts()][:1]
        )
        assert str(slow) not in daemon.log_path.read_text()
        others_imported.set()
        writer.join()
        daemon.wait_until_done(3)

        daemon.assert_imported_once(3)
        assert files_by_name(segued.database).keys() == {"song.wav", "other.wav"}


def test_special_files_are_reported_or_ignored(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """A link to itself, a FIFO, a socket, and a name that is not UTF-8."""
    music = tmp_path / "music"
    music.mkdir()

    with (
        running_daemon(segued, music) as daemon,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        daemon.wait_for(lambda status: status["folders"][0]["state"] == "watching")
        (music / "loop").symlink_to(music)
        os.mkfifo(music / "pipe.mp3")
        listener.bind(str(music / "socket.mp3"))
        write_noise_wav(music / "good.wav", 1)
        not_utf8 = os.fsencode(music) + b"/caf\xe9.wav"
        shutil.copy(os.fsencode(write_noise_wav(tmp_path / "odd.wav", 2)), not_utf8)
        status = daemon.wait_until_done(4)

        assert status["files_failed"] == 2
        rows = files_by_name(segued.database)
        assert rows["pipe.mp3"]["failure_code"] == "not-regular"
        assert rows["socket.mp3"]["failure_code"] == "not-regular"
        assert bytes(rows["caf\ufffd.wav"]["path_bytes"]) == not_utf8
        daemon.assert_imported_once(2)


def test_a_thousand_touches_are_one_import(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Events without another content cost a look at the tags, and no import."""
    music = tmp_path / "music"
    song = write_noise_wav(music / "song.wav", 1)

    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(1)
        for _ in range(1_000):
            with song.open("ab"):
                pass
            song.chmod(0o600)
        write_noise_wav(music / "other.wav", 2)
        daemon.wait_until_done(2)

        assert daemon.counter_total("2", "hashed") == 2
        assert daemon.counter_total("4", "decoded") == 2


def test_new_files_overtake_the_backlog(segued: SeguedRunner, tmp_path: Path) -> None:
    """A file added now does not wait for the backlog of a first import."""
    music = tmp_path / "music"
    for number in range(400):
        old = write_noise_wav(
            music / "backlog" / f"{number:03}.wav", number, seconds=5.0
        )
        os.utime(old, (0, 0))
    slow = "[importing]\nqueue_length = 8\n[settings]\n"
    slow += "ai_processing_thread_count = 1\n"

    with running_daemon(segued, music, extra_config=slow) as daemon:
        daemon.wait_for(lambda status: status["files_done"] > 5)
        new = write_noise_wav(music / "album" / "new.wav", 1_000)
        daemon.wait_until_done(401)

        names = [*daemon.completion_counts()]
        assert names.index(str(new)) < 300


def test_new_files_do_not_wait_for_a_long_file(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """While one worker decodes a long file, the others take new ones."""
    music = tmp_path / "music"
    music.mkdir()
    write_noise_mp3(music / "long.mp3", 10.0)
    (music / "long.mp3").write_bytes((music / "long.mp3").read_bytes() * 40)
    os.utime(music / "long.mp3", (0, 0))

    with running_daemon(segued, music) as daemon:
        daemon.wait_for_log('"phase.started"', '"phase": 4', "long.mp3")
        write_noise_wav(music / "short" / "short.wav", 1)
        daemon.wait_for_log('"file.done"', "short.wav")

        assert [Path(each).name for each in daemon.completion_counts()] == ["short.wav"]


def test_odd_times_do_not_matter(segued: SeguedRunner, tmp_path: Path) -> None:
    """Modification times before 1970, of 0, and in the year 2100."""
    music = tmp_path / "music"
    music.mkdir()
    seconds = {"old": -86_400, "zero": 0, "late": 4_102_444_800}

    with running_daemon(segued, music) as daemon:
        daemon.wait_for(lambda status: status["folders"][0]["state"] == "watching")
        for number, (name, second) in enumerate(seconds.items()):
            path = write_noise_wav(tmp_path / f"{name}.wav", number)
            os.utime(path, (second, second))
            path.rename(music / path.name)
        daemon.wait_until_done(3)

        daemon.assert_imported_once(3)
