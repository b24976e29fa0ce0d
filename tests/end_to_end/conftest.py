"""Fixtures of the end-to-end tests."""

from pathlib import Path

import pytest
from sample_library import make_library

from tests.end_to_end.segued_runner import SeguedRunner


@pytest.fixture(name="sample", scope="session")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample music that `contrib/run` makes, written once."""
    folder = tmp_path_factory.mktemp("sample") / "music"
    make_library(folder, seconds=22.0)
    return folder


@pytest.fixture(name="segued")
def _segued(tmp_path: Path) -> SeguedRunner:
    """A library of its own for each test."""
    return SeguedRunner(tmp_path / "state")
