"""The floor: what decoding, fingerprinting and hashing cost in C, alone."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.commandline import missing_packages
from bench.measure import MeasureError, measure_cost

__all__ = ["FloorProgram", "build", "missing_build_packages"]

SOURCE: Final = Path(__file__).with_name("floor.c")
LIBRARIES: Final = {
    "libmpg123": "libmpg123-dev",
    "flac": "libflac-dev",
    "libavformat": "libavformat-dev",
    "libavcodec": "libavcodec-dev",
    "libavutil": "libavutil-dev",
    "libswresample": "libswresample-dev",
    "libchromaprint": "libchromaprint-dev",
}
"""Debian's packages by pkg-config's names."""

RIVALS: Final = {
    ".mp3": ("mpg123", "libavcodec"),
    ".flac": ("libflac", "libavcodec"),
}
"""Decoders that are close enough for the machine to decide; for all else
libavcodec is the best."""

TRIALS: Final = 5


@dataclass(frozen=True, slots=True)
class FloorProgram:
    """The program, and the best decoder for each kind of file.

    Attributes:
        decoders: By the end of a file's name; libavcodec for all else.
    """

    program: str
    decoders: Mapping[str, str]

    def command(self, files: Iterable[str], *, swresample: bool = False) -> list[str]:
        """Return the one command that does the work for all files."""
        words = [self.program, *(["swresample"] if swresample else [])]
        for file in sorted(files, key=_kind):
            words += [self.decoders.get(_kind(file), "libavcodec"), file]
        return words


def missing_build_packages() -> list[str]:
    """Return the packages that are needed to build it and are not here."""
    packages = missing_packages("cc", "pkg-config", "b3sum")
    for library, package in LIBRARIES.items():
        asked = ["pkg-config", "--exists", library]
        if shutil.which("pkg-config") is None or subprocess.call(asked):  # noqa: S603
            packages.append(package)
    return packages


def build(place: Path, files: Sequence[str]) -> FloorProgram:
    """Compile the program, and find out which decoders are the best here.

    Args:
        place: Folder for the program.
        files: Music, to try the decoders on.
    """
    program = str(place / "floor")
    asked = ["pkg-config", "--cflags", "--libs", *LIBRARIES]
    flags = subprocess.check_output(asked, text=True).split()  # noqa: S603
    compiler = ["cc", "-std=c11", "-O2", "-o", program, str(SOURCE), *flags]
    subprocess.run(compiler, check=True)  # noqa: S603
    decoders = {}
    for kind, rivals in RIVALS.items():
        file = next((each for each in files if _kind(each) == kind), None)
        if file is not None:
            took = {each: _least_cpu(program, each, file) for each in rivals}
            decoders[kind] = min(rivals, key=took.__getitem__)
    return FloorProgram(program, decoders)


def _kind(file: str) -> str:
    return os.path.splitext(file)[1].lower()


def _least_cpu(program: str, decoder: str, file: str) -> float:
    """Return the least CPU that a decoder took for a file in some trials."""
    try:
        return min(measure_cost([program, decoder, file]).cpu for _ in range(TRIALS))
    except MeasureError:
        return float("inf")
