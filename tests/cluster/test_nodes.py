"""The daemon's record of its nodes: places, jobs that are out, refusals, losses."""

import asyncio
from collections.abc import Callable

import pytest

from segued.cluster.messages import Job, JobAnswer, JobPassage, Report
from segued.cluster.nodes import Nodes
from segued.cluster.remote_analysis import RemoteAnalysis
from segued.errors import DecodeError, ElsewhereError
from segued.media.analyzers.passage_analysis import AnalyzerSelection, PassageRequest
from segued.model import Signature, Span
from segued.units import Seconds, Ticks
from tests.limits import WAIT_SECONDS

MAKEUP = {"segued": "1", "libavcodec": "62.1", "numpy": "2.4"}
ROOT = b"/srv/m\xff"
LIMIT = Seconds(WAIT_SECONDS)


class Wire:
    """Records what is sent to nodes."""

    def __init__(self) -> None:
        self.nodes = Nodes()
        self.nodes.makeups = {"hearing": MAKEUP}
        self.nodes.send_job = lambda address, job: self.jobs.append((address, job.id))
        self.nodes.send_cancel = lambda address, job: self.cancelled.append(
            (address, job)
        )
        self.jobs: list[tuple[str, int]] = []
        self.cancelled: list[tuple[str, int]] = []

    def join(self, name: str, slots: int = 1, **more: object) -> None:
        """Let a node join that offers the music folder."""
        self.nodes.join(name, name)
        self.nodes.report(name, report(slots, **more))

    async def sent(self, count: int) -> None:
        """Wait until so many jobs were sent."""
        await self.settle(lambda: len(self.jobs) == count)

    async def settle(self, predicate: Callable[[], bool]) -> None:
        """Let tasks run until a predicate holds."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not predicate():  # noqa: ASYNC110 - all is in memory
                await asyncio.sleep(0)


def report(slots: int = 1, **more: object) -> Report:
    """Return a report of a node that offers the music folder."""
    fields: dict[str, object] = {
        "host": "h",
        "slots": slots,
        "running": 0,
        "makeup": MAKEUP,
        "roots": (ROOT,),
        "missing": (),
        **more,
    }
    return Report(**fields)  # type: ignore[arg-type]


def job(number: int, path: bytes = ROOT + b"/a.mp3") -> Job:
    """Return a job on a file of the music folder."""
    passages = (JobPassage(0, 28_224_000, tags=False, descriptors=True),)
    return Job(number, path, 1, 2, True, 3.0, passages)  # noqa: FBT003


async def test_no_more_jobs_are_out_than_slots_and_one_for_each_node() -> None:
    """Also while a node leaves: its jobs go to the other one."""
    wire = Wire()
    wire.join("one", 2)
    wire.join("two", 1)
    assert wire.nodes.places("hearing") == 5
    assert wire.nodes.places_for(ROOT + b"/x", "hearing") == 5
    runs = [asyncio.create_task(wire.nodes.run(job(n), LIMIT)) for n in range(40)]
    await wire.settle(lambda: len(wire.jobs) == 5)
    most = 0
    done: set[tuple[str, int]] = set()
    while not all(each.done() for each in runs):
        for address, number in [each for each in wire.jobs if each not in done]:
            done.add((address, number))
            out = {node.name: len(node.out) for node in wire.nodes.all}
            most = max(most, *out.values())
            assert out.get("one", 0) <= 3
            assert out.get("two", 0) <= 2
            if len(done) == 20:
                wire.nodes.leave("one")
            wire.nodes.answer(address, JobAnswer(number))
        await asyncio.sleep(0)
    assert most == 3
    assert sorted(each.result().id for each in runs) == list(range(40))
    assert wire.nodes.places("hearing") == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(JobAnswer(1), ElsewhereError, id="no results"),
        pytest.param(JobAnswer(1, error="odd"), ElsewhereError, id="an unknown error"),
        pytest.param(
            JobAnswer(1, error=DecodeError.code), DecodeError, id="a broken file"
        ),
    ],
)
async def test_only_a_broken_file_fails_what_is_odd_is_done_at_home(
    answer: JobAnswer, error: type[Exception]
) -> None:
    """A node that answers nonsense costs no file."""
    wire = Wire()
    wire.join("one")
    request = PassageRequest(
        Span(Ticks(0), Ticks(28_224_000)), AnalyzerSelection(descriptors=True)
    )
    analysis = RemoteAnalysis(wire.nodes)
    running = asyncio.create_task(
        analysis.analyze(
            ROOT + b"/a", Signature(1, 2, 3), [request], is_quick=True, seconds=3.0
        )
    )
    await wire.sent(1)
    wire.nodes.answer("one", answer)

    with pytest.raises(error):
        await running


async def test_a_job_whose_node_is_lost_goes_to_the_next_three_times() -> None:
    """A file that freezes machines comes home."""
    wire = Wire()
    for number in range(1, 4):
        # A single node, which joins again each time.
        wire.join(f"n{number}")
        running = asyncio.create_task(wire.nodes.run(job(1), LIMIT))
        await wire.sent(number)
        wire.nodes.leave(wire.jobs[-1][0])
        with pytest.raises(ElsewhereError) as error:
            await running
        is_last = number == 3
        assert error.value.is_lasting is is_last
        assert ("lost each time" in str(error.value)) is is_last
    for number in range(3):
        wire.join(f"m{number}")
    running = asyncio.create_task(wire.nodes.run(job(2), LIMIT))
    for number in range(4, 7):
        await wire.sent(number)
        wire.nodes.leave(wire.jobs[-1][0])
    with pytest.raises(ElsewhereError, match="lost each time"):
        await running
    assert len({address for address, _ in wire.jobs}) == 6


async def test_a_job_whose_folder_goes_away_at_its_node_goes_to_the_next() -> None:
    """A disk that does not answer would hold it; jobs on other folders stay."""
    wire = Wire()
    wire.join("one", 2, roots=(ROOT, b"/other"))
    runs = [
        asyncio.create_task(wire.nodes.run(job(number, path), LIMIT))
        for number, path in enumerate((ROOT + b"/a", b"/other/b"))
    ]
    await wire.sent(2)
    wire.nodes.report("one", report(2, roots=(b"/other",), missing=(ROOT,)))
    wire.join("two")
    await wire.sent(3)
    wire.nodes.answer("two", JobAnswer(0))
    wire.nodes.answer("one", JobAnswer(1))

    assert [(await each).id for each in runs] == [0, 1]
    assert wire.cancelled == [("one", 0)]
    assert wire.jobs[2] == ("two", 0)
    assert [node.done for node in wire.nodes.all] == [1, 1]


async def test_a_cancelled_job_is_cancelled_at_its_node() -> None:
    """And its place is free at once."""
    wire = Wire()
    wire.join("one")
    running = asyncio.create_task(wire.nodes.run(job(7), LIMIT))
    await wire.settle(lambda: bool(wire.jobs))
    running.cancel()
    await asyncio.wait({running})

    assert wire.cancelled == [("one", 7)]
    assert wire.nodes.all[0].out == {}
    wire.nodes.answer("one", JobAnswer(7))  # on its way already: dropped
    assert wire.nodes.all[0].done == 0


async def test_a_node_that_does_not_answer_is_given_up() -> None:
    """After the limit the job is done elsewhere."""
    wire = Wire()
    wire.join("one")

    with pytest.raises(ElsewhereError, match="no answer"):
        await wire.nodes.run(job(1), Seconds(0.01))
    assert wire.cancelled == [("one", 1)]


async def test_a_node_that_refuses_three_jobs_in_a_row_rests() -> None:
    """And says why; another answer in between starts the count anew."""
    wire = Wire()
    wire.join("one")
    answers = ["gone", "gone", "", "gone", "gone", "gone"]
    for number, elsewhere in enumerate(answers):
        running = asyncio.create_task(wire.nodes.run(job(number), LIMIT))
        await wire.sent(number + 1)
        wire.nodes.answer("one", JobAnswer(number, elsewhere=elsewhere))
        await asyncio.wait({running})
        error = running.exception()
        assert isinstance(error, ElsewhereError) == (elsewhere != "")
        assert not isinstance(error, ElsewhereError) or error.is_lasting

    node = wire.nodes.all[0]
    assert (node.done, node.refused, node.places) == (1, 5, 0)
    assert "refused several" in node.why_resting
    with pytest.raises(ElsewhereError, match="no node offers"):
        await wire.nodes.run(job(9), LIMIT)


@pytest.mark.parametrize("name", sorted(MAKEUP))
async def test_a_node_of_another_makeup_gets_nothing(name: str) -> None:
    """Whichever version differs or is missing, it is named."""
    wire = Wire()
    wire.join("other", makeup=MAKEUP | {name: "0"})
    lacking = {key: value for key, value in MAKEUP.items() if key != name}
    wire.join("lacking", makeup=lacking)
    wire.join("more", makeup=MAKEUP | {"musicnn": "1"})

    lacking_node, more, other = wire.nodes.all
    assert other.differences["hearing"] == (f"{name} 0 there, {MAKEUP[name]} here",)
    assert lacking_node.differences["hearing"] == (
        f"{name} is missing there, {MAKEUP[name]} here",
    )
    assert (other.places, lacking_node.places, more.places) == (0, 0, 2)


async def test_a_job_that_a_node_gives_up_to_rest_is_for_others() -> None:
    """Nothing is wrong with the file."""
    wire = Wire()
    wire.join("laptop")
    running = asyncio.create_task(wire.nodes.run(job(1), LIMIT))
    await wire.sent(1)
    wire.nodes.report("laptop", report(rests="it runs on battery"))
    wire.nodes.answer("laptop", JobAnswer(1, elsewhere="it runs on battery"))

    with pytest.raises(ElsewhereError, match="battery") as error:
        await running
    assert not error.value.is_lasting


async def test_folders_hours_and_reports_decide_who_gets_a_job() -> None:
    """A node is used for what its last report offers."""
    wire = Wire()
    changes: list[int] = []
    wire.nodes.on_change = lambda: changes.append(wire.nodes.places("hearing"))
    wire.nodes.join("one", "one")
    assert wire.nodes.report("one", report(roots=(), missing=(ROOT,))) == {
        "hearing": ()
    }
    assert wire.nodes.places_for(ROOT, "hearing") == 0
    assert wire.nodes.report("one", report()) is None
    assert wire.nodes.places_for(ROOT + b"/sub", "hearing") == 2
    assert wire.nodes.places_for(ROOT + b"2", "hearing") == 0
    wire.nodes.report("one", report(rests="it runs on battery"))
    assert wire.nodes.places_for(ROOT, "hearing") == 0
    wire.nodes.leave("one")
    assert changes == [0, 2, 0, 0]
    assert wire.nodes.report("one", report()) is None
    assert wire.nodes.all == []
