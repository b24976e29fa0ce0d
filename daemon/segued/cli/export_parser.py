"""The command line of `segued export`. Imports the standard library only."""

from typing import Final

from segued.cli.parser import CommandParser, Subparsers

__all__ = ["FORMATS", "add_export"]

FORMATS: Final = (
    "m3u8",
    "xspf",
    "jspf",
    "csv",
    "jsonl",
    "cue",
    "audacity",
    "liquidsoap",
)
"""The names of `exports.format_list.EXPORT_FORMATS`."""


def add_export(commands: Subparsers, shared: CommandParser) -> None:
    """Add `export`."""
    exporting = commands.add_parser(
        "export",
        parents=[shared],
        help="write songs as a playlist, a table, or for another program",
        description="Write the passages that a search finds, in a format of other"
        " programs. docs/search.md describes searches; without one, all are written.",
    )
    exporting.add_argument(
        "format", choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS)
    )
    exporting.add_argument(
        "query",
        nargs="?",
        default="",
        metavar="QUERY",
        help="words, and conditions such as artist:björk or bpm:100-120",
    )
    _add_output(exporting)
    exporting.add_argument(
        "--albums", action="store_true", help="albums, not passages (csv, jsonl)"
    )
    exporting.set_defaults(command="export")


def _add_output(parser: CommandParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write this file, at once and complete"
    )
    parser.add_argument(
        "--relative",
        action="store_true",
        help="paths relative to the folder of the output",
    )
    parser.add_argument(
        "--title", default="segued", metavar="TEXT", help="the list's title (segued)"
    )
