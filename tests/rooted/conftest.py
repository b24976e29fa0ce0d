"""A library of its own for each story."""

from pathlib import Path

import pytest

from tests.stories.program import Segued


@pytest.fixture(name="segued")
def _segued(tmp_path: Path) -> Segued:
    return Segued(tmp_path / "state")
