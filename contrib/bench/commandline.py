"""Command line, exit code and required packages of the commands in this folder."""

import argparse
import shutil
import sys
from collections.abc import Callable
from typing import Final

from bench.measure import MeasureError

__all__ = ["missing_packages", "parser", "require_packages", "run_measurement"]

DONE: Final = 0
FAILED: Final = 2

PACKAGES: Final = {
    "b3sum": "b3sum",
    "cc": "gcc libc6-dev",
    "ffmpeg": "ffmpeg",
    "fpcalc": "libchromaprint-tools",
    "pkg-config": "pkg-config",
    "strace": "strace",
}
"""Debian packages by the program that they provide."""


def parser(name: str, text: str | None) -> argparse.ArgumentParser:
    """Return a parser for a command.

    Args:
        name: The name of the command.
        text: The docstring of its module: a summary, the usage, and more, with empty
            lines between them.
    """
    summary, _, more = (text or "").partition("\n\n")
    return argparse.ArgumentParser(
        prog=f"contrib/bench/{name}",
        description=summary,
        epilog=more.partition("\n\n")[2],
    )


def run_measurement(name: str, measure: Callable[[], None]) -> int:
    """Measure, and return the exit code; missed targets are no error."""
    try:
        measure()
    except (MeasureError, OSError) as error:
        print(f"contrib/bench/{name}: {error}", file=sys.stderr)
        return FAILED
    return DONE


def missing_packages(*programs: str) -> list[str]:
    """Return the packages of those programs that are not installed."""
    return [PACKAGES[each] for each in programs if shutil.which(each) is None]


def require_packages(packages: list[str]) -> None:
    """Check that no package is missing.

    Raises:
        MeasureError: Packages are missing; the message tells how to install them.
    """
    if packages:
        raise MeasureError(
            "packages are missing on this machine; install them as root:\n"
            f"    apt-get install --no-install-recommends {' '.join(packages)}"
        )
