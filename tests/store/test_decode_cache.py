"""Stored decode results: `segued.store.decode_cache`."""

import random
import zlib
from dataclasses import replace

import numpy as np
import pytest

from segued.dsp import loudness
from segued.dsp.loudness import LoudnessCurve
from segued.model import (
    AudioFacts,
    Fingerprint,
    LevelCurve,
    PhaseNumber,
    Span,
    SpectrumCurve,
)
from segued.store import checkpoints, codec, decode_cache
from segued.store.database import Store
from segued.store.decode_cache import DecodeResult
from segued.store.packed_levels import (
    pack_levels,
    pack_loudness,
    unpack_levels,
    unpack_loudness,
)
from segued.store.schema.audio import DecodeCache
from segued.store.schema.files import Checkpoint, File
from segued.units import Frames, Hertz, Ticks
from tests.store.scanned_folder import ScannedFolder

RATE = Hertz(44_100)
SPECTRUM = SpectrumCurve(bytes(range(60)), Frames(22_050))
RESULT = DecodeResult(
    AudioFacts(Frames(66_150), RATE, 2, 0.5, "flac", "sndfile"),
    LevelCurve(bytes(150), Frames(441), RATE, Frames(66_150)),
    (),
    (),
    SPECTRUM,
)


async def test_a_spectrum_is_stored_beside_the_level_curve(store: Store) -> None:
    """It is loaded on its own, because only sides need it."""
    await store.do(decode_cache.save, "hash", 1, RESULT)

    assert await store.do(decode_cache.load_spectrum, "hash", 1) == SPECTRUM
    assert await store.do(decode_cache.load, "hash", 1) == replace(
        RESULT, spectrum=None
    )


async def test_audio_without_a_spectrum_has_none(store: Store) -> None:
    """Short files have none, and other versions are not used."""
    await store.do(decode_cache.save, "short", 1, replace(RESULT, spectrum=None))
    await store.do(decode_cache.save, "hash", 1, RESULT)

    assert await store.do(decode_cache.load_spectrum, "short", 1) is None
    assert await store.do(decode_cache.load_spectrum, "hash", 2) is None


def test_levels_are_packed_without_loss_and_tightly() -> None:
    """Those of older libraries, which are not differences, are read as well."""
    rng = random.Random(5)  # noqa: S311
    level, levels = 60, bytearray()
    for _ in range(20_000):
        level = min(255, max(0, level + round(rng.gauss(0, 5))))
        levels.append(level)

    packed = pack_levels(bytes(levels))

    assert unpack_levels(packed) == levels
    assert unpack_levels(zlib.compress(levels)) == levels
    assert len(packed) < 0.85 * len(zlib.compress(levels))
    assert unpack_levels(pack_levels(b"")) == b""


@pytest.mark.parametrize("spread", [3, 400, 30_000])
def test_loudness_is_packed_without_loss(spread: int) -> None:
    """Also if levels and peaks jump over the whole range."""
    rng = np.random.default_rng(9)
    levels = rng.normal(5_000, spread, 2_400).astype(np.int64).astype(np.uint16)
    peaks = (levels + rng.normal(0, spread, 2_400)).astype(np.int64).astype(np.uint16)
    curve = LoudnessCurve(
        levels.tobytes(), peaks.tobytes(), Frames(4_410), RATE, Frames(10_584_000)
    )
    blocks = loudness.pack(curve)

    packed = pack_loudness(blocks)

    assert unpack_loudness(packed) == blocks
    assert unpack_loudness(zlib.compress(blocks)) == blocks
    assert len(packed) <= 1.05 * len(zlib.compress(blocks))
    assert unpack_loudness(pack_loudness(b"")) == b""


async def test_a_checkpoint_leaves_out_stored_fingerprints(store: Store) -> None:
    """It is complete when it is loaded; without the stored ones it does not count."""
    span, other = Span(Ticks(0), Ticks(9)), Span(Ticks(9), Ticks(20))
    prints = (Fingerprint(span, ("AQADtexts",)), Fingerprint(other, (), "silence"))
    fresh = Fingerprint(Span(Ticks(1), Ticks(5)), ("AQADother",))
    result = {"prints": [*prints, fresh]}
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = (await folder.get_file("a")).id

    def save() -> str:
        File.update(audio_hash="hash").execute()
        decode_cache.save("hash", 1, replace(RESULT, fingerprints=prints))
        checkpoints.save(
            file,
            checkpoints.StoredCheckpoint(
                PhaseNumber.FINGERPRINT, "recipe", codec.encode(result), None
            ),
        )
        return str(Checkpoint.get().payload)

    payload = await store.do(save)
    (loaded,) = await store.do(checkpoints.for_file, file)
    await store.do(lambda: DecodeCache.update(prints="[]").execute())

    assert ("AQADtexts" in payload, "AQADother" in payload) == (False, True)
    assert loaded.payload == codec.encode(result)
    assert await store.do(checkpoints.for_file, file) == []
