"""`segued library` and `explain`: what the library contains, and why."""

import argparse
import json
import os

from segued.cli.library_choice import choose_library
from segued.errors import ConfigError
from segued.exit_codes import ExitCode
from segued.paths import shown
from segued.views.json_rows import json_line

__all__ = ["explain", "print_topic"]


def print_topic(args: argparse.Namespace, topic: str) -> int:
    """Print one of the tables of the library; return the exit code.

    Raises:
        ConfigError: The configuration is unusable.
        DaemonError: Only a daemon may read the library, and gives no answer.
        StoreError: There is no library, or it cannot be read.
    """
    rows = choose_library(args).rows(topic)
    if args.json:
        for row in rows:
            print(json_line(row))  # noqa: T201
        return ExitCode.ALL_DONE
    from rich.console import Console  # noqa: PLC0415

    from segued.views import tables  # noqa: PLC0415

    tables.print_table(Console(highlight=False), topic, rows)
    return ExitCode.ALL_DONE


def explain(args: argparse.Namespace) -> int:
    """Print why the passages of a file are matched as they are.

    Raises:
        ConfigError: The library has no passage of the file.
        DaemonError: Only a daemon may read the library, and gives no answer.
        StoreError: There is no library, or it cannot be read.
    """
    from segued.views import explanation  # noqa: PLC0415

    path = os.path.abspath(os.fsencode(args.file))
    found = choose_library(args).explanation(path)
    if not (found["passages"] or found["copies"]):
        raise ConfigError(f"{shown(path)}: the library has no passage of this file")
    if args.json:
        print(json.dumps(found))  # noqa: T201
        return ExitCode.ALL_DONE
    for line in explanation.as_text(
        path, found["passages"], found["remembered_tags"], found["kept_whole"]
    ):
        print(line)  # noqa: T201
    for line in explanation.copy_lines(path, found["copies"]):
        print(line)  # noqa: T201
    return ExitCode.ALL_DONE
