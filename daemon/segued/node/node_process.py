"""The process of a node: it joins the daemon, runs its jobs, and joins again."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from segued.cluster.key_files import node_context, node_name
from segued.cluster.makeup import collect_makeup, difference_lines
from segued.cluster.messages import AnyJob, JobAnswer, MakeupVerdict, Report
from segued.compute.pools import ProcessPools
from segued.config.cluster_sections import SentWork
from segued.config.node_config import NodeConfig
from segued.daemon import systemd
from segued.errors import ConfigError, DaemonError
from segued.exit_codes import ExitCode
from segued.node.connection import NodeEvents, NodeWorker
from segued.node.jobs import JobRunner, claim_spool
from segued.node.mounts import Mounts
from segued.node.power import is_on_battery
from segued.paths import is_within, shown
from segued.pipeline.schedule import ActiveHours
from segued.units import Seconds

__all__ = ["NodeProcess"]

log: Final = structlog.get_logger()

REPORT_SECONDS: Final = 2.0
MOUNT_SECONDS: Final = 5.0
"""How often the music folders are looked at while there is work, or one is missing."""

IDLE_MOUNT_SECONDS: Final = 60.0
"""How often otherwise: the disks of a server may sleep."""

RELEASE_SECONDS: Final = 60.0
"""After so long without work all child processes are stopped."""

BACKOFF_SECONDS: Final = (0.5, 5.0)
"""The first and the longest wait before another try to join."""

VERDICT_SECONDS: Final = 20.0

VERBS: Final[dict[SentWork, str]] = {"hearing": "analyze", "decoding": "decode"}

FILE_LIMIT: Final = Seconds(1_800)
"""For jobs without a limit of their own; each has one."""


class NodeProcess:
    """The life of a node process."""

    def __init__(self, config: NodeConfig) -> None:
        self._config: Final = config
        self._name: Final = node_name(config.key_file)
        self._context: Final = node_context(config.key_file)
        self._pools: Final = ProcessPools(
            processes=config.processes,
            memory_mib=config.node.memory_mib,
            file_limit=FILE_LIMIT,
        )
        self._mounts: Final = Mounts(config.node.music)
        self._runner: Final = JobRunner(
            self._pools, self._mounts, config.models_folder, config.spool
        )
        self._hours: Final = ActiveHours(config.node.hours)
        self._makeup: dict[str, str] = {}
        self._tasks: Final[dict[int, asyncio.Task[None]]] = {}
        self._mounts_seen = (0.0, "")
        self._stop: Final = asyncio.Event()
        self._verdict: Final[asyncio.Queue[MakeupVerdict]] = asyncio.Queue()

    async def serve(self) -> int:
        """Work for the daemon until a signal stops it; return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        await self._prepare()
        systemd.notify("READY=1", "STATUS=Joining")
        stopping = asyncio.create_task(self._stop.wait())
        working = asyncio.create_task(self._work())
        await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
        systemd.notify("STOPPING=1")
        working.cancel()
        await asyncio.wait({working})
        stopping.cancel()
        self._pools.close()
        if not working.cancelled() and (error := working.exception()):
            raise error
        return ExitCode.ALL_DONE

    async def check(self, write: Callable[[str], None]) -> int:
        """Join, write what this node may do and why not, and leave.

        Returns:
            The exit code: whether it may do anything.
        """
        await self._prepare()
        worker = self._new_worker()
        await worker.join()
        try:
            report = await self._report()
            worker.report(report)
            async with asyncio.timeout(VERDICT_SECONDS):
                verdict = await self._verdict.get()
        except TimeoutError as error:
            address = self._config.node.join
            raise DaemonError(f"{address}: the daemon does not answer") from error
        finally:
            await worker.leave()
            self._pools.close()
        lines, is_useful = check_lines(self._name, report, verdict)
        for line in lines:
            write(line)
        return ExitCode.ALL_DONE if is_useful else ExitCode.NOT_ALL_DONE

    async def _prepare(self) -> None:
        """Create the spool, and collect the versions.

        Raises:
            ConfigError: The spool cannot be used.
        """
        spool = self._config.spool
        try:
            await asyncio.to_thread(claim_spool, spool)
        except BlockingIOError as error:
            raise ConfigError(f"{spool}: another node uses this folder") from error
        except OSError as error:
            raise ConfigError(f"{spool}: cannot be used: {error.strerror}") from error
        models = str(self._config.models_folder)
        self._makeup = await self._pools.run_short(None, collect_makeup, b"/", models)

    def _new_worker(self) -> NodeWorker:
        return NodeWorker(
            self._config.node.join,
            self._name,
            self._context,
            self._config.spool,
            NodeEvents(self._start_job, self._cancel_job, self._verdict.put_nowait),
        )

    async def _work(self) -> None:
        """Join again and again, until cancelled."""
        wait = BACKOFF_SECONDS[0]
        reason = ""
        while True:
            worker = self._worker = self._new_worker()
            try:
                await worker.join()
            except DaemonError as error:
                if str(error) != reason:
                    reason = str(error)
                    log.warning("cluster.refused", reason=reason)
                    systemd.notify(f"STATUS=Waiting: {reason}")
                await asyncio.sleep(wait)
                wait = min(2 * wait, BACKOFF_SECONDS[1])
                continue
            wait, reason = BACKOFF_SECONDS[0], ""
            log.info("cluster.joined", address=self._config.node.join)
            systemd.notify(f"STATUS=Works for {self._config.node.join}")
            reporting = asyncio.create_task(self._report_regularly(worker))
            try:
                await worker.finished()
            finally:
                reporting.cancel()
                self._cancel_all()
                await worker.leave()
            log.warning("cluster.lost", address=self._config.node.join)
            await asyncio.sleep(wait)

    async def _report_regularly(self, worker: NodeWorker) -> None:
        differences: list[str] = []
        while True:
            report = await self._report()
            worker.report(report)
            if report.rests:
                self._cancel_all(report.rests)
            while not self._verdict.empty():
                found = difference_lines(self._verdict.get_nowait().differences)
                if found and found != differences:
                    log.warning("cluster.differs", reason=found[0])
                differences = found
            if not self._tasks and self._pools.idle_seconds > RELEASE_SECONDS:
                await self._pools.release_processes()
            await asyncio.sleep(REPORT_SECONDS)

    async def _report(self) -> Report:
        await self._check_mounts()
        return Report(
            socket.gethostname(),
            self._config.processes,
            len(self._tasks),
            self._makeup,
            self._mounts.present,
            self._mounts.missing,
            await self._why_resting(),
        )

    async def _why_resting(self) -> str:
        if opens_at := self._hours.opens_at:
            return f"it works from {opens_at} on"
        if not self._config.node.on_battery and await asyncio.to_thread(is_on_battery):
            return "it runs on battery"
        return ""

    async def _check_mounts(self) -> None:
        checked_at, mounts_then = self._mounts_seen
        mounts = await asyncio.to_thread(_mounted)
        age = time.monotonic() - checked_at
        is_active = self._tasks or self._mounts.missing or mounts != mounts_then
        if age < (MOUNT_SECONDS if is_active else IDLE_MOUNT_SECONDS):
            return
        self._mounts_seen = (time.monotonic(), mounts)
        await self._mounts.check()

    def _start_job(self, job: AnyJob) -> None:
        if job.id not in self._tasks:
            self._tasks[job.id] = asyncio.create_task(self._run_job(job, self._worker))

    async def _run_job(self, job: AnyJob, worker: NodeWorker) -> None:
        try:
            worker.answer(await self._runner.run(job))
        finally:
            del self._tasks[job.id]

    def _cancel_job(self, job_id: int) -> None:
        if task := self._tasks.get(job_id):
            task.cancel()

    def _cancel_all(self, reason: str = "") -> None:
        """Cancel all jobs; the daemon is told if there is a reason."""
        for job_id, task in self._tasks.items():
            task.cancel()
            if reason:
                self._worker.answer(JobAnswer(job_id, elsewhere=reason))


def _mounted() -> str:
    """Return what is mounted, which does not touch any disk."""
    with suppress(OSError), open("/proc/self/mountinfo", encoding="latin-1") as file:
        return file.read()
    return ""


def check_lines(
    name: str, report: Report, verdict: MakeupVerdict
) -> tuple[list[str], bool]:
    """Return what a node may do, in lines for people, and whether that is anything."""
    lines = [f"{name}: joined; {report.slots} at once"]
    able: list[str] = []
    for work, differences in verdict.differences.items():
        verb = VERBS[work]
        lines += [f"may not {verb}: {each}" for each in differences]
        able += [] if differences else [verb]
    usable = False
    for root in verdict.roots:
        offered = any(_covers(each, root) for each in report.roots)
        missing = any(_covers(each, root) for each in report.missing)
        why = "not there, or empty" if missing else "not configured here"
        lines.append(f"{shown(root)}: {'there' if offered else why}")
        usable = usable or offered
    if report.rests:
        lines.append(f"rests now: {report.rests}")
    may = usable and bool(able)
    lines.append(f"may {' and '.join(able)}" if may else "gets no work")
    return lines, may


def _covers(folder: bytes, root: bytes) -> bool:
    return is_within(root, folder) or is_within(folder, root)
