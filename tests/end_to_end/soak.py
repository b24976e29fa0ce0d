"""Soak test of the daemon: files come, go and change, and the daemon is killed.

    python -m tests.end_to_end.soak [--minutes N] [--kills N] [--seed N] [--files N]

Afterwards the library must equal that of a fresh import of the final tree. With
`--kills`, imports of short libraries are killed instead, so many times in all.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sample_library import encode, song, tag

from segued.errors import DaemonError
from tests.end_to_end.canonical import LOUDNESS_ONLY, assert_equals_a_fresh_import
from tests.end_to_end.hook_kills import run_hook_kills
from tests.end_to_end.kills import Limit, descendants, kill_one_of, run_kills
from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner
from tests.store.follower import Follower

PAUSE_SECONDS = 0.4


@dataclass
class Soak:
    """A tree of music files, and random changes to it.

    Attributes:
        counts: How often each change was made.
    """

    folder: Path
    seed: int
    files_max: int
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Write the songs that `create` copies and tags."""
        self.rng = random.Random(self.seed)  # noqa: S311
        self.music = self.folder / "music"
        self.aside = self.folder / "aside"
        self.songs = []
        for folder in (self.music, self.aside):
            folder.mkdir(parents=True)
        for number in range(12):
            path = self.folder / f"{number}.flac"
            encode(path, song(self.seed + number, 3.0), 44_100, "flac")
            self.songs.append(path)
        self.numbers = iter(range(1_000_000))

    def music_files(self) -> list[Path]:
        """Return all music files, in an order that depends on the seed alone."""
        return sorted(path for path in self.music.rglob("*") if path.is_file())

    def folders(self) -> list[Path]:
        """Return all folders below the music folder."""
        return sorted(path for path in self.music.rglob("*") if path.is_dir())

    def changes(self) -> list[tuple[Callable[[], object], int]]:
        """Return all changes, each with its weight."""
        return [
            (self.create, 6),
            (self.copy, 1),
            (self.retag, 3),
            (self.replace, 1),
            (self.rename, 3),
            (self.rename_folder, 2),
            (self.delete, 2),
            (self.delete_folder, 1),
            (self.move_out, 1),
            (self.move_back, 2),
        ]

    def do_random_change(self) -> None:
        """Make one change, drawn by weight."""
        choices, weights = zip(*self.changes(), strict=True)
        if len(self.music_files()) >= self.files_max:
            choices, weights = (self.delete, self.delete_folder), (4, 1)
        (change,) = self.rng.choices(choices, weights)
        # The change may need a file or folder that an earlier one removed.
        with contextlib.suppress(OSError, IndexError):
            change()
            self.counts[change.__name__] += 1

    def new_folder(self) -> Path:
        """Return a random folder, made if needed, at most three levels deep."""
        parts = [f"{self.rng.randrange(6)}" for _ in range(self.rng.randint(1, 3))]
        folder = self.music.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def create(self) -> None:
        """Write a new file into a random folder."""
        number = next(self.numbers)
        folder = self.new_folder()
        if self.rng.random() < 0.5:
            write_noise_wav(folder / f"{number:04} tune.wav", self.seed + number)
            return
        new = self.folder / "new.flac"
        shutil.copy(self.rng.choice(self.songs), new)
        tag(new, {"title": f"Song {number}", "artist": "Marram", "album": "Tide"})
        shutil.copy(new, folder / f"{number:04} song.flac")

    def copy(self) -> None:
        """Copy a random file to a random folder."""
        path = self.rng.choice(self.music_files())
        number = next(self.numbers)
        shutil.copy(path, self.new_folder() / f"{number:04} copy{path.suffix}")

    def retag(self) -> None:
        """Write another title into the tags of a song."""
        path = self.rng.choice([p for p in self.music_files() if p.suffix == ".flac"])
        # Including the album: the library keeps the value of a tag that is removed.
        names = {"title": f"Name {next(self.numbers)}", "artist": "Marram"}
        tag(path, {**names, "album": "Tide"})

    def replace(self) -> None:
        """Replace the content of a file, under the same name."""
        path = self.rng.choice([p for p in self.music_files() if p.suffix == ".wav"])
        write_noise_wav(path, self.seed + next(self.numbers))

    def rename(self) -> None:
        """Move a file to a random folder, under a new name."""
        path = self.rng.choice(self.music_files())
        path.rename(self.new_folder() / f"{next(self.numbers):04} moved{path.suffix}")

    def rename_folder(self) -> None:
        """Rename a folder with its content."""
        folder = self.rng.choice(self.folders())
        folder.rename(self.music / f"folder {next(self.numbers):04}")

    def delete(self) -> None:
        """Delete a file."""
        self.rng.choice(self.music_files()).unlink()

    def delete_folder(self) -> None:
        """Delete a folder with its content."""
        shutil.rmtree(self.rng.choice(self.folders()))

    def move_out(self) -> None:
        """Move a folder out of the music folder."""
        folder = self.rng.choice(self.folders())
        folder.rename(self.aside / f"folder {next(self.numbers):04}")

    def move_back(self) -> None:
        """Move a folder back into the music folder, under another name."""
        folder = self.rng.choice(sorted(self.aside.iterdir()))
        folder.rename(self.music / f"back {next(self.numbers):04}")


def disturb_daemon(
    daemon: RunningDaemon, rng: random.Random, done: Counter[str]
) -> bool:
    """Kill, stop or command the daemon; return whether it has ended."""
    action = rng.choice(
        ("kill", "kill child", "end", "pause", "cancel", "scan", "hang-up")
    )
    done[action] += 1
    if action == "kill child":
        kill_one_of(descendants(daemon.process.pid), rng)
        return False
    if action == "kill":
        os.killpg(daemon.process.pid, signal.SIGKILL)
        daemon.process.wait()
        return True
    if action == "end":
        daemon.stop()
        return True
    if action == "hang-up":
        daemon.process.send_signal(signal.SIGHUP)
    elif action == "scan":
        daemon.client.request("POST", "/api/import/session/start", {})
    else:
        daemon.client.request("POST", f"/api/import/{action}/current", {})
        daemon.client.request("POST", "/api/import/resume/current", {})
    return False


def run_soak(folder: Path, *, seconds: float, seed: int, files_max: int) -> Soak:
    """Run the soak test in a folder, and compare the library with a fresh import.

    A program that follows the library by its changes must have what a full read gives.

    Raises:
        AssertionError: The library differs from that of a fresh import.
        TimeoutError: The daemon does not finish in time.
    """
    soak = Soak(folder, seed, files_max)
    rng = random.Random(seed + 1)  # noqa: S311
    segued = SeguedRunner(folder / "state")
    follower = Follower(segued.database)
    until = time.monotonic() + seconds
    while True:
        with running_daemon(segued, soak.music, flavoring=LOUDNESS_ONLY) as daemon:
            while time.monotonic() < until:
                soak.do_random_change()
                if rng.random() < 1 / 10:
                    follower.catch_up(limit=50)
                time.sleep(rng.random() * PAUSE_SECONDS)
                if rng.random() < 1 / 40:
                    with contextlib.suppress(DaemonError):
                        if disturb_daemon(daemon, rng, soak.counts):
                            break
            else:
                # The notices of the changes before this one come before its notice. A
                # change of a file's tags or name alone changes no count.
                write_noise_wav(soak.music / "last.wav", seed + 1_000_000)
                count = len(soak.music_files())
                daemon.wait_until_done(count)
                daemon.wait_for(
                    lambda status, count=count: status["files_analysed"] == count  # type: ignore[misc]
                )
                break
    follower.catch_up(limit=50)
    follower.assert_up_to_date()
    assert_equals_a_fresh_import(segued, soak.music)
    return soak


def main() -> int:
    """Run the soak test for the given time and report the changes made."""
    parser = argparse.ArgumentParser("soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="at most")
    parser.add_argument("--kills", type=int, help="kill imports, so many times")
    parser.add_argument("--hooks", type=int, help="kill a daemon and its receiver")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=300, help="at most")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="segued-soak-") as folder:
        if options.hooks:
            print(run_hook_kills(Path(folder), options.hooks, options.seed))  # noqa: T201
            return 0
        if options.kills:
            limit = Limit(options.kills, 60 * options.minutes)
            print(run_kills(Path(folder), limit, options.seed))  # noqa: T201
            return 0
        soak = run_soak(
            Path(folder),
            seconds=60 * options.minutes,
            seed=options.seed,
            files_max=options.files,
        )
        remaining = len(soak.music_files())
    print(", ".join(f"{count:,} x {name}" for name, count in soak.counts.most_common()))  # noqa: T201
    print(f"{remaining} files in the end; the library is what a fresh import gives")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
