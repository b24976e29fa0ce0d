"""Imports that are killed at random moments, whole or in parts, until they are done."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sample_library import Codec, encode, song, tag

from tests.end_to_end.canonical import LOUDNESS_ONLY, assert_equals_a_fresh_import
from tests.end_to_end.running_daemon import write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner

__all__ = ["Limit", "descendants", "kill_one_of", "run_kills"]

KILLS_PER_LIBRARY = 25
FILES = 14
LONGEST_PAUSE_SECONDS = 1.2
END_SECONDS = 30.0
POLL_SECONDS = 0.1
CODECS: tuple[tuple[Codec, str], ...] = (
    ("mp3", "mp3"),
    ("flac", "flac"),
    ("vorbis", "ogg"),
    ("opus", "opus"),
    ("aac", "m4a"),
)


@dataclass
class Limit:
    """How long imports are killed.

    Attributes:
        kills: How many kills there are at most.
        seconds: After how long no other library is begun.
    """

    kills: int
    seconds: float
    started: float = field(default_factory=time.monotonic)

    @property
    def is_reached(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() - self.started > self.seconds


def descendants(process: int) -> list[int]:
    """Return the children of a process, and theirs; none if it has ended."""
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found


def kill_one_of(processes: list[int], rng: random.Random) -> None:
    """Kill a random one of the processes, if there is one."""
    if processes:
        with contextlib.suppress(ProcessLookupError):  # ended meanwhile
            os.kill(rng.choice(processes), signal.SIGKILL)


def run_kills(folder: Path, limit: Limit, seed: int) -> str:
    """Kill the imports of short libraries; return what was killed how often.

    Raises:
        AssertionError: A library differs from that of a fresh import, or a process
            outlived its import.
    """
    rng = random.Random(seed)  # noqa: S311
    counts: Counter[str] = Counter()
    libraries = 0
    while counts.total() < limit.kills and not limit.is_reached:
        libraries += 1
        place = folder / f"{libraries}"
        music = make_music(place / "music", rng)
        kills = min(KILLS_PER_LIBRARY, limit.kills - counts.total())
        counts += kill_imports(SeguedRunner(place / "state"), music, kills, rng)
        shutil.rmtree(place)
    kinds = ", ".join(f"{count:,} of {kind}" for kind, count in sorted(counts.items()))
    return (
        f"{counts.total():,} kills ({kinds}) in {libraries} libraries;"
        " each is what a fresh import gives"
    )


def make_music(music: Path, rng: random.Random) -> Path:
    """Write a short library: albums in five codecs, copies, noise, broken files."""
    for number in range(FILES):
        codec, suffix = rng.choice(CODECS)
        path = music / f"album {number % 3}" / f"{number:02} song.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        encode(path, song(rng.randrange(1 << 30), 3.0), 44_100, codec)
        tag(path, {"title": f"Song {number}", "artist": "Marram", "album": "Tide"})
    files = sorted(music.rglob("*.*"))
    for number in range(2):
        copied = rng.choice(files)
        shutil.copy(copied, music / f"copy {number}{copied.suffix}")
    write_noise_wav(music / "noise.wav", rng.randrange(1 << 30))
    (music / "broken.mp3").write_text("not music at all" * 100)
    return music


def kill_imports(
    segued: SeguedRunner, music: Path, kills: int, rng: random.Random
) -> Counter[str]:
    """Kill imports of a folder, then finish it and compare it with a fresh import."""
    counts: Counter[str] = Counter()
    config = segued.write_config(f"[flavoring]\n{LOUDNESS_ONLY}")
    command = segued.command(
        "import", "--database", segued.database, "--config", config, music
    )
    while counts.total() < kills:
        with subprocess.Popen(
            command,
            env=segued.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            while process.poll() is None and counts.total() < kills:
                time.sleep(rng.random() * LONGEST_PAUSE_SECONDS)
                if process.poll() is not None:
                    break
                if rng.random() < 1 / 2:
                    kill_one_of(descendants(process.pid), rng)
                    counts["a child or the fork server"] += 1
                else:
                    os.killpg(process.pid, signal.SIGKILL)
                    counts["everything"] += 1
                    process.wait()
    # A file that was in process in three kills counts as their cause.
    options = ("--database", segued.database, "--config", config)
    segued.run("import", *options, music)
    segued.run("retry", "--database", segued.database, module="segued.cli.control")
    last = segued.run("import", *options, music)
    assert last.code == 1, last.err  # one file is broken
    wait_for_no_process(segued)
    assert_equals_a_fresh_import(segued, music)
    return counts


def wait_for_no_process(segued: SeguedRunner) -> None:
    """Wait until no process of any import runs: a killed one ends within moments."""
    until = time.monotonic() + END_SECONDS
    while left := segued.leftover_processes():
        if time.monotonic() > until:
            commands = [Path(f"/proc/{each}/cmdline").read_text() for each in left]
            raise AssertionError(f"still running: {commands}")
        time.sleep(POLL_SECONDS)
