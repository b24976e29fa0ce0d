"""Music in every format, made once."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def formats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that holds one piece of music in every format."""
    return tmp_path_factory.mktemp("formats")
