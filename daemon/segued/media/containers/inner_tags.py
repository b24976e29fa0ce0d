"""Find tags between the frames of an MP3 or AAC file, as after joining two files."""

import re
from collections.abc import Iterator
from typing import Final

from segued.media.containers.audio_ranges import ByteRange
from segued.media.containers.chunks import ReadAt, syncsafe
from segued.media.containers.frame_sync import begins_with_frame

__all__ = ["InnerTags", "inner_tags"]

MAGIC: Final = re.compile(rb"ID3[\x02-\x04]|TAG|APETAGEX")
BLOCK_BYTES: Final = 1 << 20
HEAD_BYTES: Final = 32
ID3V1_BYTES: Final = 128
APE_IS_HEADER: Final = 0x20
TAGS_MAX: Final = 1_000


class InnerTags:
    """The tags of a file, searched for when the first question is asked."""

    def __init__(self, read: ReadAt, size: int) -> None:
        self._read: Final = read
        self._size: Final = size
        self._found: list[ByteRange] | None = None

    def overlap(self, start: int, length: int) -> bool:
        """Return whether a range of the file overlaps a tag."""
        if self._found is None:
            self._found = inner_tags(self._read, self._size)
        return any(at < start + length and start < end for at, end in self._found)


def inner_tags(read: ReadAt, size: int) -> list[ByteRange]:
    """Return the byte ranges of all tags of a file, ascending.

    What looks like a tag is one if a frame, another tag or the end of the file follows.

    Args:
        read: Reads the file; fewer bytes than requested mean its end.
        size: Length of the file in bytes.
    """
    found: list[ByteRange] = []
    for at in _magics(read, size):
        if found and at < found[-1][1]:
            continue
        start, end = _range_at(read(at, HEAD_BYTES), at)
        if end <= size and (
            end == size
            or MAGIC.match(read(end, HEAD_BYTES))
            or begins_with_frame(read, end)
        ):
            found.append((start, end))
            if len(found) == TAGS_MAX:
                break
    return found


def _magics(read: ReadAt, size: int) -> Iterator[int]:
    """Yield the offsets of all that may be a tag."""
    for start in range(0, size, BLOCK_BYTES):
        block = read(start, BLOCK_BYTES + HEAD_BYTES)
        for match in MAGIC.finditer(block):
            if match.start() < BLOCK_BYTES:
                yield start + match.start()


def _range_at(head: bytes, at: int) -> ByteRange:
    if head.startswith(b"TAG"):
        return at, at + ID3V1_BYTES
    if head.startswith(b"ID3"):
        length = syncsafe(head[6:10]) or 0
        footer = 10 if head[5] & 0x10 else 0
        return at, at + 10 + length + footer
    length = int.from_bytes(head[12:16], "little")
    if head[23] & APE_IS_HEADER:
        return at, at + HEAD_BYTES + length
    return max(0, at + HEAD_BYTES - length), at + HEAD_BYTES
