"""`segued export`: writes passages in the formats of other programs."""

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from segued.cli.export_database import DATABASE_WRITERS
from segued.cli.library_choice import LibraryChoice
from segued.cli.output_file import check_output, write_output
from segued.errors import ConfigError
from segued.exit_codes import ExitCode
from segued.exports.export_track import ExportOptions, ExportTrack, file_uri
from segued.exports.format_list import ROW_WRITERS
from segued.media.cover_pictures import find_folder_picture
from segued.store.reading.export_rows import album_rows, export_parts

__all__ = ["base_folder", "run", "with_cover", "write_parts"]

FOLDERS_KEPT = 64
"""Passages come in the order of paths: those of a folder follow each other."""


def run(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Write what a search finds; return the exit code.

    Raises:
        ConfigError: The search, the output or an option is not usable, or the format
            cannot hold a value.
        DaemonError: Only a daemon may read the library, and gives no answer.
        StoreError: There is no library, or it cannot be read.
    """
    if args.format in DATABASE_WRITERS:
        return DATABASE_WRITERS[args.format](args, choice)
    if args.albums and args.format not in ROW_WRITERS:
        raise ConfigError(f"albums are exported as {' or '.join(ROW_WRITERS)}")
    return write_parts(args, choice, _parts(args, choice))


def write_parts(
    args: argparse.Namespace, choice: LibraryChoice, parts: Iterator[bytes]
) -> int:
    """Write an export to its file, or to the standard output; return the exit code."""
    if args.output is None:
        for part in parts:
            sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()
    else:
        write_output(check_output(os.fsencode(args.output), choice.config), parts)
    return ExitCode.ALL_DONE


def base_folder(args: argparse.Namespace) -> bytes | None:
    """Return the folder that paths are relative to: that of the output."""
    if not args.relative:
        return None
    if args.output is None:
        return os.getcwdb()
    return os.path.dirname(os.path.realpath(os.fsencode(args.output)))


def with_cover(track: ExportTrack) -> ExportTrack:
    """Return a track with the picture of its folder, if there is one."""
    return replace(track, cover_url=_folder_picture(os.path.dirname(track.path)))


@lru_cache(maxsize=FOLDERS_KEPT)
def _folder_picture(folder: bytes) -> str | None:
    try:
        found = find_folder_picture(folder)
    except OSError:
        return None
    return file_uri(found[0]) if found else None


def _parts(args: argparse.Namespace, choice: LibraryChoice) -> Iterator[bytes]:
    base = base_folder(args)
    client = choice.reader()
    if client is not None:
        parameters = {"query": args.query, "title": args.title}
        parameters |= {"albums": "true"} if args.albums else {}
        parameters |= {} if base is None else {"relative_to": base.hex()}
        yield from client.download(f"/api/export/{args.format}", parameters)
        return
    if args.albums:
        parts = ROW_WRITERS[args.format](album_rows(choice.database, args.query))
    else:
        options = ExportOptions(args.title, base)
        parts = export_parts(
            choice.database, args.format, args.query, options, with_cover
        )
    for part in parts:
        yield part.encode("utf-8", "replace")
