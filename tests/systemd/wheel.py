"""Build a wheel of the imported segued, without a network or a build backend."""

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
    """Write a wheel with the metadata and entry points of the installed package."""
    distribution = metadata.distribution("segued")
    dist_info = f"segued-{distribution.version}.dist-info"
    entries = distribution.read_text("entry_points.txt")
    package_metadata = distribution.read_text("METADATA")
    assert entries
    assert package_metadata
    files = {
        f"{dist_info}/METADATA": package_metadata.encode(),
        f"{dist_info}/entry_points.txt": entries.encode(),
        f"{dist_info}/WHEEL": f"Wheel-Version: 1.0\nTag: {TAG}\n".encode(),
    }
    for path in PACKAGE.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            files[f"segued/{path.relative_to(PACKAGE)}"] = path.read_bytes()
    lines = [
        f"{name},sha256={_digest(data)},{len(data)}" for name, data in files.items()
    ]
    files[f"{dist_info}/RECORD"] = "\n".join((*lines, f"{dist_info}/RECORD,,")).encode()
    wheel = folder / f"segued-{distribution.version}-{TAG}.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return wheel


def _digest(data: bytes) -> str:
    digest = hashlib.sha256(data).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
