"""`segued import-from`: stores what another program's library says about files."""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Generic, TypeVar

from segued.cli.library_choice import LibraryChoice
from segued.cli.path_maps import PathMaps, parse_maps
from segued.daemon.library_operations import run_in_library
from segued.errors import ConfigError, DaemonError
from segued.exit_codes import ExitCode
from segued.model import FileId
from segued.paths import shown
from segued.store import imported_facts
from segued.store.beets_library import read_beets
from segued.store.database import Store
from segued.store.imported_facts import FileIds, FileListening
from segued.store.itunes_library import read_itunes
from segued.store.reading import reports

__all__ = ["beets", "itunes"]

ITEMS_AT_ONCE: Final = 100
"""Items of one transaction, each with a few spellings of its path."""

EXAMPLES_MAX: Final = 3

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Program(Generic[Value]):
    """A program whose library is read.

    Attributes:
        name: Its name, which is stored with what it says.
        read: Yields paths and values from its library.
        save: Stores the values of some files, and returns how many changed.
        news: What a changed file has, for the summary.
    """

    name: str
    read: Callable[[Path], Iterator[tuple[bytes, Value]]]
    save: Callable[[str, Mapping[FileId, Value]], int]
    news: str


BEETS: Final[_Program[FileIds]] = _Program(
    "beets", read_beets, imported_facts.save_ids, "new ids"
)
ITUNES: Final[_Program[FileListening]] = _Program(
    "itunes", read_itunes, imported_facts.save_listening, "new ratings or play counts"
)


@dataclass(slots=True)
class _Counts:
    """How many items were read, found among the library's files, and were new."""

    items: int = 0
    matched: int = 0
    changed: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def missing(self) -> int:
        return self.items - self.matched


def beets(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Store the ids that a library of beets has; return the exit code.

    Raises:
        ConfigError: It is no library of beets, or has none of the library's files.
        DaemonError: A daemon uses the library.
        StoreError: The library cannot be used.
    """
    return _run(BEETS, args, choice)


def itunes(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Store the ratings and play counts of an XML library; return the exit code.

    Raises:
        ConfigError: It is no such library, or has none of the library's files.
        DaemonError: A daemon uses the library.
        StoreError: The library cannot be used.
    """
    return _run(ITUNES, args, choice)


def _run(
    program: _Program[Value], args: argparse.Namespace, choice: LibraryChoice
) -> int:
    if choice.daemon() is not None:
        raise DaemonError(
            f"{choice.database}: a daemon uses this library; stop it first"
        )
    maps = PathMaps(parse_maps(args.map), tuple(reports.roots(choice.database)))
    counts = _Counts()

    async def save(store: Store) -> None:
        items = program.read(Path(args.file))
        while batch := list(islice(items, ITEMS_AT_ONCE)):
            await store.do(_save_batch, program, maps, batch, counts)

    run_in_library(choice.config, save)
    if not counts.matched:
        raise ConfigError(_nothing_found(args.file, counts))
    _print(program, args, counts)
    return ExitCode.ALL_DONE


def _save_batch(
    program: _Program[Value],
    maps: PathMaps,
    batch: Iterable[tuple[bytes, Value]],
    counts: _Counts,
) -> None:
    """Store the values of the items whose files the library has, and count."""
    items = [(path, maps.places(path), value) for path, value in batch]
    known = imported_facts.files_at(
        {path for _, places, _ in items for place in places for path in place}
    )
    values: dict[FileId, Value] = {}
    for path, places, value in items:
        counts.items += 1
        found = {
            known[next(path for path in place if path in known)]
            for place in places
            if any(path in known for path in place)
        }
        # A relative path in several music folders names none of them.
        if len(found) == 1:
            counts.matched += 1
            values[found.pop()] = value
        elif len(counts.examples) < EXAMPLES_MAX:
            counts.examples.append(shown(path))
    counts.changed += program.save(program.name, values)


def _nothing_found(file: str, counts: _Counts) -> str:
    if not counts.items:
        return f"{shown(file)}: has no files"
    return (
        f"{shown(file)}: none of its {counts.items:,} files is in the library, such as"
        f" {', '.join(counts.examples)}; import them first, or say with --map"
        " THERE=HERE where its folders are"
    )


def _print(program: _Program[Value], args: argparse.Namespace, counts: _Counts) -> None:
    if args.json:
        found = {
            "items": counts.items,
            "matched": counts.matched,
            "changed": counts.changed,
            "not_in_library": counts.missing,
        }
        text = {"file": shown(args.file), "counts": found, "examples": counts.examples}
        print(json.dumps(text))  # noqa: T201
        return
    line = (
        f"{shown(args.file)}: {counts.items:,} items, {counts.matched:,} matched,"
        f" {counts.changed:,} with {program.news},"
        f" {counts.missing:,} not in the library"
    )
    print(line)  # noqa: T201
    for each in counts.examples:
        print(f"  not in the library: {each}")  # noqa: T201
    if counts.missing > len(counts.examples):
        more = counts.missing - len(counts.examples)
        print(f"  and {more:,} more; --map THERE=HERE says where folders are")  # noqa: T201
