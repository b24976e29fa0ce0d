"""Music for whole-program stories, made once."""

from pathlib import Path

import pytest
from sample_library import make_library

from tests.stories.program import Segued


@pytest.fixture(name="sample", scope="session")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample library that `contrib/run` makes."""
    folder = tmp_path_factory.mktemp("sample") / "music"
    make_library(folder, seconds=22.0)
    return folder


@pytest.fixture(name="segued")
def _segued(tmp_path: Path) -> Segued:
    """A library of its own."""
    return Segued(tmp_path / "state")
