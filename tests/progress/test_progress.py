"""The progress of a session: `segued.progress.progress` and its text."""

from dataclasses import dataclass

import pytest

from segued.model import FileId, FileStatus, SessionState
from segued.progress.histogram import BUCKET_BOUNDS_SECONDS
from segued.progress.progress import Progress
from segued.views import wording


@dataclass
class ManualClock:
    """A clock that moves only when `now` is set."""

    now: float = 100.0

    def __call__(self) -> float:
        """Return the time it shows."""
        return self.now


def test_progress_is_by_file() -> None:
    """Files done of files found, with the rate and the time left."""
    clock = ManualClock()
    progress = Progress(clock)
    progress.add_scanned(pending=3_155, finished=2_570, failed=11)
    for nth in range(31):
        progress.finish_file(FileId(f"{nth}"), FileStatus.COMPLETE, ["acoustid"])
    progress.finish_file(FileId("bad"), FileStatus.FAILED, [])
    clock.now += 10

    now = progress.snapshot()

    assert (now.done, now.total, now.failed, now.deferred) == (2_613, 5_736, 12, 31)
    assert wording.progress_line(now) == (
        "2,613 of 5,736 files (45.6 %)   3.2 files/s   about 16 min left"
        "   12 failed   31 deferred"
    )


def test_no_rate_from_too_few_files() -> None:
    """One finished file gives no estimate for a thousand."""
    clock = ManualClock()
    progress = Progress(clock)
    progress.add_scanned(pending=1_000, finished=0, failed=0)
    clock.now += 5
    progress.finish_file(FileId("one"), FileStatus.COMPLETE, [])

    assert wording.progress_line(progress.snapshot()) == "1 of 1,000 files (0.1 %)"


def test_analysis_has_a_pace_and_a_time_left() -> None:
    """While imported files are analyzed; none once all are, so that nothing changes."""
    clock = ManualClock()
    progress = Progress(clock)
    progress.add_scanned(pending=0, finished=1_204, failed=0)
    progress.unanalyzed_before = 1_204
    for nth in range(4):
        clock.now += 12
        progress.finish_analysis(FileId(f"{nth}"))

    assert wording.analysis_line(progress.snapshot()) == (
        "1,200 files to go   300 files/h   about 4.0 h left"
        "   you may stop now, nothing is lost"
    )
    assert wording.analysis_line(progress.snapshot(), "22:00") == "waits until 22:00"
    progress.unanalyzed_before = 0
    assert wording.analysis_line(progress.snapshot()) == ""
    assert progress.snapshot().analysis_per_hour is None


def test_a_paused_session_has_no_time_left() -> None:
    """Nothing ends while it is paused, however fast it was before."""
    clock = ManualClock()
    progress = Progress(clock)
    progress.add_scanned(pending=10, finished=0, failed=0)
    for nth in range(4):
        progress.finish_file(FileId(f"{nth}"), FileStatus.COMPLETE, [])
    clock.now += 4
    running = wording.progress_line(progress.snapshot())

    progress.set_state(SessionState.PAUSED)

    assert running.endswith("about 6.0 s left")
    assert "left" not in wording.progress_line(progress.snapshot())


def test_busy_workers_have_a_status() -> None:
    """In the order of their numbers, each with the time in its phase."""
    clock = ManualClock()
    progress = Progress(clock)
    progress.start_phase(2, FileId("b"), "song_b.mp3", 9, "Flavoring")
    progress.start_phase(1, FileId("a"), "song_a.mp3", 5, "Fingerprinting")
    clock.now += 2.13

    lines = [wording.worker_columns(line) for line in progress.snapshot().workers]
    progress.clear_worker(1)

    assert lines == [
        ("Worker 1", "song_a.mp3", "Phase 5 Fingerprinting", "", "2.1 s"),
        ("Worker 2", "song_b.mp3", "Phase 9 Flavoring", "", "2.1 s"),
    ]
    assert [line.worker for line in progress.snapshot().workers] == [2]


def test_worker_status_shows_the_passage() -> None:
    """Or the number of passages, from segmentation to the end of the file."""
    progress = Progress(ManualClock())

    def passage_text() -> str:
        (line,) = progress.snapshot().workers
        return wording.worker_columns(line)[3]

    progress.start_phase(1, FileId("a"), "side.flac", 4, "Segmenting")
    progress.set_passage(1, None, 12)
    found = passage_text()
    progress.start_phase(1, FileId("a"), "side.flac", 9, "Flavoring")
    next_phase = passage_text()
    progress.set_passage(1, 3, 12)
    third = passage_text()
    progress.set_passage(1, None, 1)
    only = passage_text()
    progress.start_phase(1, FileId("b"), "song.flac", 1, "Filename matching")

    assert (found, next_phase) == ("12 passages", "12 passages")
    assert (third, only) == ("passage 3/12", "passage 1/1")
    assert passage_text() == ""


def test_stuck_worker_is_marked() -> None:
    """It counts as stuck after two minutes in one phase."""
    clock = ManualClock()
    progress = Progress(clock)
    progress.start_phase(1, FileId("a"), "song_a.mp3", 4, "Segmenting")
    clock.now += 119
    (before,) = progress.snapshot().workers
    clock.now += 1
    (after,) = progress.snapshot().workers

    assert (before.stalled, after.stalled) == (False, True)
    assert wording.worker_columns(after)[-1] == "120.0 s (stalled?)"


def test_phase_durations_are_counted() -> None:
    """In buckets, over all sessions of the process."""
    progress = Progress(ManualClock())
    for seconds in (0.001, 0.04, 500.0):
        progress.add_duration(4, seconds)
    progress.start_session()

    histogram = progress.phase_durations[4]

    assert histogram.total_seconds == pytest.approx(500.041)
    assert BUCKET_BOUNDS_SECONDS[:3] == (0.002, 0.01, 0.05)
    assert histogram.counts == [1, 0, 1, *[0] * (len(BUCKET_BOUNDS_SECONDS) - 3), 1]


def test_elapsed_time_stops_with_the_session() -> None:
    """It starts again with the next one."""
    clock = ManualClock()
    progress = Progress(clock)
    clock.now += 10
    progress.set_state(SessionState.COMPLETED)
    clock.now += 50
    elapsed_at_end = progress.snapshot().elapsed
    progress.start_session()
    progress.set_state(SessionState.PROCESSING)
    clock.now += 2

    assert elapsed_at_end == pytest.approx(10)
    assert progress.snapshot().elapsed == pytest.approx(2)


def test_there_are_thirteen_groups_of_counters() -> None:
    """For scanning, processing, each of the ten phases, and finished files."""
    progress = Progress(ManualClock())
    progress.use_library_counters({"2": {"hashed": 2}})
    progress.add_scanned(pending=3, finished=1, failed=0)
    progress.start_phase(1, FileId("a"), "song_a.mp3", 5, "Fingerprinting")

    counters = progress.snapshot().counters

    assert len(counters) == 13
    assert counters["2"] == {"hashed": 2}
    assert counters["scanning"] == {"files": 4}
    assert counters["processing"] == {"done": 1, "being worked on": 1, "to go": 3}


def test_what_is_done_again_is_counted_apart() -> None:
    """A file that is matched anew is still one file."""
    progress = Progress(ManualClock())
    progress.add_scanned(pending=2, finished=0, failed=0)
    file = FileId("a")
    for _ in range(2):
        progress.add_phase(file, 6, {"low": 1})
        progress.finish_file(file, FileStatus.COMPLETE, ())

    now = progress.snapshot()

    assert (now.done, now.repeated) == (1, {"6": 1})
    assert now.work["6"] == {"low": 2}
    assert now.work["files complete"] == {"INGEST COMPLETE": 2}
    progress.start_session()
    assert progress.snapshot().repeated == {}


def test_a_snapshot_does_not_change_afterwards() -> None:
    """It stays a picture of one moment."""
    progress = Progress(ManualClock())
    before = progress.snapshot()
    progress.add_work("4", {"passages": 1})
    progress.add_scanned(pending=1, finished=0, failed=0)

    assert (before.total, before.work["4"]) == (0, {})
