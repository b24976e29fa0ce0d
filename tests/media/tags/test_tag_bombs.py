"""Malformed tags are warnings, and never fail a file."""

import errno
import os
import pickle
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segued.errors import DiskReadError, FileError
from segued.media.safe_open import signature_of
from segued.media.tags.reader import read_tags
from segued.model import Tags
from tests.media.encoded_files import encoded_tone, write_file
from tests.media.tags.tagged_files import TAGGED, id3v1, read_tags_of, tagged_mp4


def syncsafe_bytes(size: int) -> bytes:
    """Return a size as ID3 stores it, seven bits per byte."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def compressed_id3() -> bytes:
    """Return a tag of 300 kB that decompresses to 250 MB."""
    compressed = zlib.compress(bytes(250_000_000), 1)
    frame = b"TXXX" + struct.pack(">I", 4 + len(compressed)) + b"\0\x80"
    frames = frame + struct.pack(">I", 250_000_000) + compressed
    sizes = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + sizes + frames


def many_frames() -> bytes:
    """Return a tag with 200,000 frames."""
    frames = (b"TXXX" + struct.pack(">I", 4) + b"\0\0\0a\0b") * 200_000
    sizes = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\0\0" + sizes + frames


def huge_picture() -> bytes:
    """Return the header of a tag with a declared size of 200 MB."""
    return b"ID3\x04\0\0" + bytes((0x5F, 0x5F, 0x5F, 0x5F))


def huge_pictures() -> bytes:
    """Return a tag of 66 MB with three pictures."""
    title = b"TALB" + struct.pack(">I", 6) + b"\0\0\0Album"
    picture = b"\0image/jpeg\0\x04\0" + bytes(22 << 20)
    one = b"APIC" + struct.pack(">I", len(picture)) + b"\0\0" + picture
    return b"ID3\x03\0\0" + syncsafe_bytes(len(title + 3 * one)) + title + 3 * one


def nested_chapters() -> bytes:
    """Return chapters nested deeper than Python's recursion limit."""
    frames = b""
    for _ in range(1_500):
        body = b"a\0" + bytes(16) + frames
        sizes = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
        frames = b"CHAP" + sizes + b"\0\0" + body
    sizes = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\0\0" + sizes + frames


def many_frames_in_a_chapter() -> bytes:
    """Return a chapter with 200,000 frames."""
    body = b"a\0" + bytes(16) + (b"TXXX\0\0\0\x04\0\0\0a\0b") * 200_000
    frames = b"CHAP" + syncsafe_bytes(len(body)) + b"\0\0" + body
    return b"ID3\x04\0\0" + syncsafe_bytes(len(frames)) + frames


def many_frames_before_a_picture() -> bytes:
    """Return 5,000 frames that are each followed by 40 MB."""
    picture = b"\0image/jpeg\0\x03\0" + bytes(40_000_000)
    frames = (b"TXXX\0\0\0\x04\0\0\0a\0b") * 4_999
    frames += b"APIC" + syncsafe_bytes(len(picture)) + b"\0\0" + picture
    return b"ID3\x04\0\0" + syncsafe_bytes(len(frames)) + frames


def long_text() -> bytes:
    """Return a text of 40 MB with 20 million values."""
    text = b"\0" + b"a\0" * 20_000_000
    frames = b"TPE1" + syncsafe_bytes(len(text)) + b"\0\0" + text
    return b"ID3\x04\0\0" + syncsafe_bytes(len(frames)) + frames


def frames_hidden_in_a_picture() -> bytes:
    """Return 200,000 frames that are found only with sizes of version 2.3."""
    picture = b"\0image/jpeg\0\x03\0" + bytes(256 - 128 - 24)
    picture += (b"TXXX\0\0\0\x04\0\0\0a\0b") * 200_000
    comment = b"\0eng\0" + bytes(256 - 5 - 128)
    frames = b"COMM" + syncsafe_bytes(len(comment)) + b"\0\0" + comment
    frames += b"APIC" + syncsafe_bytes(len(picture)) + b"\0\0" + picture
    return b"ID3\x04\0\0" + syncsafe_bytes(len(frames)) + frames


@pytest.mark.parametrize(
    ("bomb", "warnings"),
    [
        (
            compressed_id3,
            ["left out of the tags: TXXX (more than 16 MiB, compressed)"],
        ),
        (many_frames, ["left out of the tags: all after 5,000 frames"]),
        (
            huge_picture,
            ["tags could not be read: ID3 tag with a declared size of 200798185 bytes"],
        ),
        (huge_pictures, ["left out of the tags: APIC (cut off)"]),
        (
            nested_chapters,
            ["chapters not used: their times are implausible"],
        ),
        (
            many_frames_in_a_chapter,
            ["chapters not used: their times are implausible"],
        ),
        (many_frames_before_a_picture, []),
        (long_text, ["left out of the tags: TPE1 (more than 2 MiB of text)"]),
        (frames_hidden_in_a_picture, []),
    ],
)
def test_a_bomb_costs_little(
    bomb: Callable[[], bytes], warnings: list[str], tmp_path: Path
) -> None:
    """It takes less than 2 s and 300 MB, and the other tags are read."""
    data = bomb() + encoded_tone("mp3") + id3v1(b"Title", 5)
    path, signature = write_file(tmp_path, data)

    tracemalloc.start()
    found = read_tags(path, signature)
    _, memory_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    started = time.process_time()
    read_tags(path, signature)

    assert time.process_time() - started < 2
    assert memory_bytes < 300_000_000
    assert [warning.detail for warning in found.warnings] == warnings
    assert found.tags.title == "Title"


def test_a_suspicious_frame_costs_only_itself(tmp_path: Path) -> None:
    """The other fields of the same tag are read."""
    bomb = compressed_id3()[10:]
    title = b"TIT2" + struct.pack(">I", 6) + b"\0\0\0Title"
    note = zlib.compress(b"\0Artist")
    artist = b"TPE1" + struct.pack(">I", 4 + len(note)) + b"\0\x80\0\0\0\x07" + note
    album = b"TALB" + struct.pack(">I", 6) + b"\0\x40\0Album"
    frames = bomb + title + artist + album

    found = read_tags_of(
        tmp_path, b"ID3\x03\0\0" + syncsafe_bytes(len(frames)) + frames
    )

    assert found.tags == Tags(title="Title", artist="Artist", artists=("Artist",))
    assert [warning.detail for warning in found.warnings] == [
        "left out of the tags: TXXX (more than 16 MiB, compressed), TALB (encrypted)"
    ]


def test_wrong_tag_length_is_a_warning(tmp_path: Path) -> None:
    """A FLAC comment with a declared size of 4 GiB is not read."""
    header = b"fLaC" + b"\x04\0\0\x08" + b"\xff" * 8

    found = read_tags_of(tmp_path, header + bytes(100))

    assert found.tags == Tags()
    assert len(found.warnings) == 1


def test_a_comment_of_300_megabytes_is_a_warning(tmp_path: Path) -> None:
    """It exceeds the limit, even though the file is that long."""
    flac = b"fLaC\x04\xff\xff\xff" + struct.pack("<I", 300 << 20)
    path, _ = write_file(tmp_path, flac)
    os.truncate(path, 400 << 20)
    with open(os.fsdecode(path), "ab") as file:
        file.write(id3v1(b"Title", 5))

    found = read_tags(path, signature_of(os.stat(path)))

    assert found.tags.title == "Title"
    assert [warning.detail for warning in found.warnings] == [
        "tags could not be read: tags exceed the read limit"
    ]


@pytest.mark.parametrize("kind", TAGGED)
@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rng=st.randoms(use_true_random=True))
def test_damage_is_never_a_failure(kind: str, rng: Random, tmp_path: Path) -> None:
    """Tags with wrong or missing bytes never raise."""
    data = bytearray(TAGGED_FILES.setdefault(kind, TAGGED[kind]()))
    if rng.random() < 0.3:
        del data[rng.randrange(1, len(data)) :]
    for _ in range(rng.randrange(1, 30)):
        reach = rng.choice((100, 2_000, len(data)))
        data[rng.randrange(min(reach, len(data)))] = rng.randrange(256)

    try:
        found = read_tags_of(tmp_path, bytes(data))
    except FileError as error:
        pytest.fail(f"a tag failed the file: {error}")

    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301
    assert all(warning.detail.isprintable() for warning in found.warnings)
    for text in (found.tags.title, found.tags.artist, *found.tags.genres):
        assert len((text or "").encode()) <= 4 * 4_096


TAGGED_FILES: dict[str, bytes] = {}


def test_a_failing_disk_is_not_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk error is raised even if mutagen replaces it with its own."""
    path, signature = write_file(tmp_path, tagged_mp4())
    reads = 0

    def broken(descriptor: int, count: int, offset: int) -> bytes:
        nonlocal reads
        reads += 1
        if reads > 5:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(descriptor, count, offset)

    real = os.pread
    monkeypatch.setattr(os, "pread", broken)

    with pytest.raises(DiskReadError):
        read_tags(path, signature)
