"""Analyze files as a child process of an import does; print the CPU time of each.

Each argument is a file. Prints a line for each: the seconds of audio, and the least CPU
seconds of ROUNDS runs of hashing, reading tags, and the analysis without loudness and
with it.
"""

import os
import sys
import time
from typing import Final

from segued.config.config import Settings
from segued.dsp.segment import Hints, Rules
from segued.media.file_analysis import AnalysisPlan, analyze_file
from segued.media.moving_picture import hash_music
from segued.media.safe_open import signature_of
from segued.media.tags.reader import read_tags

ROUNDS: Final = 3
HINTS: Final = Hints(leading_number=True, siblings=12, track=1, track_total=12)


def main() -> None:
    """Analyze the files that the command line names."""
    for name in sys.argv[1:]:
        path = os.fsencode(name)
        runs = [_run(path, loudness=loudness) for loudness in ROUNDS * (False, True)]
        quiet, loud = (min(cpu for cpu, _ in runs[first::2]) for first in (0, 1))
        print(runs[0][1], quiet, loud, flush=True)


def _run(path: bytes, *, loudness: bool) -> tuple[float, float]:
    """Analyze a file; return the CPU seconds, and the seconds of audio."""
    signature = signature_of(os.stat(path))
    before = time.process_time()
    hash_music(path, signature)
    read_tags(path, signature)
    facts = analyze_file(path, signature, _plan(loudness=loudness)).facts
    return time.process_time() - before, facts.frames / facts.rate


def _plan(*, loudness: bool) -> AnalysisPlan:
    chosen = Settings()
    rules = Rules(chosen.silence_level, chosen.min_silence, chosen.min_audible)
    # One song: nothing is written to the spool.
    return AnalysisPlan(rules, HINTS, (), os.devnull, loudness=loudness)


if __name__ == "__main__":
    main()
