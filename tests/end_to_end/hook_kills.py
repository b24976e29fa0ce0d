"""A daemon and a receiver of its events, both of which are killed again and again."""

import random
import signal
import time
from collections import Counter
from pathlib import Path

from tests.end_to_end.hook_receiver import HookReceiver, hook_receiver, random_moods
from tests.end_to_end.running_daemon import running_daemon, write_noise_wav
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS

__all__ = ["run_hook_kills"]

FILES_PER_KILL = 2
LONGEST_PAUSE_SECONDS = 3.0


def run_hook_kills(folder: Path, kills: int, seed: int) -> str:
    """Kill daemon and receiver while files are imported; return what was delivered.

    Raises:
        AssertionError: An event was lost, or was repeated without a kill.
    """
    rng = random.Random(seed)  # noqa: S311
    segued, music = SeguedRunner(folder / "state"), folder / "music"
    music.mkdir(parents=True)
    with hook_receiver("a secret of sixteen".replace(" ", "-")) as receiver:
        receiver.moods = random_moods(rng)
        hooks = f'[hooks]\nurl = "{receiver.url}"\nsecret = "{receiver.secret}"\n'
        for kill in range(kills):
            with running_daemon(
                segued, music, settle=0.1, extra_config=hooks
            ) as daemon:
                for number in range(FILES_PER_KILL):
                    seconds = FILES_PER_KILL * kill + number
                    write_noise_wav(music / f"{seconds}.wav", seed=seconds)
                if rng.random() < 1 / 2:
                    receiver.die()
                time.sleep(rng.random() * LONGEST_PAUSE_SECONDS)
                daemon.stop(signal.SIGKILL)
            receiver.die()
            receiver.start()
        receiver.moods = lambda: "take"
        files = FILES_PER_KILL * kills
        with running_daemon(segued, music, settle=0.1, extra_config=hooks) as daemon:
            daemon.wait_until_done(files)
            _wait_for_files(receiver, files)
    return _check(receiver, music, kills)


def _wait_for_files(receiver: HookReceiver, count: int) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while len(set(receiver.paths("file.imported"))) < count:
        if time.monotonic() > until:
            raise TimeoutError(f"{len(receiver.taken)} events were delivered")
        time.sleep(0.05)


def _check(receiver: HookReceiver, music: Path, kills: int) -> str:
    files = {str(path) for path in music.iterdir()}
    by_file = {
        path: {
            each["id"]
            for each in receiver.taken
            if each["event"] == "file.imported" and each["path"] == path
        }
        for path in files
    }
    assert {path: len(ids) for path, ids in by_file.items() if len(ids) != 1} == {}
    counts = Counter(each["id"] for each in receiver.taken)
    repeats = counts.total() - len(counts)
    assert max(counts.values()) <= 1 + kills
    return (
        f"{kills} kills: {len(counts)} events, each delivered; {receiver.refused}"
        f" refused and sent again, {repeats} repeated after a kill"
    )
