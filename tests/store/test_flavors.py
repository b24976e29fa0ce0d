"""Which passage's flavor is that of the song: `segued.store.flavors`."""

import json
from itertools import permutations

import pytest

from segued.model import Confidence, FileId, Span
from segued.store import flavors, passages, songs
from segued.store.database import Store
from segued.store.flavors import Flavor
from segued.store.passages import PassageRecord
from segued.store.schema.files import File
from segued.store.schema.music import Song
from segued.store.songs import EntityRef, SongRecord
from segued.units import Ticks

LENGTHS = {b"/m/a": 10, b"/m/b": 20, b"/m/c": 20}
"""The files of one song; the second one has its longest passage, and the third too."""


def flavor_of(path: bytes, version: str = "1") -> Flavor:
    """Return a flavor that tells its passage."""
    return Flavor(json.dumps({"of": path.decode()}), "essentia", version)


def add_song(store_order: tuple[bytes, ...]) -> dict[bytes, str]:
    """Store files of one song, in an order, and return their passages by path."""
    found = {}
    for path in store_order:
        file = FileId(path.decode())
        File.create(
            id=file,
            path=path,
            folder=b"/m",
            root=b"/m",
            path_text=path.decode(),
            size_bytes=1,
            mtime_ns=1,
            inode=1,
        )
        record = PassageRecord(
            span=Span(Ticks(0), Ticks(LENGTHS[path])),
            fingerprint=None,
            title="Song",
            artist="Artist",
            album=None,
            confidence=Confidence.LOW,
            score=0.6,
            reason="",
            evidence={},
            rejected=(),
        )
        (found[path],) = passages.replace(file, [record])
        song = SongRecord(EntityRef("Song", None, "song"))
        songs.link_passage(found[path], song, None)
    return found


@pytest.mark.parametrize("order", list(permutations(LENGTHS)))
async def test_the_order_of_the_work_changes_no_flavor(
    store: Store, order: tuple[bytes, ...]
) -> None:
    """The longest passage stands for the song; of equal ones, the first by path."""
    by_path = await store.do(add_song, tuple(LENGTHS))

    def analyze(version: str) -> str:
        for path in order:
            flavor = flavor_of(path, version)
            flavors.set_song_flavor(Song.get().id, flavor, by_path[path])
        return str(Song.get().flavor)

    assert await store.do(analyze, "1") == flavor_of(b"/m/b").text
    # A new version of the analyzer begins anew.
    assert await store.do(analyze, "2") == flavor_of(b"/m/b").text
    assert await store.do(lambda: Song.get().flavor_version) == "2"
