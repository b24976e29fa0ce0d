"""A machine to run a daemon on: a real systemd, in namespaces of its own."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

__all__ = ["Machine", "boot_machine", "wait_for"]

T = TypeVar("T")

BOOT: Final = Path(__file__).with_name("boot")
BOOT_SECONDS: Final = 60.0
COMMAND_SECONDS: Final = 90.0
TIMEOUT_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.02

PRIVATE: Final = "/run/systemd/private"
"""Where systemd listens, once it does."""

NAME_PREFIX: Final = "segued-boot-"
"""What its folder and its control group are called; the process follows."""

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
"""One that is in use cannot be removed, so that those of others stay."""


@dataclass(frozen=True)
class Machine:
    """A booted systemd.

    Its files are touched by commands on it alone: from here, a link in one of
    their paths would lead to files of ours.

    Attributes:
        process: What holds it up.
        init: Its first process, as it is known here.
    """

    process: "subprocess.Popen[bytes]"
    init: int

    def run(self, *command: str) -> str:
        """Run a command on it that has to succeed; return what it printed."""
        done = self.try_run(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def try_run(
        self, *command: str, user: str = "root", stdin: bytes = b""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on it as somebody, and return how it ended."""
        # Else `init` could be another process by now, of this machine.
        assert self.process.poll() is None, "the machine has gone down"
        become = () if user == "root" else ("runuser", "-u", user, "--")
        enter = ("nsenter", "--target", str(self.init), "--all", "--")
        done = subprocess.run(
            (*enter, *become, *command),
            env=ENVIRONMENT,
            input=stdin,
            capture_output=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        said = [part.decode("utf-8", "replace") for part in (done.stdout, done.stderr)]
        return subprocess.CompletedProcess(done.args, done.returncode, *said)

    def write(self, path: str, data: bytes | str) -> None:
        """Write a file, and make the folders that it is in."""
        script = 'mkdir -p "${0%/*}" && cat >"$0"'
        given = data.encode() if isinstance(data, str) else data
        done = self.try_run("sh", "-c", script, path, stdin=given)
        assert done.returncode == 0, done.stderr

    def has(self, path: str) -> bool:
        """Return whether there is something at a path."""
        return self.try_run("ls", "-d", path).returncode == 0


@contextmanager
def boot_machine(binds: Sequence[tuple[Path, str]]) -> Iterator[Machine]:
    """Boot a machine, and leave nothing of it.

    Args:
        binds: Folders of ours, and where they are seen on it, read-only.
    """
    assert os.geteuid() == 0, "booting a systemd needs root: sudo contrib/test"
    # What tests that were killed left behind.
    _clear_groups()
    for left in Path(tempfile.gettempdir()).glob(f"{NAME_PREFIX}*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            _remove(left)
    place = Path(tempfile.mkdtemp(prefix=f"{NAME_PREFIX}{os.getpid()}-"))
    mapped = [f"{source}:{target}" for source, target in binds]
    # It dies with us, whatever happens.
    life = ("setpriv", "--pdeathsig", "KILL", "--", "unshare", "--mount")
    apart = ("--propagation", "private", "--", BOOT, place, place.name)
    with (place / "console").open("wb") as console:
        process = subprocess.Popen(
            (*life, *apart, *mapped),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
        )
    try:
        yield _wait_until_up(process, place)
    finally:
        process.kill()
        process.wait()
        wait_for(lambda: not _clear_groups(place.name))
        _remove(place)


def wait_for(predicate: Callable[[], T], within: float = TIMEOUT_SECONDS) -> T:
    """Return the first true thing that `predicate` returns.

    Raises:
        TimeoutError: There was none in time.
    """
    deadline = time.monotonic() + within
    while not (seen := predicate()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within:g} s; the last was {seen!r}")
        time.sleep(POLL_SECONDS)
    return seen


def _wait_until_up(process: subprocess.Popen[bytes], place: Path) -> Machine:
    """Return the machine, once it is up."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")

    def up() -> list[int]:
        said = (place / "console").read_text("utf-8", "replace")
        assert process.poll() is None, f"systemd did not boot: {said}"
        begun = map(int, children.read_text().split())
        return [each for each in begun if Path(f"/proc/{each}/root{PRIVATE}").exists()]

    (init,) = wait_for(up, BOOT_SECONDS)
    machine = Machine(process, init)
    machine.run("systemctl", "is-system-running", "--wait")
    return machine


def _remove(place: Path) -> None:
    """Remove the folder of a machine that is no more.

    One by one, as none may hold anything: this machine's root was mounted there.
    """
    (place / "console").unlink(missing_ok=True)
    for name in ("groups", "layers", "lower", "root"):
        with suppress(FileNotFoundError):
            (place / name).rmdir()
    place.rmdir()


def _clear_groups(name: str = NAME_PREFIX) -> bool:
    """Remove our control groups that nothing runs in; return if one is left."""
    with tempfile.TemporaryDirectory() as place:
        command = ("unshare", "--mount", "--propagation", "private", "sh", "-c")
        script = REMOVE_GROUPS_SCRIPT + '\n[ -n "$(ls -d "$1/$2"* 2>/dev/null)" ]'
        done = subprocess.run((*command, script, "sh", place, name), check=False)
    return done.returncode == 0
