"""What was heard in a stretch of sound: kept by the audio, never by the file."""

import zlib
from dataclasses import dataclass
from typing import Final

from segued.model import Span
from segued.store.prepared import Query, prepared
from segued.store.schema.audio import Sound
from segued.store.schema.files import now
from segued.units import Ticks

__all__ = ["Said", "find", "keep"]

LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class Said:
    """What one tool said of one stretch of sound.

    Attributes:
        version: Which one, and how it was used.
        said: JSON.
    """

    source: str
    version: str
    said: bytes


def find(audio_hash: str, span: Span) -> dict[str, Said]:
    """Return what was ever heard in a stretch of some audio, by source."""
    return {
        source: Said(source, version, zlib.decompress(said))
        for source, version, said in _heard(audio_hash, span.start, span.end)
    }


def keep(audio_hash: str, span: Span, said: Said) -> None:
    """Put on record what was heard, over what the same source said before."""
    packed = zlib.compress(said.said, LEVEL)
    start, end = span.start, span.end
    _keep(audio_hash, start, end, said.source, said.version, packed, now())


@prepared
def _heard(audio_hash: str, start: Ticks, end: Ticks) -> Query:
    return Sound.select(Sound.source, Sound.version, Sound.said).where(
        Sound.audio_hash == audio_hash,
        Sound.start_ticks == start,
        Sound.end_ticks == end,
    )


@prepared
def _keep(  # noqa: PLR0913, PLR0917
    audio_hash: str,
    start: Ticks,
    end: Ticks,
    source: str,
    version: str,
    said: bytes,
    at: str,
) -> Query:
    return Sound.insert(
        audio_hash=audio_hash,
        start_ticks=start,
        end_ticks=end,
        source=source,
        version=version,
        said=said,
        at=at,
    ).on_conflict_replace()
