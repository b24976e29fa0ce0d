"""Stored decode results: `segued.store.decode_cache`."""

from dataclasses import replace

from segued.model import AudioFacts, LevelCurve, SpectrumCurve
from segued.store import decode_cache
from segued.store.database import Store
from segued.store.decode_cache import DecodeResult
from segued.units import Frames, Hertz

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
