"""The cost of a command and all its processes: `bench.measure`.

Each test measures in a process of its own, because that process adopts orphans.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import bench.measure

BENCH: Final = Path(bench.measure.__file__).parent.parent
BUSY: Final = "import time\nwhile time.process_time() < 0.5: pass"


def measure_program(program: str, *, memory: bool = False) -> tuple[float, float]:
    """Return the CPU seconds and peak PSS of a Python program."""
    script = (
        "from bench.measure import measure_cost\n"
        f"command = [{sys.executable!r}, '-c', {program!r}]\n"
        f"cost = measure_cost(command, memory={memory})\n"
        "print(cost.cpu, cost.memory.pss)"
    )
    output = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(BENCH)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    cpu, pss = map(float, output.split())
    return cpu, pss


def test_an_orphan_is_counted() -> None:
    """The measurement waits for orphaned processes and includes their CPU time."""
    program = (
        f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {BUSY!r}])"
    )

    cpu, _ = measure_program(program)

    assert 0.5 < cpu < 2


def test_a_killed_child_is_counted() -> None:
    """The CPU time of a killed child is included, even if its parent did not wait."""
    child = f"{BUSY}\nprint('done', flush=True)\ntime.sleep(60)"
    program = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=-1)\n"
        "child.stdout.readline(); child.kill(); os._exit(0)"
    )

    cpu, _ = measure_program(program)

    assert 0.5 < cpu < 2


def test_memory_is_that_of_parent_and_child_together() -> None:
    """The peak is that of the sum over parent and child at one time."""
    hold = "held = b'x' * (60 << 20)\nimport time\ntime.sleep(1)"
    program = (
        "import subprocess, sys\nheld = b'x' * (40 << 20)\n"
        f"subprocess.run([sys.executable, '-c', {hold!r}])"
    )

    _, pss = measure_program(program, memory=True)

    assert 100 < pss < 140
