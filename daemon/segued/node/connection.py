"""The node's end of its connection to the daemon: dask's worker, without tasks."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from distributed.worker import Worker

from segued.cluster.dask_library import TlsSecurity, configure, restrict
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
    decode_job,
    encode,
)
from segued.errors import DaemonError

__all__ = ["NodeEvents", "NodeWorker"]

JOIN_SECONDS: Final = 30.0
PROBE_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 3.0
LOST_SECONDS: Final = 15


@dataclass(frozen=True, slots=True)
class NodeEvents:
    """What is called with the daemon's messages.

    Attributes:
        on_job: Called with each job.
        on_cancel: Called with the id of each job that is not wanted any more.
        on_verdict: Called with what the daemon says to the first report.
    """

    on_job: Callable[[AnyJob], None]
    on_cancel: Callable[[int], None]
    on_verdict: Callable[[MakeupVerdict], None]


class NodeWorker:
    """A connection to the daemon, from its beginning to its end."""

    def __init__(
        self,
        address: str,
        name: str,
        context: ssl.SSLContext,
        spool: Path,
        events: NodeEvents,
    ) -> None:
        """Prepare.

        Args:
            address: The address and the port of the daemon.
            name: The name of the node.
            context: The TLS context.
            spool: A folder for temporary files.
            events: What is called with the daemon's messages.
        """
        self._address: Final = address
        self._name: Final = name
        self._context: Final = context
        self._spool: Final = spool
        self._events: Final = events
        self._worker: Worker

    async def join(self) -> None:
        """Connect to the daemon.

        Raises:
            DaemonError: No daemon answers, or it refuses this node.
        """
        await self._probe()
        configure(LOST_SECONDS)
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self._worker = worker = Worker(
            f"tls://{self._address}",
            name=self._name,
            # Nobody connects to a node: its ports are for itself.
            host="127.0.0.1",
            port=0,
            protocol="tls",
            dashboard_address="127.0.0.1:0",
            security=TlsSecurity(self._context),
            local_directory=str(self._spool),
            nthreads=1,
            memory_limit=0,
            extensions={},
            metrics={},
            startup_information={},
        )
        restrict(
            worker,
            {
                JOB_OP: self._take_job,
                CANCEL_OP: self._take_cancel,
                VERDICT_OP: self._take_verdict,
            },
        )
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                await worker
        except (OSError, RuntimeError, ValueError) as error:
            await self.leave()
            is_taken = "name taken" in repr(error) + repr(error.__cause__)
            reason = (
                "a node of this name is there" if is_taken else "it does not answer"
            )
            raise DaemonError(f"{self._address}: {reason}") from error

    async def _probe(self) -> None:
        """Connect once, for the reason if that fails: dask only tries again."""
        host, _, port = self._address.rpartition(":")
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                reader, writer = await asyncio.open_connection(
                    host.strip("[]"), int(port), ssl=self._context
                )
                try:
                    greeting = await reader.read(1)
                finally:
                    writer.transport.abort()
        except ssl.SSLCertVerificationError as error:
            reason = f"not the daemon that the key is for: {error.verify_message}"
        except ssl.SSLError as error:
            reason = f"the daemon refuses the key: {(error.reason or '').lower()}"
        except TimeoutError:
            reason = f"no answer within {PROBE_SECONDS:g} s"
        except OSError as error:
            reason = error.strerror or str(error)
        else:
            if greeting:
                return
            reason = "the daemon closes the connection"
        raise DaemonError(f"{self._address}: {reason}")

    async def finished(self) -> None:
        """Wait until the connection has ended."""
        await self._worker.finished()  # type: ignore[no-untyped-call]

    async def leave(self) -> None:
        """End the connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._worker.close(timeout=CLOSE_SECONDS, executor_wait=False)

    def report(self, report: Report) -> None:
        """Tell the daemon what this node offers."""
        self._send({"op": REPORT_OP, "body": encode(report)})

    def answer(self, answer: JobAnswer) -> None:
        """Send the answer to a job."""
        self._send({"op": ANSWER_OP, "body": encode(answer)})

    def _send(self, message: dict[str, Any]) -> None:
        self._worker.batched_send(message)

    def _take_job(self, body: bytes) -> None:
        with suppress(msgspec.DecodeError):
            self._events.on_job(decode_job(body))

    def _take_cancel(self, job: int) -> None:
        self._events.on_cancel(job)

    def _take_verdict(self, body: bytes) -> None:
        with suppress(msgspec.DecodeError):
            self._events.on_verdict(decode(body, MakeupVerdict))
