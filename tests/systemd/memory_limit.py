"""Too little memory: a control group of this machine, for one process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["MemoryGroup", "limit_memory"]

GROUPS: Final = Path("/sys/fs/cgroup")
V1_MEMORY: Final = GROUPS / "memory"
"""Where the first version of control groups keeps those for memory, if it is used."""

SCARCE_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class MemoryGroup:
    """A control group that lets a process have next to no more memory."""

    path: Path
    is_v1: bool

    @classmethod
    def create(cls) -> "MemoryGroup":
        """Return a new one."""
        old = V1_MEMORY.is_dir()
        group = cls(
            (V1_MEMORY if old else GROUPS) / f"segued-starved-{os.getpid()}", old
        )
        group.path.mkdir()
        group.write("memory.limit_in_bytes" if old else "memory.max", SCARCE_BYTES)
        if not old and (group.path / "memory.swap.max").exists():
            group.write("memory.swap.max", 0)
        return group

    def write(self, name: str, what: int) -> None:
        """Write a number into one of its files."""
        (self.path / name).write_text(f"{what}\n")

    def oom_events(self) -> str:
        """Return how often the system has killed in it, and more."""
        told = "memory.oom_control" if self.is_v1 else "memory.events"
        return (self.path / told).read_text()


@contextmanager
def limit_memory(process: int) -> Iterator[MemoryGroup]:
    """Let a process have no more memory than it has; needs root."""
    group = MemoryGroup.create()
    try:
        group.write("cgroup.procs", process)
        yield group
    finally:
        group.path.rmdir()
