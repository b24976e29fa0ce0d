"""`segued`: imports music folders, and shows what is in the library."""

import argparse
import asyncio
import os
import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec
from rich.console import Console
from rich.markup import escape

from segued import __version__, log
from segued.config import Config, load
from segued.errors import ConfigError, StoreError, shown
from segued.intake.scan import roots_of
from segued.model import SessionState
from segued.store import reports
from segued.views import library, summary, terminal

if TYPE_CHECKING:
    from segued.service import Ended, ImportService

__all__ = ["configured", "main", "run_command", "with_shared_options"]

ALL_IMPORTED: Final = 0
SOME_FAILED: Final = 1
USAGE: Final = 2
FATAL: Final = 3
CANCELLED: Final = 130

CANCEL_SECONDS: Final = 1.8
"""After a cancel the process ends by itself, or is ended, within this time."""

EXIT_CODES: Final = """\
exit codes:
  0    everything in the folders is imported
  1    finished, but some files failed; they are listed with code and reason
  2    an argument, folder or setting is not usable
  3    the library cannot be used: locked, damaged, too new, or its disk is full
  130  cancelled; the same command goes on where this one stopped
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `segued`, and end the process."""
    run_command(_parser(), arguments)


def run_command(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None
) -> NoReturn:
    """Run the command that the arguments name; its errors are one line each."""
    given = parser.parse_args(arguments)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        code = given.run(given)
    except ConfigError as error:
        errors.print(f"{parser.prog}: {escape(str(error))}")
        code = USAGE
    except StoreError as error:
        errors.print(f"{parser.prog}: {escape(str(error))}")
        code = FATAL
    except KeyboardInterrupt:
        code = CANCELLED
    except BrokenPipeError:
        # Whoever was reading has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ALL_IMPORTED
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="segued",
        description="Imports a personal music library. Music files are only read.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    shared = with_shared_options()
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    importing = commands.add_parser(
        "import",
        parents=[shared],
        help="import music folders into the library",
        description="Import every new or changed audio file below the folders.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    importing.add_argument(
        "--offline", action="store_true", help="ask no service on the network"
    )
    importing.add_argument(
        "--workers", type=_count, metavar="N", help="files worked on at once"
    )
    importing.add_argument("folders", nargs="+", metavar="FOLDER")
    importing.set_defaults(run=_import)

    looking = commands.add_parser(
        "library", parents=[shared], help="show what is in the library"
    )
    looking.add_argument("topic", nargs="?", choices=reports.TOPICS, default="files")
    looking.set_defaults(run=_library)
    return parser


def with_shared_options() -> argparse.ArgumentParser:
    """Return a parent parser with the options that every command has."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", type=Path, metavar="FILE", help="segued.toml")
    shared.add_argument("--database", type=Path, metavar="FILE", help="the library")
    shared.add_argument("--json", action="store_true", help="print JSON, for programs")
    return shared


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1_024:  # noqa: PLR2004
        raise argparse.ArgumentTypeError("a number from 1 to 1024")
    return number


def configured(given: argparse.Namespace) -> Config:
    """Return the configuration that the shared options name; set up the log."""
    config = load(given.config)
    if given.database is not None:
        places = msgspec.structs.replace(config.library, database=str(given.database))
        config = msgspec.structs.replace(config, library=places)
    log.set_up(config.logging.level)
    return config


def _library(given: argparse.Namespace) -> int:
    rows = reports.rows(configured(given).database, given.topic)
    if given.json:
        for line in library.json_lines(rows):
            print(line)  # noqa: T201
    else:
        console = Console(highlight=False)
        library.print_table(console, given.topic, rows)
    return ALL_IMPORTED


def _import(given: argparse.Namespace) -> int:
    # Half a second that no other command needs.
    from segued.service import ImportService  # noqa: PLC0415

    config = configured(given)
    roots = roots_of(given.folders)
    _keep_apart(config.database, roots)
    service = ImportService(config)
    pinned = ", ".join(config.settings.given())
    progress = Console(stderr=True, highlight=False)
    if pinned and not given.json:
        progress.print(f"held fast by {escape(str(given.config))}: {pinned}")
    ended = asyncio.run(_watched(service, roots, given.workers, progress))
    return _conclude(given, config, service, ended, roots)


def _keep_apart(database: Path, roots: list[bytes]) -> None:
    """Refuse a library among the music: nothing is ever written there.

    Raises:
        ConfigError: Names the library and the folder.
    """
    place = os.fsencode(os.path.realpath(database.absolute().parent)) + b"/"
    for root in roots:
        if place.startswith(root.rstrip(b"/") + b"/"):
            raise ConfigError(
                f"{database}: the library cannot be inside the music folder "
                f"{shown(root)}; choose another place with --database"
            )


async def _watched(
    service: "ImportService", roots: list[bytes], workers: int | None, progress: Console
) -> "Ended":
    """Run an import with its progress shown, until it ends or is cancelled."""
    work = asyncio.ensure_future(service.run(roots, workers=workers))
    view = asyncio.ensure_future(terminal.watch(service.board, progress))

    def cancel() -> None:
        # Whatever hangs (a dead network folder, a locked library) does not
        # keep a person waiting: all that is committed is safe.
        limit = threading.Timer(CANCEL_SECONDS, os._exit, [CANCELLED])
        limit.daemon = True
        limit.start()
        work.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, cancel)
    try:
        return await work
    finally:
        view.cancel()
        await asyncio.wait({view})


def _conclude(
    given: argparse.Namespace,
    config: Config,
    service: "ImportService",
    ended: "Ended",
    roots: list[bytes],
) -> int:
    """Say how an import ended, and return the exit code that says the same."""
    now = service.board.snapshot()
    notes = Console(stderr=True, highlight=False, soft_wrap=True)
    for folder, swept in ended.swept.items():
        if swept.offline:
            notes.print(
                f"{escape(folder)}: empty; is its disk away? Nothing was changed."
            )
        for each in swept.unreadable:
            reason = escape(each.reason.lower())
            notes.print(f"{escape(shown(each.path))}: not looked into: {reason}")
    if ended.error is not None:
        notes.print(f"segued: {escape(str(ended.error))}")
    found = reports.summary(config.database, roots)
    if given.json:
        told = summary.as_json(
            now, found, config.database, stall_ms=ended.loop_stall_ms
        )
        print(msgspec.json.encode(told).decode())  # noqa: T201
    else:
        look = _look_command(given.database)
        for line in summary.as_text(now, found, config.database, look):
            print(line)  # noqa: T201
    if ended.state is SessionState.CANCELLED:
        notes.print("Cancelled. The same command goes on from here.")
        return CANCELLED
    if ended.state is SessionState.FAILED:
        return FATAL
    return SOME_FAILED if found.failed else ALL_IMPORTED


def _look_command(database: Path | None) -> str:
    """Return the command that shows the library, as it can be typed here."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        command = [sys.executable, "-m", "segued"]
    elif shutil.which("segued"):
        command = ["segued"]
    else:
        command = [str(program)]
    command.append("library")
    if database is not None:
        command += ["--database", str(database)]
    return shlex.join(command)
