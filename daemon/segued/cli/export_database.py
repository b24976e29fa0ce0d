"""`segued export stickers` and `wkmp`: databases for other programs."""

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from segued.cli.library_choice import LibraryChoice
from segued.cli.output_file import check_output, replaced_file
from segued.errors import ConfigError
from segued.exit_codes import ExitCode
from segued.paths import shown
from segued.store.mpd_stickers import write_stickers
from segued.store.reading.export_rows import tracks_found
from segued.store.wkmp_database import write_wkmp_database

__all__ = ["DATABASE_WRITERS"]


def _export_stickers(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Write MPD's stickers into a new file, or into MPD's own; return the exit code."""
    target = _target(args, choice)
    if args.root is None:
        raise ConfigError("stickers need --root FOLDER, the music_directory of MPD")
    root = os.path.realpath(os.fsencode(args.root))
    tracks = tracks_found(choice.database, args.query)
    count = write_stickers(Path(os.fsdecode(target)), root, tracks)
    print(f"{count} songs have stickers.", file=sys.stderr)  # noqa: T201
    return ExitCode.ALL_DONE


def _export_wkmp(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Write a new database for wkmp; return the exit code."""
    target = _target(args, choice)
    if os.path.lexists(target):
        raise ConfigError(
            f"{shown(target)}: this exists, and wkmp keeps in it what was played; move"
            " it away first"
        )
    root = os.path.dirname(target) if args.root is None else os.fsencode(args.root)
    passages = (track.passage_id for track in tracks_found(choice.database, args.query))
    with replaced_file(target) as partial:
        counts = write_wkmp_database(
            Path(os.fsdecode(partial)),
            choice.database,
            os.path.realpath(root),
            passages,
        )
    if counts.left_out:
        print(  # noqa: T201
            f"{counts.left_out} passages are left out: the names of their files are not"
            " UTF-8.",
            file=sys.stderr,
        )
    return ExitCode.ALL_DONE


def _target(args: argparse.Namespace, choice: LibraryChoice) -> bytes:
    if args.output is None:
        raise ConfigError(f"{args.format} is a database: -o FILE names it")
    if choice.reader() is not None:
        raise ConfigError(f"{choice.database}: this account may not read it")
    return check_output(os.fsencode(args.output), choice.config)


DATABASE_WRITERS: Final = {"stickers": _export_stickers, "wkmp": _export_wkmp}
"""What writes each format that is a database."""
