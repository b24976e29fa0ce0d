"""A wheel of segued as it is here, made without a network or a build backend."""

import base64
import hashlib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Final

import segued

__all__ = ["build_wheel"]

PACKAGE: Final = Path(segued.__file__).parent
TAG: Final = "py3-none-any"


def build_wheel(folder: Path) -> Path:
    """Make a wheel in a folder, with the names and needs of the one in use."""
    known = metadata.distribution("segued")
    about = f"segued-{known.version}.dist-info"
    entries = known.read_text("entry_points.txt")
    needs = known.read_text("METADATA")
    assert entries
    assert needs
    held = {
        f"{about}/METADATA": needs.encode(),
        f"{about}/entry_points.txt": entries.encode(),
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nTag: {TAG}\n".encode(),
    }
    for path in PACKAGE.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            held[f"segued/{path.relative_to(PACKAGE)}"] = path.read_bytes()
    lines = [
        f"{name},sha256={_digest(data)},{len(data)}" for name, data in held.items()
    ]
    held[f"{about}/RECORD"] = "\n".join((*lines, f"{about}/RECORD,,")).encode()
    wheel = folder / f"segued-{known.version}-{TAG}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    return wheel


def _digest(data: bytes) -> str:
    digest = hashlib.sha256(data).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
