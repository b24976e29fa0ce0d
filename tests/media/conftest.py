"""What is there to test depends on what is installed."""

from pathlib import Path

import pytest

from segued.media.analyzers import essentia

collect_ignore = (
    [] if essentia.available() else ["test_classifiers.py", "test_essentia.py"]
)
"""Essentia is an extra. Where it is not installed there is nothing to test."""


@pytest.fixture(scope="session")
def formats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that holds one piece of music in every format."""
    return tmp_path_factory.mktemp("formats")
