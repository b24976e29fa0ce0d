"""The lower bound: decoding, fingerprinting, loudness and hashing in C."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.commandline import missing_packages
from bench.measure import MeasureError, measure_cost

__all__ = ["LowerBoundProgram", "build", "missing_build_packages"]

SOURCE: Final = Path(__file__).with_name("lower_bound.c")
LIBRARIES: Final = {
    "libmpg123": "libmpg123-dev",
    "flac": "libflac-dev",
    "libavformat": "libavformat-dev",
    "libavcodec": "libavcodec-dev",
    "libavutil": "libavutil-dev",
    "libswresample": "libswresample-dev",
    "libchromaprint": "libchromaprint-dev",
    "libebur128": "libebur128-dev",
}
"""Debian packages by the name of the library in pkg-config."""

RIVALS: Final = {
    ".mp3": ("mpg123", "libavcodec"),
    ".flac": ("libflac", "libavcodec"),
}
"""Decoders of similar speed, of which the faster one depends on the machine.

For all other formats, libavcodec is the fastest.
"""

TRIALS: Final = 5


@dataclass(frozen=True, slots=True)
class LowerBoundProgram:
    """The program, and the fastest decoder for each format.

    Attributes:
        program: Path of the executable.
        decoders: Decoders by file extension; libavcodec for all others.
    """

    program: str
    decoders: Mapping[str, str]

    def command(self, files: Iterable[str], *work: str) -> list[str]:
        """Return the command that decodes all files.

        Args:
            files: Music files.
            work: What to do with the samples: "chromaprint" or "swresample", "ebur128".
        """
        command = [self.program, *work]
        for file in sorted(files, key=_kind):
            command += [self.decoders.get(_kind(file), "libavcodec"), file]
        return command


def missing_build_packages() -> list[str]:
    """Return the packages that are missing to build the program."""
    packages = missing_packages("cc", "pkg-config", "b3sum")
    for library, package in LIBRARIES.items():
        query = ["pkg-config", "--exists", library]
        if shutil.which("pkg-config") is None or subprocess.call(query):  # noqa: S603
            packages.append(package)
    return packages


def build(place: Path, files: Sequence[str]) -> LowerBoundProgram:
    """Compile the program, and measure which decoders are the fastest here.

    Args:
        place: Folder for the program.
        files: Music files to measure the decoders with.
    """
    program = str(place / "lower_bound")
    query = ["pkg-config", "--cflags", "--libs", *LIBRARIES]
    flags = subprocess.check_output(query, text=True).split()  # noqa: S603
    compiler = ["cc", "-std=c11", "-O2", "-o", program, str(SOURCE), *flags]
    subprocess.run(compiler, check=True)  # noqa: S603
    decoders = {}
    for kind, rivals in RIVALS.items():
        file = next((each for each in files if _kind(each) == kind), None)
        if file is not None:
            took = {each: _least_cpu(program, each, file) for each in rivals}
            decoders[kind] = min(rivals, key=took.__getitem__)
    return LowerBoundProgram(program, decoders)


def _kind(file: str) -> str:
    return os.path.splitext(file)[1].lower()


def _least_cpu(program: str, decoder: str, file: str) -> float:
    """Return the least CPU seconds of a decoder for a file in TRIALS runs."""
    try:
        return min(measure_cost([program, decoder, file]).cpu for _ in range(TRIALS))
    except MeasureError:
        return float("inf")
