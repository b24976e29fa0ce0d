"""What the commands of this folder have in common."""

import argparse
import sys
from collections.abc import Callable

from bench.measure import MeasureError

__all__ = ["concluded", "parser"]

DONE = 0
CANNOT = 2


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


def concluded(name: str, measure: Callable[[], None]) -> int:
    """Measure, and return the exit code: targets that are missed are no error."""
    try:
        measure()
    except (MeasureError, OSError) as error:
        print(f"contrib/bench/{name}: {error}", file=sys.stderr)
        return CANNOT
    return DONE
