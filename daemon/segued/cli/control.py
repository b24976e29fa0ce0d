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
from segued.cli.daemon_client import DaemonClient
from segued.cli.main import add_explain, load_config, run_command
from segued.cli.options import shared_options_parser
from segued.config.config import Config, check_setting
from segued.config.default_paths import SYSTEM_SOCKET, control_socket
from segued.errors import ConfigError, DaemonError
from segued.exit_codes import ExitCode
from segued.store import requeue, settings
from segued.store.database import Store
from segued.store.reading import reports
from segued.views import tables, wording
from segued.views.live import render
from segued.web.status import Status, to_snapshot

__all__ = ["main"]

T = TypeVar("T")


NO_DAEMON: Final = DaemonClient(Path("/nonexistent"))
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
    shared = shared_options_parser()
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
        command(name, what, _control_session).set_defaults(verb=name)
    command("failures", "List failed files, with code and reason.", _failures)
    retry = command("retry", "Try failed files again.", _retry)
    retry.add_argument(
        "which", nargs="?", metavar="CODE|PATH", help="a failure code, file or folder"
    )
    settings_parser = command(
        "settings", "Show the settings, or one, or set one.", _settings
    )
    settings_parser.add_argument("key", nargs="?", metavar="KEY")
    settings_parser.add_argument("value", nargs="?", metavar="VALUE", help="as JSON")
    workers = command("workers", "Set how many files are worked on at once.", _workers)
    workers.add_argument("number", type=int, metavar="N")
    add_explain(commands, shared)
    return parser


def _daemon_client(args: argparse.Namespace, config: Config) -> DaemonClient:
    """Return the line to the daemon, wherever it listens.

    To the one of the machine, for who has none of their own and means none.
    """
    if args.socket:
        return DaemonClient(args.socket)
    own = DaemonClient(control_socket(config.library.control_socket))
    is_explicit = args.database or config.library.control_socket
    if args.database and own.is_up and not _serves_library(own, config.database):
        return NO_DAEMON
    if is_explicit or own.is_up or not SYSTEM_SOCKET.exists():
        return own
    return DaemonClient(SYSTEM_SOCKET)


def _serves_library(client: DaemonClient, library: Path) -> bool:
    """Return whether the daemon at the other end keeps this library."""
    with suppress(OSError):
        served = client.request("GET", "/api/import/session")["library"]
        return os.path.samefile(served, library)
    return False


def _run_in_library(config: Config, function: Callable[[], T]) -> T:
    """Run one function in a transaction of the library, opened for it."""

    async def run() -> T:
        store = Store(config.database, config.store)
        try:
            await store.open()
            return await store.do(function)
        finally:
            await store.close()

    return asyncio.run(run())


def _print_result(args: argparse.Namespace, result: Any, message: str) -> int:  # noqa: ANN401
    print(json.dumps(result) if args.json else message)  # noqa: T201
    return ExitCode.ALL_DONE


def _status(args: argparse.Namespace) -> int:
    config = load_config(args)
    client = _daemon_client(args, config)
    if client.is_up:
        result = client.request("GET", "/api/import/session")
        return _print_result(args, result, "\n".join(result["text"]))
    session = reports.session(config.database)
    if session is None:
        return _print_result(
            args, None, "no session yet; segued import FOLDER starts one"
        )
    return _print_result(args, session, wording.session_line(session))


def _watch(args: argparse.Namespace) -> int:
    client = _daemon_client(args, load_config(args))
    console = Console(highlight=False, soft_wrap=True)
    if console.is_terminal and not args.json:
        _watch_live(client, console)
    last = None
    while True:
        result = client.request("GET", "/api/import/session")
        if args.json:
            print(json.dumps(result), flush=True)  # noqa: T201
        elif result["text"] != last:
            print("\n".join(result["text"]), flush=True)  # noqa: T201
        last = result["text"]
        time.sleep(WATCH_SECONDS)


def _watch_live(client: DaemonClient, console: Console) -> NoReturn:
    """Show the daemon until Ctrl-C, also over its restarts."""
    status: Status | None = None
    with Live(console=console, auto_refresh=False, screen=True) as live:
        while True:
            connection_notices = []
            try:
                result = client.request("GET", "/api/import/session")
                status = msgspec.convert(result, Status)
            except DaemonError as error:
                if status is None:
                    raise
                connection_notices = [f"{error}; trying again"]
            snapshot = to_snapshot(status)
            # The session and its workers are drawn.
            notices = [each for each in status.text[1:] if not each.startswith("  ")]
            live.update(
                render(snapshot, status.phases, [*notices, *connection_notices]),
                refresh=True,
            )
            time.sleep(FRAME_SECONDS)


def _scan(args: argparse.Namespace) -> int:
    path = args.path and os.path.abspath(args.path)
    client = _daemon_client(args, load_config(args))
    result = client.request("POST", "/api/import/session/start", {"path": path})
    return _print_result(args, result, "being walked")


def _control_session(args: argparse.Namespace) -> int:
    client = _daemon_client(args, load_config(args))
    result = client.request("POST", f"/api/import/{args.verb}/current", {})
    return _print_result(args, result, result["text"][0])


def _failures(args: argparse.Namespace) -> int:
    rows = reports.rows(load_config(args).database, "failures")
    if args.json:
        for line in tables.json_lines(rows):
            print(line)  # noqa: T201
    else:
        tables.print_table(Console(highlight=False), "failures", rows)
    return ExitCode.ALL_DONE


def _retry(args: argparse.Namespace) -> int:
    which = args.which
    is_path = which and ("/" in which or os.path.lexists(which))
    path = os.path.abspath(which) if is_path else None
    code = which if which and path is None else None
    config = load_config(args)
    client = _daemon_client(args, config)
    if client.is_up:
        result = client.request("POST", "/api/retry", {"code": code, "path": path})
        return _print_result(
            args, result, f"{result['reopened']:,} failed files are tried again"
        )
    raw_path = os.fsencode(path) if path else None
    count = _run_in_library(
        config, lambda: requeue.retry_failed(code=code, path=raw_path)
    )
    if not count and which:
        raise ConfigError(f"{which}: no failed file has this code or path")
    message = f"{count:,} failed files will be tried by the next import"
    return _print_result(args, {"reopened": count}, message)


def _settings(args: argparse.Namespace) -> int:
    config = load_config(args)
    client = _daemon_client(args, config)
    if args.value is not None:
        _put_setting(client, config, args.key, _parse_value(args.value))
    if client.is_up:
        values = client.request("GET", "/api/settings")
    else:
        stored_settings = _run_in_library(
            config, lambda: settings.load(config.settings)
        )
        values = settings.mask_secrets(stored_settings)
    if args.key is not None:
        check_setting(args.key, values.get(args.key))
        values = {args.key: values[args.key]}
    pinned = config.settings.as_dict()
    lines = [
        f"{name} = {json.dumps(value)}"
        + (f"   (held fast by {args.config})" if name in pinned else "")
        for name, value in values.items()
    ]
    return _print_result(args, values, "\n".join(lines))


def _workers(args: argparse.Namespace) -> int:
    args.key, args.value = "ai_processing_thread_count", str(args.number)
    return _settings(args)


def _put_setting(
    client: DaemonClient, config: Config, name: str, value: object
) -> None:
    checked = check_setting(name, value)
    if client.is_up:
        client.request("PUT", f"/api/settings/{quote(name)}", checked)
        return
    if name in config.settings.as_dict():
        raise ConfigError(f"setting {name} is held fast by the configuration file")
    _run_in_library(config, lambda: settings.save(name, checked))


def _parse_value(literal: str) -> object:
    """Return a value given on the command line; what is not JSON is text."""
    try:
        value: object = json.loads(literal)
    except ValueError:
        return literal
    return value


if __name__ == "__main__":
    main()
