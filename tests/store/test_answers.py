"""Answers about matches, and taking them back: `segued.store.answers`."""

import pytest
import pytest_asyncio

from segued.errors import DaemonError, NotFoundError
from segued.matching.questions import CandidateFacts, Question, QuestionKind
from segued.model import Confidence, FileStatus, Span
from segued.store import answers, overrides, passages
from segued.store.answers import Answer
from segued.store.database import Store
from segued.store.deciders import AnswerAction, Decider
from segued.store.overrides import PassageOverride
from segued.store.passages import PassageRecord
from segued.store.reading import reports, review
from segued.store.reading.rows import PageRequest
from segued.store.songs import EntityRef, SongRecord, link_passage
from segued.units import Ticks
from tests.store.scanned_folder import ScannedFolder

BY = Decider("alice", "tests", "1")
MBID = "0a0b0c0d-0000-4000-8000-000000000001"
CANDIDATE = CandidateFacts(
    MBID, "Song", "Artist", None, ("named",), (), is_current=True
)


@pytest_asyncio.fixture(name="folder")
async def _folder(store: Store) -> ScannedFolder:
    """Return a folder with three complete files, each with an open question."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b", "copy of a")
    for name, kind in (
        ("a", QuestionKind.UNCONFIRMED),
        ("b", QuestionKind.RIVALS),
        ("copy of a", QuestionKind.UNCONFIRMED),
    ):
        audio = "audio a" if name == "copy of a" else None
        await folder.hash_file(name, name, audio_hash=audio)
        question = Question(kind, f"About {name}?", (CANDIDATE,))
        record = PassageRecord(
            Span(Ticks(0), Ticks(9)),
            None,
            name,
            "Artist",
            None,
            Confidence.LOW,
            0.6,
            "",
            {},
            (),
            question,
        )
        file = await folder.get_file(name)
        await store.do(passages.replace, file.id, [record])
        await folder.finish(name)
    (song,) = await passage_ids(folder, "b")
    await store.do(link_passage, song, SongRecord(EntityRef("b", MBID, "b")), None)
    return folder


async def passage_ids(folder: ScannedFolder, *names: str) -> list[str]:
    """Return the ids of the passages of some files."""
    return [
        passage
        for name in names
        for passage in await folder.store.do(
            passages.ids_for_file, (await folder.get_file(name)).id
        )
    ]


async def give(folder: ScannedFolder, action: AnswerAction, *names: str) -> int:
    """Answer the questions of some files at once."""
    given = [Answer(each, action) for each in await passage_ids(folder, *names)]
    return await folder.store.do(answers.answer, given, BY)


async def stored(folder: ScannedFolder, name: str) -> list[PassageOverride]:
    """Return the overrides of a file."""
    return await folder.store.do(
        overrides.overrides_for, (await folder.get_file(name)).id
    )


def open_files(folder: ScannedFolder) -> list[str]:
    """Return the files with open questions, the worst first."""
    found = review.cards(folder.store.path, PageRequest())
    return [card.passages[0].name for card in found.cards]


async def test_worst_questions_come_first(folder: ScannedFolder) -> None:
    """By the kind of the question; each has its candidates."""
    page = review.cards(folder.store.path, PageRequest(page=1, page_size=1))

    assert open_files(folder)[0] == "b"
    assert (page.total, page.pages, page.cards[0].text) == (3, 3, "About b?")
    assert page.cards[0].passages[0].candidates == [CANDIDATE]
    assert reports.count_cards(folder.store.path) == 3


async def test_accepting_fixes_a_recording_and_leaves_names(
    folder: ScannedFolder,
) -> None:
    """A match without an id cannot be fixed; it keeps its match. Copies follow."""
    number = await give(folder, AnswerAction.ACCEPT, "a", "b")

    assert await stored(folder, "b") == [PassageOverride(Ticks(0), MBID)]
    assert await stored(folder, "a") == [PassageOverride(Ticks(0), keeps_match=True)]
    assert await stored(folder, "copy of a") == await stored(folder, "a")
    assert set((await folder.statuses()).values()) == {FileStatus.PENDING}
    assert open_files(folder) == []
    (row,) = review.answers(folder.store.path, 9)
    assert (row.answer, row.person, row.action) == (number, "alice", "accept")
    assert [each.name for each in row.passages] == ["Artist / a", "Artist / b"]


async def test_undo_restores_the_rows_that_were(folder: ScannedFolder) -> None:
    """With the time at which they were stored; the question is open again."""
    await give(folder, AnswerAction.NO_SONG, "b")
    before = await folder.store.do(overrides.rows_near, "audio b", Ticks(0))
    second = await give(folder, AnswerAction.LEAVE, "b", "a")

    assert await folder.store.do(answers.undo, None, BY) == second

    assert await folder.store.do(overrides.rows_near, "audio b", Ticks(0)) == before
    assert await stored(folder, "a") == []
    assert [row.is_undone for row in review.answers(folder.store.path, 9)] == [
        False,
        True,
        False,
    ]


async def test_undo_is_refused_where_it_would_lose_a_later_answer(
    folder: ScannedFolder,
) -> None:
    """And for an answer that is not there, or was taken back."""
    first = await give(folder, AnswerAction.NO_SONG, "b")
    await give(folder, AnswerAction.ACCEPT, "b")

    with pytest.raises(DaemonError, match="Artist / b was decided again since"):
        await folder.store.do(answers.undo, first, BY)
    await folder.store.do(answers.undo, None, BY)
    await folder.store.do(answers.undo, None, BY)
    with pytest.raises(NotFoundError, match="nothing to undo"):
        await folder.store.do(answers.undo, None, BY)
    with pytest.raises(DaemonError, match="was undone before"):
        await folder.store.do(answers.undo, first, BY)

    assert await stored(folder, "b") == []


async def test_one_unknown_passage_refuses_the_whole_answer(
    folder: ScannedFolder,
) -> None:
    """Nothing is stored, not even for the passages before it."""
    (known,) = await passage_ids(folder, "a")
    given = [Answer(known, AnswerAction.LEAVE), Answer("none", AnswerAction.LEAVE)]

    with pytest.raises(NotFoundError):
        await folder.store.do(answers.answer, given, BY)

    assert await stored(folder, "a") == []
    assert review.answers(folder.store.path, 9) == []
