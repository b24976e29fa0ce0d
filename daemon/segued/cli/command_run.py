"""Runs a command of either program: its errors as one line, and the exit code."""

import argparse
import atexit
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NoReturn, TypeAlias

from segued.errors import ConfigError, DaemonError, SeguedError
from segued.exit_codes import ExitCode
from segued.paths import shown

__all__ = ["Commands", "run_command"]

Commands: TypeAlias = Mapping[str, Callable[[argparse.Namespace], int]]
"""What runs a command and returns the exit code, by the parser's `command`."""


def run_command(
    parser: argparse.ArgumentParser,
    commands: Commands,
    arguments: Sequence[str] | None,
) -> NoReturn:
    """Run the command that the arguments name; print an error as one line."""
    args = parser.parse_args(arguments)
    args.code = ExitCode.ALL_DONE
    try:
        args.code = commands[args.command](args)
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
