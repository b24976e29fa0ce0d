"""Fixture: one recording in every format, encoded once."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def formats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder for one recording in every format."""
    return tmp_path_factory.mktemp("formats")
