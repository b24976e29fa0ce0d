"""`segued flavor import-dump`: stores recordings from an AcousticBrainz archive."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from segued.clients.acousticbrainz import parse_document
from segued.clients.acousticbrainz_dump import Entry, documents
from segued.config.config import Config
from segued.errors import ServiceAnswerError
from segued.exit_codes import ExitCode
from segued.store import archive_import
from segued.store.archive_import import ArchiveEntry
from segued.store.database import Store

__all__ = ["run_import_dump"]

BATCH_SIZE: Final = 500
REPORT_EVERY: Final = 100_000


@dataclass(slots=True)
class _ImportCounts:
    """The result; `--json` prints these names.

    Attributes:
        read: Documents in the archives.
        damaged: Documents that were invalid.
        kept: Recordings whose document was stored.
        taken_up: Files that the next import flavors.
    """

    read: int = 0
    damaged: int = 0
    kept: int = 0
    taken_up: int = 0


def run_import_dump(args: argparse.Namespace, config: Config) -> int:
    """Import archives of AcousticBrainz; return the exit code.

    Raises:
        ConfigError: A file is no archive; documents read before it stay stored.
        StoreError: The library cannot be used.
    """
    counts = asyncio.run(_import(args, config))
    if args.json:
        print(json.dumps(asdict(counts)))  # noqa: T201
    else:
        print(  # noqa: T201
            f"{counts.read:,} documents read, {counts.kept:,} recordings stored, "
            f"{counts.damaged:,} documents invalid; "
            f"{counts.taken_up:,} files are flavored by the next import"
        )
    return ExitCode.ALL_DONE


async def _import(args: argparse.Namespace, config: Config) -> _ImportCounts:
    counts = _ImportCounts()
    store = Store(config.database, config.store)
    await store.open()
    try:
        wanted_mbids = (
            None if args.all else await store.do(archive_import.missing_mbids)
        )
        for archive in map(Path, args.archives):
            batch: list[ArchiveEntry] = []
            for submitted in _archive_entries(archive, wanted_mbids, counts):
                batch.append(submitted)
                if len(batch) >= BATCH_SIZE:
                    await _save_batch(store, batch, counts)
                    batch = []
            await _save_batch(store, batch, counts)
    finally:
        await store.close()
    return counts


async def _save_batch(
    store: Store, batch: Sequence[ArchiveEntry], counts: _ImportCounts
) -> None:
    if batch:
        counts.kept += len(batch)
        counts.taken_up += await store.do(archive_import.save_entries, batch)


def _archive_entries(
    archive: Path, wanted_mbids: set[str] | None, counts: _ImportCounts
) -> Iterator[ArchiveEntry]:
    """Yield one valid document for each wanted recording; None wants all."""
    same_recording: list[Entry] = []
    for entry in documents(archive):
        counts.read += 1
        if counts.read % REPORT_EVERY == 0:
            print(f"{counts.read:,} documents ...", file=sys.stderr)  # noqa: T201
        if wanted_mbids is not None and entry.mbid not in wanted_mbids:
            continue
        # Documents of one recording follow each other.
        if same_recording and same_recording[0].mbid != entry.mbid:
            yield from _first_valid(archive, same_recording, counts)
            same_recording = []
        same_recording.append(entry)
    yield from _first_valid(archive, same_recording, counts)


def _first_valid(
    archive: Path, entries: Sequence[Entry], counts: _ImportCounts
) -> Iterator[ArchiveEntry]:
    """Yield the first valid document of a recording, if there is one."""
    for entry in sorted(entries, key=lambda each: each.number):
        try:
            if entry.raw is not None and parse_document(entry.raw).characteristics:
                yield ArchiveEntry(entry.mbid, entry.raw, archive.name, len(entries))
                return
        except ServiceAnswerError:
            pass
        counts.damaged += 1
