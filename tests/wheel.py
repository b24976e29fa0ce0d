"""Builds the wheel of this source, without a package index."""

import subprocess
import sys
from pathlib import Path
from typing import Final

__all__ = ["build_wheel"]

REPOSITORY: Final = Path(__file__).parents[1]


def build_wheel(folder: Path) -> Path:
    """Build the wheel into `folder`; return its path."""
    done = subprocess.run(
        (sys.executable, "-m", "hatchling", "build", "--target=wheel", "-d", folder),
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("segued-*.whl")
    return wheel
