"""The command line of `seguectl`. Imports the standard library only."""

import argparse
from pathlib import Path
from typing import Final

from segued import __version__
from segued.cli.parser import CommandParser, add_explain, shared_options_parser
from segued.cli.review_parser import add_review

__all__ = ["seguectl_parser"]

EXIT_CODES: Final = """\
exit codes:
  0    done
  2    an argument, setting or path is invalid
  3    the library cannot be used
  4    no daemon is running, or it cannot do this now
"""


def seguectl_parser() -> CommandParser:
    """Return the parser; `command` of the parsed arguments is the command's name."""
    parser = CommandParser(
        prog="seguectl",
        description="Controls a running segued daemon and shows its status.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    shared = shared_options_parser()
    shared.add_argument(
        "--socket", type=Path, metavar="PATH", help="the daemon's control socket"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, what: str) -> CommandParser:
        added = commands.add_parser(name, parents=[shared], help=what, description=what)
        added.set_defaults(command=name)
        return added

    status = command(
        "status",
        "Show the session, the workers, the services and the music folders.",
    )
    status.add_argument(
        "--running", action="store_true", help="exit with 4 if no daemon is running"
    )
    command("watch", "Show the status until Ctrl-C; with --json as JSON Lines.")
    command("nodes", "Show the other machines that analyze, and why some get no work.")
    scan = command("scan", "Scan the music folders now, or one folder in them.")
    scan.add_argument("path", nargs="?", metavar="PATH")
    command("pause", "Stop the work until `resume`, also after a restart.")
    command("resume", "Continue after a pause or a cancel.")
    command("cancel", "End the session; work that is already stored stays.")
    command(
        "failures",
        "List failed files, with code and reason; with --json as JSON Lines.",
    )
    retry = command("retry", "Import failed files again.")
    retry.add_argument(
        "which", nargs="?", metavar="CODE|PATH", help="a failure code, file or folder"
    )
    settings_parser = command("settings", "Show all settings, show one, or set one.")
    settings_parser.add_argument("key", nargs="?", metavar="KEY")
    settings_parser.add_argument("value", nargs="?", metavar="VALUE", help="as JSON")
    workers = command("workers", "Show or set how many files are imported at once.")
    workers.add_argument("number", type=int, nargs="?", metavar="N")
    add_explain(commands, shared)
    add_review(commands, shared)
    return parser
