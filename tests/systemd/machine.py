"""A machine to run a daemon on: a real systemd in namespaces of its own."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from tests.limits import WAIT_SECONDS

__all__ = ["Machine", "boot_machine", "wait_for"]

T = TypeVar("T")

BOOT: Final = Path(__file__).with_name("boot")
POLL_SECONDS: Final = 0.02

PRIVATE: Final = "/run/systemd/private"
"""The socket on which systemd listens once it is up."""

NAME_PREFIX: Final = "segued-boot-"
"""The start of the names of folder and cgroup; the process id follows."""

ENVIRONMENT: Final = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "SYSTEMD_PAGER": "cat",
}

REMOVE_GROUPS_SCRIPT: Final = """
mount -t cgroup2 cgroup2 "$1"
for group in "$1/$2"*; do
    [ -d "$group" ] || continue
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
done
"""
"""A cgroup in use cannot be removed, so those of running machines stay."""


@dataclass(frozen=True)
class Machine:
    """A booted systemd.

    Its files are only accessed by commands run on it: opened from the host, a
    symbolic link in their paths would lead to files of the host.

    Attributes:
        process: The process `boot`; the machine ends with it.
        init: The host's id of its first process.
    """

    process: "subprocess.Popen[bytes]"
    init: int

    def run(self, *command: str) -> str:
        """Run a command that must succeed; return its standard output."""
        done = self.try_run(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def try_run(
        self, *command: str, user: str = "root", stdin: bytes = b""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as a user; return exit code and output."""
        # Otherwise the id in `init` could be that of another process by now.
        assert self.process.poll() is None, "the machine has gone down"
        as_user = () if user == "root" else ("runuser", "-u", user, "--")
        enter = ("nsenter", "--target", str(self.init), "--all", "--")
        done = subprocess.run(
            (*enter, *as_user, *command),
            env=ENVIRONMENT,
            input=stdin,
            capture_output=True,
            timeout=WAIT_SECONDS,
            check=False,
        )
        stdout, stderr = (
            part.decode("utf-8", "replace") for part in (done.stdout, done.stderr)
        )
        return subprocess.CompletedProcess(done.args, done.returncode, stdout, stderr)

    def write(self, path: str, data: bytes | str) -> None:
        """Write a file; create its parent folders."""
        script = 'mkdir -p "${0%/*}" && cat >"$0"'
        content = data.encode() if isinstance(data, str) else data
        done = self.try_run("sh", "-c", script, path, stdin=content)
        assert done.returncode == 0, done.stderr

    def has(self, path: str) -> bool:
        """Return whether a path exists."""
        return self.try_run("ls", "-d", path).returncode == 0


@contextmanager
def boot_machine(binds: Sequence[tuple[Path, str]]) -> Iterator[Machine]:
    """Boot a machine; remove it completely at the end of the context.

    Args:
        binds: Folders of the host, and their read-only mount points on the machine.
    """
    assert os.geteuid() == 0, "booting a systemd needs root: sudo contrib/test"
    # Remove the leftovers of tests that were killed.
    _clear_groups()
    for leftover in Path(tempfile.gettempdir()).glob(f"{NAME_PREFIX}*"):
        if not Path("/proc", leftover.name.split("-")[2]).exists():
            _remove(leftover)
    folder = Path(tempfile.mkdtemp(prefix=f"{NAME_PREFIX}{os.getpid()}-"))
    bind_options = [f"{source}:{target}" for source, target in binds]
    # The machine ends with this process, even if it is killed.
    setpriv = ("setpriv", "--pdeathsig", "KILL", "--", "unshare", "--mount")
    boot = ("--propagation", "private", "--", BOOT, folder, folder.name)
    with (folder / "console").open("wb") as console:
        process = subprocess.Popen(
            (*setpriv, *boot, *bind_options),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
        )
    try:
        yield _wait_until_up(process, folder)
    finally:
        process.kill()
        process.wait()
        wait_for(lambda: not _clear_groups(folder.name))
        _remove(folder)


def wait_for(predicate: Callable[[], T]) -> T:
    """Call `predicate` until it returns a true value; return that value.

    Raises:
        TimeoutError: It returned no true value in time.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {WAIT_SECONDS:g} s; the last was {value!r}")
        time.sleep(POLL_SECONDS)
    return value


def _wait_until_up(process: subprocess.Popen[bytes], folder: Path) -> Machine:
    """Return the machine once its boot is complete."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

    def booted() -> list[int]:
        console = (folder / "console").read_text("utf-8", "replace")
        assert process.poll() is None, f"systemd did not boot: {console}"
        pids = map(int, children.read_text().split())
        return [pid for pid in pids if Path(f"/proc/{pid}/root{PRIVATE}").exists()]

    (init,) = wait_for(booted)
    machine = Machine(process, init)
    machine.run("systemctl", "is-system-running", "--wait")
    return machine


def _remove(folder: Path) -> None:
    """Remove the folder of a machine that has ended.

    With rmdir, not recursively: the host's root was mounted below it.
    """
    (folder / "console").unlink(missing_ok=True)
    for name in ("groups", "layers", "lower", "root"):
        with suppress(FileNotFoundError):
            (folder / name).rmdir()
    folder.rmdir()


def _clear_groups(name: str = NAME_PREFIX) -> bool:
    """Remove the unused cgroups of this name; return whether one is left."""
    with tempfile.TemporaryDirectory() as folder:
        command = ("unshare", "--mount", "--propagation", "private", "sh", "-c")
        script = REMOVE_GROUPS_SCRIPT + '\n[ -n "$(ls -d "$1/$2"* 2>/dev/null)" ]'
        done = subprocess.run((*command, script, "sh", folder, name), check=False)
    return done.returncode == 0
