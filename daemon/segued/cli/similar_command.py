"""`segued similar`: lists the passages that sound most like a given one."""

import argparse
import json
import os
from collections.abc import Sequence
from typing import Final

import msgspec
from rich.console import Console

from segued.cli.library_choice import LibraryChoice
from segued.errors import NotFoundError
from segued.exit_codes import ExitCode
from segued.matching.flavor import distances
from segued.paths import shown
from segued.store.reading import reports
from segued.views import tables

__all__ = ["run"]

DIGITS: Final = 4


class FlavoredPassage(msgspec.Struct, frozen=True):
    """A passage with its flavor.

    Attributes:
        source: Source of the flavor.
        flavor: The flavor, as stored JSON.
    """

    passage: str
    path: str
    ordinal: int
    artist: str | None
    title: str | None
    source: str
    flavor: str


class _StoredFlavor(msgspec.Struct):
    """A flavor as stored in the library."""

    characteristics: dict[str, dict[str, float]] = {}


def run(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """List the passages that sound most like a given one; return the exit code.

    Raises:
        NotFoundError: The library has no flavor of the given passage.
    """
    path = os.path.abspath(os.fsencode(args.file))
    passages = [
        msgspec.convert(row, FlavoredPassage) for row in choice.rows(reports.FLAVORS)
    ]
    reference = _find_passage(passages, shown(path), args.passage)
    others = [
        each
        for each in passages
        if each.source == reference.source and each.passage != reference.passage
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


def _find_passage(
    passages: Sequence[FlavoredPassage], path: str, ordinal: int
) -> FlavoredPassage:
    for each in passages:
        if (each.path, each.ordinal) == (path, ordinal):
            return each
    raise NotFoundError(f"{path}: the library has no flavor of its passage {ordinal}")


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
