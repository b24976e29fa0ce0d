"""One file through its phases: `segued.pipeline.runner`."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from segued.errors import (
    DecodeError,
    FileChangedError,
    PhaseCrashedError,
    StoreError,
)
from segued.model import (
    AudioFile,
    FileId,
    FileStatus,
    Need,
    PhaseNumber,
    Signature,
)
from segued.phases.base import FileResults, Phase, PhaseContext, Stop
from segued.pipeline.runner import Outcome, import_file
from segued.store import checkpoints, files
from segued.store.database import Store
from tests.pipeline.sample_phases import Found, SamplePhases, waiting
from tests.store.scanned_folder import ScannedFolder, file_entry


async def begin(store: Store) -> AudioFile:
    """Return a file that a worker has taken."""
    folder = ScannedFolder(store)
    await folder.scan("a")
    file = await folder.get_file("a")
    await store.do(files.mark_processing, file)
    return file


async def run_phases(
    sample: SamplePhases, file: AudioFile, context: PhaseContext
) -> Outcome:
    """Import the file through the sample phases, from where it stopped."""
    await context.store.do(files.mark_processing, file)
    return await import_phases(sample.phases, file, context)


async def import_phases(
    phases: Sequence[Phase[Any]], file: AudioFile, context: PhaseContext
) -> Outcome:
    """Import the file through some phases."""
    return await import_file(
        file,
        context,
        on_phase_start=lambda _phase: None,
        on_phase_done=lambda _phase, _result, _seconds: None,
        phases=phases,
    )


async def analyze(
    sample: SamplePhases, file: AudioFile, context: PhaseContext
) -> Outcome:
    """Run what an imported file has deferred until idle."""
    capable = replace(context, capabilities=frozenset({Need.IDLE}))
    return await import_phases(sample.phases, file, capable)


async def stored_phases(context: PhaseContext, file: AudioFile) -> list[int]:
    """Return the phases that have a checkpoint."""
    stored = await context.store.do(checkpoints.for_file, file.id)
    return [int(each.phase) for each in stored]


async def test_phases_run_in_order_and_read_earlier_results(
    context: PhaseContext,
) -> None:
    """Each once, each with a checkpoint."""
    sample = SamplePhases({2: [Found(7)]})
    file = await begin(context.store)

    outcome = await run_phases(sample, file, context)

    assert (outcome.status, outcome.waits_for) == (FileStatus.COMPLETE, ())
    assert sample.ran == [1, 2, 3, 4]
    assert sample.seen == [Found(7)]
    assert await stored_phases(context, file) == [1, 2, 3, 4]


async def test_valid_checkpoints_are_not_run_again(context: PhaseContext) -> None:
    """Only phase 1 is: it checks the disk."""
    sample = SamplePhases({2: [Found(7)]})
    file = await begin(context.store)
    await run_phases(sample, file, context)
    sample.ran.clear()

    await run_phases(sample, file, context)

    assert sample.ran == [1]


async def test_an_interrupted_file_goes_on_at_the_failed_phase(
    context: PhaseContext,
) -> None:
    """What was committed before is read back from its checkpoint."""
    file = await begin(context.store)
    error = DecodeError(file.path, "no sound")
    sample = SamplePhases({2: [Found(7)], 3: [error, Found()]})
    with pytest.raises(DecodeError) as caught:
        await run_phases(sample, file, context)
    assert caught.value.phase == PhaseNumber.TAGS
    assert await stored_phases(context, file) == [1, 2]

    outcome = await run_phases(sample, file, context)

    assert outcome.status is FileStatus.COMPLETE
    assert sample.ran == [1, 2, 3, 1, 3, 4]
    assert sample.seen == [Found(7), Found(7)]


async def test_another_recipe_reruns_that_phase_and_the_later_ones(
    context: PhaseContext,
) -> None:
    """They were computed from what it replaces."""
    sample = SamplePhases()
    file = await begin(context.store)
    await run_phases(sample, file, context)
    sample.ran.clear()
    sample.settings[3] = ("another value",)

    await run_phases(sample, file, context)

    assert sample.ran == [1, 3, 4]


async def test_another_result_of_phase_1_reruns_all(context: PhaseContext) -> None:
    """The file is not what it was."""
    sample = SamplePhases()
    file = await begin(context.store)
    await run_phases(sample, file, context)
    sample.ran.clear()
    sample.signatures.append(Signature(101, 2, 3))

    await run_phases(sample, file, context)

    assert sample.ran == [1, 2, 3, 4]


async def test_a_deferred_phase_completes_and_runs_again_when_possible(
    context: PhaseContext,
) -> None:
    """It stands while what it needs is missing."""
    sample = SamplePhases({3: [waiting(1, Need.CHROMAPRINT), Found(2)]})
    file = await begin(context.store)
    outcome = await run_phases(sample, file, context)
    assert (outcome.status, outcome.waits_for) == (
        FileStatus.COMPLETE,
        (Need.CHROMAPRINT,),
    )
    sample.ran.clear()

    still = await run_phases(sample, file, context)
    assert (sample.ran, still.waits_for) == ([1], (Need.CHROMAPRINT,))
    sample.ran.clear()

    able = replace(context, capabilities=frozenset({Need.CHROMAPRINT}))
    outcome = await run_phases(sample, file, able)
    assert (sample.ran, outcome.waits_for) == ([1, 3, 4], ())


async def test_a_need_of_two_phases_is_named_once(context: PhaseContext) -> None:
    """A file waits for a thing, not for each phase that lacks it."""
    sample = SamplePhases({2: [waiting(1)], 3: [waiting(2)]})
    file = await begin(context.store)

    assert (await run_phases(sample, file, context)).waits_for == (Need.ACOUSTID,)


async def test_idle_work_is_open_until_it_is_done(context: PhaseContext) -> None:
    """A file is analyzed when nothing of it waits for idle time."""
    sample = SamplePhases({3: [waiting(1, Need.IDLE)]})
    file = await begin(context.store)
    assert not (await run_phases(sample, file, context)).analyzed

    other = SamplePhases({3: [waiting(1, Need.FOLDER)]}, {3: ("again",)})
    assert (await run_phases(other, file, context)).analyzed


async def test_analysis_of_a_file_that_is_imported_meanwhile_stores_nothing(
    context: PhaseContext,
) -> None:
    """Another worker has matched it again: the analysis is of what it was before."""
    file = await begin(context.store)
    await run_phases(SamplePhases({3: [waiting(1, Need.IDLE)]}), file, context)
    analysis = SamplePhases({3: [Found(2)]})

    async def import_again() -> None:
        again = SamplePhases({3: [waiting(3, Need.IDLE)]}, {2: ("another value",)})
        await run_phases(again, file, context)

    analysis.meanwhile[3] = import_again
    with pytest.raises(FileChangedError):
        await analyze(analysis, file, context)

    stored = await context.store.do(checkpoints.for_file, file.id)
    assert [(each.phase, each.needs) for each in stored][2:] == [
        (PhaseNumber.TAGS, Need.IDLE),
        (PhaseNumber.SEGMENT, None),
    ]
    assert '"value":3' in stored[2].payload


async def test_analysis_that_ends_early_leaves_no_phase_without_a_checkpoint(
    context: PhaseContext,
) -> None:
    """Nothing would run the last phase again: the file is complete."""
    file = await begin(context.store)
    await run_phases(SamplePhases({3: [waiting(1, Need.IDLE)]}), file, context)

    with pytest.raises(PhaseCrashedError):
        await analyze(
            SamplePhases({3: [Found(2)], 4: [ZeroDivisionError()]}), file, context
        )

    stored = await context.store.do(checkpoints.for_file, file.id)
    assert [int(each.phase) for each in stored] == [1, 2, 3, 4]
    assert stored[2].needs is None


async def test_stop_of_a_phase_ends_the_file_without_a_checkpoint(
    context: PhaseContext,
) -> None:
    """It runs again the next time."""
    sample = SamplePhases({2: [Stop(FileStatus.NO_AUDIO, "silence")]})
    file = await begin(context.store)

    outcome = await run_phases(sample, file, context)

    assert (outcome.status, outcome.reason) == (FileStatus.NO_AUDIO, "silence")
    assert sample.ran == [1, 2]
    assert await stored_phases(context, file) == [1]


async def test_stop_of_a_transaction_keeps_the_checkpoint(
    context: PhaseContext,
) -> None:
    """Its rows, its checkpoint and the file's status are one transaction."""
    sample = SamplePhases(save_stops=2)
    file = await begin(context.store)

    outcome = await run_phases(sample, file, context)

    assert outcome.status is FileStatus.DUPLICATE
    assert sample.ran == [1, 2]
    assert await stored_phases(context, file) == [1, 2]
    assert await ScannedFolder(context.store).statuses() == {"a": "DUPLICATE HASH"}


async def test_an_unexpected_error_names_phase_and_cause(
    context: PhaseContext,
) -> None:
    """It costs that file; the error of the library costs the import."""
    file = await begin(context.store)
    sample = SamplePhases({3: [ZeroDivisionError("by nothing")]})
    with pytest.raises(PhaseCrashedError) as caught:
        await run_phases(sample, file, context)
    assert caught.value.phase == PhaseNumber.TAGS
    assert "phase 3" in str(caught.value)
    assert "ZeroDivisionError: by nothing" in str(caught.value)

    with pytest.raises(StoreError, match="disk is full"):
        await run_phases(SamplePhases({3: [StoreError("disk is full")]}), file, context)


def reading(
    sample: SamplePhases, number: int, function: Callable[[FileId], int]
) -> list[Phase[Any]]:
    """Return the sample phases, one of which reads a value and returns it."""

    async def run(context: PhaseContext, file_results: FileResults) -> Found:
        file = file_results.file.id
        return Found(await file_results.read(context.store, function, file))

    return [
        replace(phase, run=run, reads=lambda results: ((function, (results.file.id,)),))
        if phase.number == number
        else phase
        for phase in sample.phases
    ]


async def test_what_a_phase_reads_is_read_with_the_commit_before(
    context: PhaseContext,
) -> None:
    """In the same transaction, after its rows; also if phases between are skipped."""
    file = await begin(context.store)
    counts: list[tuple[int, int]] = []

    def count(of: FileId) -> int:
        with closing(sqlite3.connect(context.store.path)) as other:
            rows = other.execute("SELECT count(*) FROM checkpoints").fetchone()
        counts.append((len(checkpoints.for_file(of)), rows[0]))
        return len(counts)

    phases = reading(SamplePhases(), 3, count)
    await import_phases(phases, file, context)
    assert counts == [(2, 1)]  # that of phase 2 is not committed yet

    first, second, third, last = phases
    await context.store.do(files.mark_processing, file)
    await import_phases([first, second, replace(third, version=2), last], file, context)
    assert counts == [(2, 1), (4, 4)]


async def test_what_cannot_be_read_fails_the_phase_that_reads_it(
    context: PhaseContext,
) -> None:
    """The commit before is kept."""
    file = await begin(context.store)

    def damaged(_file: FileId) -> int:
        raise ValueError("no such value")

    with pytest.raises(PhaseCrashedError, match="phase 3 failed: ValueError"):
        await import_phases(reading(SamplePhases(), 3, damaged), file, context)

    assert await stored_phases(context, file) == [1, 2]


async def test_nothing_is_written_about_bytes_that_are_gone(
    context: PhaseContext,
) -> None:
    """A scan found other bytes there meanwhile."""
    folder = ScannedFolder(context.store)
    file = await begin(context.store)

    async def rescan(_context: PhaseContext, _results: FileResults) -> Found:
        await folder.scan(file_entry("a", version=2))
        return Found()

    sample = SamplePhases()
    first, second, *others = sample.phases
    with pytest.raises(FileChangedError):
        await import_phases(
            [first, replace(second, run=rescan), *others], file, context
        )

    assert sample.ran == [1]
    assert await stored_phases(context, file) == []
    assert await folder.statuses() == {"a": "PENDING"}


def joined(sample: SamplePhases, *numbers: int) -> list[Phase[Any]]:
    """Return the sample phases, some of which join the one before."""
    return [
        replace(phase, joins_previous=phase.number in numbers)
        for phase in sample.phases
    ]


async def test_phases_that_join_share_a_commit(context: PhaseContext) -> None:
    """A kill in between costs all of them, and none after it."""
    file = await begin(context.store)
    sample = SamplePhases()
    committed: list[list[int]] = []

    async def look() -> None:
        committed.append(await stored_phases(context, file))

    sample.meanwhile = dict.fromkeys((2, 3, 4), look)
    outcome = await import_phases(joined(sample, 3), file, context)

    assert outcome.status is FileStatus.COMPLETE
    assert sample.ran == [1, 2, 3, 4]
    assert committed == [[1], [1], [1, 2, 3]]
    assert await stored_phases(context, file) == [1, 2, 3, 4]


async def test_a_phase_that_fails_costs_none_of_those_that_it_joins(
    context: PhaseContext,
) -> None:
    """They are committed, whether it fails in its run or in its transaction."""
    file = await begin(context.store)
    error = DecodeError(file.path, "no sound")
    phases = joined(SamplePhases({3: [error]}), 2, 3)
    with pytest.raises(DecodeError) as caught:
        await import_phases(phases, file, context)
    assert caught.value.phase == PhaseNumber.TAGS
    assert await stored_phases(context, file) == [1, 2]

    def fail(_results: FileResults, _result: Found) -> None:
        raise ZeroDivisionError("by nothing")

    first, second, third, last = joined(SamplePhases({2: [Found(7)]}), 2, 3, 4)
    third = replace(third, save=fail)
    await context.store.do(files.mark_processing, file)
    with pytest.raises(PhaseCrashedError) as crashed:
        await import_phases([first, second, third, last], file, context)
    assert crashed.value.phase == PhaseNumber.TAGS
    assert await stored_phases(context, file) == [1, 2]


async def test_a_stop_of_a_transaction_leaves_out_the_phases_that_join(
    context: PhaseContext,
) -> None:
    """They are of a file that has ended."""
    file = await begin(context.store)
    done: list[int] = []
    sample = SamplePhases(save_stops=2)

    outcome = await import_file(
        file,
        context,
        on_phase_start=lambda _phase: None,
        on_phase_done=lambda phase, _result, _seconds: done.append(int(phase.number)),
        phases=joined(sample, 3, 4),
    )

    assert outcome.status is FileStatus.DUPLICATE
    assert done == await stored_phases(context, file) == [1, 2]


async def test_a_phase_that_decides_later_ones_keeps_them_with_the_same_result(
    context: PhaseContext,
) -> None:
    """Later phases run again only if its new result differs from the stored one."""
    file = await begin(context.store)
    sample = SamplePhases({3: [Found(1), Found(1), Found(2)]})

    async def run_again(recipe: str) -> list[int]:
        sample.settings[3] = (recipe,)
        sample.ran.clear()
        first, second, third, last = sample.phases
        third = replace(third, decides_later=True)
        await context.store.do(files.mark_processing, file)
        await import_phases([first, second, third, last], file, context)
        return sample.ran

    assert await run_again("one") == [1, 2, 3, 4]
    assert await run_again("another") == [1, 3]
    assert await run_again("another") == [1]
    assert await run_again("a third") == [1, 3, 4]
    assert await stored_phases(context, file) == [1, 2, 3, 4]


async def test_a_later_phase_that_is_outdated_itself_runs_again(
    context: PhaseContext,
) -> None:
    """The same result before it does not make it valid."""
    file = await begin(context.store)
    sample = SamplePhases()
    first, second, third, last = sample.phases
    await import_phases([first, second, third, last], file, context)
    sample.ran.clear()

    third = replace(third, version=2, decides_later=True)
    last = replace(last, version=2)
    await context.store.do(files.mark_processing, file)
    await import_phases([first, second, third, last], file, context)

    assert sample.ran == [1, 3, 4]
