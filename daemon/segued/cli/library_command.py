"""`segued library` and `segued explain`: what the library holds, and why."""

import argparse
import json
import os

from rich.console import Console

from segued.config.config import Config
from segued.errors import ConfigError
from segued.exit_codes import ExitCode
from segued.paths import shown
from segued.store.reading import reports
from segued.views import explanation, tables

__all__ = ["run_explain", "run_library"]


def run_library(args: argparse.Namespace, config: Config) -> int:
    """Show files, passages or failures; return the exit code.

    Raises:
        StoreError: There is no library, or it cannot be read.
    """
    rows = reports.rows(config.database, args.topic)
    if args.json:
        for line in tables.json_lines(rows):
            print(line)  # noqa: T201
    else:
        console = Console(highlight=False)
        tables.print_table(console, args.topic, rows)
    return ExitCode.ALL_DONE


def run_explain(args: argparse.Namespace, config: Config) -> int:
    """Say why a file is said to be what it is; return the exit code.

    Raises:
        ConfigError: The library knows no passage of it.
        StoreError: There is no library, or it cannot be read.
    """
    path = os.path.abspath(os.fsencode(args.file))
    passages = reports.passages_with_reasons(config.database, path)
    if not passages:
        raise ConfigError(f"{shown(path)}: the library knows no passage of it")
    if args.json:
        print(json.dumps({"file": shown(path), "passages": passages}))  # noqa: T201
        return ExitCode.ALL_DONE
    for line in explanation.as_text(path, passages):
        print(line)  # noqa: T201
    return ExitCode.ALL_DONE
