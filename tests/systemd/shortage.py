"""Too little memory: a control group of this machine, for one process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Group", "starved"]

GROUPS: Final = Path("/sys/fs/cgroup")
OLD: Final = GROUPS / "memory"
"""Where the first version of control groups keeps those for memory, if it is used."""

SCARCE_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Group:
    """A control group that lets a process have next to no more memory."""

    path: Path
    old: bool

    @classmethod
    def made(cls) -> "Group":
        """Return a new one."""
        old = OLD.is_dir()
        group = cls((OLD if old else GROUPS) / f"segued-starved-{os.getpid()}", old)
        group.path.mkdir()
        group.put("memory.limit_in_bytes" if old else "memory.max", SCARCE_BYTES)
        if not old and (group.path / "memory.swap.max").exists():
            group.put("memory.swap.max", 0)
        return group

    def put(self, name: str, what: int) -> None:
        """Write a number into one of its files."""
        (self.path / name).write_text(f"{what}\n")

    def kills(self) -> str:
        """Return how often the system has killed in it, and more."""
        told = "memory.oom_control" if self.old else "memory.events"
        return (self.path / told).read_text()


@contextmanager
def starved(process: int) -> Iterator[Group]:
    """Let a process have no more memory than it has; needs root."""
    group = Group.made()
    try:
        group.put("cgroup.procs", process)
        yield group
    finally:
        group.path.rmdir()
