"""Splitting an album side by its release: `segued.phases.album.side_split`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from segued.store.schema.audio import DecodeCache, SpectrumCache
from segued.store.schema.files import Passage
from segued.units import Seconds, Ticks, seconds_to_ticks, ticks_to_seconds
from tests import audio
from tests.end_to_end.service_catalog import ServiceCatalog, mbid
from tests.fake_services import FakeServices

LENGTHS_S = (75.0, 110.0, 60.0, 90.0)
GAPS_S = (2.5, 0.0, 2.5, 2.5)
LISTED_S = (75.0, 108.5, 61.5, 90.0)
"""The lengths that the release lists: the second song ends 1.5 s later."""

RATE = 11_025


@pytest.fixture(name="side")
def _side(tmp_path: Path) -> Path:
    """A file of four songs, the second of which runs into the third."""
    return _write_side(tmp_path, LENGTHS_S, GAPS_S)


def _write_side(
    tmp_path: Path, lengths_s: tuple[float, ...], gaps_s: tuple[float, ...]
) -> Path:
    """Write a file of four songs, with hiss that hides the silences between them."""
    songs = [audio.music(s, RATE, 1, seed) for seed, s in enumerate(lengths_s, 7)]
    gaps = [audio.silence(each, RATE, 1) for each in gaps_s]
    parts = zip(songs, gaps, strict=True)
    sound = np.concatenate([part for pair in parts for part in pair])
    hiss = np.random.default_rng(3).standard_normal(sound.shape, np.float32)
    path = tmp_path / "music" / "Old Record" / "side.flac"
    path.parent.mkdir(parents=True, exist_ok=True)
    audio.encode_audio(path, 0.7 * sound + np.float32(0.004) * hiss, RATE)
    tags = mutagen.File(path)
    tags["album"], tags["artist"], tags["title"] = "Old Record", "The Hiss", "Side A"
    tags.save()
    return path


@pytest.fixture(name="catalog")
def _catalog(tmp_path: Path) -> ServiceCatalog:
    catalog = ServiceCatalog(tmp_path / "library.db")
    names = ("One", "Two", "Three", "Four")
    catalog.add_release("The Hiss", "Old Record", names, LISTED_S)
    return catalog


@pytest.fixture(name="fake_services")
async def _fake_services(catalog: ServiceCatalog) -> AsyncIterator[FakeServices]:
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

    async def rematch(self, *, without_spectra: bool = False) -> None:
        """Queue the side for matching again, as if decoded by an older version."""
        store = Store(self.home / "library.db")
        await store.open()
        if without_spectra:
            await store.do(lambda: SpectrumCache.delete().execute())
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
    whole = Span(Ticks(0), seconds_to_ticks(Seconds(sum(LENGTHS_S) + sum(GAPS_S))))
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


@pytest.mark.slow
@pytest.mark.usefixtures("side")
async def test_songs_without_a_gap_are_cut_where_the_notes_change(
    fake_services: FakeServices, tmp_path: Path
) -> None:
    """That is 1.5 s from where the listed lengths expect it."""
    found, _ = await SideLibrary(tmp_path, fake_services).import_side()

    second, third = found[1][0], found[2][0]
    true_s = LENGTHS_S[0] + GAPS_S[0] + LENGTHS_S[1]
    assert second.end == third.start
    assert abs(ticks_to_seconds(second.end) - true_s) <= 1


@pytest.mark.slow
async def test_a_side_without_a_spectrum_curve_is_cut_without_a_decode(
    fake_services: FakeServices, tmp_path: Path
) -> None:
    """A library of an older version has no curve, but the fingerprints of its cut."""
    _write_side(tmp_path, LISTED_S, (2.5, 2.5, 2.5, 2.5))
    library = SideLibrary(tmp_path, fake_services)
    _, computed = await library.import_side()
    await library.rematch(without_spectra=True)
    found, still_computed = await library.import_side()

    assert (len(found), still_computed) == (4, computed)


def _stored_pieces() -> list[dict[str, Any]]:
    """Return the stored fingerprints of pieces, in order, as rows of passages."""
    (audio_hash,) = (row.audio_hash for row in DecodeCache.select())
    stored = decode_cache.fingerprints(audio_hash)
    pieces = sorted(stored, key=lambda each: each.span.start)
    return [
        {
            "fingerprint": each.encoded[0],
            "start_ticks": each.span.start,
            "end_ticks": each.span.end,
        }
        for each in pieces
        if len(each.encoded) > 1  # a whole file has one
    ]


async def _pieces_of(library: SideLibrary) -> list[dict[str, Any]]:
    store = Store(library.home / "library.db")
    await store.open()
    try:
        return await store.do(_stored_pieces)
    finally:
        await store.close()


@pytest.mark.slow
@pytest.mark.usefixtures("side")
async def test_fingerprints_that_name_other_songs_refute_a_release(
    fake_services: FakeServices, catalog: ServiceCatalog, tmp_path: Path
) -> None:
    """The lengths fit, but the pieces are songs of another album."""
    first = SideLibrary(tmp_path, fake_services)
    cut, _ = await first.import_side()
    for nth, row in enumerate(await _pieces_of(first)):
        other = mbid("The Others", str(nth))
        found = (other, f"Other {nth}", "The Others", 9, mbid("other group"))
        catalog.add_candidates(row, [found])

    again = SideLibrary(tmp_path / "again", fake_services)
    (tmp_path / "again").mkdir()
    (tmp_path / "music").rename(tmp_path / "again" / "music")
    uncut, _ = await again.import_side()

    assert (len(cut), len(uncut)) == (4, 1)


@pytest.mark.slow
async def test_fingerprints_that_name_the_tracks_confirm_a_release(
    fake_services: FakeServices, catalog: ServiceCatalog, tmp_path: Path
) -> None:
    """Two tracks are not cut by their lengths alone."""
    lengths_s = (150.0, 195.0)
    catalog.add_release("The Hiss", "Old Record", ("Left", "Right"), lengths_s)
    _write_side(tmp_path, lengths_s, (2.5, 2.5))
    first = SideLibrary(tmp_path, fake_services)
    uncut, _ = await first.import_side()
    group = mbid("group", "The Hiss", "Old Record")
    for name, row in zip(("Left", "Right"), await _pieces_of(first), strict=True):
        found = (mbid("The Hiss", name), name, "The Hiss", 9, group)
        catalog.add_candidates(row, [found])

    again = SideLibrary(tmp_path / "again", fake_services)
    (tmp_path / "again").mkdir()
    (tmp_path / "music").rename(tmp_path / "again" / "music")
    cut, _ = await again.import_side()

    assert (len(uncut), len(cut)) == (1, 2)
