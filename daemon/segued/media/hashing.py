"""Compute two BLAKE3 hashes of a file while reading it once.

The content hash identifies equal files. The audio hash excludes tags and pictures, so
a retagged file is recognized and not decoded again.

The file is read in blocks and never memory-mapped: truncating a mapped file kills the
process. The only importer of `blake3`.
"""

import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Final

from blake3 import blake3

from segued.errors import FileChangedError
from segued.media.containers.audio_ranges import audio_ranges
from segued.media.containers.chunks import ReadAt
from segued.media.containers.detect import OGG_PAGE
from segued.media.containers.ogg import OggAudio
from segued.media.safe_open import open_regular, read_fully
from segued.model import Signature

__all__ = ["Hashes", "digest", "hash_file"]

BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Hashes:
    """The two hashes of a file, in lower-case hex.

    Attributes:
        content: Hash of the whole file.
        audio: Hash of the encoded audio; equal to `content` where the audio could
            not be separated from the rest.
    """

    content: str
    audio: str


def hash_file(path: bytes, expected: Signature) -> Hashes:
    """Hash a file, whole and without its tags.

    Raises:
        FileVanishedError: The file does not exist any more.
        FileChangedError: Its signature is not `expected`, or changed meanwhile.
        FileUnreadableError: It is not readable, or the disk failed.
    """
    with open_regular(path, expected) as descriptor:
        read = partial(_read, descriptor)
        size = expected.size_bytes
        audio = _AudioHash(read, size)
        content = blake3()
        done = 0
        for block in _blocks(descriptor, size):
            content.update(block)
            audio.update(block, done)
            done += len(block)
        if done != size:
            raise FileChangedError(path, f"{size} bytes long, but only {done} read")
        whole = content.hexdigest()
        return Hashes(content=whole, audio=audio.hexdigest() or whole)


def digest(data: bytes) -> str:
    """Return the BLAKE3 hash of `data`, in lower-case hex."""
    return blake3(data).hexdigest()


def _read(descriptor: int, offset: int, count: int) -> bytes:
    return read_fully(descriptor, count, offset)


def _blocks(descriptor: int, size: int) -> Iterator[memoryview]:
    """Yield the file in blocks; each block is overwritten by the next."""
    buffer = memoryview(bytearray(min(BLOCK_BYTES, size)))
    done = 0
    while done < size:
        count = os.preadv(descriptor, [buffer[: size - done]], done)
        if count == 0:
            return
        yield buffer[:count]
        done += count


class _AudioHash:
    """The audio hash of a file, updated with every block of the file."""

    def __init__(self, read: ReadAt, size: int) -> None:
        self._ranges: Final = audio_ranges(read, size)
        self._is_all_audio: Final = self._ranges == ((0, size),)
        self._hash: Final = blake3()
        first = self._ranges[0][0]
        ogg = read(first, len(OGG_PAGE)) == OGG_PAGE
        self._ogg: Final = OggAudio(self._hash.update) if ogg else None

    def update(self, block: memoryview, offset: int) -> None:
        """Add the block of the file that begins at `offset`."""
        if self._ogg is None and self._is_all_audio:
            return  # equal to the content hash
        feed = self._hash.update if self._ogg is None else self._ogg.update
        until = offset + len(block)
        at = bisect_right(self._ranges, offset, key=itemgetter(1))
        while at < len(self._ranges) and self._ranges[at][0] < until:
            start, end = self._ranges[at]
            feed(block[max(start - offset, 0) : end - offset])
            at += 1

    def hexdigest(self) -> str | None:
        """Return the hash; None if the audio could not be separated."""
        if self._ogg is None:
            return None if self._is_all_audio else self._hash.hexdigest()
        return self._hash.hexdigest() if self._ogg.has_audio else None
