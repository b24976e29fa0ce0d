"""Measure the cost of analyzing a song in each format.

    contrib/bench/formats [FILE ...]

Each FILE is measured; without FILE, one generated song in each format that FFmpeg
encodes, in the user's cache folder. Prints CPU milliseconds per minute of audio: of
hashing, tags and analysis as in an import, without the start of its processes; and of
the same work in C: the format's decoder, Chromaprint fed as fpcalc does, and BLAKE3.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from bench import lower_bound, sample_music
from bench.commandline import (
    missing_packages,
    parser,
    require_packages,
    run_measurement,
)
from bench.measure import measure_cost
from bench.measured_program import environment
from bench.sample_music import Encoding
from bench.tables import Target, print_table, print_targets

from segued.compute.fork_server import CHILD_ENVIRONMENT

FORMATS: Final[dict[str, Encoding]] = {
    "MP3 V2": ("-c:a", "libmp3lame", "-q:a", "2", ".mp3"),
    "MP3 320": ("-c:a", "libmp3lame", "-b:a", "320k", ".mp3"),
    "FLAC": ("-sample_fmt", "s16", ".flac"),
    "FLAC 24 bits, 96 kHz": ("-sample_fmt", "s32", "-ar", "96000", ".flac"),
    "Ogg Vorbis": ("-c:a", "libvorbis", "-q:a", "5", ".ogg"),
    "Opus": ("-c:a", "libopus", "-b:a", "128k", ".opus"),
    "AAC": ("-c:a", "aac", "-b:a", "192k", ".m4a"),
    "ALAC": ("-c:a", "alac", "-sample_fmt", "s16p", ".m4a"),
    "ALAC 24 bits": ("-c:a", "alac", "-sample_fmt", "s32p", ".m4a"),
    "WAV": ("-c:a", "pcm_s16le", ".wav"),
    "WAV 24 bits": ("-c:a", "pcm_s24le", ".wav"),
    "AIFF": ("-c:a", "pcm_s16be", ".aiff"),
    "WavPack": ("-c:a", "wavpack", "-sample_fmt", "s16p", ".wv"),
    "WMA": ("-c:a", "wmav2", "-b:a", "192k", ".wma"),
    "AC-3": ("-c:a", "ac3", "-b:a", "256k", ".ac3"),
    "True Audio": ("-c:a", "tta", "-sample_fmt", "s16", ".tta"),
    "Matroska, Opus": ("-c:a", "libopus", "-b:a", "128k", ".mka"),
}
"""FFmpeg encodes no Monkey's Audio."""

SEED: Final = 5_040
TRIALS: Final = 3
RATIO_MAX: Final = 1.5
LOUDNESS_RATIO_MAX: Final = 1.25


class FormatCost(NamedTuple):
    """CPU milliseconds per minute of audio.

    Attributes:
        title: The format, or the name of the file.
        decoder: The decoder in C alone.
        lower_bound: The decoder, Chromaprint and BLAKE3 in C.
        analysis: The analysis, without loudness.
        with_loudness: The analysis as it is by default.
    """

    title: str
    decoder: float
    lower_bound: float
    analysis: float
    with_loudness: float


def main() -> int:
    """Run the measurement, and print the results."""
    options = parser("formats", __doc__)
    options.add_argument("files", nargs="*", type=Path, metavar="FILE")
    files: list[Path] = options.parse_args().files
    return run_measurement("formats", lambda: _measure(files))


def _measure(given: list[Path]) -> None:
    require_packages(
        [*lower_bound.missing_build_packages(), *missing_packages("ffmpeg")]
    )
    songs = {each.name: each.absolute() for each in given} or _generated()
    with tempfile.TemporaryDirectory(prefix="segued-bench-") as place:
        names = [str(path) for path in songs.values()]
        program = lower_bound.build(Path(place), names)
        costs = []
        for title, path in songs.items():
            costs.append(_cost(title, str(path), program))
            print(".", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    _print_report(costs)


def _generated() -> dict[str, Path]:
    folder = sample_music.cache_folder() / "formats"

    def make(place: Path) -> None:
        for title, encoding in FORMATS.items():
            path = place / f"{title}{encoding[-1]}"
            sample_music.encoded_song(path, SEED, encoding[:-1])

    sample_music.make_once(folder, make)
    return {title: folder / f"{title}{each[-1]}" for title, each in FORMATS.items()}


def _cost(title: str, file: str, program: lower_bound.LowerBoundProgram) -> FormatCost:
    def least(*command: str) -> float:
        return min(measure_cost(command).cpu for _ in range(TRIALS))

    start, hashing = least(*program.command([])), least("b3sum", "--version")
    decoder = least(*program.command([file])) - start
    printing = least(*program.command([file], "swresample")) - start
    hashing = least("b3sum", "--num-threads", "1", file) - hashing
    analyzing = [sys.executable, "-P", "-m", "bench.analyzed_files", file]
    child_environment = environment() | CHILD_ENVIRONMENT
    words = measure_cost(analyzing, env=child_environment).stdout.split()
    seconds, analysis, with_loudness = map(float, words)
    return FormatCost(
        title,
        *(
            60_000 * cpu / seconds
            for cpu in (decoder, printing + hashing, analysis, with_loudness)
        ),
    )


def _print_report(costs: list[FormatCost]) -> None:
    print("CPU milliseconds per minute of audio\n")
    heads = ("", "decoder in C", "(c)", "analysis", "with loudness", "analysis / (c)")
    print_table(
        heads,
        [
            (
                each.title,
                f"{each.decoder:.0f}",
                f"{each.lower_bound:.0f}",
                f"{each.analysis:.0f}",
                f"{each.with_loudness:.0f}",
                f"{_ratio(each):.2f}",
            )
            for each in costs
        ],
    )
    print("(c): decoder, Chromaprint and BLAKE3 in C\n")
    worst = max(costs, key=_ratio)
    quiet = sum(each.analysis for each in costs)
    loud = sum(each.with_loudness for each in costs)
    print_targets(
        [
            Target(
                f"largest analysis / (c), {worst.title}",
                f"<= {RATIO_MAX:.2f}",
                f"{_ratio(worst):.2f}",
                _ratio(worst) <= RATIO_MAX,
            ),
            Target(
                "with loudness / without, all formats",
                f"<= {LOUDNESS_RATIO_MAX:.2f}",
                f"{loud / quiet:.2f}",
                loud / quiet <= LOUDNESS_RATIO_MAX,
            ),
        ]
    )


def _ratio(cost: FormatCost) -> float:
    return cost.analysis / cost.lower_bound


if __name__ == "__main__":
    sys.exit(main())
