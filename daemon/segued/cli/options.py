"""The options, the configuration and the exit that all commands share."""

import argparse
import atexit
import json
import os
import sys
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypeAlias

import msgspec

from segued.cli.parser import CommandParser
from segued.config.config import Config, read_config
from segued.config.default_paths import SYSTEM_CONFIG, SYSTEM_LIBRARY, SYSTEM_SOCKET
from segued.errors import ConfigError, DaemonError, SeguedError
from segued.exit_codes import ExitCode
from segued.paths import shown

__all__ = [
    "Subparsers",
    "configure_log",
    "count",
    "load_config",
    "mbid",
    "run_command",
    "shared_options_parser",
    "with_paths",
]

Subparsers: TypeAlias = "argparse._SubParsersAction[CommandParser]"  # noqa: SLF001


def shared_options_parser() -> CommandParser:
    """Return a parent parser with the options that every command has."""
    shared = CommandParser(add_help=False)
    shared.set_defaults(code=ExitCode.ALL_DONE)
    shared.add_argument("--config", type=Path, metavar="FILE", help="segued.toml")
    shared.add_argument("--database", type=Path, metavar="FILE", help="the library")
    shared.add_argument("--json", action="store_true", help="print JSON, for programs")
    return shared


def count(text: str) -> int:
    """Return a number from 1 to 1024, for argparse."""
    if not text.isdecimal() or not 1 <= int(text) <= 1_024:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{text}: not a number from 1 to 1024")
    return int(text)


def mbid(text: str) -> str:
    """Return a MusicBrainz id, for argparse."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: not a MusicBrainz id") from None


def load_config(args: argparse.Namespace) -> Config:
    """Return the configuration that the shared options name.

    Raises:
        ConfigError: The configuration file is unusable, or the library a folder.
    """
    config = with_paths(args, read_config(args.config))
    if not config.database.name or config.database.is_dir():
        raise ConfigError(f"{config.database}: the library is a file, not a folder")
    return config


def with_paths(args: argparse.Namespace, config: Config) -> Config:
    """Return a configuration with the library and socket that the options imply.

    The configuration of the machine's service stands for its library and its socket,
    which systemd names to the service alone.
    """
    changes = {}
    if args.config == SYSTEM_CONFIG:
        if not config.library.database and "STATE_DIRECTORY" not in os.environ:
            changes["database"] = str(SYSTEM_LIBRARY)
        if not config.library.control_socket and "RUNTIME_DIRECTORY" not in os.environ:
            changes["control_socket"] = str(SYSTEM_SOCKET)
    if args.database is not None:
        changes["database"] = str(args.database)
    library = msgspec.structs.replace(config.library, **changes)
    return msgspec.structs.replace(config, library=library)


def configure_log(
    config: Config,
    default_level: str = "error",
    write: Callable[[str], None] | None = None,
) -> None:
    """Configure the log, for a command that does more than to read.

    Args:
        config: The configuration.
        default_level: The level if the configuration has none.
        write: Writes the lines, instead of standard error.
    """
    from segued import log  # noqa: PLC0415
    from segued.daemon import systemd  # noqa: PLC0415

    output = config.logging.format
    journal = systemd.Journal() if systemd.stderr_is_journal() and not output else None
    log.configure(
        config.logging.level or default_level,
        journal,
        as_json=output == "json",
        write=write,
    )


def run_command(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None
) -> NoReturn:
    """Run the command that the arguments name; print an error as one line."""
    args = parser.parse_args(arguments)
    try:
        args.code = args.run(args)
        sys.stdout.flush()
    except SeguedError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)  # noqa: T201
        args.code = _exit_code_for(error)
        if args.json:
            error_info = {"code": error.code, "detail": str(error)}
            print(json.dumps({"state": "FAILED", "error": error_info}))  # noqa: T201
    except KeyboardInterrupt:
        args.code = ExitCode.CANCELLED
    except BrokenPipeError:
        # The reader closed the pipe. Without this, Python complains at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        reason = f"the output cannot be written: {error.strerror}"
        if isinstance(error.filename, str | bytes):  # writing the output names no file
            reason = f"{shown(error.filename)}: {error.strerror}"
        print(f"{parser.prog}: {reason}", file=sys.stderr)  # noqa: T201
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        args.code = ExitCode.FATAL
    _exit_now(args.code)


def _exit_now(code: int) -> NoReturn:
    """End the process without destroying the interpreter, which takes long.

    Everything to keep is stored by now; cleanup is registered with atexit.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):
            stream.flush()
    atexit._run_exitfuncs()  # noqa: SLF001
    os._exit(code)


def _exit_code_for(error: SeguedError) -> ExitCode:
    match error:
        case ConfigError():
            return ExitCode.USAGE
        case DaemonError():
            return ExitCode.NO_DAEMON
        case _:
            return ExitCode.FATAL
