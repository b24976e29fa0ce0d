"""Find the audio in a file: the bytes that retagging does not change.

The audio hash is computed from these bytes, so that a file whose tags, pictures or
padding were changed is recognized and not decoded again. The description of the audio
(rate, channels, codec) is included: the same bytes at another rate sound different.
Bytes of unknown meaning count as audio.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from segued.media.containers.chunks import (
    ASF,
    CAF,
    DSF,
    ELEMENTS_MAX,
    FRM8,
    IFF,
    RIFF,
    RIFX,
    W64,
    ReadAt,
    boxes,
    chunks,
    elements,
    syncsafe,
)
from segued.media.containers.detect import HEAD_BYTES, Container, detect_container

__all__ = [
    "ByteRange",
    "TailTag",
    "audio_ranges",
    "flac_audio",
    "head_tags",
    "head_tags_end",
    "tail_tags",
]

ByteRange: TypeAlias = tuple[int, int]
"""Half-open `[start, end)` in bytes."""


class TailTag(StrEnum):
    """A kind of tag that is appended to a file."""

    ID3V1 = "ID3v1"
    ID3V2 = "ID3v2"
    APE = "APEv2"
    LYRICS = "Lyrics3"


TAGS_MAX: Final = 32
"""Most consecutive tags accepted at either end of a file."""

RANGES_MAX: Final = 100_000
APE_MAGIC: Final = b"APETAGEX"
APE_BYTES: Final = 32
ID3V1_BYTES: Final = 128
ID3V1_LONG_BYTES: Final = 227
ID3V2_BYTES: Final = 10
AU_BYTES: Final = 24
LYRICS_BYTES: Final = 5_120

W64_FORMAT: Final = bytes.fromhex("666d7420f3acd3118cd100c04f8edb8a")
W64_DATA: Final = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")
ASF_DATA: Final = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
CLUSTER: Final = bytes.fromhex("1f43b675")

CHUNK_LAYOUTS: Final = MappingProxyType(
    {
        Container.WAVE: (12, RIFF, (b"data",), 0, b"fmt "),
        Container.WAVE_BIG_ENDIAN: (12, RIFX, (b"data",), 0, b"fmt "),
        Container.WAVE64: (40, W64, (W64_DATA,), 0, W64_FORMAT),
        Container.AIFF: (12, IFF, (b"SSND",), 8, b"COMM"),
        Container.CAF: (8, CAF, (b"data",), 4, b"desc"),
        Container.DSF: (0, DSF, (b"data",), 0, b"fmt "),
        Container.DSDIFF: (16, FRM8, (b"DSD ", b"DST "), 0, b"PROP"),
        Container.ASF: (0, ASF, (ASF_DATA,), 26, b""),
    }
)
"""Offset of the first chunk, chunk layout, names of the audio chunks, bytes before
the audio in those, and name of the chunk that describes the audio."""

SAMPLE_DESCRIPTION: Final = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
"""Path of the MP4 box that describes the first track's audio."""


def audio_ranges(read: ReadAt, size: int) -> tuple[ByteRange, ...]:
    """Return the byte ranges of a file's encoded audio.

    For an Ogg file these are all its pages: `segued.media.containers.ogg` selects
    the audio within them.

    Args:
        read: Reads the file; fewer bytes than requested mean its end.
        size: Length of the file in bytes.

    Returns:
        Ranges inside the file, ascending, disjoint, none empty. The whole file when
        no audio is found, or sizes are invalid; so () only if `size` is 0.
    """
    whole = ((0, size),) if size else ()
    start = head_tags_end(read, size)
    if start is None:
        return whole
    end = _tail_tags_start(read, start, size)
    return _merge_ranges(_find_ranges(read, start, end)) or whole


def head_tags_end(read: ReadAt, size: int) -> int | None:
    """Return the end of the tags at the start of the file; None if beyond `size`."""
    end = 0
    for _, end in head_tags(read):
        if end >= size:
            return None
    return end


def head_tags(read: ReadAt) -> Iterator[ByteRange]:
    """Yield the tags at the start of a file; the last may end beyond the file."""
    start = 0
    for _ in range(TAGS_MAX):
        head = read(start, APE_BYTES)
        if head[:3] == b"ID3" and (claim := syncsafe(head[6:10])) is not None:
            footer = ID3V2_BYTES if head[5:6] and head[5] & 0x10 else 0
            end = start + ID3V2_BYTES + claim + footer
        elif head[:8] == APE_MAGIC:
            end = start + APE_BYTES + int.from_bytes(head[12:16], "little")
        else:
            return
        yield start, end
        start = end


def tail_tags(
    read: ReadAt, start: int, end: int
) -> Iterator[tuple[TailTag, ByteRange]]:
    """Yield the tags at the end of a file, the last one first.

    Args:
        read: Reads the file.
        start: End of the tags at its start.
        end: Length of the file in bytes.
    """
    for _ in range(TAGS_MAX):
        lengths = ((kind, measure(read, end)) for kind, measure in TAIL_TAGS)
        kind, length = next((each for each in lengths if each[1]), (None, 0))
        if kind is None or end - length <= start:
            return
        yield kind, (end - length, end)
        end -= length


def _tail_tags_start(read: ReadAt, start: int, end: int) -> int:
    """Return the start of the tags at the end of the file."""
    for _, (tag_start, _) in tail_tags(read, start, end):
        end = tag_start
    return end


def _bytes_before(read: ReadAt, end: int, count: int) -> bytes:
    """Return the `count` bytes before `end`, or nothing if there are fewer."""
    return read(end - count, count) if end >= count else b""


def _id3v1_bytes(read: ReadAt, end: int) -> int:
    if _bytes_before(read, end, ID3V1_BYTES)[:3] != b"TAG":
        return 0
    extended = _bytes_before(read, end - ID3V1_BYTES, ID3V1_LONG_BYTES)[:4] == b"TAG+"
    return ID3V1_BYTES + (ID3V1_LONG_BYTES if extended else 0)


def _ape_bytes(read: ReadAt, end: int) -> int:
    footer = _bytes_before(read, end, APE_BYTES)
    if footer[:8] != APE_MAGIC:
        return 0
    size = int.from_bytes(footer[12:16], "little")
    if size < APE_BYTES:
        return 0
    # Some writers do not set the flag although there is a header.
    header = _bytes_before(read, end - size, APE_BYTES)[:8] == APE_MAGIC
    return size + (APE_BYTES if header else 0)


def _lyrics_bytes(read: ReadAt, end: int) -> int:
    foot = _bytes_before(read, end, 15)
    if foot[6:] == b"LYRICS200" and foot[:6].isdigit():
        length = int(foot[:6]) + 15
        return length if _bytes_before(read, end, length)[:11] == b"LYRICSBEGIN" else 0
    if foot[6:] == b"LYRICSEND":
        text = _bytes_before(read, end, min(LYRICS_BYTES, end))
        begin = text.rfind(b"LYRICSBEGIN")
        return len(text) - begin if begin >= 0 else 0
    return 0


def _id3v2_bytes(read: ReadAt, end: int) -> int:
    footer = _bytes_before(read, end, ID3V2_BYTES)
    if footer[:3] != b"3DI" or (claim := syncsafe(footer[6:10])) is None:
        return 0
    length = claim + 2 * ID3V2_BYTES
    return length if _bytes_before(read, end, length)[:3] == b"ID3" else 0


TAIL_TAGS: Final[tuple[tuple[TailTag, Callable[[ReadAt, int], int]], ...]] = (
    (TailTag.ID3V1, _id3v1_bytes),
    (TailTag.APE, _ape_bytes),
    (TailTag.LYRICS, _lyrics_bytes),
    (TailTag.ID3V2, _id3v2_bytes),
)
"""For each kind, the function that returns the length of one that ends there, or 0."""


def _find_ranges(read: ReadAt, start: int, end: int) -> list[ByteRange]:
    """Return the ranges of audio between the tags at both ends."""
    head = read(start, HEAD_BYTES)
    match detect_container(head):
        case container if container in CHUNK_LAYOUTS:
            skip, layout, names, lead, described = CHUNK_LAYOUTS[container]
            inside = list(chunks(read, start + skip, end, layout))
            audio = [(c.start + lead, c.end) for c in inside if c.name in names]
            description = [(c.start, c.end) for c in inside if c.name == described]
            return sorted(description + audio) if audio else []
        case Container.FLAC:
            return flac_audio(read, start, end)
        case Container.AU:
            return _au_ranges(head, start, end)
        case Container.MP4:
            audio = [
                (box.start, box.end)
                for box in boxes(read, start, end)
                if box.name == b"mdat"
            ]
            return (
                sorted(_sample_description(read, start, end) + audio) if audio else []
            )
        case Container.MATROSKA:
            # With their headers, adjacent elements become one range.
            parts = elements(read, start, end)
            return [(c.head, c.end) for c in parts if c.name == CLUSTER]
        case _:
            return [(start, end)]


def _au_ranges(head: bytes, start: int, end: int) -> list[ByteRange]:
    """Return the header's codec, rate and channels, and the audio; [] without any."""
    audio = start + int.from_bytes(head[4:8], "big")
    description = (start + 12, start + AU_BYTES)
    return [description, (audio, end)] if description[1] <= audio < end else []


def _sample_description(read: ReadAt, start: int, end: int) -> list[ByteRange]:
    """Return the range of an MP4 file's audio description; [] without one."""
    for name in SAMPLE_DESCRIPTION:
        box = next((b for b in boxes(read, start, end) if b.name == name), None)
        if box is None:
            return []
        start, end = box.start, box.end
    return [(start, end)]


def flac_audio(read: ReadAt, start: int, end: int) -> list[ByteRange]:
    """Return the range after the metadata blocks if it begins with a FLAC frame."""
    start += 4
    for _ in range(ELEMENTS_MAX):
        head = read(start, 4)
        start += 4 + int.from_bytes(head[1:4], "big")
        if start >= end:
            return []
        if head[:1] >= b"\x80":
            break
    sync = int.from_bytes(read(start, 2), "big")
    return [(start, end)] if sync & 0xFFFC == 0xFFF8 else []  # noqa: PLR2004


def _merge_ranges(ranges: list[ByteRange]) -> tuple[ByteRange, ...]:
    """Join adjacent ranges; () if there are too many, or all are empty."""
    merged: list[ByteRange] = []
    for start, end in ranges:
        if start >= end:
            continue
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return tuple(merged) if len(merged) <= RANGES_MAX else ()
