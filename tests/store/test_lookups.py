"""Pending lookups and their answers: `segued.store.lookups`."""

from datetime import UTC, datetime, timedelta

import pytest

from segued.model import (
    FileId,
    FileStatus,
    Need,
    PhaseNumber,
    Service,
)
from segued.store import (
    checkpoints,
    due_lookups,
    lookup_failures,
    lookups,
    merged_ids,
)
from segued.store.database import Store
from segued.store.lookups import LookupAnswer, LookupQuestion
from segued.store.schema.files import File
from segued.store.schema.lookups import AcoustIdAnswer, Lookup
from tests.store.scanned_folder import ScannedFolder

ONE, TWO = LookupQuestion("one", '"1"'), LookupQuestion("two", '"2"')
FOUND, NOTHING = b'[{"id":"x"}]', b"[]"


async def waiting_file(store: Store, *questions: LookupQuestion) -> FileId:
    """Store and return a complete file that waits for answers of AcoustID."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = (await folder.get_file("a")).id

    def work() -> None:
        kept = checkpoints.StoredCheckpoint(
            PhaseNumber.FINGERPRINT, "recipe", "{}", Need.ACOUSTID
        )
        checkpoints.save(file, kept)
        lookups.set_pending(file, Service.ACOUSTID, questions, ())

    await store.do(work)
    await folder.finish("a")
    return file


async def status_of(store: Store, file: FileId) -> str:
    """Return the status of a file."""

    def read() -> str:
        return str(File.get_by_id(file).status)

    return await store.do(read)


async def test_last_answer_requeues_the_file(store: Store) -> None:
    """The first of two answers does not requeue a file, because it would wait again."""
    file = await waiting_file(store, ONE, TWO)

    assert (
        await store.do(
            lookups.save_answers, Service.ACOUSTID, [LookupAnswer(ONE, FOUND)]
        )
        == 0
    )
    assert await status_of(store, file) == FileStatus.COMPLETE
    assert (
        await store.do(
            lookups.save_answers, Service.ACOUSTID, [LookupAnswer(TWO, FOUND)]
        )
        == 1
    )

    assert await status_of(store, file) == FileStatus.PENDING
    assert await store.do(due_lookups.count_questions, Service.ACOUSTID) == 0
    known = await store.do(
        lookups.cached_answers, Service.ACOUSTID, ["one", "two", "three"]
    )
    assert known == {"one": FOUND, "two": FOUND}


async def test_an_answer_about_pieces_requeues_the_file_for_matching(
    store: Store,
) -> None:
    """Also if nothing was found; the fingerprints of phase 5 stay valid."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = (await folder.get_file("a")).id

    def work() -> None:
        for phase, need in (
            (PhaseNumber.FINGERPRINT, None),
            (PhaseNumber.MATCH, Need.ACOUSTID),
        ):
            kept = checkpoints.StoredCheckpoint(phase, "recipe", "{}", need)
            checkpoints.save(file, kept)
        lookups.set_pending(file, Service.ACOUSTID, [ONE], ())
        lookups.add_pending(file, Service.ACOUSTID, [TWO])

    await store.do(work)
    await folder.finish("a")
    for question in (ONE, TWO):
        assert await status_of(store, file) == FileStatus.COMPLETE
        answer = LookupAnswer(question, NOTHING, not_found=True)
        await store.do(lookups.save_answers, Service.ACOUSTID, [answer])

    assert await status_of(store, file) == FileStatus.PENDING
    phases = {each.phase for each in await store.do(checkpoints.for_file, file)}
    assert phases == {PhaseNumber.FINGERPRINT}


async def test_found_answer_requeues_despite_later_not_found(store: Store) -> None:
    """A file with one found answer is requeued when the last answer is "not found"."""
    file = await waiting_file(store, ONE, TWO)
    await store.do(
        lookups.save_answers,
        Service.ACOUSTID,
        [LookupAnswer(ONE, NOTHING, not_found=True)],
    )
    await store.do(
        lookups.save_answers,
        Service.ACOUSTID,
        [LookupAnswer(TWO, NOTHING, not_found=True)],
    )
    await finish_with_not_found(store, file, ONE, TWO)
    await expire_not_found(store)

    await store.do(lookups.save_answers, Service.ACOUSTID, [LookupAnswer(ONE, FOUND)])
    await store.do(
        lookups.save_answers,
        Service.ACOUSTID,
        [LookupAnswer(TWO, NOTHING, not_found=True)],
    )

    assert await status_of(store, file) == FileStatus.PENDING


async def test_question_answered_meanwhile_is_not_asked_again(store: Store) -> None:
    """The answer came for another file, after the phase had read the answers."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = (await folder.get_file("a")).id
    await store.do(lookups.save_answers, Service.ACOUSTID, [LookupAnswer(ONE, FOUND)])

    def save_phase() -> None:
        kept = checkpoints.StoredCheckpoint(
            PhaseNumber.FINGERPRINT, "recipe", "{}", Need.ACOUSTID
        )
        checkpoints.save(file, kept)
        lookups.set_pending(file, Service.ACOUSTID, [ONE, TWO], ())

    await store.do(save_phase)

    assert await store.do(due_lookups.next_questions, Service.ACOUSTID, 9) == [TWO]


async def finish_with_not_found(
    store: Store, file: FileId, *empty: LookupQuestion
) -> None:
    """Finish a file, with "not found" as the answer to some lookups."""

    def work() -> None:
        checkpoints.save(
            file,
            checkpoints.StoredCheckpoint(PhaseNumber.FINGERPRINT, "recipe", "{}", None),
        )
        lookups.set_pending(file, Service.ACOUSTID, (), [each.key for each in empty])
        File.update(status=FileStatus.COMPLETE).where(File.id == file).execute()

    await store.do(work)


async def expire_not_found(store: Store) -> None:
    """Expire all cached "not found" answers."""

    def work() -> None:
        Lookup.update(due_at="2000").execute()
        AcoustIdAnswer.update(expires_at="2000").execute()

    await store.do(work)


async def test_expired_not_found_requeues_every_dependent_file(
    store: Store,
) -> None:
    """An expired "not found" answer makes the lookup due again for all its files."""
    first = await waiting_file(store, ONE)
    await store.do(
        lookups.save_answers,
        Service.ACOUSTID,
        [LookupAnswer(ONE, NOTHING, not_found=True)],
    )
    await store.do(lookups.set_pending, first, Service.ACOUSTID, (), ())
    assert await store.do(due_lookups.next_questions, Service.ACOUSTID, 9) == []

    await finish_with_not_found(store, first, ONE)
    assert await store.do(due_lookups.next_questions, Service.ACOUSTID, 9) == []
    await expire_not_found(store)

    assert await store.do(due_lookups.next_questions, Service.ACOUSTID, 9) == [ONE]


async def test_newest_questions_come_first_and_once(store: Store) -> None:
    """Lookups come newest first, without those in flight."""
    folder = ScannedFolder(store)
    await folder.scan("a", "b")
    files = [(await folder.get_file(name)).id for name in "ab"]

    def work() -> None:
        for file, at in zip(files, ("2001", "2002"), strict=True):
            lookups.set_pending(file, Service.MUSICBRAINZ, (ONE,), ())
            Lookup.update(at=at).where(Lookup.file == file).execute()
        lookups.set_pending(files[0], Service.ACOUSTID, (TWO,), ())
        Lookup.insert(
            service=Service.MUSICBRAINZ,
            key="two",
            file=files[1],
            question='"2"',
            at="2003",
        ).execute()

    await store.do(work)

    assert await store.do(due_lookups.next_questions, Service.MUSICBRAINZ, 9) == [
        TWO,
        ONE,
    ]
    busy = frozenset({"two"})
    assert await store.do(
        due_lookups.next_questions, Service.MUSICBRAINZ, 9, exclude=busy
    ) == [ONE]
    elsewhere = [b"/elsewhere"]
    assert (
        await store.do(
            due_lookups.next_questions, Service.MUSICBRAINZ, 9, roots=elsewhere
        )
        == []
    )


async def test_answered_files_are_requeued_at_start(
    store: Store,
) -> None:
    """At start, only files below the imported folders are requeued."""
    file = await waiting_file(store, ONE)
    elsewhere = [b"/elsewhere"]
    await store.do(
        lookups.save_answers, Service.ACOUSTID, [LookupAnswer(ONE, FOUND)], elsewhere
    )
    assert await status_of(store, file) == FileStatus.COMPLETE

    assert await store.do(due_lookups.requeue_all_answered, elsewhere) == 0
    assert await store.do(due_lookups.requeue_all_answered, [b"/music"]) == 1


async def test_pending_keys_and_cached_answers_are_known(store: Store) -> None:
    """Pending and answered keys are known, including "not found", for each service."""
    await waiting_file(store, ONE, TWO)
    await store.do(lookups.save_answers, Service.ACOUSTID, [LookupAnswer(TWO, None)])

    asked = await store.do(
        lookups.known_keys, Service.ACOUSTID, ["one", "two", "three"]
    )

    assert asked == {"one", "two"}
    assert await store.do(lookups.known_keys, Service.MUSICBRAINZ, ["one"]) == set()


async def fail_answer(store: Store, question: LookupQuestion) -> None:
    """Store that the answer to a question cannot be used."""
    answer = LookupAnswer(question, None, failure="not usable")
    await store.do(lookups.save_answers, Service.ACOUSTID, [answer])


async def due_after(store: Store, key: str) -> timedelta:
    """Return how long a question waits until it is sent again."""

    def read() -> str:
        return str(Lookup.get(Lookup.key == key).due_at)

    return datetime.fromisoformat(await store.do(read)) - datetime.now(UTC)


async def test_a_failed_question_waits_longer_each_time(store: Store) -> None:
    """Ten minutes, four times that, and a week at most; an answer ends it."""
    await waiting_file(store, ONE)
    pauses = []
    for _ in range(12):
        await fail_answer(store, ONE)
        pauses.append(await due_after(store, "one"))

    minutes = [round(pause / timedelta(minutes=1)) for pause in pauses]
    assert minutes[:4] == [10, 40, 160, 640]
    assert minutes[-1] == 7 * 24 * 60
    reasons = await store.do(lookup_failures.put_off, Service.ACOUSTID, ["one", "two"])
    assert reasons == {"one": "not usable"}

    answer = LookupAnswer(ONE, FOUND)
    await store.do(lookups.save_answers, Service.ACOUSTID, [answer])
    assert await store.do(lookup_failures.put_off, Service.ACOUSTID, ["one"]) == {}


@pytest.mark.parametrize(
    "answer",
    [LookupAnswer(ONE, FOUND), LookupAnswer(ONE, NOTHING, not_found=True)],
    ids=["found", "not found"],
)
async def test_a_failed_question_lets_its_files_go_on(
    store: Store, answer: LookupAnswer
) -> None:
    """They are requeued without the answer, and again when it comes."""
    file = await waiting_file(store, ONE, TWO)
    await fail_answer(store, ONE)
    assert await status_of(store, file) == FileStatus.COMPLETE
    await store.do(lookups.save_answers, Service.ACOUSTID, [LookupAnswer(TWO, FOUND)])
    assert await status_of(store, file) == FileStatus.PENDING

    await finish_with_not_found(store, file, ONE)
    assert await store.do(due_lookups.count_questions, Service.ACOUSTID) == 0
    await store.do(lookups.save_answers, Service.ACOUSTID, [answer])
    assert await status_of(store, file) == FileStatus.PENDING


async def test_a_failed_question_stays_put_off_for_other_files(store: Store) -> None:
    """A file that has it as well does not send it earlier."""
    file = await waiting_file(store, ONE)
    await fail_answer(store, ONE)

    await store.do(lookups.set_pending, file, Service.ACOUSTID, (ONE, TWO), ())

    assert await store.do(due_lookups.next_questions, Service.ACOUSTID, 9) == [TWO]


async def test_failed_questions_are_sent_last_and_alone(store: Store) -> None:
    """When they are due again."""
    three = LookupQuestion("three", '"3"')
    file = await waiting_file(store, ONE, TWO, three)
    for question in (ONE, TWO):
        await fail_answer(store, question)

    def make_due() -> None:
        Lookup.update(due_at="2000").execute()

    await store.do(make_due)
    found = await store.do(due_lookups.next_questions, Service.ACOUSTID, 9)
    assert found == [three]
    await store.do(lookups.save_answers, Service.ACOUSTID, [LookupAnswer(three, FOUND)])
    found = await store.do(due_lookups.next_questions, Service.ACOUSTID, 9)
    assert len(found) == 1
    assert await status_of(store, file) == FileStatus.COMPLETE


async def test_merged_ids_lead_to_the_current_one(store: Store) -> None:
    """Also if that was merged again; ids that are not merged are left out."""
    question = LookupQuestion("release:a", '"release:a"')
    answer = LookupAnswer(question, FOUND, merged_into="b")
    await store.do(lookups.save_answers, Service.MUSICBRAINZ, [answer])
    await store.do(merged_ids.record, "b", "c")
    await store.do(merged_ids.record, "x", "y")
    await store.do(merged_ids.record, "y", "x")

    assert await store.do(merged_ids.current_ids, ["a", "b", "c", "d"]) == {
        "a": "c",
        "b": "c",
    }
    assert await store.do(merged_ids.current_ids, ["x"]) == {}


async def test_a_final_answer_is_stored_without_the_fingerprint(store: Store) -> None:
    """The question of an answer that expires is kept: it is sent again as it is."""
    text = '{"fingerprint":"AQAD","seconds":9}'
    found, empty = LookupQuestion("found", text), LookupQuestion("empty", text)
    answers = [LookupAnswer(found, FOUND), LookupAnswer(empty, NOTHING, not_found=True)]

    await store.do(lookups.save_answers, Service.ACOUSTID, answers)

    def stored() -> dict[str, str]:
        return {each.key: each.question for each in AcoustIdAnswer.select()}

    assert await store.do(stored) == {"found": '{"seconds":9}', "empty": text}


async def test_questions_of_some_folders_are_counted_and_sent(store: Store) -> None:
    """Also if the library has files before, between and after the folders."""
    file = await waiting_file(store, ONE, TWO)
    root = (await store.do(lambda: bytes(File.get_by_id(file).root)),)
    elsewhere = (b"/elsewhere",)

    for roots, count in (((), 2), (root, 2), (elsewhere, 0), (root + elsewhere, 2)):
        assert (
            await store.do(due_lookups.count_questions, Service.ACOUSTID, roots)
            == count
        )
