"""Byte ranges of audio in files; damaged files are all audio."""

import struct
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segued.media.containers.audio_ranges import ByteRange, audio_ranges
from tests.media.encoded_files import ENCODERS, RETAGGERS, encoded_tone

AUDIO = bytes(range(1, 256))
"""An odd number of bytes, so that padding shows."""


def ranges_in(data: bytes) -> tuple[ByteRange, ...]:
    """Return the ranges of a file that holds `data`."""
    return audio_ranges(lambda offset, count: data[offset : offset + count], len(data))


def audio_bytes_in(data: bytes) -> bytes:
    """Return the bytes in the ranges."""
    return b"".join(data[start:end] for start, end in ranges_in(data))


def riff(*chunks: tuple[bytes, bytes], form: bytes = b"WAVE", head: str = "<") -> bytes:
    """Return a RIFF file, every chunk padded to even length."""
    body = b"".join(
        name + struct.pack(f"{head}I", len(data)) + data + bytes(len(data) % 2)
        for name, data in chunks
    )
    magic = {"<": b"RIFF", ">": b"RIFX"}[head]
    return magic + struct.pack(f"{head}I", 4 + len(body)) + form + body


def box(name: bytes, data: bytes, *, wide: bool = False) -> bytes:
    """Return an MP4 box."""
    if wide:
        return struct.pack(">I4sQ", 1, name, 16 + len(data)) + data
    return struct.pack(">I4s", 8 + len(data), name) + data


def id3(size: int, *, footer: bool = False) -> bytes:
    """Return an ID3v2 tag with `size` bytes of frames and padding."""
    sizes = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    flags = 0x10 if footer else 0
    head = b"ID3\x04\x00" + bytes((flags,)) + sizes
    tail = b"3DI\x04\x00" + bytes((flags,)) + sizes if footer else b""
    return head + bytes(size) + tail


def ape(*, header: bool = True, flagged: bool = True, size: int = 300) -> bytes:
    """Return an APEv2 tag."""
    flags = 0x8000_0000 if flagged else 0
    ends = struct.pack("<8sIIII8x", b"APETAGEX", 2_000, 32 + size, 1, flags)
    return (ends if header else b"") + bytes(size) + ends


ID3V1 = b"TAG" + bytes(125)
LYRICS2 = b"LYRICSBEGIN" + b"IND00002" + b"10" + b"000021LYRICS200"
LYRICS1 = b"LYRICSBEGIN" + b"la la" + b"LYRICSEND"

TAILS: dict[str, Sequence[bytes]] = {
    "none": (),
    "ID3v1": (ID3V1,),
    "extended ID3v1": (b"TAG+" + bytes(223), ID3V1),
    "APEv2": (ape(),),
    "APEv2 without its flag": (ape(flagged=False),),
    "APEv2 without header": (ape(header=False, flagged=False),),
    "Lyrics3v2": (LYRICS2, ID3V1),
    "Lyrics3v1": (LYRICS1, ID3V1),
    "all": (ape(), LYRICS2, ID3V1),
    "appended ID3v2": (id3(200, footer=True),),
}


@pytest.mark.parametrize("head", [b"", id3(0), id3(300), id3(300) + id3(20), ape()])
@pytest.mark.parametrize("tail", TAILS)
def test_tags_at_both_ends_are_not_audio(head: bytes, tail: str) -> None:
    """Only the bytes between the tags are audio."""
    assert audio_bytes_in(head + AUDIO + b"".join(TAILS[tail])) == AUDIO


def test_a_tag_with_a_footer_is_ten_bytes_longer() -> None:
    """ID3v2.4 can repeat its header after the tag."""
    assert audio_bytes_in(id3(300, footer=True) + AUDIO) == AUDIO


WAVE64 = bytes.fromhex("726966662e91cf11a5d628db04c10000")
W64_FORM = bytes.fromhex("77617665f3acd3118cd100c04f8edb8a")
W64_DATA = bytes.fromhex("64617461f3acd3118cd100c04f8edb8a")
ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
DS64 = b"ds64" + struct.pack("<IQQQI", 28, 0, len(AUDIO), 0, 0)
UNKNOWN = b"\xff" * 4

FILES: dict[str, bytes] = {
    "wav": riff((b"fmt ", b"f" * 17), (b"data", AUDIO), (b"id3 ", b"tag")),
    "big-endian wav": riff((b"fmt ", b"f" * 16), (b"data", AUDIO), head=">"),
    "wav of unknown length": riff() + b"data" + UNKNOWN + AUDIO,
    "truncated wav": riff() + b"data" + struct.pack("<I", 9_999) + AUDIO,
    "rf64": b"RF64" + UNKNOWN + b"WAVE" + DS64 + b"data" + UNKNOWN + AUDIO + b"\0id3 ",
    "wave64": WAVE64
    + struct.pack("<Q", 0)
    + W64_FORM
    + (b"fact" + bytes(12) + struct.pack("<Q", 27) + b"abc" + bytes(5))
    + (W64_DATA + struct.pack("<Q", 24 + len(AUDIO)) + AUDIO + bytes(1)),
    "aiff": b"FORM\0\0\0\0AIFFNAME\0\0\0\x03abc\0"
    + (b"SSND" + struct.pack(">I", 8 + len(AUDIO)) + bytes(8) + AUDIO + b"\0")
    + (b"ID3 \0\0\0\x02ab"),
    "caf": b"caff\0\1\0\0info"
    + struct.pack(">Q", 3)
    + b"abc"
    + b"data"
    + b"\xff" * 8
    # The edit count is not a part of the audio.
    + bytes(4)
    + AUDIO,
    "au": b".snd" + struct.pack(">I", 28) + bytes(20) + AUDIO,
    "dsf": b"DSD "
    + struct.pack("<QQQ", 28, 0, 0)
    + (b"fmt " + struct.pack("<Q", 52) + bytes(40))
    + (b"data" + struct.pack("<Q", 12 + len(AUDIO)) + AUDIO)
    + id3(30),
    "dsdiff": b"FRM8" + bytes(8) + b"DSD PROP" + struct.pack(">Q", 1) + b"x\0"
    b"DSD " + struct.pack(">Q", len(AUDIO)) + AUDIO + b"\0ID3 ",
    "mp4": box(b"ftyp", b"M4A ") + box(b"moov", b"tags") + box(b"mdat", AUDIO),
    "mp4, audio first": box(b"mdat", AUDIO, wide=True) + box(b"moov", b"tags"),
    "mp4 to the end": box(b"ftyp", b"M4A ") + b"\0\0\0\0mdat" + AUDIO,
    "asf": ASF_HEADER
    + (struct.pack("<Q", 30) + b"header")
    + (ASF_DATA + struct.pack("<Q", 50 + len(AUDIO)) + bytes(26) + AUDIO)
    + bytes(40),
    "flac": b"fLaC\x00\0\0\x22"
    + bytes(34)
    + b"\x84\0\0\x05vorbi"
    + b"\xff\xf8"
    + AUDIO,
}


DESCRIPTIONS = {
    "wav": b"f" * 17,
    "big-endian wav": b"f" * 16,
    "au": bytes(12),
    "dsf": bytes(40),
    "dsdiff": b"x",
    "flac": b"\xff\xf8",
}
"""The description of the audio in these formats; a frame's sync code in FLAC."""


@pytest.mark.parametrize("name", FILES)
def test_only_audio_and_its_description_are_used(name: str) -> None:
    """Other headers, text chunks and padding bytes are left out."""
    assert audio_bytes_in(FILES[name]) == DESCRIPTIONS.get(name, b"") + AUDIO


@pytest.mark.parametrize("name", FILES)
def test_a_tag_in_front_of_a_container_is_left_out_as_well(name: str) -> None:
    """Some programs write ID3 before any container."""
    assert audio_bytes_in(id3(100) + FILES[name]) == audio_bytes_in(FILES[name])


def test_matroska_clusters_are_audio() -> None:
    """Tags and attachments are not; adjacent clusters are one range."""
    cluster = b"\x1f\x43\xb6\x75\x83abc"
    tags = b"\x12\x54\xc3\x67\x40\x04tags"
    segment = b"\x18\x53\x80\x67\x01" + b"\xff" * 7
    data = b"\x1a\x45\xdf\xa3\x80" + segment + tags + cluster + cluster + tags

    assert audio_bytes_in(data) == cluster * 2
    assert len(ranges_in(data)) == 1


def test_a_cluster_of_unknown_length_reaches_to_the_end() -> None:
    """A recorded stream has elements without a length."""
    cluster = b"\x1f\x43\xb6\x75\xff" + AUDIO

    assert (
        audio_bytes_in(b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff" + cluster) == cluster
    )


def test_pcm_is_found_exactly() -> None:
    """Two seconds of 16-bit mono at 16 kHz are 64,000 bytes."""
    lengths = {
        kind: len(audio_bytes_in(encoded_tone(kind)))
        for kind in ("wav", "aiff", "rf64", "w64", "caf", "au")
    }

    # Plus up to 40 bytes of audio description.
    assert {length // 64 for length in lengths.values()} == {1_000}
    assert min(lengths.values()) > 64_000


@pytest.mark.parametrize(
    "data",
    [
        id3(300)[:200],
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + AUDIO,
        b"fLaC\x84\xff\xff\xff" + AUDIO,
        b"fLaC\x84\0\0\x01xnot a frame",
        b"fLaC" + bytes(4_000),
        riff((b"fmt ", b"f" * 16)),
        riff((b"data", b"")),
        riff((b"data", AUDIO), form=b"AVI "),
        box(b"ftyp", b"M4A ") + struct.pack(">I4s", 3, b"mdat") + AUDIO,
        box(b"ftyp", b"M4A "),
        b".snd\xff\xff\xff\xff" + AUDIO,
        ASF_HEADER + bytes(100),
        b"\x1a\x45\xdf\xa3\x80" + bytes(100),
        AUDIO,
        b"x",
    ],
)
def test_unknown_format_is_all_audio(data: bytes) -> None:
    """Damaged and unknown files are not an error."""
    assert ranges_in(data) == ((0, len(data)),)


def test_no_more_chunks_are_visited_than_a_file_can_have() -> None:
    """A file of empty boxes does not take unlimited reads."""
    reads = 0

    def read(offset: int, count: int) -> bytes:
        nonlocal reads
        reads += 1
        return (b"\0\0\0\x08ftyp" * 3)[offset % 8 :][:count]

    size = 8 << 30

    assert audio_ranges(read, size) == ((0, size),)
    assert reads < 250_000


def is_in_order(ranges: tuple[ByteRange, ...], size: int) -> bool:
    """Return whether ranges are ascending, disjoint, not empty and within `size`."""
    ends = [0, *(end for _, end in ranges)]
    starts = [*(start for start, _ in ranges), size + 1]
    return all(start < end <= size for start, end in ranges) and all(
        end <= start for end, start in zip(ends, starts, strict=True)
    )


MAGICS = st.sampled_from(
    [data[:length] for data in FILES.values() for length in (4, 12, 40, 100)]
    + [ID3V1, LYRICS2, id3(5), ape(), b"\x1f\x43\xb6\x75", b"\x18\x53\x80\x67\xff"]
)


@settings(max_examples=500, deadline=None)
@given(parts=st.lists(st.binary(max_size=40) | MAGICS, max_size=12))
def test_any_bytes_have_ranges_in_order(parts: list[bytes]) -> None:
    """Ranges are ascending and inside the file for any content."""
    data = b"".join(parts)

    ranges = ranges_in(data)

    assert is_in_order(ranges, len(data))
    assert bool(ranges) == bool(data)


@pytest.mark.parametrize("kind", ENCODERS)
@settings(max_examples=40, deadline=None)
@given(rng=st.randoms(use_true_random=True))
def test_damaged_files_have_ranges_in_order(kind: str, rng: Random) -> None:
    """The same for real files with wrong bytes in their headers, or truncated."""
    data = bytearray(encoded_tone(kind)[: rng.choice((50, 500, 1 << 30))])
    for _ in range(rng.randrange(1, 10)):
        data[rng.randrange(min(len(data), 600))] = rng.randrange(256)

    assert is_in_order(ranges_in(bytes(data)), len(data))


@settings(max_examples=50, deadline=None)
@given(size_left=st.integers(0, 5_000))
def test_a_file_that_shrinks_meanwhile_is_not_an_error(size_left: int) -> None:
    """Reads that return less than requested are tolerated."""
    name = sorted(RETAGGERS)[size_left % len(RETAGGERS)]
    kind, retag = RETAGGERS[name]
    data = retag(encoded_tone(kind), "x")
    left = data[:size_left]

    ranges = audio_ranges(lambda at, count: left[at : at + count], len(data))

    assert is_in_order(ranges, len(data))
