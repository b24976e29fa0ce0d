"""Read header fields of MP3, Ogg and MP4 that FFmpeg does not expose.

These are the number of frames in an MP3's first frame, the position of the next
stream of a chained Ogg file, and the unit of MP4's edit lists.
"""

import os
from typing import Final

from segued.media.containers.chunks import ReadAt, boxes
from segued.media.containers.detect import OGG_PAGE
from segued.media.safe_open import read_fully
from segued.units import Frames, Hertz

__all__ = ["mp3_header_length", "mp4_timescale", "next_ogg_stream"]

HEAD_BYTES: Final = 4_096
VBRI: Final = b"VBRI"
FRAME_COUNT_OFFSETS: Final = ((b"Xing", 8), (b"Info", 8), (VBRI, 14))
"""Markers of encoders, and the offset from there to the number of frames."""

XING_FLAGS_AT: Final = 7
XING_HAS_FRAMES: Final = 0x01
MPEG1_RATE_MIN: Final = 32_000
MPEG1_FRAMES: Final = 1_152
MPEG2_FRAMES: Final = 576
"""Samples per channel in an MP3 frame; MPEG 2 has the lower sample rates."""

TIMESCALE_AT: Final = (12, 20)
"""Offset of the unit in version 0 and version 1 of the movie header."""

PAGE_HEAD_BYTES: Final = 27
PAGE_BEGINS: Final = 0x02
PAGES_MAX: Final = 1_000_000


def mp3_header_length(descriptor: int, start: int, rate: Hertz) -> Frames | None:
    """Return the length declared in an MP3's first frame; None if it has none.

    Args:
        descriptor: Descriptor of the file.
        start: End of the tags in front of the frame.
        rate: Sample rate of the file.
    """
    head = read_fully(descriptor, HEAD_BYTES, start)
    samples_per_frame = MPEG1_FRAMES if rate >= MPEG1_RATE_MIN else MPEG2_FRAMES
    for tag, frames_at in FRAME_COUNT_OFFSETS:
        found = head.find(tag)
        header = head[found : found + frames_at + 4]
        if found < 0 or len(header) < frames_at + 4:
            continue
        if tag == VBRI or header[XING_FLAGS_AT] & XING_HAS_FRAMES:
            frames = int.from_bytes(header[frames_at:], "big")
            return Frames(frames * samples_per_frame)
    return None


def mp4_timescale(descriptor: int, start: int) -> int:
    """Return the units per second of an MP4's edit lists; 0 if it has none.

    Args:
        descriptor: Descriptor of the file.
        start: End of the tags in front of the container.
    """
    read = _reader(descriptor)
    end = os.fstat(descriptor).st_size
    for name in (b"moov", b"mvhd"):
        box = next((b for b in boxes(read, start, end) if b.name == name), None)
        if box is None:
            return 0
        start, end = box.start, box.end
    at = TIMESCALE_AT[read(start, 1) == b"\1"]
    return int.from_bytes(read(start + at, 4), "big")


def next_ogg_stream(descriptor: int, page: int) -> int | None:
    """Return the offset of the next stream of a chained Ogg file.

    Args:
        descriptor: Descriptor of the file.
        page: Offset of a page of the stream before it.

    Returns:
        None if there is none, or a page is missing.
    """
    read = _reader(descriptor)
    for _ in range(PAGES_MAX):
        head = read(page, PAGE_HEAD_BYTES)
        if len(head) < PAGE_HEAD_BYTES or not head.startswith(OGG_PAGE):
            return None
        segments = read(page + PAGE_HEAD_BYTES, head[-1])
        page += PAGE_HEAD_BYTES + len(segments) + sum(segments)
        flags = read(page + 5, 1)
        if flags and flags[0] & PAGE_BEGINS:
            return page
    return None


def _reader(descriptor: int) -> ReadAt:
    def read(offset: int, count: int) -> bytes:
        return read_fully(descriptor, count, offset)

    return read
