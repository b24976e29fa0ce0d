"""Analyze files as a child process of an import does; print the CPU time of each.

Each argument is a file. Prints a line for each: the seconds of audio, and the least CPU
seconds of ROUNDS runs of hashing, reading tags, and the analysis without loudness and
with it.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Final

# Before NumPy is imported, as in the child processes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from segued.config.config import Settings
from segued.dsp.segment import Hints, Rules
from segued.media.file_analysis import AnalysisPlan, analyze_file
from segued.media.moving_picture import hash_music
from segued.media.safe_open import signature_of
from segued.media.tags.reader import read_tags

ROUNDS: Final = 5
HINTS: Final = Hints(leading_number=True, siblings=12, track=1, track_total=12)


def main() -> None:
    """Analyze the files that the command line names."""
    for name in sys.argv[1:]:
        path = os.fsencode(name)
        seconds = _audio_seconds(path)
        costs = (_least_cpu(path, loudness=loudness) for loudness in (False, True))
        print(seconds, *costs, flush=True)


def _audio_seconds(path: bytes) -> float:
    facts = analyze_file(path, signature_of(os.stat(path)), _plan(loudness=True)).facts
    return facts.frames / facts.rate


def _least_cpu(path: bytes, *, loudness: bool) -> float:
    signature = signature_of(os.stat(path))

    def work() -> None:
        hash_music(path, signature)
        read_tags(path, signature)
        analyze_file(path, signature, _plan(loudness=loudness))

    return min(_cpu(work) for _ in range(ROUNDS))


def _cpu(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _plan(*, loudness: bool) -> AnalysisPlan:
    chosen = Settings()
    rules = Rules(chosen.silence_level, chosen.min_silence, chosen.min_audible)
    # One song: nothing is written to the spool.
    return AnalysisPlan(rules, HINTS, (), os.devnull, loudness=loudness)


if __name__ == "__main__":
    main()
