"""A daemon, soaked: music comes, goes and changes under it, and it is killed.

    python -m tests.end_to_end.soak [--minutes N] [--seed N] [--files N]

Afterwards the library has to be what a fresh import of the final tree gives.
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
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sample_library import encode, song, tag

from segued.errors import DaemonError
from tests.end_to_end.library_queries import query
from tests.end_to_end.running_daemon import (
    RunningDaemon,
    running_daemon,
    write_noise_wav,
)
from tests.end_to_end.segued_runner import SeguedRunner

FINISH_SECONDS = 300.0
PAUSE_SECONDS = 0.4


@dataclass
class Soak:
    """A tree of music, and all that is done to it.

    Attributes:
        counts: How often each thing was done.
    """

    place: Path
    seed: int
    files_max: int
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Make some songs that can be tagged, to take from."""
        self.dice = random.Random(self.seed)  # noqa: S311
        self.music = self.place / "music"
        self.aside = self.place / "aside"
        self.songs = []
        for folder in (self.music, self.aside):
            folder.mkdir(parents=True)
        for number in range(12):
            path = self.place / f"{number}.flac"
            encode(path, song(self.seed + number, 3.0), 44_100, "flac")
            self.songs.append(path)
        self.numbers = iter(range(1_000_000))

    def music_files(self) -> list[Path]:
        """Return all music files, in an order that depends on the seed alone."""
        return sorted(path for path in self.music.rglob("*") if path.is_file())

    def folders(self) -> list[Path]:
        """Return all folders below the music folder."""
        return sorted(path for path in self.music.rglob("*") if path.is_dir())

    def do_random_change(self) -> None:
        """Do one thing, by chance."""
        deeds: list[tuple[Callable[[], object], int]] = [
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
        names, weights = zip(*deeds, strict=True)
        if len(self.music_files()) >= self.files_max:
            names, weights = (self.delete, self.delete_folder), (4, 1)
        (deed,) = self.dice.choices(names, weights)
        # Two deeds may meet in one place; then the second is not done.
        with contextlib.suppress(OSError, IndexError):
            deed()
            self.counts[deed.__name__] += 1

    def new_folder(self) -> Path:
        """Return a folder that may be new, up to three deep."""
        parts = [f"{self.dice.randrange(6)}" for _ in range(self.dice.randint(1, 3))]
        folder = self.music.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def create(self) -> None:
        """Put a new file into a folder."""
        number = next(self.numbers)
        folder = self.new_folder()
        if self.dice.random() < 0.5:
            write_noise_wav(folder / f"{number:04} tune.wav", self.seed + number)
            return
        made = self.place / "made.flac"
        shutil.copy(self.dice.choice(self.songs), made)
        tag(made, {"title": f"Song {number}", "artist": "Marram", "album": "Tide"})
        shutil.copy(made, folder / f"{number:04} song.flac")

    def copy(self) -> None:
        """Put a copy of a file somewhere else."""
        path = self.dice.choice(self.music_files())
        number = next(self.numbers)
        shutil.copy(path, self.new_folder() / f"{number:04} copy{path.suffix}")

    def retag(self) -> None:
        """Give a song another name."""
        path = self.dice.choice([p for p in self.music_files() if p.suffix == ".flac"])
        # With its album: what a tag once said is kept when the tag is gone.
        names = {"title": f"Name {next(self.numbers)}", "artist": "Marram"}
        tag(path, {**names, "album": "Tide"})

    def replace(self) -> None:
        """Put other bytes under a known name."""
        path = self.dice.choice([p for p in self.music_files() if p.suffix == ".wav"])
        write_noise_wav(path, self.seed + next(self.numbers))

    def rename(self) -> None:
        """Move a file."""
        path = self.dice.choice(self.music_files())
        path.rename(self.new_folder() / f"{next(self.numbers):04} moved{path.suffix}")

    def rename_folder(self) -> None:
        """Move a folder with all that is in it."""
        folder = self.dice.choice(self.folders())
        folder.rename(self.music / f"folder {next(self.numbers):04}")

    def delete(self) -> None:
        """Remove a file."""
        self.dice.choice(self.music_files()).unlink()

    def delete_folder(self) -> None:
        """Remove a folder with all that is in it."""
        shutil.rmtree(self.dice.choice(self.folders()))

    def move_out(self) -> None:
        """Move a folder out of sight."""
        folder = self.dice.choice(self.folders())
        folder.rename(self.aside / f"folder {next(self.numbers):04}")

    def move_back(self) -> None:
        """Move a folder back into sight, under another name."""
        folder = self.dice.choice(sorted(self.aside.iterdir()))
        folder.rename(self.music / f"back {next(self.numbers):04}")


def disturb_daemon(
    daemon: RunningDaemon, dice: random.Random, done: Counter[str]
) -> bool:
    """Do something to the daemon itself; return whether it is gone now."""
    deed = dice.choice(("kill", "end", "pause", "cancel", "scan", "hang-up"))
    done[deed] += 1
    if deed == "kill":
        os.killpg(daemon.process.pid, signal.SIGKILL)
        daemon.process.wait()
        return True
    if deed == "end":
        daemon.stop()
        return True
    if deed == "hang-up":
        daemon.process.send_signal(signal.SIGHUP)
    elif deed == "scan":
        daemon.client.request("POST", "/api/import/session/start", {})
    else:
        daemon.client.request("POST", f"/api/import/{deed}/current", {})
        daemon.client.request("POST", "/api/import/resume/current", {})
    return False


LOUDNESS_ONLY = "sources = []\nloudness = true"
"""What can wait is part of it: how loud each is."""


def run_soak(place: Path, *, seconds: float, seed: int, files_max: int) -> Soak:
    """Soak a daemon in a folder, and assert that its library is right.

    Raises:
        AssertionError: It is not what a fresh import gives.
        TimeoutError: It does not come to rest.
    """
    soak = Soak(place, seed, files_max)
    dice = random.Random(seed + 1)  # noqa: S311
    segued = SeguedRunner(place / "state")
    until = time.monotonic() + seconds
    while True:
        with running_daemon(segued, soak.music, flavoring=LOUDNESS_ONLY) as daemon:
            while time.monotonic() < until:
                soak.do_random_change()
                time.sleep(dice.random() * PAUSE_SECONDS)
                if dice.random() < 1 / 40:
                    with contextlib.suppress(DaemonError):
                        if disturb_daemon(daemon, dice, soak.counts):
                            break
            else:
                count = len(soak.music_files())
                daemon.wait_until_done(count, seconds=FINISH_SECONDS)
                daemon.wait_for(
                    lambda told, count=count: told["files_analysed"] == count,  # type: ignore[misc]
                    seconds=FINISH_SECONDS,
                )
                break
    fresh = SeguedRunner(place / "fresh")
    fresh.import_folders(
        soak.music,
        options=["--config", fresh.write_config(f"[flavoring]\n{LOUDNESS_ONLY}")],
    )
    kept, wanted = canonical_library(segued), canonical_library(fresh)
    wrong = {
        content: (kept.get(content), wanted.get(content))
        for content in kept.keys() | wanted.keys()
        if kept.get(content) != wanted.get(content)
    }
    assert not wrong, "\n".join(map(str, wrong.items()))
    return soak


def canonical_library(segued: SeguedRunner) -> dict[str, Any]:
    """Return what the library says of the files that are there.

    Which of some copies is the imported one depends on which came first, so
    copies are told as one.
    """
    there = "SELECT * FROM library_files WHERE status <> 'MISSING'"
    rows = query(segued.database, there)
    told: dict[str, Any] = {}
    groups = defaultdict(list)
    for row in rows:
        groups[row["content_hash"]].append(row)
    spoken = dict(_passages(segued))
    for content, group in groups.items():
        paths = sorted(row["path"] for row in group)
        heard = [each for path in paths for each in spoken.get(path, ())]
        told[content] = {
            "paths": paths,
            "statuses": sorted(row["status"] for row in group),
            "facts": {
                (row["duration_ticks"], row["sample_rate"], row["channels"])
                for row in group
                if row["status"] == "INGEST COMPLETE"
            },
            "passages": heard if len(paths) == 1 else len(heard),
        }
    return told


def _passages(segued: SeguedRunner) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    columns = (
        *("ordinal", "start_ticks", "end_ticks", "lead_in_ticks", "lead_out_ticks"),
        *("fingerprint", "title", "artist", "album", "confidence", "status"),
        *("loudness_lufs", "loudness_range_lu", "true_peak_dbtp", "flavor_failure"),
    )
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    every = "SELECT * FROM library_passages ORDER BY path, ordinal"
    for row in query(segued.database, every):
        found[row["path"]].append(tuple(row[name] for name in columns))
    yield from found.items()


def main() -> int:
    """Soak one for as long as is wanted."""
    words = argparse.ArgumentParser("soak", description=__doc__)
    words.add_argument("--minutes", type=float, default=20.0)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--files", type=int, default=300, help="at most")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="segued-soak-") as place:
        soak = run_soak(
            Path(place),
            seconds=60 * given.minutes,
            seed=given.seed,
            files_max=given.files,
        )
        left = len(soak.music_files())
    print(", ".join(f"{count:,} x {name}" for name, count in soak.counts.most_common()))  # noqa: T201
    print(f"{left} files in the end; the library is what a fresh import gives")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
