"""`seguectl`: controls the daemon and shows its status.

Without a daemon, the commands that only need the library work on it directly,
unless an import holds it.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NoReturn

import msgspec

from segued.cli.command_run import Commands, run_command
from segued.cli.daemon_client import DaemonClient, find_daemon, no_daemon_error
from segued.cli.library_command import explain, print_topic
from segued.cli.options import (
    configure_log,
    load_config,
    warning_of_many_workers,
)
from segued.cli.seguectl_parser import seguectl_parser
from segued.cli.stored_status import stored_status
from segued.config.config import Config, check_setting, stored_name
from segued.config.default_paths import SYSTEM_SOCKET, control_socket
from segued.config.plain_names import plain_form
from segued.errors import ConfigError, DaemonError
from segued.exit_codes import ExitCode
from segued.store.reading import reports
from segued.views import wording
from segued.web.status import Status

__all__ = ["main"]

WATCH_SECONDS: Final = 1.0
FRAME_SECONDS: Final = 0.5


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run `seguectl` and end the process."""
    run_command(seguectl_parser(), COMMANDS, arguments)


def _find_daemon(args: argparse.Namespace, config: Config) -> DaemonClient | None:
    """Return the client of the daemon that the command line means; None without one.

    A library that is named, on the command line or in the configuration file, must
    be the daemon's. A user without a daemon of their own, who names neither a library
    nor a socket, means the daemon of the system.
    """
    if args.socket:
        return find_daemon([args.socket], None)
    sockets = [control_socket(config.library.control_socket)]
    if not (args.database or config.library.control_socket):
        sockets.append(SYSTEM_SOCKET)
    return find_daemon(sockets, config.database if config.library.database else None)


def _daemon(args: argparse.Namespace) -> DaemonClient:
    """Return the client of the daemon that the command line means.

    Raises:
        DaemonError: No such daemon is running.
    """
    config = load_config(args)
    client = _find_daemon(args, config)
    if client is None:
        socket = args.socket or control_socket(config.library.control_socket)
        if DaemonClient(socket).is_up:
            raise DaemonError(
                f"{socket}: the daemon has another library than {config.database}"
            )
        raise no_daemon_error(socket)
    return client


def _print_result(args: argparse.Namespace, result: object, message: str) -> int:
    text = json.dumps(msgspec.to_builtins(result)) if args.json else message
    print(text)  # noqa: T201
    return ExitCode.ALL_DONE


def _status(args: argparse.Namespace) -> int:
    config = load_config(args)
    client = _daemon(args) if args.running else _find_daemon(args, config)
    if client is not None:
        status = client.status()
        return _print_result(args, status, "\n".join(status.text))
    session = reports.session(config.database)
    stored = stored_status(config.database, session)
    return _print_result(args, stored, "\n".join(stored["text"]))


def _watch(args: argparse.Namespace) -> int:
    client = _daemon(args)
    if sys.stdout.isatty() and not args.json:
        _watch_live(client)
    last = None
    while True:
        status = client.status()
        if args.json:
            print(json.dumps(msgspec.to_builtins(status)), flush=True)  # noqa: T201
        elif status.text != last:
            print("\n".join(status.text), flush=True)  # noqa: T201
        last = status.text
        time.sleep(WATCH_SECONDS)


def _watch_live(client: DaemonClient) -> NoReturn:
    """Show the status until Ctrl-C, also across restarts of the daemon."""
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    from segued.cli.status_frame import to_frame  # noqa: PLC0415
    from segued.views.daemon_view import render  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    status: Status | None = None
    with Live(console=console, auto_refresh=False, screen=True) as live:
        while True:
            problem = []
            try:
                status = client.status()
            except DaemonError as error:
                if status is None:
                    raise
                problem = [f"{error}; trying again"]
            frame = to_frame(status)
            frame = replace(frame, notices=[*frame.notices, *problem])
            live.update(render(frame, "Ctrl-C ends this view"), refresh=True)
            time.sleep(FRAME_SECONDS)


def _scan(args: argparse.Namespace) -> int:
    path = args.path and os.path.abspath(args.path)
    return _print_result(args, _daemon(args).scan(path), "the scan is requested")


def _session_command(
    operation: Callable[[DaemonClient], Status],
) -> Callable[[argparse.Namespace], int]:
    """Return the command that applies an operation to the current session."""

    def run(args: argparse.Namespace) -> int:
        status = operation(_daemon(args))
        return _print_result(args, status, status.text[0])

    return run


def _retry(args: argparse.Namespace) -> int:
    which = args.which
    is_path = which and ("/" in which or os.path.lexists(which))
    path = os.path.abspath(which) if is_path else None
    code = which if which and path is None else None
    config = load_config(args)
    client = _find_daemon(args, config)
    if client is not None:
        count = client.retry(code, path)
        verb = "is" if count == 1 else "are"
        message = f"{wording.files(count, 'failed')} {verb} imported again"
    else:
        raw_path = os.fsencode(path) if path else None
        from segued.daemon import library_operations  # noqa: PLC0415

        configure_log(config)
        count = library_operations.run_in_library(
            config,
            lambda store: library_operations.retry_failed(
                store, code=code, path=raw_path
            ),
        )
        verb = "is" if count == 1 else "are"
        files = wording.files(count, "failed")
        message = f"{files} {verb} imported again by the next import"
    return _print_result(args, {"reopened": count}, message)


def _settings(args: argparse.Namespace) -> int:
    config = load_config(args)
    client = _find_daemon(args, config)
    if args.value is not None:
        _put_setting(client, config, args.key, _parse_value(args.value))
    if client is not None:
        settings = client.settings()
    else:
        from segued.daemon import library_operations  # noqa: PLC0415

        configure_log(config)
        settings = library_operations.run_in_library(
            config,
            lambda store: library_operations.masked_settings(store, config.pinned),
        )
    values: dict[str, Any] = msgspec.to_builtins(settings)
    if args.key is not None:
        key = stored_name(args.key)
        values = {key: values[key]}
    return _print_result(args, values, "\n".join(_setting_lines(args, config, values)))


def _setting_lines(
    args: argparse.Namespace, config: Config, values: Mapping[str, Any]
) -> Iterator[str]:
    """Yield a line for each setting, with its plain name and unit beside it."""
    pinned = config.pinned.as_dict()
    for key, value in values.items():
        name, plain_value = plain_form(key, value)
        same = name if plain_value == value else f"{name} = {plain_value:g}"
        notes = [
            *([same] if name != key else []),
            *([f"fixed in {args.config}"] if key in pinned else []),
        ]
        note = f"   ({'; '.join(notes)})" if notes else ""
        yield f"{key} = {json.dumps(value)}{note}"


def _workers(args: argparse.Namespace) -> int:
    args.key = "ai_processing_thread_count"
    args.value = None if args.number is None else str(args.number)
    code = _settings(args)
    if warning := warning_of_many_workers(args.number):
        print(f"seguectl: {warning}", file=sys.stderr)  # noqa: T201
    return code


def _put_setting(
    client: DaemonClient | None, config: Config, name: str, value: object
) -> None:
    key, checked = check_setting(name, value)
    if client is not None:
        client.put_setting(key, checked)
        return
    from segued.daemon import library_operations  # noqa: PLC0415

    configure_log(config)
    try:
        library_operations.run_in_library(
            config,
            lambda store: library_operations.put_setting(
                store, config.pinned, key, checked
            ),
        )
    except DaemonError as error:
        # Without a daemon, a setting that the file fixes is a usage error.
        raise ConfigError(str(error)) from error


def _parse_value(literal: str) -> object:
    """Return a value given on the command line; what is not JSON is text."""
    try:
        value: object = json.loads(literal)
    except ValueError:
        return literal
    return value


def _review(args: argparse.Namespace) -> int:
    from segued.cli import review_command  # noqa: PLC0415

    return review_command.review(args)


def _nodes(args: argparse.Namespace) -> int:
    from segued.cli.node_lines import node_lines  # noqa: PLC0415

    status = _daemon(args).status()
    return _print_result(args, status.nodes, "\n".join(node_lines(status)))


COMMANDS: Final[Commands] = {
    "status": _status,
    "nodes": _nodes,
    "watch": _watch,
    "scan": _scan,
    "pause": _session_command(DaemonClient.pause),
    "resume": _session_command(DaemonClient.resume),
    "cancel": _session_command(DaemonClient.cancel),
    "failures": lambda args: print_topic(args, "failures"),
    "retry": _retry,
    "settings": _settings,
    "workers": _workers,
    "explain": explain,
    "review": _review,
}

if __name__ == "__main__":
    main()
