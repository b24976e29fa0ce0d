"""A worker: imports or analyzes one file at a time, taken from the queue."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import partial
from typing import Any, Final

import structlog

from segued.errors import (
    DiskReadError,
    ElsewhereError,
    FileChangedError,
    FileError,
    FileVanishedError,
    MovingPictureError,
)
from segued.intake.state import IntakeState
from segued.media.disk_calls import DISK_CALL_TIMEOUT, call_disk
from segued.media.safe_open import root_is_offline
from segued.model import (
    AudioFile,
    FileStatus,
    Need,
    PassedOver,
    PhaseNumber,
    Service,
)
from segued.paths import shown
from segued.phases import PHASES
from segued.phases.base import Phase, PhaseContext
from segued.pipeline.queue import InFlight, Priority, WorkQueue
from segued.pipeline.runner import Outcome, import_file
from segued.progress.progress import Progress
from segued.store import (
    files,
    flavors,
    folder_requeue,
    inventory,
    passed_over,
)
from segued.units import Seconds

__all__ = ["Verdict", "Worker", "decide_retry", "run_workers"]

log: Final = structlog.get_logger()

DISK_CHECK_SECONDS: Final = 1.0
"""How often a worker checks whether the disk of its file is still online."""

PROBE_SECONDS: Final = Seconds(1.0)
"""How long the disk may take to answer that check, if files of other music folders
could be imported meanwhile. A disk that spins up is offline until it has."""


class Verdict(Enum):
    """What becomes of a file after an error."""

    MISSING = auto()
    PASS_OVER = auto()
    RETRY = auto()
    FAIL = auto()


def decide_retry(error: FileError, *, tries: int, tries_max: int) -> Verdict:
    """Decide what becomes of a file whose `tries`-th try failed with `error`."""
    match error:
        case FileVanishedError():
            return Verdict.MISSING
        case MovingPictureError():
            return Verdict.PASS_OVER
        case FileChangedError() if tries < tries_max:
            return Verdict.RETRY
        case _:
            return Verdict.FAIL


@dataclass(frozen=True, slots=True)
class Worker:
    """One of N workers, each with one file at a time.

    Attributes:
        number: 1 to N, as people see it.
        offline_roots: Music folders whose disk is away; shared by all workers.
        stale_counts: Music folders in which files were passed over; likewise.
        disk_limit: How long a disk may take to answer.
        probe_disk: Asks the disk of a music folder for something that is not cached.
        on_elsewhere: Called with a file that no other machine could analyze; set for a
            worker that has its files analyzed by others, and imports none.
    """

    number: int
    queue: WorkQueue
    context: PhaseContext
    progress: Progress
    offline_roots: set[bytes]
    phases: Sequence[Phase[Any]] = PHASES
    disk_limit: Seconds = DISK_CALL_TIMEOUT
    probe_disk: Callable[[bytes], object] = os.statvfs
    stale_counts: set[bytes] = field(default_factory=set)
    on_elsewhere: Callable[[AudioFile, ElsewhereError], None] | None = None

    async def run(self) -> None:
        """Take files from the queue and import or analyze them, until cancelled.

        Raises:
            StoreError: The library cannot be used any more.
        """
        while True:
            take = self.queue.take_remote if self.on_elsewhere else self.queue.take
            flight = await take()
            try:
                with structlog.contextvars.bound_contextvars(
                    worker=self.number, file=shown(flight.file.path)
                ):
                    if flight.priority >= Priority.IMPORTED:
                        await self._analyze(flight)
                    else:
                        await self._import_with_retries(flight)
            finally:
                self.progress.clear_worker(self.number)
                self.queue.done(flight)

    def _import(
        self, flight: InFlight, context: PhaseContext
    ) -> Coroutine[Any, Any, Outcome]:
        """Return the import of a file, which reports its phases to `progress`."""
        file = flight.file
        name = shown(os.path.basename(file.path))

        def on_phase_start(phase: Phase[Any]) -> None:
            if phase.number > PhaseNumber.HASH:
                self.queue.mark_hashed(flight)
            if self.on_elsewhere is not None:
                return  # it is shown as the work of a node
            self.progress.start_phase(
                self.number, file.id, name, phase.number, phase.title
            )

        def on_phase_done(phase: Phase[Any], result: Any, seconds: float) -> None:  # noqa: ANN401
            counts = phase.counts(result)
            if Need.IDLE not in context.capabilities:
                self.progress.add_phase(file.id, phase.number, counts)
            elif phase.optional:
                self.progress.add_work(str(phase.number), counts)
            self.progress.add_duration(phase.number, seconds)
            if "passages" in counts:
                self.progress.set_passage(self.number, None, counts["passages"])

        on_passage = partial(self.progress.set_passage, self.number)
        claim_turn = partial(self.queue.wait_for_turn, flight)
        context = replace(context, on_passage=on_passage, claim_turn=claim_turn)
        return import_file(
            file,
            context,
            on_phase_start=on_phase_start,
            on_phase_done=on_phase_done,
            phases=self.phases,
        )

    async def _analyze(self, flight: InFlight) -> None:
        """Analyze an imported file, until done or preempted by a file to import.

        A file that vanishes or changes meanwhile is left as it is: the folder watcher
        detects both.
        """
        context = replace(
            self.context, capabilities=self.context.capabilities | {Need.IDLE}
        )
        file = flight.file
        try:
            outcome = await self._run_while_mounted(
                file, self._import(flight, context), flight.preempted
            )
        except ElsewhereError as error:
            log.info("analysis.elsewhere", reason=str(error))
            if self.on_elsewhere is not None:
                self.on_elsewhere(file, error)
            return
        except FileError as error:
            log.info("analysis.failed", code=error.code, detail=str(error))
            if isinstance(error, FileVanishedError | FileChangedError):
                return
            if isinstance(error, DiskReadError) and await self._is_offline(
                file.root, error
            ):
                self.offline_roots.add(file.root)
                return
            # Marked as failed, or it would be offered again without end.
            await self.context.store.do(flavors.mark_failed, file.id, error.detail)
            self.progress.finish_analysis(file.id)
            return
        if outcome is None:
            log.debug("analysis.preempted")
        elif outcome.analyzed:
            self.progress.finish_analysis(file.id)

    async def _import_with_retries(self, flight: InFlight) -> None:
        """Import a file; retry while it is being written, `unsettled_tries` times."""
        file = flight.file
        limits = self.context.config.importing
        tries = 0
        while True:
            tries += 1
            try:
                outcome = await self._run_while_mounted(
                    file, self._import(flight, self.context)
                )
            except FileError as error:
                verdict = decide_retry(
                    error, tries=tries, tries_max=limits.unsettled_tries
                )
                if verdict is Verdict.RETRY:
                    # Another program is still writing the file.
                    await asyncio.sleep(limits.unsettled_wait_seconds)
                    continue
                await self._record_failure(file, error, verdict)
            else:
                if outcome is not None:
                    self._count_outcome(file, outcome)
                    await self._requeue_dependents(file, outcome)
            return

    async def _run_while_mounted(
        self,
        file: AudioFile,
        work: Coroutine[Any, Any, Outcome],
        preempted: asyncio.Event | None = None,
    ) -> Outcome | None:
        """Await `work` as long as the file's disk is online.

        A child process that reads from a disk that does not answer hangs, so `work`
        itself may never end.

        Args:
            file: The file.
            work: Its import or analysis.
            preempted: Cancels `work` when set.

        Returns:
            The outcome of `work`; None if it was preempted.

        Raises:
            DiskReadError: The disk is away, or went away meanwhile.
        """
        task = asyncio.ensure_future(work)
        awaited: set[asyncio.Future[Any]] = {task}
        if preempted is not None:
            awaited.add(asyncio.ensure_future(preempted.wait()))
        try:
            while file.root not in self.offline_roots:
                done, _ = await asyncio.wait(
                    awaited,
                    timeout=DISK_CHECK_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if task in done:
                    return task.result()
                if done:
                    return None
                # Hundreds of files may be with others, which read their own mounts;
                # that the disk is away here is noticed by the folder's watcher.
                if self.on_elsewhere is None:
                    await self._probe_disk(file.root)
            raise DiskReadError(file.path, "its disk is away")
        finally:
            unfinished = {each for each in awaited if not each.done()}
            for each in unfinished:
                each.cancel()
                # Its error is dropped: the caller sees the first failure.
                each.add_done_callback(_swallow)
            if unfinished:
                await asyncio.wait(unfinished)

    async def _probe_disk(self, root: bytes) -> None:
        """Add a music folder whose disk does not answer to `offline_roots`."""
        try:
            await call_disk(root, self.disk_limit, self.probe_disk, root)
        except TimeoutError:
            self.offline_roots.add(root)
        except OSError:
            pass  # the phase that reads from it says why

    async def _requeue_dependents(self, file: AudioFile, outcome: Outcome) -> None:
        """Requeue files that waited for this one, or this one if answers have come."""
        if outcome.waits_for:
            self.context.wake_lookups()
        acoustid_available = self.context.service_available(Service.ACOUSTID)
        if acoustid_available or self.context.service_available(Service.MUSICBRAINZ):
            await self.context.store.do(
                folder_requeue.requeue_dependents,
                file.id,
                file.path,
                is_copy=outcome.status is FileStatus.DUPLICATE,
                waits=bool(outcome.waits_for),
                acoustid_available=acoustid_available,
            )

    async def _record_failure(
        self, file: AudioFile, error: FileError, verdict: Verdict
    ) -> None:
        maybe_offline = isinstance(error, FileVanishedError | DiskReadError)
        if maybe_offline and await self._is_offline(file.root, error):
            # Not the file's fault: it stays PENDING until its disk is back.
            await self.context.store.do(files.mark_pending, file.id)
            self.offline_roots.add(file.root)
            return
        if verdict is Verdict.MISSING:
            if not await self.context.store.do(
                inventory.mark_missing, [(file.id, file.path)]
            ):
                # It was renamed during its import, which goes on under its new path.
                await self.context.store.do(files.mark_pending, file.id)
            self.progress.discount_file()
            return
        folder = os.path.dirname(file.path)
        if verdict is Verdict.PASS_OVER:
            await self._pass_over(file, error)
            await self.context.store.do(folder_requeue.requeue_one_per_folder, [folder])
            return
        phase = PhaseNumber(error.phase) if error.phase else None
        await self.context.store.do(
            files.mark_failed, file.id, phase, error, file.signature
        )
        await self.context.store.do(folder_requeue.requeue_one_per_folder, [folder])
        log.warning("file.failed", code=error.code, detail=str(error))
        self.progress.finish_file(file.id, FileStatus.FAILED, ())

    async def _pass_over(self, file: AudioFile, error: FileError) -> None:
        """Take a file that is no music out of the library, and store why."""
        reason = PassedOver(error.code)
        if not await self.context.store.do(passed_over.pass_over_file, file, reason):
            # It was renamed or changed during its import, which starts again.
            await self.context.store.do(files.mark_pending, file.id)
        log.info("file.passed_over", reason=reason.value, detail=str(error))
        self.stale_counts.add(file.root)
        self.progress.discount_file()

    async def _is_offline(self, root: bytes, error: FileError) -> bool:
        if root in self.offline_roots or isinstance(error.__cause__, TimeoutError):
            return True  # the disk has just failed to answer in time
        try:
            return await call_disk(root, self.disk_limit, root_is_offline, root)
        except TimeoutError:
            return True

    def _count_outcome(self, file: AudioFile, outcome: Outcome) -> None:
        if outcome.status is FileStatus.PENDING:
            # A file that moved before it was finished goes on under its old id.
            return
        self.progress.finish_file(
            file.id,
            outcome.status,
            set(outcome.waits_for) - {Need.IDLE},
            analyzed=outcome.analyzed,
        )


async def run_workers(
    count: int,
    queue: WorkQueue,
    context: PhaseContext,
    progress: Progress,
    intake_state: IntakeState,
) -> None:
    """Run `count` workers on one queue until cancelled.

    A music folder whose disk turns out to be away is added to the offline ones.

    Raises:
        ExceptionGroup: A worker cannot go on; the others are stopped as well.
    """
    is_quick = intake_state.is_watched and len(intake_state.roots) > 1
    async with asyncio.TaskGroup() as group:
        for number in range(1, count + 1):
            worker = Worker(
                number,
                queue,
                context,
                progress,
                intake_state.offline_roots,
                disk_limit=PROBE_SECONDS if is_quick else DISK_CALL_TIMEOUT,
                stale_counts=intake_state.stale_counts,
            )
            group.create_task(worker.run(), name=f"worker-{number}")


def _swallow(done: asyncio.Future[Any]) -> None:
    """Retrieve the error of an abandoned task, so that asyncio does not log it."""
    if not done.cancelled():
        done.exception()
