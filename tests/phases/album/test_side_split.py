"""Splitting an album side by its release: `segued.phases.album.side_split`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import mutagen
import numpy as np
import pytest
from bench.lookups import one_shot_import

from segued.clients.clock import Clock
from segued.media.file_analysis import fingerprints_of
from segued.media.safe_open import signature_of
from segued.model import Span
from segued.store import decode_cache, requeue
from segued.store.database import Store
from segued.store.schema.audio import DecodeCache
from segued.store.schema.files import Passage
from segued.units import Seconds, Ticks, seconds_to_ticks
from tests import audio
from tests.end_to_end.service_catalog import ServiceCatalog
from tests.fake_services import FakeServices

LENGTHS_S = (75.0, 110.0, 60.0, 90.0)
RATE = 11_025


@pytest.fixture(name="side")
def _side(tmp_path: Path) -> Path:
    """A file of four songs, with hiss that hides the silences between them."""
    songs = [audio.music(s, RATE, 1, seed) for seed, s in enumerate(LENGTHS_S, 7)]
    gap = audio.silence(2.5, RATE, 1)
    sound = np.concatenate([part for song in songs for part in (song, gap)])
    hiss = np.random.default_rng(3).standard_normal(sound.shape, np.float32)
    path = tmp_path / "music" / "Old Record" / "side.flac"
    path.parent.mkdir(parents=True)
    audio.encode_audio(path, 0.7 * sound + np.float32(0.004) * hiss, RATE)
    tags = mutagen.File(path)
    tags["album"], tags["artist"], tags["title"] = "Old Record", "The Hiss", "Side A"
    tags.save()
    return path


@pytest.fixture(name="fake_services")
async def _fake_services(tmp_path: Path) -> AsyncIterator[FakeServices]:
    catalog = ServiceCatalog(tmp_path / "library.db")
    names = ("One", "Two", "Three", "Four")
    catalog.add_release("The Hiss", "Old Record", names, LENGTHS_S)
    async with FakeServices(catalog.in_memory_answers, limits=False) as fake_services:
        yield fake_services


@dataclass
class SideLibrary:
    """A library of the side, with its passages and fingerprints."""

    home: Path
    fake_services: FakeServices

    async def import_side(self) -> tuple[list[tuple[Span, str | None]], int]:
        """Import; return the passages with fingerprints, and the number computed."""
        database = self.home / "library.db"
        service = one_shot_import(database, self.fake_services, Clock.scaled(20))
        ended = await service.run([bytes(self.home / "music")], workers=1)
        assert ended.state == "COMPLETED", ended.error
        store = Store(database)
        await store.open()
        try:
            return await store.do(_stored_fingerprints)
        finally:
            await store.close()

    async def rematch(self) -> None:
        """Queue the side for matching again."""
        store = Store(self.home / "library.db")
        await store.open()
        await store.do(requeue.requeue_for_matching, [bytes(self.home / "music")])
        await store.close()


def _stored_fingerprints() -> tuple[list[tuple[Span, str | None]], int]:
    rows = Passage.select().order_by(Passage.ordinal)
    found = [
        (Span(Ticks(row.start_ticks), Ticks(row.end_ticks)), row.fingerprint)
        for row in rows
    ]
    (audio_hash,) = (row.audio_hash for row in DecodeCache.select())
    return found, len(decode_cache.fingerprints(audio_hash))


def _fingerprint_again(side: Path, spans: tuple[Span, ...]) -> list[str]:
    """Compute the first fingerprint of each of some passages."""
    whole = Span(Ticks(0), seconds_to_ticks(Seconds(sum(LENGTHS_S) + 10)))
    found = fingerprints_of(bytes(side), signature_of(side.stat()), spans, whole)
    return [each.encoded[0] for each in found]


@pytest.mark.slow
async def test_each_passage_has_a_fingerprint(
    side: Path, fake_services: FakeServices, tmp_path: Path
) -> None:
    """It is that of the split passage, and is computed only once."""
    library = SideLibrary(tmp_path, fake_services)

    found, computed = await library.import_side()

    spans = tuple(span for span, _ in found)
    assert len(spans) == 4
    assert [text for _, text in found] == _fingerprint_again(side, spans)
    assert computed == 1 + 4

    await library.rematch()
    assert await library.import_side() == (found, computed)
