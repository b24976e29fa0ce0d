"""`segued flavor`: what is known of how recordings sound, brought in by hand."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from segued.clients.acousticbrainz import document
from segued.clients.acousticbrainz_dump import Entry, documents
from segued.config.config import Config
from segued.errors import ServiceAnswerError
from segued.exit_codes import Exit
from segued.store import archive_import
from segued.store.archive_import import Submitted
from segued.store.database import Store

__all__ = ["run_import_dump"]

AT_ONCE: Final = 500
TELL_EVERY: Final = 100_000


@dataclass(slots=True)
class _Counts:
    """What came of it.

    Attributes:
        read: Documents that were looked at.
        damaged: Those that say nothing that makes sense.
        kept: Recordings whose document was kept.
        taken_up: Files that are flavored by the next import.
    """

    read: int = 0
    damaged: int = 0
    kept: int = 0
    taken_up: int = 0


def run_import_dump(given: argparse.Namespace, config: Config) -> int:
    """Read archives of AcousticBrainz; return the exit code.

    Raises:
        ConfigError: One is no archive; what was read before it is kept.
        StoreError: The library cannot be used.
    """
    counts = asyncio.run(_import(given, config))
    if given.json:
        print(json.dumps(asdict(counts)))  # noqa: T201
    else:
        print(  # noqa: T201
            f"{counts.read:,} documents read, {counts.kept:,} recordings kept, "
            f"{counts.damaged:,} documents make no sense; "
            f"{counts.taken_up:,} files are flavored by the next import"
        )
    return Exit.ALL_DONE


async def _import(given: argparse.Namespace, config: Config) -> _Counts:
    counts = _Counts()
    store = Store(config.database, config.store)
    await store.open()
    try:
        wanted = None if given.all else await store.do(archive_import.wanted)
        for archive in map(Path, given.archives):
            batch: list[Submitted] = []
            for submitted in _submitted(archive, wanted, counts):
                batch.append(submitted)
                if len(batch) >= AT_ONCE:
                    await _keep(store, batch, counts)
                    batch = []
            await _keep(store, batch, counts)
    finally:
        await store.close()
    return counts


async def _keep(store: Store, batch: Sequence[Submitted], counts: _Counts) -> None:
    if batch:
        counts.kept += len(batch)
        counts.taken_up += await store.do(archive_import.keep, batch)


def _submitted(
    archive: Path, wanted: set[str] | None, counts: _Counts
) -> Iterator[Submitted]:
    """Yield what an archive holds of some recordings, or of all."""
    mine: list[Entry] = []
    for entry in documents(archive):
        counts.read += 1
        if counts.read % TELL_EVERY == 0:
            print(f"{counts.read:,} documents ...", file=sys.stderr)  # noqa: T201
        if wanted is not None and entry.mbid not in wanted:
            continue
        # Those of one recording stand together.
        if mine and mine[0].mbid != entry.mbid:
            yield from _best(archive, mine, counts)
            mine = []
        mine.append(entry)
    yield from _best(archive, mine, counts)


def _best(
    archive: Path, entries: Sequence[Entry], counts: _Counts
) -> Iterator[Submitted]:
    """Yield the first of a recording's documents that makes sense."""
    for entry in sorted(entries, key=lambda each: each.number):
        try:
            if entry.raw is not None and document(entry.raw).characteristics:
                yield Submitted(entry.mbid, entry.raw, archive.name, len(entries))
                return
        except ServiceAnswerError:
            pass
        counts.damaged += 1
