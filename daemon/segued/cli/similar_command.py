"""`segued similar` and `segued playlist`: passages that sound like a given one."""

import argparse
from collections.abc import Iterator

import msgspec
from rich.console import Console

from segued.cli.daemon_client import DaemonClient
from segued.cli.export_command import base_folder, with_cover, write_parts
from segued.cli.library_choice import LibraryChoice
from segued.cli.passage_choice import flavored_passage
from segued.errors import NotFoundError
from segued.exit_codes import ExitCode
from segued.exports.export_track import ExportOptions
from segued.exports.format_list import EXPORT_FORMATS
from segued.paths import shown
from segued.store.reading.export_rows import tracks_of
from segued.store.reading.similar import (
    PlaylistRequest,
    SimilarPage,
    SimilarPassages,
)
from segued.units import seconds_to_ticks
from segued.views import tables

__all__ = ["playlist", "run"]


def run(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """List the passages that sound most like a given one; return the exit code.

    Raises:
        DaemonError: Only a daemon may read the library, and gives no answer.
        NotFoundError: The library has no flavor of the given passage.
        StoreError: There is no library, or it cannot be read.
    """
    client = choice.reader()
    passage = flavored_passage(choice, client, args.file, args.passage)
    try:
        found = (
            SimilarPassages(choice.database).nearest(passage, args.number, args.metric)
            if client is None
            else _from_daemon(client, passage, args)
        )
    except NotFoundError as error:
        raise NotFoundError(
            f"{shown(args.file)}: the library has no flavor of its passage"
            f" {args.passage}"
        ) from error
    if args.json:
        print(msgspec.json.encode(found).decode())  # noqa: T201
    else:
        rows = [
            {
                "distance": each.distance,
                "artist": each.artist,
                "title": each.title,
                "path": each.path,
                "ordinal": each.ordinal,
            }
            for each in found.similar
        ]
        tables.print_table(Console(highlight=False), "similar", rows)
    return ExitCode.ALL_DONE


def playlist(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Write a playlist of passages that sound like a given one; return the exit code.

    Raises:
        ConfigError: The output is not usable, or the format cannot hold a value.
        DaemonError: Only a daemon may read the library, and gives no answer.
        NotFoundError: The library has no flavor of a given passage.
        StoreError: There is no library, or it cannot be read.
    """
    client = choice.reader()
    like = flavored_passage(choice, client, args.like, args.passage)
    path_to = args.path_to and flavored_passage(choice, client, args.path_to, 1)
    parts = _parts(args, choice, like, path_to)
    try:
        return write_parts(args, choice, parts)
    except NotFoundError as error:
        text = str(error).replace(like, shown(args.like))
        text = text.replace(path_to, shown(args.path_to)) if path_to else text
        raise NotFoundError(text) from error


def _parts(
    args: argparse.Namespace, choice: LibraryChoice, like: str, path_to: str | None
) -> Iterator[bytes]:
    client = choice.reader()
    base = base_folder(args)
    if client is not None:
        parameters = {
            "like": like,
            "length_seconds": str(args.length),
            "artist_gap": str(args.artist_gap),
            "title": args.title,
        }
        parameters |= {"path_to": path_to} if path_to else {}
        parameters |= {} if base is None else {"relative_to": base.hex()}
        yield from client.download(f"/api/playlist/{args.format}", parameters)
        return
    request = PlaylistRequest(
        like, path_to, seconds_to_ticks(args.length), args.artist_gap
    )
    chosen = SimilarPassages(choice.database).playlist(request)
    tracks = map(with_cover, tracks_of(choice.database, chosen))
    options = ExportOptions(args.title, base)
    for part in EXPORT_FORMATS[args.format].write(tracks, options):
        yield part.encode("utf-8", "replace")


def _from_daemon(
    client: DaemonClient, passage: str, args: argparse.Namespace
) -> SimilarPage:
    route = f"/api/passages/{passage}/similar?count={args.number}&metric={args.metric}"
    return msgspec.convert(client.request("GET", route), SimilarPage)
