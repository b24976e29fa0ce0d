"""A short attack on the page; `contrib/attack` runs a long one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.attack import Bounds, own_target, run_attacks


def test_person_is_served_during_attacks(tmp_path: Path) -> None:
    """No error but as JSON, no hang, no lockout, and bounded processor and memory."""
    bounds = Bounds(requests=300, connections=400, seconds=1.5, person_seconds=60.0)

    with own_target(tmp_path) as target:
        results = run_attacks(target, bounds, may_change=True)

    problems = {each.attack: each.problems for each in results if each.problems}
    assert problems == {}
    assert all(each.sent for each in results)
    assert all(each.person.served for each in results)


@pytest.mark.parametrize("host", ["192.0.2.1", "::", "localhost", "2130706433"])
def test_only_loopback_addresses_are_attacked(host: str) -> None:
    """Other machines are never sent anything."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.attack", "--host", host],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "not a loopback address" in done.stderr
