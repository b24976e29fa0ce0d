"""Answers about matches, and taking them back: `segued.store.answers`."""

import sqlite3
from contextlib import closing

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
from segued.store.release_choices import choice_of
from segued.store.schema.files import PassageDecision
from segued.store.songs import EntityRef, SongRecord, link_passage
from segued.units import Ticks
from tests.store.scanned_folder import ScannedFolder

BY = Decider("alice", "tests", "1")
MBID = "0a0b0c0d-0000-4000-8000-000000000001"
OTHER_MBID = "0a0b0c0d-0000-4000-8000-000000000002"
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


async def chosen(folder: ScannedFolder) -> dict[str, str]:
    """Return the chosen releases, by file name."""
    with closing(sqlite3.connect(folder.store.path)) as library:
        rows = library.execute("SELECT path, release_mbid FROM library_chosen_releases")
        return {path.rpartition("/")[2]: release for path, release in rows}


async def choose(folder: ScannedFolder, release: str | None, *names: str) -> int:
    """Choose the release of some files."""
    found = await passage_ids(folder, *names)
    return await folder.store.do(answers.choose_release, found, release, BY)


async def test_a_chosen_release_is_of_all_files_with_the_audio(
    folder: ScannedFolder,
) -> None:
    """Their questions are answered, and they are matched again; the others are not."""
    number = await choose(folder, MBID, "a")

    assert await chosen(folder) == {"a": MBID, "copy of a": MBID}
    statuses = await folder.statuses()
    assert (statuses["a"], statuses["copy of a"]) == (FileStatus.PENDING,) * 2
    assert statuses["b"] == FileStatus.COMPLETE
    assert open_files(folder) == ["b"]
    (row,) = review.answers(folder.store.path, 9)
    assert (row.answer, row.action, row.passages) == (number, "release", [])
    (release,) = row.releases
    assert (release.name, release.before) == ("Artist / a", None)
    assert release.after is not None
    assert release.after.release_mbid == MBID


async def test_a_question_after_the_choice_is_open(folder: ScannedFolder) -> None:
    """What the match with the chosen release asks was not answered by choosing it."""
    await choose(folder, MBID, "b")
    closed = open_files(folder)
    question = Question(QuestionKind.OTHER_LENGTH, "How long is it?", ())
    await folder.store.do(
        lambda: PassageDecision.update(
            at="9999", question=question.kind, question_text=question.text
        ).execute()
    )

    assert "b" not in closed
    assert "b" in open_files(folder)


async def test_undo_restores_the_release_that_was_chosen(folder: ScannedFolder) -> None:
    """Not where it was chosen anew since; and without a choice, there is none again."""
    first = await choose(folder, MBID, "a", "b")
    before = await folder.store.do(choice_of, "audio a")
    await choose(folder, OTHER_MBID, "a")

    with pytest.raises(DaemonError, match="Artist / a was decided again since"):
        await folder.store.do(answers.undo, first, BY)
    assert await folder.store.do(choice_of, "audio b") is not None
    await folder.store.do(answers.undo, None, BY)
    assert await folder.store.do(choice_of, "audio a") == before
    await folder.store.do(answers.undo, None, BY)

    assert await chosen(folder) == {}
    assert set(open_files(folder)) == {"b", "a", "copy of a"}


async def test_a_choice_is_taken_back_as_an_answer(folder: ScannedFolder) -> None:
    """Which is undone as any other."""
    await choose(folder, MBID, "a")
    await choose(folder, None, "a")
    without = await chosen(folder)
    await folder.store.do(answers.undo, None, BY)

    assert without == {}
    assert await chosen(folder) == {"a": MBID, "copy of a": MBID}
    actions = [row.action for row in review.answers(folder.store.path, 9)]
    assert actions == ["undo", "any release", "release"]
