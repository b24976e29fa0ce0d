"""The command that installs an extra, as it works for this installation."""

import os
import sys
from pathlib import Path
from typing import Final

import segued

__all__ = ["install_extra_command"]

SERVICE_PREFIX: Final = "/opt/segued/"
DEBIAN_PACKAGE: Final = "/var/lib/dpkg/info/segued.list"
CONTAINER_MARKS: Final = ("/.dockerenv", "/run/.containerenv")


def install_extra_command(
    extra: str, prefix: str = sys.prefix, package: str = segued.__file__
) -> str:
    """Return the command: for the service, a checkout, an image, or pip.

    Args:
        extra: The name of the extra.
        prefix: The environment that Python runs in.
        package: The file of the package.
    """
    in_container = any(map(os.path.exists, CONTAINER_MARKS))
    if prefix.startswith(SERVICE_PREFIX):
        if in_container:
            return f"podman build --build-arg WITH={extra}, with the Containerfile"
        script = (
            "contrib/deb" if os.path.exists(DEBIAN_PACKAGE) else "sudo contrib/install"
        )
        return f"{script} --with {extra}"
    source = Path(package).parents[2]
    if (source / "pyproject.toml").exists():
        return f"{prefix}/bin/pip install -e '{source}[{extra}]'"
    if in_container:
        return f"pip install 'segued[{extra}]', in the image"
    return f"{prefix}/bin/pip install 'segued[{extra}]'"
