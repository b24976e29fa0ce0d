"""`segued library` and `explain`: what the library contains, and why."""

import argparse
import json
import os

from segued.cli.options import Subparsers, load_config
from segued.errors import ConfigError
from segued.exit_codes import ExitCode
from segued.paths import shown
from segued.store.reading import reports

__all__ = ["add_explain", "add_library", "print_topic"]


def add_library(commands: Subparsers, shared: argparse.ArgumentParser) -> None:
    """Add `segued library`."""
    listing = commands.add_parser(
        "library", parents=[shared], help="show what is in the library"
    )
    listing.add_argument("topic", nargs="?", choices=reports.TOPICS, default="files")
    listing.set_defaults(run=lambda args: print_topic(args, args.topic))


def add_explain(commands: Subparsers, shared: argparse.ArgumentParser) -> None:
    """Add `explain`, which both programs have."""
    explain = commands.add_parser(
        "explain", parents=[shared], help="show why a file is matched as it is"
    )
    explain.add_argument("file", metavar="FILE")
    explain.set_defaults(run=_explain)


def print_topic(args: argparse.Namespace, topic: str) -> int:
    """Print one of the tables of the library; return the exit code.

    Raises:
        ConfigError: The configuration is unusable.
        StoreError: There is no library, or it cannot be read.
    """
    from rich.console import Console  # noqa: PLC0415

    from segued.views import tables  # noqa: PLC0415

    rows = reports.rows(load_config(args).database, topic)
    if args.json:
        for line in tables.json_lines(rows):
            print(line)  # noqa: T201
    else:
        tables.print_table(Console(highlight=False), topic, rows)
    return ExitCode.ALL_DONE


def _explain(args: argparse.Namespace) -> int:
    """Print why the passages of a file are matched as they are.

    Raises:
        ConfigError: The library has no passage of the file.
        StoreError: There is no library, or it cannot be read.
    """
    from segued.views import explanation  # noqa: PLC0415

    path = os.path.abspath(os.fsencode(args.file))
    database = load_config(args).database
    passages = reports.passages_with_reasons(database, path)
    if not passages:
        raise ConfigError(f"{shown(path)}: the library has no passage of this file")
    remembered = reports.remembered_tags(database, path)
    if args.json:
        found = {"file": shown(path), "passages": passages}
        print(json.dumps(found | {"remembered_tags": remembered}))  # noqa: T201
        return ExitCode.ALL_DONE
    for line in explanation.as_text(path, passages, remembered):
        print(line)  # noqa: T201
    return ExitCode.ALL_DONE
