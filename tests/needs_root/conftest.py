"""Fixtures of the tests that need root."""

from pathlib import Path

import pytest

from tests.end_to_end.segued_runner import SeguedRunner


@pytest.fixture(name="segued")
def _segued(tmp_path: Path) -> SeguedRunner:
    """A library of its own for each test."""
    return SeguedRunner(tmp_path / "state")
