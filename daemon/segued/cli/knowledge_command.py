"""`segued knowledge`: carries what a library knows to another machine."""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import msgspec

from segued.cli.library_choice import LibraryChoice
from segued.cli.output_file import check_output, write_output
from segued.clients.zstd_streams import ZstdError, ZstdReader, compressed
from segued.config.config import check_setting
from segued.daemon.library_operations import run_in_library
from segued.errors import ConfigError, DaemonError
from segued.exit_codes import ExitCode
from segued.paths import shown
from segued.store.database import Store
from segued.store.knowledge_import import save_lines
from segued.store.knowledge_lines import (
    FORMAT_VERSION,
    KnowledgeEnd,
    KnowledgeHeader,
    KnowledgeLine,
    KnownSetting,
)
from segued.store.reading.knowledge import CUT_SETTINGS, knowledge

__all__ = ["export", "run_import"]

LINE_BYTES_MAX: Final = 1 << 28
"""The level curve of a day of audio has 12 MB."""

BATCH_BYTES: Final = 1 << 22
"""Lines of so many bytes are one transaction."""

NAMES: Final = {
    "decision": "decisions",
    "sound": "decoded sounds",
    "loudness": "loudness curves",
    "spectrum": "spectra",
    "heard": "analyses",
    "answer": "answers of services",
    "merged": "merged ids",
    "setting": "settings",
}


def export(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Write what the library knows; return the exit code.

    Raises:
        ConfigError: The file cannot be such a file.
        StoreError: The library cannot be read.
    """
    target = check_output(os.fsencode(os.path.abspath(args.file)), choice.config)
    counts: dict[str, int] = {}

    def lines() -> Iterator[bytes]:
        encode = msgspec.json.Encoder().encode
        for line in knowledge(choice.database):
            kind = str(type(line).__struct_config__.tag)
            counts[kind] = counts.get(kind, 0) + 1
            yield encode(line) + b"\n"

    write_output(target, compressed(lines()))
    _print(args, {name: counts[name] for name in NAMES if name in counts})
    return ExitCode.ALL_DONE


def run_import(args: argparse.Namespace, choice: LibraryChoice) -> int:
    """Take over what is in a file, and show how much of it is new.

    Raises:
        ConfigError: The file cannot be read, or is not such a file; the lines before
            the place that the message names are stored.
        DaemonError: A daemon uses the library.
        StoreError: The library cannot be used.
    """
    if choice.daemon() is not None:
        raise DaemonError(
            f"{choice.database}: a daemon uses this library; stop it first"
        )
    path = Path(args.file)
    counts: dict[str, int] = {}

    async def save(store: Store) -> None:
        for batch in _batches(path):
            for kind, count in (await store.do(save_lines, batch)).items():
                counts[kind] = counts.get(kind, 0) + count

    next(_lines(path))  # refuses a file of another kind before a library is created
    run_in_library(choice.config, save)
    _print(args, counts)
    return ExitCode.ALL_DONE


def _print(args: argparse.Namespace, counts: dict[str, int]) -> None:
    if args.json:
        print(json.dumps({"file": shown(args.file), "counts": counts}))  # noqa: T201
        return
    parts = [f"{count:,} {NAMES[kind]}" for kind, count in counts.items()]
    print(f"{shown(args.file)}: {', '.join(parts) or 'nothing new'}")  # noqa: T201


def _batches(path: Path) -> Iterator[list[KnowledgeLine]]:
    batch: list[KnowledgeLine] = []
    size = 0
    for line, line_bytes in _lines(path):
        batch.append(line)
        size += line_bytes
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    yield batch


def _lines(path: Path) -> Iterator[tuple[KnowledgeLine, int]]:
    """Yield the lines of a file, checked, each with its length in bytes.

    Raises:
        ConfigError: The file cannot be read, is of another kind, or is truncated.
    """
    try:
        with path.open("rb") as file:
            yield from _checked_lines(path, file)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (ZstdError, EOFError) as error:
        raise ConfigError(f"{path}: not a complete file of knowledge: {error}") from (
            error
        )


def _checked_lines(path: Path, file: IO[bytes]) -> Iterator[tuple[KnowledgeLine, int]]:
    decode = msgspec.json.Decoder(KnowledgeLine).decode
    number = 0
    line: KnowledgeLine | None = None
    for number, raw in enumerate(ZstdReader(file).lines(LINE_BYTES_MAX), 1):
        try:
            line = decode(raw)
            _check(line, number)
        except (msgspec.MsgspecError, UnicodeDecodeError, ConfigError) as error:
            raise ConfigError(f"{path}: line {number}: {error}") from error
        yield line, len(raw)
    if not isinstance(line, KnowledgeEnd) or line.lines != number - 1:
        raise ConfigError(f"{path}: not a complete file of knowledge: its end is gone")


def _check(line: KnowledgeLine, number: int) -> None:
    """Check what the types do not say.

    Raises:
        ConfigError: The line is not at its place, or has a value out of range.
    """
    is_header = isinstance(line, KnowledgeHeader)
    if is_header != (number == 1):
        raise ConfigError("not a file of knowledge: its header is not its first line")
    if isinstance(line, KnowledgeHeader) and line.version != FORMAT_VERSION:
        raise ConfigError(
            f"written by another segued ({line.segued}), in version {line.version} of"
            f" the format; this one reads version {FORMAT_VERSION}"
        )
    if isinstance(line, KnownSetting):
        if line.key not in CUT_SETTINGS:
            raise ConfigError(f"{line.key}: not a setting of how files are cut")
        check_setting(line.key, line.value)
