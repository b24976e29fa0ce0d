"""The daemon's end of the connections to its nodes: dask's scheduler, without tasks."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from distributed.diagnostics.plugin import SchedulerPlugin
from distributed.scheduler import Scheduler

from segued.cluster.authority import Authority
from segued.cluster.dask_library import TlsSecurity, configure, restrict
from segued.cluster.handshakes import limit_handshakes
from segued.cluster.key_files import AuthorityFiles, home_context, load_revoked
from segued.cluster.messages import (
    ANSWER_OP,
    CANCEL_OP,
    JOB_OP,
    REPORT_OP,
    VERDICT_OP,
    AnyJob,
    JobAnswer,
    MakeupVerdict,
    Report,
    decode,
    encode,
)
from segued.cluster.nodes import Nodes
from segued.config.cluster_sections import ClusterSection
from segued.errors import ConfigError

__all__ = ["ClusterScheduler"]

log: Final = structlog.get_logger()

CHECK_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 3.0


class ClusterScheduler:
    """Listens for nodes, and keeps `nodes` up to date.

    Attributes:
        nodes: The nodes that have joined.
    """

    def __init__(
        self,
        section: ClusterSection,
        folder: Path,
        spool: Path,
        nodes: Nodes,
        roots: Sequence[bytes],
    ) -> None:
        """Prepare.

        Args:
            section: The configuration.
            folder: The folder of the authority, which is created if necessary.
            spool: A folder for temporary files.
            nodes: Takes the nodes; its makeups are set.
            roots: The music folders.
        """
        self._roots: Final = tuple(roots)
        self._section: Final = section
        self._folder: Final = folder
        self._spool: Final = spool
        self.nodes: Final = nodes
        nodes.send_job, nodes.send_cancel = self._send_job, self._send_cancel
        self._scheduler: Scheduler | None = None

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Listen until cancelled.

        Args:
            on_ready: Called when nodes can join.

        Raises:
            ConfigError: The keys cannot be used, or the address cannot be listened on.
        """
        await asyncio.to_thread(Authority(self._folder).prepare)
        context = await asyncio.to_thread(home_context, self._folder)
        configure(self._section.lost_seconds)
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        host, _, port = self._section.listen.rpartition(":")
        try:
            self._scheduler = scheduler = Scheduler(
                host=host,
                port=int(port),
                protocol="tls",
                security=TlsSecurity(context),
                dashboard=False,
                dashboard_address="127.0.0.1:0",
                local_directory=str(self._spool),
                extensions={},
                plugins=[_Membership(self.nodes)],
            )
            restrict(
                scheduler, {ANSWER_OP: self._take_answer, REPORT_OP: self._take_report}
            )
            await scheduler
            for listener in scheduler.listeners:
                limit_handshakes(listener)
        except (OSError, ValueError, RuntimeError) as error:
            reason = error.__cause__ or error
            raise ConfigError(f"[cluster] listen = {host}:{port}: {reason}") from error
        try:
            log.info("cluster.listening", address=self._section.listen)
            on_ready()
            await self._watch(context)
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await scheduler.close()
            for node in self.nodes.all:
                self.nodes.leave(node.address)

    async def _watch(self, context: Any) -> None:  # noqa: ANN401
        """Remove nodes that are silent or whose key is revoked, until cancelled."""
        files = AuthorityFiles(self._folder)
        stamp = await asyncio.to_thread(_stamp, files.revoked)
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            silent_since = time.monotonic() - self._section.lost_seconds
            lost = [each for each in self.nodes.all if each.last_seen < silent_since]
            now = await asyncio.to_thread(_stamp, files.revoked)
            if now != stamp:
                stamp = now
                with suppress(OSError):
                    load_revoked(context, self._folder)
                valid = await asyncio.to_thread(files.names)
                lost += [each for each in self.nodes.all if each.name not in valid]
            for node in lost:
                await self._remove(node.address)

    async def _remove(self, address: str) -> None:
        if self._scheduler is not None:
            await self._scheduler.remove_worker(address, stimulus_id="segued")
        self.nodes.leave(address)

    def _send_job(self, address: str, job: AnyJob) -> None:
        self._send(address, {"op": JOB_OP, "body": encode(job)})

    def _send_cancel(self, address: str, job_id: int) -> None:
        self._send(address, {"op": CANCEL_OP, "job": job_id})

    def _send(self, address: str, message: dict[str, Any]) -> None:
        if self._scheduler is not None:
            with suppress(KeyError):  # it has left
                self._scheduler.worker_send(address, message)

    def _take_answer(self, body: bytes, worker: str) -> None:
        with suppress(msgspec.DecodeError):
            self.nodes.answer(worker, decode(body, JobAnswer))

    def _take_report(self, body: bytes, worker: str) -> None:
        try:
            differences = self.nodes.report(worker, decode(body, Report))
        except msgspec.DecodeError as error:
            log.warning("node.unreadable", address=worker, reason=str(error))
            return
        if differences is not None:
            verdict = MakeupVerdict(dict(differences), self._roots)
            self._send(worker, {"op": VERDICT_OP, "body": encode(verdict)})


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


class _Membership(SchedulerPlugin):
    """Tells who joins and who leaves."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes: Final = nodes

    def add_worker(self, scheduler: Scheduler, worker: str) -> None:
        """Add a node."""
        self._nodes.join(worker, str(scheduler.workers[worker].name))

    def remove_worker(
        self, scheduler: Scheduler, worker: str, *, stimulus_id: str, **_: object
    ) -> None:
        """Remove a node."""
        del scheduler, stimulus_id
        self._nodes.leave(worker)
