"""Start the fork server, from which all child processes come, and place its sockets."""

import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path
from typing import Any, Final

__all__ = [
    "CHILD_ENVIRONMENT",
    "remove_old_socket_folders",
    "start_fork_server",
    "stop_fork_server",
    "use_socket_folder",
]

SOCKETS_PREFIX: Final = "sockets-"

KEPT_BYTES: Final = 16 << 20
CHILD_ENVIRONMENT: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(KEPT_BYTES),
    "MALLOC_TRIM_THRESHOLD_": str(KEPT_BYTES),
    "SPT_NOENV": "1",
}
"""Environment of child processes.

One CPU for each. glibc keeps so many freed bytes in a process: the arrays of the next
file take them again. Otherwise it returns most of them, and the system clears new ones
each time, which costs a tenth of the analysis. setproctitle does not write a name over
the environment that /proc shows.
"""

_PRELOADED_MODULES: Final = (
    "segued.compute.silence_output",
    "segued.compute.child",
    "segued.media.file_analysis",
    "chromaprint",
    "segued.media.decoding.libav",
    "segued.media.decoding.sndfile",
    "soxr",
    "segued.media.tags.reader",
    "segued.media.moving_picture",
)


def use_socket_folder(parent: Path) -> None:
    """Keep the sockets of the fork server in a new folder in `parent`.

    They would be in the system's temporary folder otherwise, where a process that is
    killed leaves them for good. Call this before `start_fork_server`.
    """
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=SOCKETS_PREFIX, dir=parent)
        descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return  # the command that uses `parent` reports why
    # As `multiprocessing.util.get_temp_dir` does: there is no public function. By
    # descriptor, because a socket's path has at most 107 bytes; only this process
    # uses it.
    _process_config()["tempdir"] = f"/proc/self/fd/{descriptor}"
    util.Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=-100)


def remove_old_socket_folders(parent: Path) -> None:
    """Remove the socket folders in `parent` that killed processes left.

    Raises:
        OSError: One cannot be removed.
    """
    own = os.path.realpath(_process_config().get("tempdir", ""))
    for folder in parent.glob(f"{SOCKETS_PREFIX}*"):
        if os.path.realpath(folder) != own:
            shutil.rmtree(folder)


def _process_config() -> dict[str, Any]:
    process: Any = multiprocessing.current_process()
    config: dict[str, Any] = process._config  # noqa: SLF001
    return config


def start_fork_server() -> None:
    """Start the fork server, which imports the modules that children use.

    That takes as long as the rest of a start, so this is called first, and both run
    in parallel.
    """
    for name, value in CHILD_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    multiprocessing.get_context("forkserver").set_forkserver_preload(
        list(_PRELOADED_MODULES)
    )
    # If this fails, the pools try again and report the error.
    with suppress(OSError):
        # First, because starting the tracker unblocks SIGINT in this thread.
        resource_tracker.ensure_running()
        with _interrupts_blocked():
            _ensure_fork_server()


def _ensure_fork_server() -> None:
    try:
        forkserver.ensure_running()
    except OSError:
        # The file system of the socket folder may have no sockets.
        if _process_config().pop("tempdir", None) is None:
            raise
        forkserver.ensure_running()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Start processes that never get SIGINT; this one gets it at the end.

    The fork server ignores SIGINT only after its imports: a Ctrl-C before that would
    end it with a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stop_fork_server() -> None:
    """Stop the fork server, which ends its children; wait until it has ended."""
    # As in multiprocessing's own tests: there is no public function.
    stop = getattr(forkserver._forkserver, "_stop", None)  # noqa: SLF001
    if stop is not None:
        stop()
