"""The daemon's music folders on a node: where they are, and whether they are there."""

import asyncio
import os
from collections.abc import Sequence
from typing import Final

from segued.config.cluster_sections import MusicFolder
from segued.errors import ElsewhereError
from segued.media.disk_calls import call_disk
from segued.media.safe_open import root_is_offline, signature_of
from segued.model import Signature
from segued.paths import is_within, shown
from segued.units import Seconds

__all__ = ["Mounts", "local_signature"]

PROBE_SECONDS: Final = Seconds(5.0)

MTIME_GRAIN_NS: Final = 100
"""SMB stores times in units of 100 ns."""


class Mounts:
    """The configured music folders of a node."""

    def __init__(self, folders: Sequence[MusicFolder]) -> None:
        """Take the folders; nothing is read before `check`."""
        pairs = [(_folder(each.there), _folder(each.here)) for each in folders]
        # The longest prefix first.
        self._pairs: Final = sorted(pairs, key=lambda pair: -len(pair[0]))
        self.present: tuple[bytes, ...] = ()
        self.missing: tuple[bytes, ...] = tuple(there for there, _ in self._pairs)

    async def check(self) -> None:
        """Look which folders are there: mounted, readable and not empty.

        All at once: several that do not answer must not make the node silent.
        """
        offline = await asyncio.gather(*(_is_offline(here) for _, here in self._pairs))
        folders = [there for there, _ in self._pairs]
        pairs = list(zip(folders, offline, strict=True))
        self.present = tuple(each for each, is_offline in pairs if not is_offline)
        self.missing = tuple(each for each, is_offline in pairs if is_offline)

    def local_path(self, path: bytes) -> bytes:
        """Return where a file of the daemon is on this machine.

        Raises:
            ElsewhereError: It is in none of the folders.
        """
        for there, here in self._pairs:
            if is_within(path, there):
                return here.rstrip(b"/") + path[len(there.rstrip(b"/")) :]
        raise ElsewhereError(f"{shown(path)}: in no folder that this machine has")

    def place(self, folder: bytes) -> bytes:
        """Return where a configured folder of the daemon is on this machine."""
        return dict(self._pairs)[folder]


async def _is_offline(folder: bytes) -> bool:
    try:
        return await call_disk(folder, PROBE_SECONDS, root_is_offline, folder)
    except TimeoutError:
        return True


def _folder(path: str) -> bytes:
    return os.fsencode(path).rstrip(b"/") or b"/"


def local_signature(path: bytes, size: int, mtime_ns: int) -> Signature:
    """Return the signature of a file on this machine, if it is the daemon's file.

    Inodes differ between machines, and are not compared.

    Args:
        path: The path on this machine.
        size: The size that the daemon has scanned.
        mtime_ns: The modification time that it has scanned.

    Raises:
        ElsewhereError: It is not there, cannot be read, or is another version.
    """
    try:
        found = signature_of(os.stat(path))
    except OSError as error:
        raise ElsewhereError(f"{shown(path)}: {error.strerror}") from error
    if found.size_bytes != size:
        raise ElsewhereError(f"{shown(path)}: its size differs")
    if abs(found.mtime_ns - mtime_ns) >= MTIME_GRAIN_NS:
        raise ElsewhereError(f"{shown(path)}: its modification time differs")
    return found
