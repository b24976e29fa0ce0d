"""Read all that a library knows about sounds, for another library."""

import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from segued import __version__
from segued.model import AudioFacts, FileWarning, Fingerprint, Service
from segued.store import codec
from segued.store.knowledge_lines import (
    FORMAT_VERSION,
    KnowledgeEnd,
    KnowledgeHeader,
    KnowledgeLine,
    KnownAnswer,
    KnownDecision,
    KnownLoudness,
    KnownMerge,
    KnownOutput,
    KnownRelease,
    KnownSetting,
    KnownSound,
    KnownSpectrum,
)
from segued.store.packed_levels import unpack_levels, unpack_loudness
from segued.store.reading.reports import open_read_only
from segued.store.schema.files import now
from segued.store.schema.lookups import ANSWER_TABLES

__all__ = ["CUT_SETTINGS", "knowledge"]

CUT_SETTINGS: Final = (
    "silence_threshold_dB",
    "silence_min_duration_ticks",
    "minimum_passage_audio_duration_ticks",
    "lead_in_threshold_dB",
    "lead_out_threshold_dB",
)
"""The settings that decide how files are cut; the others belong to the machine."""

Row = Mapping[str, Any]


def knowledge(path: Path) -> Iterator[KnowledgeLine]:
    """Yield what a library knows at one moment, with the header and the end.

    What is damaged, or from a version whose results are not used any more, is left out.

    Raises:
        StoreError: The library does not exist, or cannot be read.
    """
    count = 1
    yield KnowledgeHeader(FORMAT_VERSION, __version__, now())
    with open_read_only(path) as library:
        library.execute("BEGIN")
        for line in _lines(library):
            count += 1
            yield line
    yield KnowledgeEnd(count)


def _lines(library: sqlite3.Connection) -> Iterator[KnowledgeLine]:
    for sql, convert in QUERIES:
        for row in library.execute(sql):
            with suppress(msgspec.MsgspecError, zlib.error, UnicodeDecodeError):
                yield convert(row)
    for service, table in ANSWER_TABLES.items():
        name = table._meta.table_name  # noqa: SLF001
        sql = f"SELECT key, question, answer, at, expires_at FROM {name}"  # noqa: S608
        for row in library.execute(sql):
            with suppress(zlib.error, UnicodeDecodeError):
                yield _answer(service, row)
    for key, value in library.execute("SELECT key, value FROM settings"):
        if key in CUT_SETTINGS:
            yield KnownSetting(key, msgspec.json.decode(value, type=float | int))


def _decision(row: Row) -> KnowledgeLine:
    values = {name: row[name] for name in KnownDecision.__struct_fields__}
    return KnownDecision(**values | {"keeps_match": row["keeps_match"] == 1})


def _release(row: Row) -> KnowledgeLine:
    return KnownRelease(row["audio_hash"], row["release_mbid"], row["at"])


def _sound(row: Row) -> KnowledgeLine:
    values = {name: row[name] for name in KnownSound.__struct_fields__}
    values["levels"] = unpack_levels(row["levels"])
    values["facts"] = codec.decode(row["facts"], AudioFacts)
    values["prints"] = codec.decode(row["prints"], tuple[Fingerprint, ...])
    values["warnings"] = codec.decode(row["warnings"], tuple[FileWarning, ...])
    return KnownSound(**values)


def _loudness(row: Row) -> KnowledgeLine:
    values = {name: row[name] for name in KnownLoudness.__struct_fields__}
    return KnownLoudness(**values | {"blocks": unpack_loudness(row["blocks"])})


def _spectrum(row: Row) -> KnowledgeLine:
    values = {name: row[name] for name in KnownSpectrum.__struct_fields__}
    return KnownSpectrum(**values | {"spectra": zlib.decompress(row["spectra"])})


def _output(row: Row) -> KnowledgeLine:
    values = {name: row[name] for name in KnownOutput.__struct_fields__}
    return KnownOutput(**values | {"output": zlib.decompress(row["output"]).decode()})


def _merge(row: Row) -> KnowledgeLine:
    return KnownMerge(row["old_mbid"], row["new_mbid"])


def _answer(service: Service, row: Row) -> KnowledgeLine:
    raw = row["answer"]
    text = None if raw is None else zlib.decompress(raw).decode()
    return KnownAnswer(
        service, row["key"], row["question"], text, row["at"], row["expires_at"]
    )


QUERIES: Final[tuple[tuple[str, Callable[[Row], KnowledgeLine]], ...]] = (
    ("SELECT * FROM overrides", _decision),
    ("SELECT * FROM chosen_releases", _release),
    ("SELECT * FROM decode_cache", _sound),
    ("SELECT * FROM loudness_curves", _loudness),
    ("SELECT * FROM spectrum_cache", _spectrum),
    ("SELECT * FROM analyzer_outputs", _output),
    ("SELECT * FROM merged_ids", _merge),
)
