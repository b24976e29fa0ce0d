"""The command that installs an extra, as it works for this installation."""

import os
import sys
from pathlib import Path
from typing import Final

import segued

__all__ = ["install_extra_command"]

SERVICE_PREFIX: Final = "/opt/segued/"
CONTAINER_MARKS: Final = ("/.dockerenv", "/run/.containerenv")


def install_extra_command(
    extra: str, prefix: str = sys.prefix, package: str = segued.__file__
) -> str:
    """Return the command: for the service, a checkout, a container, or pip.

    Args:
        extra: The name of the extra.
        prefix: The environment that Python runs in.
        package: The file of the package.
    """
    if prefix.startswith(SERVICE_PREFIX):
        return f"sudo contrib/install --with {extra}"
    source = Path(package).parents[2]
    if (source / "pyproject.toml").exists():
        return f"{prefix}/bin/pip install -e '{source}[{extra}]'"
    if any(map(os.path.exists, CONTAINER_MARKS)):
        return f"pip install 'segued[{extra}]', in the image"
    return f"{prefix}/bin/pip install 'segued[{extra}]'"
