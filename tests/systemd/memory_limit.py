"""A cgroup of the host that limits the memory of one process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["MemoryGroup", "limit_memory"]

GROUPS: Final = Path("/sys/fs/cgroup")
V1_MEMORY: Final = GROUPS / "memory"
"""The memory hierarchy of cgroups v1, if the host uses it."""

SCARCE_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class MemoryGroup:
    """A cgroup with a memory limit of SCARCE_BYTES."""

    path: Path
    is_v1: bool

    @classmethod
    def create(cls) -> "MemoryGroup":
        """Create the cgroup."""
        is_v1 = V1_MEMORY.is_dir()
        group = cls(
            (V1_MEMORY if is_v1 else GROUPS) / f"segued-starved-{os.getpid()}", is_v1
        )
        group.path.mkdir()
        group.write("memory.limit_in_bytes" if is_v1 else "memory.max", SCARCE_BYTES)
        if not is_v1 and (group.path / "memory.swap.max").exists():
            group.write("memory.swap.max", 0)
        return group

    def write(self, name: str, value: int) -> None:
        """Write a number to a file of the cgroup."""
        (self.path / name).write_text(f"{value}\n")

    def oom_events(self) -> str:
        """Return the counters of the cgroup, among them that of OOM kills."""
        name = "memory.oom_control" if self.is_v1 else "memory.events"
        return (self.path / name).read_text()


@contextmanager
def limit_memory(process: int) -> Iterator[MemoryGroup]:
    """Move a process into a cgroup without free memory; needs root."""
    group = MemoryGroup.create()
    try:
        group.write("cgroup.procs", process)
        yield group
    finally:
        group.path.rmdir()
