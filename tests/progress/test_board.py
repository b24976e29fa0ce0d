"""The progress of a session: `segued.progress.progress` and its words."""

from dataclasses import dataclass

import pytest

from segued.model import FileId, FileStatus, SessionState
from segued.progress.histogram import BOUNDS_SECONDS
from segued.progress.progress import Board
from segued.views import wording


@dataclass
class Clock:
    """A clock that stands until it is told to move."""

    now: float = 100.0

    def __call__(self) -> float:
        """Return the time it shows."""
        return self.now


def test_progress_is_by_file() -> None:
    """Files done of files found, with rate and time left."""
    clock = Clock()
    board = Board(clock)
    board.found(to_do=3_155, finished=2_570, failed=11)
    for nth in range(31):
        board.finished(FileId(f"{nth}"), FileStatus.COMPLETE, ["acoustid"])
    board.finished(FileId("bad"), FileStatus.FAILED, [])
    clock.now += 10

    now = board.snapshot()

    assert (now.done, now.total, now.failed, now.deferred) == (2_613, 5_736, 12, 31)
    assert wording.overall(now) == (
        "2,613 of 5,736 files (45.6 %)   3.2 files/s   about 16 min left"
        "   12 failed   31 deferred"
    )


def test_no_rate_from_too_little() -> None:
    """One file says nothing about the next thousand."""
    clock = Clock()
    board = Board(clock)
    board.found(to_do=1_000, finished=0, failed=0)
    clock.now += 5
    board.finished(FileId("one"), FileStatus.COMPLETE, [])

    assert wording.overall(board.snapshot()) == "1 of 1,000 files (0.1 %)"


def test_every_worker_has_a_line_while_it_works() -> None:
    """Keyed by its number, with a clock that moves by itself."""
    clock = Clock()
    board = Board(clock)
    board.enter(2, FileId("b"), "song_b.mp3", 9, "Flavoring")
    board.enter(1, FileId("a"), "song_a.mp3", 5, "Fingerprinting")
    clock.now += 2.13

    lines = [wording.worker(line) for line in board.snapshot().workers]
    board.leave(1)

    assert lines == [
        ("Worker 1", "song_a.mp3", "Phase 5 Fingerprinting", "", "2.1 s"),
        ("Worker 2", "song_b.mp3", "Phase 9 Flavoring", "", "2.1 s"),
    ]
    assert [line.worker for line in board.snapshot().workers] == [2]


def test_a_worker_says_at_which_passage_it_is() -> None:
    """Or of how many, from the phase that found them until the file's end."""
    board = Board(Clock())

    def said() -> str:
        (line,) = board.snapshot().workers
        return wording.worker(line)[3]

    board.enter(1, FileId("a"), "side.flac", 4, "Segmenting")
    board.at_passage(1, None, 12)
    found = said()
    board.enter(1, FileId("a"), "side.flac", 9, "Flavoring")
    kept = said()
    board.at_passage(1, 3, 12)
    third = said()
    board.at_passage(1, None, 1)
    only = said()
    board.enter(1, FileId("b"), "song.flac", 1, "Filename matching")

    assert (found, kept) == ("12 passages", "12 passages")
    assert (third, only) == ("passage 3/12", "passage 1/1")
    assert said() == ""


def test_a_worker_that_does_not_get_on_is_marked() -> None:
    """After two minutes in one phase."""
    clock = Clock()
    board = Board(clock)
    board.enter(1, FileId("a"), "song_a.mp3", 4, "Segmenting")
    clock.now += 119
    (before,) = board.snapshot().workers
    clock.now += 1
    (after,) = board.snapshot().workers

    assert (before.stalled, after.stalled) == (False, True)
    assert wording.worker(after)[-1] == "120.0 s (stalled?)"


def test_how_long_phases_take_is_counted() -> None:
    """Each in its place, and for as long as the process lives."""
    clock = Clock()
    board = Board(clock)
    for seconds in (0.001, 0.04, 500.0):
        board.enter(1, FileId("a"), "song_a.mp3", 4, "Segmenting")
        clock.now += seconds
        board.passed(1)
    board.begin()

    spread = board.took[4]

    assert spread.total_seconds == pytest.approx(500.041)
    assert BOUNDS_SECONDS[:3] == (0.002, 0.01, 0.05)
    assert spread.counts == [1, 0, 1, *[0] * (len(BOUNDS_SECONDS) - 3), 1]


def test_time_stands_still_when_a_session_is_over() -> None:
    """Until the next one begins."""
    clock = Clock()
    board = Board(clock)
    clock.now += 10
    board.turn(SessionState.COMPLETED)
    clock.now += 50
    over = board.snapshot().elapsed
    board.begin()
    board.turn(SessionState.PROCESSING)
    clock.now += 2

    assert over == pytest.approx(10)
    assert board.snapshot().elapsed == pytest.approx(2)


def test_there_are_thirteen_groups_of_counters() -> None:
    """One for the scan, one for the work, one a phase, one for the files."""
    board = Board(Clock())
    board.count("2", {"hashed": 1})
    board.count("2", {"hashed": 1})

    board.found(to_do=3, finished=1, failed=0)
    board.enter(1, FileId("a"), "song_a.mp3", 5, "Fingerprinting")

    counters = board.snapshot().counters

    assert len(counters) == 13
    assert counters["2"] == {"hashed": 2}
    assert counters["scanning"] == {"files": 4}
    assert counters["processing"] == {"done": 1, "being worked on": 1, "to go": 3}


def test_a_snapshot_does_not_change_afterwards() -> None:
    """Whoever shows it shows one moment."""
    board = Board(Clock())
    before = board.snapshot()
    board.count("4", {"passages": 1})
    board.found(to_do=1, finished=0, failed=0)

    assert (before.total, before.counters["4"]) == (0, {})
