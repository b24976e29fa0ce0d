"""The command lines of `export`, `similar` and `playlist`.

Imports the standard library only.
"""

import argparse
import re
from typing import Final

from segued.cli.parser import CommandParser, Subparsers, count

__all__ = ["DATABASES", "FORMATS", "add_export", "add_playlist", "add_similar"]

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


DATABASES: Final = ("stickers", "wkmp")
"""Formats that are databases, and need a file."""

LENGTH_MAX: Final = 24 * 3_600
GAP_MAX: Final = 100


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
        "format",
        choices=(*FORMATS, *DATABASES),
        metavar="FORMAT",
        help=", ".join((*FORMATS, *DATABASES)),
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
    exporting.add_argument(
        "--root",
        metavar="FOLDER",
        help="the music folder of MPD (stickers), or wkmp's, if not that of the output",
    )
    exporting.set_defaults(command="export")


def add_similar(commands: Subparsers, shared: CommandParser) -> None:
    """Add `similar`."""
    similar = commands.add_parser(
        "similar",
        parents=[shared],
        help="list the passages that sound most like one",
        description="List the passages that sound most like one, the nearest first.",
    )
    similar.add_argument("file", metavar="FILE")
    similar.add_argument(
        "--passage",
        type=count,
        default=1,
        metavar="N",
        help="its number in the file (1)",
    )
    similar.add_argument(
        "-n",
        "--number",
        type=count,
        default=10,
        metavar="N",
        help="how many to list (10)",
    )
    similar.add_argument(
        "--metric",
        choices=("squares", "variation"),
        default="squares",
        help="the measure of distance (squares)",
    )
    similar.set_defaults(command="similar")


def add_playlist(commands: Subparsers, shared: CommandParser) -> None:
    """Add `playlist`."""
    listing = commands.add_parser(
        "playlist",
        parents=[shared],
        help="write a playlist of songs that sound like one",
        description="Write a playlist of the passages that sound most like one, or of a"
        " way from one to another in small steps.",
    )
    listing.add_argument("--like", required=True, metavar="FILE", help="the first song")
    listing.add_argument(
        "--passage",
        type=count,
        default=1,
        metavar="N",
        help="its number in the file (1)",
    )
    listing.add_argument("--path-to", metavar="FILE", help="the last song")
    listing.add_argument(
        "--length",
        type=_seconds,
        default=3_600,
        metavar="TIME",
        help="about how long, such as 45m or 1h30m (1h)",
    )
    listing.add_argument(
        "--artist-gap",
        type=_gap,
        default=5,
        metavar="N",
        help="an artist comes again after N others (5)",
    )
    listing.add_argument(
        "--format",
        choices=FORMATS,
        default="m3u8",
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)} (m3u8)",
    )
    _add_output(listing)
    listing.set_defaults(command="playlist")


def _seconds(text: str) -> int:
    """Return a duration in seconds, up to a day, for argparse."""
    found = re.fullmatch(r"(?:(\d{1,2})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?", text)
    total = 0
    if found is not None:
        hours, minutes, seconds = (int(each or 0) for each in found.groups())
        total = 3_600 * hours + 60 * minutes + seconds
    if not 0 < total <= LENGTH_MAX:
        reason = f"{text}: not a time such as 45m or 1h30m, up to 24h"
        raise argparse.ArgumentTypeError(reason)
    return total


def _gap(text: str) -> int:
    """Return a number from 0 to 100, for argparse."""
    if not text.isdecimal() or not 0 <= int(text) <= GAP_MAX:
        raise argparse.ArgumentTypeError(f"{text}: not a number from 0 to 100")
    return int(text)


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
