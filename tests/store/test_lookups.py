"""Questions on record and their answers: `segued.store.lookups`."""

from segued.model import FileId, FileStatus
from segued.store import checkpoints, lookups, overrides
from segued.store.database import Store
from segued.store.lookups import Answered, Question
from segued.store.overrides import Said
from segued.store.schema.files import File
from segued.store.schema.lookups import AcoustIdAnswer, Lookup
from segued.units import Ticks
from tests.store.shelf import Shelf

ONE, TWO = Question("one", '"1"'), Question("two", '"2"')
FOUND, NOTHING = b'[{"id":"x"}]', b"[]"


async def waiting_file(store: Store, *questions: Question) -> FileId:
    """Return a complete file that waits for AcoustID's answers."""
    shelf = Shelf(store)
    await shelf.walk("a")
    file = (await shelf.file("a")).id

    def work() -> None:
        kept = checkpoints.Kept(5, "recipe", "{}", "acoustid")
        checkpoints.put(file, kept)
        lookups.want(file, "acoustid", questions, ())

    await store.do(work)
    await shelf.finish("a")
    return file


async def status(store: Store, file: FileId) -> str:
    """Return where a file stands."""

    def read() -> str:
        return str(File.get_by_id(file).status)

    return await store.do(read)


async def test_the_last_answer_takes_a_file_up(store: Store) -> None:
    """Not the first of two: it would only wait again."""
    file = await waiting_file(store, ONE, TWO)

    assert await store.do(lookups.keep, "acoustid", [Answered(ONE, FOUND)]) == 0
    assert await status(store, file) == FileStatus.COMPLETE
    assert await store.do(lookups.keep, "acoustid", [Answered(TWO, FOUND)]) == 1

    assert await status(store, file) == FileStatus.PENDING
    assert await store.do(lookups.count, "acoustid") == 0
    known = await store.do(lookups.answers, "acoustid", ["one", "two", "three"])
    assert known == {"one": FOUND, "two": FOUND}


async def test_news_are_not_lost_among_nothing(store: Store) -> None:
    """Found first, then nothing: the file is taken up for what was found."""
    file = await waiting_file(store, ONE, TWO)
    await store.do(lookups.keep, "acoustid", [Answered(ONE, NOTHING, nothing=True)])
    await store.do(lookups.keep, "acoustid", [Answered(TWO, NOTHING, nothing=True)])
    await finished(store, file, ONE, TWO)
    await overdue(store)

    await store.do(lookups.keep, "acoustid", [Answered(ONE, FOUND)])
    await store.do(lookups.keep, "acoustid", [Answered(TWO, NOTHING, nothing=True)])

    assert await status(store, file) == FileStatus.PENDING


async def finished(store: Store, file: FileId, *empty: Question) -> None:
    """Let a file come to its end, with nothing found for some questions."""

    def work() -> None:
        checkpoints.put(file, checkpoints.Kept(5, "recipe", "{}", None))
        lookups.want(file, "acoustid", (), [each.key for each in empty])
        File.update(status=FileStatus.COMPLETE).where(File.id == file).execute()

    await store.do(work)


async def overdue(store: Store) -> None:
    """Let all that was found to be nothing expire."""

    def work() -> None:
        Lookup.update(due_at="2000").execute()
        AcoustIdAnswer.update(expires_at="2000").execute()

    await store.do(work)


async def test_nothing_is_asked_again_also_by_whom_it_was_not_asked(
    store: Store,
) -> None:
    """A file that finds "nothing" among the answers is due when that expires."""
    first = await waiting_file(store, ONE)
    await store.do(lookups.keep, "acoustid", [Answered(ONE, NOTHING, nothing=True)])
    await store.do(lookups.want, first, "acoustid", (), ())
    assert await store.do(lookups.waiting, "acoustid", 9) == []

    await finished(store, first, ONE)
    assert await store.do(lookups.waiting, "acoustid", 9) == []
    await overdue(store)

    assert await store.do(lookups.waiting, "acoustid", 9) == [ONE]


async def test_the_newest_is_asked_first_and_each_once(store: Store) -> None:
    """Whatever is being asked already is left out."""
    shelf = Shelf(store)
    await shelf.walk("a", "b")
    files = [(await shelf.file(name)).id for name in "ab"]

    def work() -> None:
        for file, at in zip(files, ("2001", "2002"), strict=True):
            lookups.want(file, "musicbrainz", (ONE,), ())
            Lookup.update(at=at).where(Lookup.file == file).execute()
        lookups.want(files[0], "acoustid", (TWO,), ())
        Lookup.insert(
            service="musicbrainz", key="two", file=files[1], question='"2"', at="2003"
        ).execute()

    await store.do(work)

    assert await store.do(lookups.waiting, "musicbrainz", 9) == [TWO, ONE]
    busy = frozenset({"two"})
    assert await store.do(lookups.waiting, "musicbrainz", 9, but=busy) == [ONE]
    elsewhere = [b"/elsewhere"]
    assert await store.do(lookups.waiting, "musicbrainz", 9, roots=elsewhere) == []


async def test_what_was_answered_meanwhile_is_found_at_the_next_start(
    store: Store,
) -> None:
    """Below the folders that are imported, and nowhere else."""
    file = await waiting_file(store, ONE)
    elsewhere = [b"/elsewhere"]
    await store.do(lookups.keep, "acoustid", [Answered(ONE, FOUND)], elsewhere)
    assert await status(store, file) == FileStatus.COMPLETE

    assert await store.do(lookups.settle_all, elsewhere) == 0
    assert await store.do(lookups.settle_all, [b"/music"]) == 1


async def test_of_a_passage_that_is_not_there_nothing_can_be_said(
    store: Store,
) -> None:
    """Neither said nor taken back."""
    said = Said(Ticks(0), "mbid")

    assert await store.do(overrides.say, b"/music/none", 1, said) is False
    assert await store.do(overrides.forget, b"/music/none", 1) is False


async def test_what_somebody_waits_for_is_asked(store: Store) -> None:
    """And what was answered, be it that there is nothing; of that service only."""
    await waiting_file(store, ONE, TWO)
    await store.do(lookups.keep, "acoustid", [Answered(TWO, None)])

    asked = await store.do(lookups.asked, "acoustid", ["one", "two", "three"])

    assert asked == {"one", "two"}
    assert await store.do(lookups.asked, "musicbrainz", ["one"]) == set()
