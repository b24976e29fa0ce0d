"""dask.distributed, with all that segued does not need switched off.

It connects the daemon and its nodes: who is there, encrypted streams between them. Jobs
are segued's own messages on these streams, so that nobody can send any code with them;
what dask would run or store for others is blocked.
"""

import os
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

# Read when the library is imported: no configuration of other users of dask, and no
# file written in a home folder.
os.environ["DASK_CONFIG"] = os.environ["DASK_ROOT_CONFIG"] = os.devnull

import dask
from distributed.core import Server
from distributed.security import Security

__all__ = ["TlsSecurity", "configure", "restrict"]

ALLOWED_REQUESTS: Final = frozenset(
    {"heartbeat_worker", "register-worker", "unregister"}
)
ALLOWED_MESSAGES: Final = frozenset(
    {"close", "keep-alive", "remove-worker", "worker-status-change"}
)
"""What may be requested of a server, and what is handled on its streams."""


class TlsSecurity(Security):
    """TLS with a context of our own, which each side has checked by the other."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(require_encryption=True)  # type: ignore[no-untyped-call]
        self._context: Final = context

    def get_connection_args(self, role: str) -> dict[str, Any]:
        """Return what a connection is opened with."""
        del role
        return self._arguments()

    def get_listen_args(self, role: str) -> dict[str, Any]:
        """Return what a port is opened with."""
        del role
        return self._arguments()

    def _arguments(self) -> dict[str, Any]:
        return {"ssl_context": self._context, "require_encryption": True}


def configure(lost_seconds: int) -> None:
    """Set the library's options for this process.

    Args:
        lost_seconds: How long a peer may be silent; at least 11.
    """
    seconds = f"{lost_seconds}s"
    dask.config.set(
        {
            "distributed.admin.low-level-log-length": 0,
            "distributed.admin.log-length": 0,
            "distributed.admin.tick.interval": "1h",
            "distributed.admin.system-monitor.interval": "60s",
            "distributed.admin.system-monitor.disk": False,
            "distributed.admin.system-monitor.gil.enabled": False,
            "distributed.comm.timeouts.connect": "10s",
            "distributed.comm.timeouts.tcp": seconds,
            "distributed.comm.compression": False,
            "distributed.diagnostics.nvml": False,
            "distributed.diagnostics.computations.max-history": 0,
            "distributed.scheduler.active-memory-manager.start": False,
            "distributed.scheduler.events-cleanup-delay": "1s",
            "distributed.scheduler.http.routes": [],
            "distributed.scheduler.work-stealing": False,
            "distributed.scheduler.worker-ttl": seconds,
            "distributed.worker.http.routes": [],
            "distributed.worker.memory.pause": False,
            "distributed.worker.memory.spill": False,
            "distributed.worker.memory.target": False,
            "distributed.worker.memory.terminate": False,
            "distributed.worker.profile.enabled": False,
        }
    )


def restrict(server: Server, handlers: dict[str, Callable[..., None]]) -> None:
    """Take from a server what segued does not need, before it is started.

    Args:
        server: The server.
        handlers: What handles segued's messages on the streams, by their names.
    """
    server.blocked_handlers = [
        each for each in server.handlers if each not in ALLOWED_REQUESTS
    ]
    for name in set(server.stream_handlers) - ALLOWED_MESSAGES:
        server.stream_handlers[name] = _ignore
    server.stream_handlers.update(handlers)
    for name in ("idle-timeout", "no-workers-timeout", "find-missing"):
        server.periodic_callbacks.pop(name, None)
    # Its folder is where Python looks for modules first.
    with suppress(ValueError):
        sys.path.remove(server.local_directory)


def _ignore(**message: object) -> None:
    del message
