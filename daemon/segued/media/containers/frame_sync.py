"""Find the first audio frame in a file that begins with something else.

A recorded stream begins inside a frame, and a bad download or a wrong tag length puts
other bytes in front. A frame counts only if consistent frames follow it, so that no
text, picture or random data is taken for audio.
"""

import re
import sys
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from segued.media.containers.audio_ranges import flac_audio
from segued.media.containers.chunks import ReadAt

__all__ = ["FirstFrame", "begins_with_frame", "find_first_frame"]

SEARCHED_BYTES: Final = 1 << 20
FRAMES_BYTES: Final = 1 << 18
"""Bytes after those that are searched, for the frames that must follow."""

FRAMES_MIN: Final = 16
"""Frames in a row of MP3 or ADTS; four tenths of a second. Layer I is not searched
for: its frames can be as short as a row of a table in a program."""

FLAC_FRAMES_MIN: Final = 3
"""FLAC frames have a checksum and are numbered."""

FLAC_START: Final = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
FLAC_FRAME: Final = re.compile(rb"\xff[\xf8\xf9][\x10-\xff][\x00-\xae]", re.DOTALL)
MPEG_FRAME: Final = re.compile(
    rb"\xff[\xe2-\xe5\xf2-\xf5\xfa-\xfd][\x10-\xef]", re.DOTALL
)
ADTS_FRAME: Final = re.compile(rb"\xff[\xf0\xf1\xf8\xf9]")
MPEG_HEAD_BYTES: Final = 4
ADTS_HEAD_BYTES: Final = 7
ADTS_RATES: Final = 13

MPEG1, MPEG25 = 3, 0
LAYER2, LAYER3 = 2, 1
MPEG_RATES: Final = (44_100, 48_000, 32_000)
MPEG2_KBITS: Final = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
MPEG_KBITS: Final = {
    (True, LAYER2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, LAYER3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, LAYER2): MPEG2_KBITS,
    (False, LAYER3): MPEG2_KBITS,
}
"""Bit rates by whether it is MPEG 1 and by layer; the first has index 1."""

MONO: Final = 3

FLAC_HEAD_BYTES_MAX: Final = 16
FLAC_NUMBER_BYTES_MAX: Final = 7
CRC8_POLYNOMIAL: Final = 0x107


class FirstFrame(NamedTuple):
    """Where the audio of a file begins, and FFmpeg's name of its format."""

    at: int
    format_name: str


class _FrameHead(NamedTuple):
    """The properties that all frames of a stream share, and the frame's length."""

    properties: tuple[int, ...]
    length: int


ParseFrame: TypeAlias = Callable[[bytes, int], _FrameHead | None]


def find_first_frame(read: ReadAt, start: int) -> FirstFrame | None:
    """Return the first frame of MP3, ADTS or FLAC, or the start of a FLAC file.

    Args:
        read: Reads the file.
        start: Where to begin; SEARCHED_BYTES from there are searched.
    """
    data = read(start, SEARCHED_BYTES + FRAMES_BYTES)
    found = [
        FirstFrame(start + at, name)
        for name, at in (
            ("mp3", _find_chain(data, MPEG_FRAME, _mpeg_frame)),
            ("aac", _find_chain(data, ADTS_FRAME, _adts_frame)),
            ("flac", _find_flac(read, start, data)),
        )
        if at is not None
    ]
    return min(found, default=None)


def begins_with_frame(read: ReadAt, at: int) -> bool:
    """Return whether there is a frame header of MP3 or ADTS at an offset."""
    head = read(at, ADTS_HEAD_BYTES)
    return _mpeg_frame(head, 0) is not None or _adts_frame(head, 0) is not None


def _find_chain(
    data: bytes, pattern: re.Pattern[bytes], parse: ParseFrame
) -> int | None:
    """Return the offset of the first of FRAMES_MIN frames of equal properties."""
    for match in pattern.finditer(data, 0, SEARCHED_BYTES):
        at, properties = match.start(), None
        for _ in range(FRAMES_MIN):
            frame = parse(data, at)
            if frame is None or properties not in {None, frame.properties}:
                break
            properties = frame.properties
            at += frame.length
        else:
            return match.start()
    return None


def _mpeg_frame(data: bytes, at: int) -> _FrameHead | None:
    """Return the MPEG audio frame at an offset; None if there is none."""
    head = int.from_bytes(data[at : at + MPEG_HEAD_BYTES], "big")
    version, layer = head >> 19 & 3, head >> 17 & 3
    kbits_index, rate_index = head >> 12 & 15, head >> 10 & 3
    if (
        head >> 21 != 0x7FF  # noqa: PLR2004
        or version == 1
        or layer not in {LAYER2, LAYER3}
        or kbits_index in {0, 15}
        or rate_index == 3  # noqa: PLR2004
    ):
        return None
    kbits = MPEG_KBITS[version == MPEG1, layer][kbits_index - 1]
    rate = MPEG_RATES[rate_index] >> {MPEG1: 0, MPEG25: 2}.get(version, 1)
    padding = head >> 9 & 1
    samples = 72 if layer == LAYER3 and version != MPEG1 else 144
    length = samples * 1_000 * kbits // rate + padding
    is_mono = head >> 6 & 3 == MONO
    return _FrameHead((version, layer, rate, is_mono), length)


def _adts_frame(data: bytes, at: int) -> _FrameHead | None:
    """Return the ADTS frame at an offset; None if there is none."""
    head = int.from_bytes(data[at : at + ADTS_HEAD_BYTES], "big")
    length = head >> 13 & 0x1FFF
    if (
        head >> 44 != 0xFFF  # noqa: PLR2004
        or head >> 41 & 3
        or head >> 34 & 15 >= ADTS_RATES
        or length < ADTS_HEAD_BYTES
    ):
        return None
    # ID, profile, rate and channels; without the private and copyright bits.
    return _FrameHead(
        (head >> 43 & 1, head >> 38 & 3, head >> 34 & 15, head >> 30 & 7), length
    )


class _FlacFrame(NamedTuple):
    """The header of a FLAC frame.

    Attributes:
        properties: Numbering, rate, number of channels and bits per sample.
        number: Its number, or that of its first sample.
        step: How much greater the next frame's number is.
    """

    properties: tuple[int, ...]
    number: int
    step: int


def _find_flac(read: ReadAt, offset: int, data: bytes) -> int | None:
    """Return where a FLAC file's start, or its first frame, is in `data`.

    Args:
        read: Reads the file.
        offset: Where in the file `data` begins.
        data: A part of the file.
    """
    start = next(
        (
            match.start()
            for match in FLAC_START.finditer(data, 0, SEARCHED_BYTES)
            if flac_audio(read, offset + match.start(), sys.maxsize)
        ),
        None,
    )
    # First offset and length of each chain, by properties and number of its next
    # frame. What looks like a frame inside a frame does not break a chain.
    chains: dict[tuple[tuple[int, ...], int], tuple[int, int]] = {}
    for match in FLAC_FRAME.finditer(data):
        at = match.start()
        frame = _flac_frame(data, at)
        if start is not None and at > start:
            break
        if frame is None:
            continue
        first, count = chains.pop((frame.properties, frame.number), (at, 0))
        if count + 1 == FLAC_FRAMES_MIN:
            return first
        next_number = frame.number + frame.step
        chains[frame.properties, next_number] = (first, count + 1)
    return start


def _flac_frame(data: bytes, at: int) -> _FlacFrame | None:
    """Return the header of the FLAC frame at an offset; None if there is none."""
    head = data[at : at + FLAC_HEAD_BYTES_MAX]
    if len(head) < FLAC_HEAD_BYTES_MAX:
        return None
    number_bytes = max(1, 8 - (head[4] ^ 0xFF).bit_length())
    if head[4] & 0xC0 == 0x80 or number_bytes > FLAC_NUMBER_BYTES_MAX:  # noqa: PLR2004
        return None
    number = head[4] & (0xFF >> number_bytes if number_bytes > 1 else 0x7F)
    for byte in head[5 : 4 + number_bytes]:
        number = number << 6 | byte & 0x3F
    size_code, rate_code = head[2] >> 4, head[2] & 15
    size_at = 4 + number_bytes
    size_bytes = {6: 1, 7: 2}.get(size_code, 0)
    rate_bytes = {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    end = size_at + size_bytes + rate_bytes
    if rate_code == 15 or _crc8(head[:end]) != head[end]:  # noqa: PLR2004
        return None
    if size_bytes:
        samples = 1 + int.from_bytes(head[size_at : size_at + size_bytes], "big")
    elif size_code < 8:  # noqa: PLR2004
        samples = 192 if size_code == 1 else 576 << size_code - 2
    else:
        samples = 1 << size_code
    # Channel codes above 7 are kinds of stereo.
    channels = head[3] >> 4 if head[3] < 0x80 else 1  # noqa: PLR2004
    numbers_samples = head[1] & 1
    properties = (numbers_samples, rate_code, channels, head[3] & 15)
    return _FlacFrame(properties, number, samples if numbers_samples else 1)


def _crc8(data: bytes) -> int:
    """Return the checksum of a FLAC frame header."""
    crc = 0
    for byte in data:
        crc = CRC8_TABLE[crc ^ byte]
    return crc


def _crc8_table() -> bytes:
    table = bytearray()
    for index in range(256):
        crc = index
        for _ in range(8):
            crc = crc << 1 ^ (CRC8_POLYNOMIAL if crc & 0x80 else 0)
        table.append(crc)
    return bytes(table)


CRC8_TABLE: Final = _crc8_table()
