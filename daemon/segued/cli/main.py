"""`segued`: imports music folders, and shows what is in the library."""

import argparse
import atexit
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NoReturn

import msgspec
from rich.console import Console
from rich.markup import escape

from segued import __version__, log
from segued.cli import library_command
from segued.cli.options import add_flavor, count, mbid, shared_options_parser
from segued.config.config import Config, read_config
from segued.daemon import systemd
from segued.errors import ConfigError, DaemonError, SeguedError
from segued.exit_codes import ExitCode
from segued.store.reading import reports

__all__ = [
    "add_explain",
    "load_config",
    "main",
    "run_command",
]

EXIT_CODES: Final = """\
exit codes:
  0    everything in the folders is imported
  1    finished, but not all is imported: files failed, or a folder could not
       be looked into; each is listed with the reason
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
    args = parser.parse_args(arguments)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        args.code = args.run(args)
        sys.stdout.flush()
    except SeguedError as error:
        errors.print(f"{parser.prog}: {escape(str(error))}")
        args.code = exit_code_for(error)
        if args.json:
            error_info = {"code": error.code, "detail": str(error)}
            print(json.dumps({"state": "FAILED", "error": error_info}))  # noqa: T201
    except KeyboardInterrupt:
        args.code = ExitCode.CANCELLED
    except BrokenPipeError:
        # Whoever was reading has seen enough. Python would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        errors.print(f"{parser.prog}: the output cannot be written: {error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        args.code = ExitCode.FATAL
    exit_now(args.code)


def exit_now(code: int) -> NoReturn:
    """End the process without taking it apart first, which takes a while.

    All that is to be kept is kept by now; what others must be told, or tidied
    away, is registered.
    """
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):
            stream.flush()
    atexit._run_exitfuncs()  # noqa: SLF001
    os._exit(code)


def exit_code_for(error: SeguedError) -> ExitCode:
    match error:
        case ConfigError():
            return ExitCode.USAGE
        case DaemonError():
            return ExitCode.NO_DAEMON
        case _:
            return ExitCode.FATAL


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="segued",
        description="Imports a personal music library. Music files are only read.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    shared = shared_options_parser()
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
        "--workers", type=count, metavar="N", help="files worked on at once"
    )
    importing.add_argument("folders", nargs="+", metavar="FOLDER")
    importing.set_defaults(run=_import, rematch=False)

    serving = commands.add_parser(
        "serve",
        parents=[shared],
        help="keep music folders imported, until stopped",
        description="Watch music folders and import what arrives in them.",
    )
    serving.add_argument(
        "--offline", action="store_true", help="ask no service on the network"
    )
    serving.add_argument(
        "folders", nargs="*", metavar="FOLDER", help="instead of the configured ones"
    )
    serving.set_defaults(run=_serve)

    listing = commands.add_parser(
        "library", parents=[shared], help="show what is in the library"
    )
    listing.add_argument("topic", nargs="?", choices=reports.TOPICS, default="files")
    listing.set_defaults(run=_library)
    _add_matching(commands, shared)
    return parser


def _add_matching(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    shared: argparse.ArgumentParser,
) -> None:
    """Add the commands about which songs the files are."""
    matching = commands.add_parser(
        "rematch",
        parents=[shared],
        help="decide anew which songs the files are, asking no service",
        description="Match all songs anew, from the answers that are kept.",
    )
    matching.add_argument("folders", nargs="*", metavar="FOLDER")
    matching.set_defaults(run=_import, rematch=True, offline=True, workers=None)

    deciding = commands.add_parser(
        "decide",
        parents=[shared],
        help="say what a passage is; this holds until you say otherwise",
        description="Say what a passage is, whatever was found out about it.",
    )
    deciding.add_argument("file", metavar="FILE")
    deciding.add_argument(
        "--passage", type=count, default=1, metavar="N", help="which of it (1)"
    )
    what = deciding.add_mutually_exclusive_group(required=True)
    what.add_argument("--recording", type=mbid, metavar="MBID", help="it is this one")
    what.add_argument("--no-song", action="store_true", help="it is no song")
    what.add_argument(
        "--clear", action="store_true", help="decide by what is found out again"
    )
    deciding.add_argument("--title", help="its title, over MusicBrainz's")
    deciding.add_argument("--artist", help="its artist, over MusicBrainz's")
    deciding.set_defaults(run=_decide)

    add_explain(commands, shared)

    similar = commands.add_parser(
        "similar",
        parents=[shared],
        help="list the passages that sound most like one",
        description="List the passages that sound most like one, the nearest first.",
    )
    similar.add_argument("file", metavar="FILE")
    similar.add_argument(
        "--passage", type=count, default=1, metavar="N", help="which of it (1)"
    )
    similar.add_argument(
        *("-n", "--number"), type=count, default=10, metavar="N", help="how many (10)"
    )
    similar.add_argument(
        "--metric",
        choices=("squares", "variation"),
        default="squares",
        help="how distance is measured (squares)",
    )
    similar.set_defaults(run=_similar)
    add_flavor(commands, shared, load_config)


def add_explain(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    shared: argparse.ArgumentParser,
) -> None:
    """Add the command that both programs have."""
    explain = commands.add_parser(
        "explain", parents=[shared], help="say why a file is said to be what it is"
    )
    explain.add_argument("file", metavar="FILE")
    explain.set_defaults(run=_explain)


def load_config(args: argparse.Namespace, default_level: str = "error") -> Config:
    """Return the configuration that the shared options name; set up the log."""
    config = read_config(args.config)
    if args.database is not None:
        library = msgspec.structs.replace(config.library, database=str(args.database))
        config = msgspec.structs.replace(config, library=library)
    if not config.database.name or config.database.is_dir():
        raise ConfigError(f"{config.database}: the library is a file, not a folder")
    journal = systemd.Journal() if systemd.stderr_is_journal() else None
    log.configure(config.logging.level or default_level, journal)
    return config


def _serve(args: argparse.Namespace) -> int:
    # Until it can be obeyed, it must not end what has hardly begun.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from segued.compute import process_pool  # noqa: PLC0415

    process_pool.start_fork_server()
    from segued.cli import serve_command  # noqa: PLC0415

    return serve_command.run(args, lambda: load_config(args, "info"))


def _library(args: argparse.Namespace) -> int:
    return library_command.run_library(args, load_config(args))


def _decide(args: argparse.Namespace) -> int:
    from segued.cli import decide_command  # noqa: PLC0415

    return decide_command.run(args, load_config(args))


def _similar(args: argparse.Namespace) -> int:
    from segued.cli import similar_command  # noqa: PLC0415

    return similar_command.run(args, load_config(args))


def _explain(args: argparse.Namespace) -> int:
    return library_command.run_explain(args, load_config(args))


def _import(args: argparse.Namespace) -> int:
    config = load_config(args)
    # What no other command needs, and takes a while: both at once.
    from segued.compute import process_pool  # noqa: PLC0415

    process_pool.start_fork_server()
    from segued.cli import import_command  # noqa: PLC0415

    return import_command.run(args, config)
