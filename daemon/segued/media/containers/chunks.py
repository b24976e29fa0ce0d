"""Iterate over the chunks, boxes and elements of audio containers.

Only their names and sizes are parsed, not their contents. Sizes are cut at the end of
the file, and iteration ends at the first invalid size. Nothing here raises on damaged
files.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = [
    "ASF",
    "CAF",
    "DSF",
    "ELEMENTS_MAX",
    "FRM8",
    "IFF",
    "RIFF",
    "RIFX",
    "W64",
    "Chunk",
    "Layout",
    "ReadAt",
    "boxes",
    "chunks",
    "elements",
    "syncsafe",
]

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""`read(offset, count)`: returns those bytes of the file, fewer only at its end."""

ELEMENTS_MAX: Final = 200_000
"""Most elements per iteration; ten hours of fragmented MP4 have a fifth of that."""

SIZE_UNKNOWN_32: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its name, the offset of its header, and the range of its body."""

    name: bytes
    head: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The chunk header format of a family of containers.

    Attributes:
        inclusive: Whether the size includes the chunk's own header.
        align: Chunks begin at multiples of this, counted from the first one.
    """

    name_bytes: int
    size_bytes: int
    order: Literal["little", "big"]
    inclusive: bool = False
    align: int = 1


RIFF: Final = Layout(4, 4, "little", align=2)
RIFX: Final = Layout(4, 4, "big", align=2)
IFF: Final = RIFX
FRM8: Final = Layout(4, 8, "big", align=2)
CAF: Final = Layout(4, 8, "big")
W64: Final = Layout(16, 8, "little", inclusive=True, align=8)
ASF: Final = Layout(16, 8, "little", inclusive=True)
DSF: Final = Layout(4, 8, "little", inclusive=True)


def chunks(read: ReadAt, start: int, end: int, layout: Layout) -> Iterator[Chunk]:
    """Yield the chunks that begin in `[start, end)`, in order.

    A body that exceeds `end` is cut there, and is the last one; the same holds for
    "unknown" sizes, whose bits are all ones. RF64 has the real size of its `data`
    chunk in `ds64`.
    """
    header = layout.name_bytes + layout.size_bytes
    data_size_64 = None
    for _ in range(ELEMENTS_MAX):
        if end - start < header:
            return
        head = read(start, header)
        name = head[: layout.name_bytes]
        size = int.from_bytes(head[layout.name_bytes :], layout.order)
        if name == b"data" and size == SIZE_UNKNOWN_32 and data_size_64:
            size = data_size_64
        if layout.inclusive:
            size -= header
        if size < 0:
            return
        body = start + header
        if name == b"ds64":
            data_size_64 = int.from_bytes(read(body + 8, 8), "little")
        yield Chunk(name, start, body, min(body + size, end))
        start = body + size + -(header + size) % layout.align


def boxes(read: ReadAt, start: int, end: int) -> Iterator[Chunk]:
    """Yield the MP4 boxes that begin in `[start, end)`, in order."""
    for _ in range(ELEMENTS_MAX):
        if end - start < 8:  # noqa: PLR2004
            return
        head = read(start, 16)
        size, header = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = end - start
        if size < header or start + header > end:
            return
        yield Chunk(head[4:8], start, start + header, min(start + size, end))
        start += size


SEGMENT: Final = b"\x18\x53\x80\x67"


def elements(read: ReadAt, start: int, end: int) -> Iterator[Chunk]:
    """Yield Matroska elements: those at the top level and those inside segments.

    An element of unknown size, as in a recorded stream, reaches to `end`.
    """
    for _ in range(ELEMENTS_MAX):
        if end - start < 2:  # noqa: PLR2004
            return
        head = read(start, 12)
        name_bytes = 9 - head[0].bit_length() if head else 9
        size_at = head[name_bytes : name_bytes + 1]
        if name_bytes > 4 or not size_at or not size_at[0]:  # noqa: PLR2004
            return
        size_bytes = 9 - size_at[0].bit_length()
        body = start + name_bytes + size_bytes
        ones = (1 << 7 * size_bytes) - 1
        size = int.from_bytes(head[name_bytes : name_bytes + size_bytes], "big") & ones
        stop = end if size == ones else min(body + size, end)
        if body > end:
            return
        name = head[:name_bytes]
        yield Chunk(name, start, body, stop)
        start = body if name == SEGMENT else stop


def syncsafe(size: bytes) -> int | None:
    """Return an ID3v2 size, seven bits per byte; None if a top bit is set."""
    total = 0
    for byte in size:
        if byte & 0x80:
            return None
        total = total << 7 | byte
    return total
