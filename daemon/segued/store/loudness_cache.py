"""Load and save loudness curves, by audio hash."""

from segued.dsp import loudness
from segued.dsp.loudness import LoudnessCurve
from segued.store.packed_levels import pack_loudness, unpack_loudness
from segued.store.prepared import Query, prepared
from segued.store.schema.audio import StoredLoudness
from segued.units import Frames, Hertz

__all__ = ["load", "save"]


def load(audio_hash: str) -> LoudnessCurve | None:
    """Return the loudness curve of some audio, if this version of the code made it."""
    for blocks, block, rate, frames in _load(audio_hash, loudness.VERSION):
        return loudness.unpack(
            unpack_loudness(blocks), Frames(block), Hertz(rate), Frames(frames)
        )
    return None


def save(audio_hash: str, curve: LoudnessCurve) -> None:
    """Store a loudness curve, replacing the stored one."""
    blocks = pack_loudness(loudness.pack(curve))
    block, rate, frames = curve.block, curve.rate, curve.frames
    _save(audio_hash, loudness.VERSION, blocks, block, rate, frames)


@prepared
def _load(audio_hash: str, version: int) -> Query:
    return StoredLoudness.select(
        StoredLoudness.blocks,
        StoredLoudness.block_frames,
        StoredLoudness.rate,
        StoredLoudness.frames,
    ).where(StoredLoudness.audio_hash == audio_hash, StoredLoudness.version == version)


@prepared
def _save(  # noqa: PLR0913, PLR0917
    audio_hash: str, version: int, blocks: bytes, block: int, rate: int, frames: int
) -> Query:
    return StoredLoudness.insert(
        audio_hash=audio_hash,
        version=version,
        rate=rate,
        block_frames=block,
        frames=frames,
        blocks=blocks,
    ).on_conflict_replace()
