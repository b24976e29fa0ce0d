"""Files of a folder that are matched together: `segued.phases.album.siblings`.

The library is prepared as if its files were decoded; the services answer from
made-up data.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from bench.lookups import LookupLibrary, make_lookup_library, one_shot_import
from bench.prepared_library import PreparedSong, prepare_library

from segued.clients.clock import Clock
from segued.compute.pools import ProcessPools
from segued.config.config import Config, Settings
from segued.model import AudioFile, FileId, Need, PhaseNumber, Signature
from segued.phases import PHASES
from segued.phases.base import Deferred, FileResults, PhaseContext
from segued.store import checkpoints, codec, files
from segued.store.checkpoints import StoredCheckpoint
from segued.store.database import Store
from segued.store.schema.files import Checkpoint, File
from segued.units import Seconds
from tests.fake_services import AnswersInMemory, FakeServices

SPEED = 50


@dataclass
class GrowingLibrary:
    """A library to which files are added and imported in steps."""

    home: Path
    fake_services: FakeServices
    clock: Clock

    @property
    def music(self) -> Path:
        """The path of the music folder."""
        return self.home / "music"

    @property
    def database(self) -> Path:
        """The path of the library."""
        return self.home / "library.db"

    async def import_songs(self, *songs: PreparedSong) -> dict[str, str]:
        """Add some files and import; return the track of each file, by name."""
        await prepare_library(self.music, self.database, songs)
        service = one_shot_import(self.database, self.fake_services, self.clock)
        ended = await service.run([bytes(self.music)], workers=2)
        assert ended.state == "COMPLETED", ended.error
        return {name: given for name, (given, _) in (await self.matches()).items()}

    async def matches(self) -> dict[str, tuple[str, str]]:
        """Return the track of each file and the time of its match; "!" if not done."""

        def read() -> dict[str, tuple[str, str]]:
            rows: Any = (
                Checkpoint.select(
                    File.path_text, File.status, File.assignment, Checkpoint.at
                )
                .join(File)
                .where(Checkpoint.phase == PhaseNumber.MATCH)
                .order_by(File.path)
                .dicts()
            )
            return {
                Path(row["path_text"]).name: (
                    row["assignment"].partition(" ")[2]
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
def _library() -> LookupLibrary:
    """An album of twelve songs, tagged with its id."""
    return make_lookup_library(1)


@pytest.fixture(name="growing_library")
async def _growing_library(
    library: LookupLibrary, tmp_path: Path
) -> AsyncIterator[GrowingLibrary]:
    async with growing(library, tmp_path) as growing_library:
        yield growing_library


@asynccontextmanager
async def growing(
    library: LookupLibrary, tmp_path: Path
) -> AsyncIterator[GrowingLibrary]:
    """Start the services of a library that files are added to."""
    clock = Clock.scaled(SPEED)
    fake_services = FakeServices(
        AnswersInMemory(library.answers), clock=clock.now, limits=False
    )
    async with fake_services:
        yield GrowingLibrary(tmp_path, fake_services, clock)


def song(library: LookupLibrary, nth: int) -> PreparedSong:
    """Return song `nth` of the album, from 1."""
    found = library.songs[nth - 1]
    return replace(found, path=f"Album/{nth:02}.mp3")


async def test_better_match_replaces_an_earlier_one(
    growing_library: GrowingLibrary, library: LookupLibrary
) -> None:
    """Only the file that had the track is matched again, and only once."""
    some = [song(library, nth) for nth in (1, 2, 3, 4)]
    five = song(library, 5)
    other = replace(five, path="Album/zz another rip.mp3", seconds=five.seconds + 4)

    first = await growing_library.import_songs(*some, other)
    before = await growing_library.matches()
    second = await growing_library.import_songs(five)
    after = await growing_library.matches()
    third = await growing_library.import_songs()

    places = {f"{nth:02}.mp3": f"1.{nth}" for nth in (1, 2, 3, 4)}
    assert first == places | {"zz another rip.mp3": "1.5"}
    assert second == places | {"05.mp3": "1.5", "zz another rip.mp3": "-"}
    assert {name for name in before if before[name] != after[name]} == {
        "zz another rip.mp3"
    }
    assert (third, await growing_library.matches()) == (second, after)


async def test_two_albums_in_a_folder_are_both_found(tmp_path: Path) -> None:
    """Each by the ids in its own tags, whichever is the larger one."""
    library = make_lookup_library(2)
    own = [song(library, nth) for nth in (1, 2, 3, 4, 5)]
    more = [
        replace(library.songs[12 + nth], path=f"Album/other {nth}.mp3")
        for nth in range(4)
    ]

    async with growing(library, tmp_path) as growing_library:
        given = await growing_library.import_songs(*own, *more)

    assert given == {f"0{nth}.mp3": f"1.{nth}" for nth in (1, 2, 3, 4, 5)} | {
        f"other {nth}.mp3": f"1.{nth + 1}" for nth in range(4)
    }


async def test_missing_file_frees_its_track(
    growing_library: GrowingLibrary, library: LookupLibrary
) -> None:
    """It has the track again when it is back."""
    some = [song(library, nth) for nth in (1, 2, 3, 4, 5)]
    other = replace(some[4], path="Album/zz another rip.mp3")
    there, away = (
        growing_library.music / "Album" / "05.mp3",
        growing_library.home / "05.mp3",
    )

    first = await growing_library.import_songs(*some, other)
    there.rename(away)
    without = await growing_library.import_songs()
    away.rename(there)
    again = await growing_library.import_songs()

    assert first["zz another rip.mp3"] == "-"
    assert without["zz another rip.mp3"] == "1.5"
    assert (again["05.mp3"], again["zz another rip.mp3"]) == ("1.5", "-")
    assert "!" not in again.values()


async def test_failed_file_frees_its_track(
    growing_library: GrowingLibrary, library: LookupLibrary
) -> None:
    """The file was matched before it was overwritten with text."""
    some = [song(library, nth) for nth in (1, 2, 3, 4, 5)]
    other = replace(some[4], path="Album/zz another rip.mp3")

    first = await growing_library.import_songs(*some, other)
    (growing_library.music / "Album" / "05.mp3").write_text("a shopping list")
    without = await growing_library.import_songs()

    assert first["zz another rip.mp3"] == "-"
    assert without["zz another rip.mp3"] == "1.5"
    assert "05.mp3" not in without


async def match_file(store: Store, context: PhaseContext, nth: int) -> Deferred[Any]:
    """Run phases 5 and 6 on file `nth` of the album, from 0."""

    def read() -> tuple[AudioFile, list[str]]:
        row = list(File.select().order_by(File.path))[nth]
        signature = Signature(row.size_bytes, row.mtime_ns, row.inode)
        file = AudioFile(FileId(row.id), bytes(row.path), bytes(row.root), signature)
        files.mark_processing(file)
        return file, [each.payload for each in checkpoints.for_file(file.id)]

    file, payloads = await store.do(read)
    last: Deferred[Any] = Deferred(None, Need.FOLDER, "")
    results = FileResults(file)
    for phase, payload in zip(PHASES, payloads, strict=False):
        results = results.with_result(phase, codec.decode(payload, phase.result_type))
    for phase in PHASES[4:6]:
        outcome = await phase.run(context, results)
        assert isinstance(outcome, Deferred)
        await store.do(phase.save, results, outcome.result)
        payload = codec.encode(phase.checkpointed(outcome.result))
        stored = StoredCheckpoint(phase.number, "", payload, outcome.needs)
        await store.do(checkpoints.save, file.id, stored)
        results = results.with_result(phase, outcome.result)
        last = outcome
    return last


async def test_named_release_is_prefetched_before_folder_is_complete(
    library: LookupLibrary, tmp_path: Path
) -> None:
    """By one of the files, as soon as the release is certain to be looked up."""
    await prepare_library(tmp_path / "music", tmp_path / "library.db", library.songs)
    (release,) = {each.release_mbid for each in library.songs}
    compute = ProcessPools(processes=1, memory_mib=512, file_limit=Seconds(1))
    store = Store(tmp_path / "library.db")
    await store.open()
    context = PhaseContext(
        Config(),
        Settings(),
        store,
        compute,
        tmp_path,
        service_available=lambda _service: True,
    )

    outcomes = [await match_file(store, context, nth) for nth in range(6)]
    await store.close()

    assert [each.needs for each in outcomes] == [
        "folder",
        "folder",
        "folder",  # three of twelve files are less than the 30 % that must agree
        "musicbrainz",
        "folder",
        "folder",
    ]
    asks = [key.key for each in outcomes for key in each.result.asks]
    assert asks == [f"release:{release}"]
