"""`segued similar`: which passages sound most like one."""

import argparse
import json
import os
from collections.abc import Sequence
from typing import Final

import msgspec
from rich.console import Console

from segued.config.config import Config
from segued.errors import NotKnownError
from segued.exit_codes import Exit
from segued.matching.flavor import distances
from segued.paths import shown
from segued.store.reading import reports
from segued.store.reading.reports import Flavored
from segued.views import tables

__all__ = ["run"]

DIGITS: Final = 4


class _Told(msgspec.Struct):
    """A flavor as it is kept."""

    characteristics: dict[str, dict[str, float]] = {}


def run(given: argparse.Namespace, config: Config) -> int:
    """List the passages that sound most like one; return the exit code.

    Raises:
        NotKnownError: It is not known how it sounds.
    """
    path = os.path.abspath(os.fsencode(given.file))
    one = _one(config, path, given.passage)
    others = [
        each
        for each in reports.flavored(config.database, one.source)
        if each.passage != one.passage
    ]
    apart = distances(_flavor(one), [_flavor(each) for each in others], given.metric)
    nearest = sorted(zip(apart.tolist(), others, strict=True), key=lambda each: each[0])
    _tell(given, one, nearest[: given.number])
    return Exit.ALL_DONE


def _one(config: Config, path: bytes, ordinal: int) -> Flavored:
    for each in reports.flavored(config.database, path_is=path):
        if each.ordinal == ordinal:
            return each
    raise NotKnownError(
        f"{shown(path)}: it is not known how passage {ordinal} of it sounds"
    )


def _flavor(of: Flavored) -> dict[str, dict[str, float]]:
    return msgspec.json.decode(of.flavor, type=_Told).characteristics


def _tell(
    given: argparse.Namespace,
    one: Flavored,
    nearest: Sequence[tuple[float, Flavored]],
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
    if given.json:
        told = {"passage_id": one.passage, "source": one.source, "similar": rows}
        print(json.dumps(told | {"metric": given.metric}))  # noqa: T201
    else:
        tables.print_table(Console(highlight=False), "similar", rows)
