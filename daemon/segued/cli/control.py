"""`seguectl`: tells the daemon what to do, and asks how it stands.

Where no daemon runs, what can be done on the library alone is done there, as
long as no import holds it.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import quote

import msgspec
from rich.console import Console
from rich.live import Live

from segued import __version__
from segued.cli.daemon_client import Line
from segued.cli.main import add_explain, configured, run_command
from segued.cli.options import with_shared_options
from segued.config.config import Config, check_setting
from segued.config.default_paths import SYSTEM_SOCKET, control_socket
from segued.errors import ConfigError, DaemonError
from segued.exit_codes import Exit
from segued.store import requeue, settings
from segued.store.database import Store
from segued.store.reading import reports
from segued.views import tables, wording
from segued.views.live import drawn
from segued.web.status import Status, snapshot_of

__all__ = ["main"]

T = TypeVar("T")


NOBODY: Final = Line(Path("/nonexistent"))
"""Of a library that no daemon keeps, as far as one knows."""

WATCH_SECONDS: Final = 1.0
FRAME_SECONDS: Final = 0.5

EXIT_CODES: Final = """\
exit codes:
  0    done
  2    an argument, setting or path makes no sense
  3    the library cannot be used
  4    no daemon answers, or it cannot do it now
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `seguectl`, and end the process."""
    run_command(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="seguectl",
        description="Tells a running segued what to do, and asks how it stands.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    shared = with_shared_options()
    shared.add_argument("--socket", metavar="PATH", help="the daemon's control socket")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, what: str, run: Callable[..., int]) -> Any:  # noqa: ANN401
        added = commands.add_parser(name, parents=[shared], help=what, description=what)
        added.set_defaults(run=run)
        return added

    command("status", "Show how everything stands.", _status)
    command("watch", "Show how everything stands, until Ctrl-C.", _watch)
    scan = command("scan", "Walk the music folders now, or one in them.", _scan)
    scan.add_argument("path", nargs="?", metavar="PATH")
    for name, what in (
        ("pause", "Stop working until told to resume, also over a restart."),
        ("resume", "Go on, after a pause or a cancel."),
        ("cancel", "End the session; what is done stays done."),
    ):
        command(name, what, _steer).set_defaults(verb=name)
    command("failures", "List failed files, with code and reason.", _failures)
    retry = command("retry", "Try failed files again.", _retry)
    retry.add_argument(
        "which", nargs="?", metavar="CODE|PATH", help="a failure code, file or folder"
    )
    held = command("settings", "Show the settings, or one, or set one.", _settings)
    held.add_argument("key", nargs="?", metavar="KEY")
    held.add_argument("value", nargs="?", metavar="VALUE", help="as JSON")
    workers = command("workers", "Set how many files are worked on at once.", _workers)
    workers.add_argument("number", type=int, metavar="N")
    add_explain(commands, shared)
    return parser


def _line(given: argparse.Namespace, config: Config) -> Line:
    """Return the line to the daemon, wherever it listens.

    To the one of the machine, for who has none of their own and means none.
    """
    if given.socket:
        return Line(given.socket)
    own = Line(control_socket(config.library.control_socket))
    meant = given.database or config.library.control_socket
    if given.database and own.is_up and not _keeps(own, config.database):
        return NOBODY
    if meant or own.is_up or not SYSTEM_SOCKET.exists():
        return own
    return Line(SYSTEM_SOCKET)


def _keeps(line: Line, library: Path) -> bool:
    """Return whether the daemon at the other end keeps this library."""
    with suppress(OSError):
        kept = line.ask("GET", "/api/import/session")["library"]
        return os.path.samefile(kept, library)
    return False


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


def _tell(given: argparse.Namespace, told: Any, text: str) -> int:  # noqa: ANN401
    print(json.dumps(told) if given.json else text)  # noqa: T201
    return Exit.ALL_DONE


def _status(given: argparse.Namespace) -> int:
    config = configured(given)
    line = _line(given, config)
    if line.is_up:
        told = line.ask("GET", "/api/import/session")
        return _tell(given, told, "\n".join(told["text"]))
    session = reports.session(config.database)
    if session is None:
        return _tell(given, None, "no session yet; segued import FOLDER starts one")
    return _tell(given, session, wording.session(session))


def _watch(given: argparse.Namespace) -> int:
    line = _line(given, configured(given))
    console = Console(highlight=False, soft_wrap=True)
    if console.is_terminal and not given.json:
        _watch_live(line, console)
    last = None
    while True:
        told = line.ask("GET", "/api/import/session")
        if given.json:
            print(json.dumps(told), flush=True)  # noqa: T201
        elif told["text"] != last:
            print("\n".join(told["text"]), flush=True)  # noqa: T201
        last = told["text"]
        time.sleep(WATCH_SECONDS)


def _watch_live(line: Line, console: Console) -> NoReturn:
    """Show the daemon until Ctrl-C, also over its restarts."""
    picture: Status | None = None
    with Live(console=console, auto_refresh=False, screen=True) as live:
        while True:
            away = []
            try:
                told = line.ask("GET", "/api/import/session")
                picture = msgspec.convert(told, Status)
            except DaemonError as error:
                if picture is None:
                    raise
                away = [f"{error}; trying again"]
            now = snapshot_of(picture)
            # The session and its workers are drawn.
            notices = [each for each in picture.text[1:] if not each.startswith("  ")]
            live.update(drawn(now, picture.phases, [*notices, *away]), refresh=True)
            time.sleep(FRAME_SECONDS)


def _scan(given: argparse.Namespace) -> int:
    path = given.path and os.path.abspath(given.path)
    line = _line(given, configured(given))
    told = line.ask("POST", "/api/import/session/start", {"path": path})
    return _tell(given, told, "being walked")


def _steer(given: argparse.Namespace) -> int:
    line = _line(given, configured(given))
    told = line.ask("POST", f"/api/import/{given.verb}/current", {})
    return _tell(given, told, told["text"][0])


def _failures(given: argparse.Namespace) -> int:
    rows = reports.rows(configured(given).database, "failures")
    if given.json:
        for line in tables.json_lines(rows):
            print(line)  # noqa: T201
    else:
        tables.print_table(Console(highlight=False), "failures", rows)
    return Exit.ALL_DONE


def _retry(given: argparse.Namespace) -> int:
    which = given.which
    there = which and ("/" in which or os.path.lexists(which))
    path = os.path.abspath(which) if there else None
    code = which if which and path is None else None
    config = configured(given)
    line = _line(given, config)
    if line.is_up:
        told = line.ask("POST", "/api/retry", {"code": code, "path": path})
        return _tell(given, told, f"{told['reopened']:,} failed files are tried again")
    place = os.fsencode(path) if path else None
    count = _in_library(config, lambda: requeue.reopen_failed(code=code, path=place))
    if not count and which:
        raise ConfigError(f"{which}: no failed file has this code or path")
    text = f"{count:,} failed files will be tried by the next import"
    return _tell(given, {"reopened": count}, text)


def _settings(given: argparse.Namespace) -> int:
    config = configured(given)
    line = _line(given, config)
    if given.value is not None:
        _put(line, config, given.key, _parsed(given.value))
    if line.is_up:
        shown = line.ask("GET", "/api/settings")
    else:
        held = _in_library(config, lambda: settings.load(config.settings))
        shown = settings.told(held)
    if given.key is not None:
        check_setting(given.key, shown.get(given.key))
        shown = {given.key: shown[given.key]}
    pinned = config.settings.given()
    lines = [
        f"{name} = {json.dumps(value)}"
        + (f"   (held fast by {given.config})" if name in pinned else "")
        for name, value in shown.items()
    ]
    return _tell(given, shown, "\n".join(lines))


def _workers(given: argparse.Namespace) -> int:
    given.key, given.value = "ai_processing_thread_count", str(given.number)
    return _settings(given)


def _put(line: Line, config: Config, name: str, value: object) -> None:
    checked = check_setting(name, value)
    if line.is_up:
        line.ask("PUT", f"/api/settings/{quote(name)}", checked)
        return
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
