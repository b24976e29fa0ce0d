"""`segued similar`: lists the passages that sound most like a given one."""

import argparse
import json
import os
from collections.abc import Sequence
from typing import Final

import msgspec
from rich.console import Console

from segued.config.config import Config
from segued.errors import NotFoundError
from segued.exit_codes import ExitCode
from segued.matching.flavor import distances
from segued.paths import shown
from segued.store.reading import reports
from segued.store.reading.reports import FlavoredPassage
from segued.views import tables

__all__ = ["run"]

DIGITS: Final = 4


class _StoredFlavor(msgspec.Struct):
    """A flavor as stored in the library."""

    characteristics: dict[str, dict[str, float]] = {}


def run(args: argparse.Namespace, config: Config) -> int:
    """List the passages that sound most like a given one; return the exit code.

    Raises:
        NotFoundError: The library has no flavor of the given passage.
    """
    path = os.path.abspath(os.fsencode(args.file))
    reference = _find_passage(config, path, args.passage)
    others = [
        each
        for each in reports.passages_with_flavor(config.database, reference.source)
        if each.passage != reference.passage
    ]
    distance_values = distances(
        _characteristics(reference),
        [_characteristics(each) for each in others],
        args.metric,
    )
    nearest = sorted(
        zip(distance_values.tolist(), others, strict=True), key=lambda each: each[0]
    )
    _print_result(args, reference, nearest[: args.number])
    return ExitCode.ALL_DONE


def _find_passage(config: Config, path: bytes, ordinal: int) -> FlavoredPassage:
    for each in reports.passages_with_flavor(config.database, file_path=path):
        if each.ordinal == ordinal:
            return each
    raise NotFoundError(
        f"{shown(path)}: the library has no flavor of its passage {ordinal}"
    )


def _characteristics(passage: FlavoredPassage) -> dict[str, dict[str, float]]:
    return msgspec.json.decode(passage.flavor, type=_StoredFlavor).characteristics


def _print_result(
    args: argparse.Namespace,
    reference: FlavoredPassage,
    nearest: Sequence[tuple[float, FlavoredPassage]],
) -> None:
    rows = [
        {
            "distance": round(distance, DIGITS),
            "passage_id": each.passage,
            "path": each.path,
            "ordinal": each.ordinal,
            "artist": each.artist,
            "title": each.title,
        }
        for distance, each in nearest
    ]
    if args.json:
        result = {
            "passage_id": reference.passage,
            "source": reference.source,
            "similar": rows,
        }
        print(json.dumps(result | {"metric": args.metric}))  # noqa: T201
    else:
        tables.print_table(Console(highlight=False), "similar", rows)
