"""`segued library check`: whether the library is intact."""

import argparse
import json
import time

from segued.cli.library_choice import LibraryChoice
from segued.exit_codes import ExitCode
from segued.paths import shown
from segued.store.library_check import check_existing

__all__ = ["check"]


def check(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Read every page and index of the library; return the exit code.

    Raises:
        StoreError: There is no library, it cannot be read, or it is damaged.
    """
    path = choice.database
    started = time.monotonic()
    check_existing(path)
    seconds = time.monotonic() - started
    size_bytes = path.stat().st_size
    if args.json:
        facts = {"library": str(path), "size_bytes": size_bytes}
        print(json.dumps({**facts, "seconds": round(seconds, 3)}))  # noqa: T201
    else:
        size = f"{size_bytes / 1_000_000:,.1f} MB"
        print(f"{shown(str(path))}: intact, {size} in {seconds:,.1f} s")  # noqa: T201
    return ExitCode.ALL_DONE
