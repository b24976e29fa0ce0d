"""`seguectl`: looks after a library.

Each command opens the library itself, and so waits its turn: while an import
holds it, only what merely reads can be done.
"""

import argparse
import asyncio
import json
import os
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn, TypeVar

from rich.console import Console

from segued import __version__
from segued.cli import configured, run_command, with_shared_options
from segued.config import Config, check_setting
from segued.errors import ConfigError
from segued.store import reopen, reports, settings
from segued.store.database import Store
from segued.views import library, words

__all__ = ["main"]

T = TypeVar("T")

SECRET: Final = "acoustid_api_key"  # noqa: S105


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `seguectl`, and end the process."""
    run_command(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="seguectl", description="Looks after a segued library."
    )
    parser.add_argument("--version", action="version", version=__version__)
    shared = with_shared_options()
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, what: str, run: Callable[..., int]) -> Any:  # noqa: ANN401
        added = commands.add_parser(name, parents=[shared], help=what, description=what)
        added.set_defaults(run=run)
        return added

    command("status", "Show how the last import session went.", _status)
    command("failures", "List failed files, with code and reason.", _failures)
    retry = command("retry", "Let the next import try failed files again.", _retry)
    retry.add_argument(
        "which", nargs="?", metavar="CODE|PATH", help="a failure code, file or folder"
    )
    held = command("settings", "Show the settings, or one, or set one.", _settings)
    held.add_argument("key", nargs="?", metavar="KEY")
    held.add_argument("value", nargs="?", metavar="VALUE", help="as JSON")
    workers = command("workers", "Set how many files are worked on at once.", _workers)
    workers.add_argument("number", type=int, metavar="N")
    return parser


def _in_library(config: Config, work: Callable[[], T]) -> T:
    """Run one function in a transaction of the library, opened for it."""

    async def run() -> T:
        store = Store(config.database, config.store)
        try:
            await store.open()
            return await store.do(work)
        finally:
            await store.close()

    return asyncio.run(run())


def _status(given: argparse.Namespace) -> int:
    session = reports.last_session(configured(given).database)
    if given.json:
        print(json.dumps(session))  # noqa: T201
    elif session is None:
        print("no session yet; segued import FOLDER starts one")  # noqa: T201
    else:
        print(words.session(session))  # noqa: T201
    return 0


def _failures(given: argparse.Namespace) -> int:
    rows = reports.rows(configured(given).database, "failures")
    if given.json:
        for line in library.json_lines(rows):
            print(line)  # noqa: T201
    else:
        library.print_table(Console(highlight=False), "failures", rows)
    return 0


def _retry(given: argparse.Namespace) -> int:
    which = given.which
    there = which and ("/" in which or os.path.lexists(which))
    path = os.path.abspath(os.fsencode(which)) if there else None
    code = which if which and path is None else None
    config = configured(given)
    count = _in_library(config, lambda: reopen.reopen_failed(code=code, path=path))
    if not count and which:
        raise ConfigError(f"{which}: no failed file has this code or path")
    if given.json:
        print(json.dumps({"reopened": count}))  # noqa: T201
    else:
        print(f"{count:,} failed files will be tried by the next import")  # noqa: T201
    return 0


def _settings(given: argparse.Namespace) -> int:
    config = configured(given)
    if given.value is not None:
        _put(config, given.key, _parsed(given.value))
    held = _in_library(config, lambda: settings.load(config.settings))
    shown = {name: getattr(held, name) for name in held.__struct_fields__}
    if given.key is not None:
        check_setting(given.key, shown.get(given.key))
        shown = {given.key: shown[given.key]}
    if shown.get(SECRET):
        shown[SECRET] = f"...{shown[SECRET][-2:]}"
    pinned = config.settings.given()
    if given.json:
        print(json.dumps(shown))  # noqa: T201
        return 0
    for name, value in shown.items():
        by = f"   (held fast by {given.config})" if name in pinned else ""
        print(f"{name} = {json.dumps(value)}{by}")  # noqa: T201
    return 0


def _workers(given: argparse.Namespace) -> int:
    given.key, given.value = "ai_processing_thread_count", str(given.number)
    return _settings(given)


def _put(config: Config, name: str, value: object) -> None:
    checked = check_setting(name, value)
    if name in config.settings.given():
        raise ConfigError(f"setting {name} is held fast by the configuration file")
    _in_library(config, lambda: settings.put(name, checked))


def _parsed(text: str) -> object:
    """Return a value given on the command line; what is not JSON is text."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return value


if __name__ == "__main__":
    main()
