"""The files of a folder, which decide together what each of them is.

The library is on record as decoded; what the services know of it is made.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from bench.lookups import Made, made, service_of
from bench.shelved import Shelved, shelve

from segued.clients.rate_limit import Clock
from segued.compute.pools import Compute
from segued.config.config import Config, Settings
from segued.model import AudioFile, FileId, Signature
from segued.phases import PHASES
from segued.phases.base import Deferred, Dossier, Tools
from segued.store import checkpoints, codec, files
from segued.store.checkpoints import Kept
from segued.store.database import Store
from segued.store.schema.files import Checkpoint, File
from segued.units import Seconds
from tests.world import InMemory, World

SPEED = 50


@dataclass
class Shop:
    """A library that is filled bit by bit, and imported after each."""

    home: Path
    world: World
    clock: Clock

    @property
    def music(self) -> Path:
        """The music folder."""
        return self.home / "music"

    @property
    def database(self) -> Path:
        """The library."""
        return self.home / "library.db"

    async def imported(self, *songs: Shelved) -> dict[str, str]:
        """Import, with some more files; return what each is, by name."""
        await shelve(self.music, self.database, songs)
        service = service_of(self.database, self.world, self.clock)
        ended = await service.run([bytes(self.music)], workers=2)
        assert ended.state == "COMPLETED", ended.error
        return {name: given for name, (given, _) in (await self.matched()).items()}

    async def matched(self) -> dict[str, tuple[str, str]]:
        """Return as what each file was matched, and when; "!" if it is not done."""

        def read() -> dict[str, tuple[str, str]]:
            rows: Any = (
                Checkpoint.select(File.path_text, File.status, Checkpoint)
                .join(File)
                .where(Checkpoint.phase == 6)
                .order_by(File.path)
                .dicts()
            )
            return {
                Path(row["path_text"]).name: (
                    json.loads(row["payload"])["given"].partition(" ")[2]
                    if row["status"] in ("INGEST COMPLETE", "MISSING")
                    else "!",
                    row["at"],
                )
                for row in rows
            }

        store = Store(self.database)
        await store.open()
        try:
            return await store.do(read)
        finally:
            await store.close()


@pytest.fixture(name="library")
def _library() -> Made:
    """An album of twelve songs, tagged with its id."""
    return made(1)


@pytest.fixture(name="shop")
async def _shop(library: Made, tmp_path: Path) -> AsyncIterator[Shop]:
    clock = Clock.faster(SPEED)
    world = World(InMemory(library.answers), clock=clock.now, limits=False)
    async with world:
        yield Shop(tmp_path, world, clock)


def song(library: Made, nth: int) -> Shelved:
    """Return the nth song, from 1, as it is on the album."""
    found = library.songs[nth - 1]
    return replace(found, path=f"Album/{nth:02}.mp3")


async def test_a_better_fit_that_comes_later_takes_the_place(
    shop: Shop, library: Made
) -> None:
    """Who had it is matched anew; all others are left alone, and it ends."""
    some = [song(library, nth) for nth in (1, 2, 3, 4)]
    five = song(library, 5)
    other = replace(five, path="Album/zz another rip.mp3", seconds=five.seconds + 4)

    first = await shop.imported(*some, other)
    before = await shop.matched()
    second = await shop.imported(five)
    after = await shop.matched()
    third = await shop.imported()

    places = {f"{nth:02}.mp3": f"1.{nth}" for nth in (1, 2, 3, 4)}
    assert first == places | {"zz another rip.mp3": "1.5"}
    assert second == places | {"05.mp3": "1.5", "zz another rip.mp3": "-"}
    assert {name for name in before if before[name] != after[name]} == {
        "zz another rip.mp3"
    }
    assert (third, await shop.matched()) == (second, after)


async def test_who_is_gone_leaves_his_place(shop: Shop, library: Made) -> None:
    """And has it again when he is back."""
    some = [song(library, nth) for nth in (1, 2, 3, 4, 5)]
    other = replace(some[4], path="Album/zz another rip.mp3")
    there, away = shop.music / "Album" / "05.mp3", shop.home / "05.mp3"

    first = await shop.imported(*some, other)
    there.rename(away)
    without = await shop.imported()
    away.rename(there)
    again = await shop.imported()

    assert first["zz another rip.mp3"] == "-"
    assert without["zz another rip.mp3"] == "1.5"
    assert (again["05.mp3"], again["zz another rip.mp3"]) == ("1.5", "-")
    assert "!" not in again.values()


async def test_who_fails_leaves_his_place(shop: Shop, library: Made) -> None:
    """A file that was good, and is no audio any more."""
    some = [song(library, nth) for nth in (1, 2, 3, 4, 5)]
    other = replace(some[4], path="Album/zz another rip.mp3")

    first = await shop.imported(*some, other)
    (shop.music / "Album" / "05.mp3").write_text("a shopping list")
    without = await shop.imported()

    assert first["zz another rip.mp3"] == "-"
    assert without["zz another rip.mp3"] == "1.5"
    assert "05.mp3" not in without


async def heard(store: Store, tools: Tools, nth: int) -> Deferred[Any]:
    """Let the nth file of the album, from 0, be fingerprinted and matched."""

    def read() -> tuple[AudioFile, list[str]]:
        row = list(File.select().order_by(File.path))[nth]
        signature = Signature(row.size_bytes, row.mtime_ns, row.inode)
        file = AudioFile(FileId(row.id), bytes(row.path), bytes(row.root), signature)
        files.begin(file)
        return file, [each.payload for each in checkpoints.kept(file.id)]

    file, payloads = await store.do(read)
    last: Deferred[Any] = Deferred(None, "", "")
    dossier = Dossier(file)
    for phase, payload in zip(PHASES, payloads, strict=False):
        dossier = dossier.with_result(phase, codec.decode(payload, phase.result))
    for phase in PHASES[4:6]:
        outcome = await phase.run(tools, dossier)
        assert isinstance(outcome, Deferred)
        await store.do(phase.save, dossier, outcome.result)
        payload = codec.encode(phase.kept(outcome.result))
        kept = Kept(phase.number, "", payload, outcome.needs)
        await store.do(checkpoints.put, file.id, kept)
        dossier = dossier.with_result(phase, outcome.result)
        last = outcome
    return last


async def test_what_tags_name_is_asked_before_the_folder_is_complete(
    library: Made, tmp_path: Path
) -> None:
    """By one of the files; and not before it is clear that it will be asked."""
    await shelve(tmp_path / "music", tmp_path / "library.db", library.songs)
    (release,) = {each.release_mbid for each in library.songs}
    compute = Compute(processes=1, memory_mib=512, file_limit=Seconds(1))
    store = Store(tmp_path / "library.db")
    await store.open()
    tools = Tools(
        Config(), Settings(), store, compute, tmp_path, asking=lambda _service: True
    )

    outcomes = [await heard(store, tools, nth) for nth in range(6)]
    await store.close()

    assert [each.needs for each in outcomes] == [
        *("folder", "folder", "folder"),  # three of twelve are no 30 %
        "musicbrainz",
        *("folder", "folder"),
    ]
    asks = [key.key for each in outcomes for key in each.result.asks]
    assert asks == [f"release:{release}"]
