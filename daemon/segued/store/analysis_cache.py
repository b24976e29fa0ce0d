"""Load and save analyzer outputs, by audio hash and span."""

import zlib
from dataclasses import dataclass
from typing import Final

from segued.model import Span
from segued.store.prepared import Query, prepared
from segued.store.schema.audio import AnalyzerOutput
from segued.store.schema.files import now
from segued.units import Ticks

__all__ = ["StoredOutput", "load", "save"]

COMPRESSION_LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class StoredOutput:
    """The output of one analyzer for one span of audio.

    Attributes:
        source: Name of the analyzer.
        version: Version of the analyzer, and how it was used.
        payload: The output, as JSON bytes.
    """

    source: str
    version: str
    payload: bytes


def load(audio_hash: str, span: Span) -> dict[str, StoredOutput]:
    """Return the stored outputs for a span of some audio, by source."""
    return {
        source: StoredOutput(source, version, zlib.decompress(payload))
        for source, version, payload in _load(audio_hash, span.start, span.end)
    }


def save(audio_hash: str, span: Span, output: StoredOutput) -> None:
    """Store an output, replacing an earlier one of the same source."""
    deflated = zlib.compress(output.payload, COMPRESSION_LEVEL)
    start, end = span.start, span.end
    _save(audio_hash, start, end, output.source, output.version, deflated, now())


@prepared
def _load(audio_hash: str, start: Ticks, end: Ticks) -> Query:
    return AnalyzerOutput.select(
        AnalyzerOutput.source, AnalyzerOutput.version, AnalyzerOutput.output
    ).where(
        AnalyzerOutput.audio_hash == audio_hash,
        AnalyzerOutput.start_ticks == start,
        AnalyzerOutput.end_ticks == end,
    )


@prepared
def _save(  # noqa: PLR0913, PLR0917
    audio_hash: str,
    start: Ticks,
    end: Ticks,
    source: str,
    version: str,
    payload: bytes,
    at: str,
) -> Query:
    return AnalyzerOutput.insert(
        audio_hash=audio_hash,
        start_ticks=start,
        end_ticks=end,
        source=source,
        version=version,
        output=payload,
        at=at,
    ).on_conflict_replace()
