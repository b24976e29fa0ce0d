"""What the commands of this folder have in common."""

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
"""Debian's packages by the programs that are needed of them."""


def parser(name: str, text: str | None) -> argparse.ArgumentParser:
    """Return a parser for a command whose module says `text` of itself.

    That is a line on what it is for, its usage, and all else.
    """
    summary, _, more = (text or "").partition("\n\n")
    return argparse.ArgumentParser(
        prog=f"contrib/bench/{name}",
        description=summary,
        epilog=more.partition("\n\n")[2],
    )


def run_measurement(name: str, measure: Callable[[], None]) -> int:
    """Measure, and return the exit code: targets that are missed are no error."""
    try:
        measure()
    except (MeasureError, OSError) as error:
        print(f"contrib/bench/{name}: {error}", file=sys.stderr)
        return FAILED
    return DONE


def missing_packages(*programs: str) -> list[str]:
    """Return the packages of those programs that are not here."""
    return [PACKAGES[each] for each in programs if shutil.which(each) is None]


def require_packages(packages: list[str]) -> None:
    """Stop here if there are packages that are needed.

    Raises:
        MeasureError: Says how to install them.
    """
    if packages:
        raise MeasureError(
            "something is missing on this machine. Once, as root:\n"
            f"    apt-get install --no-install-recommends {' '.join(packages)}"
        )
