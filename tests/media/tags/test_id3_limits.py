"""Sound ID3v2 tags of every version and layout lose nothing to the limits."""

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Final

import pytest
from blake3 import blake3

from segued.media.tags.id3_limits import rewrite_id3
from segued.media.tags.reader import TagReading
from segued.model import Cover, Tags
from tests.media.encoded_files import encoded_tone
from tests.media.tags.tagged_files import read_tags_of

TAGS: Final = 80
FIELDS: Final = Tags(
    title="Hyperballad",
    artist="Björk",
    artists=("Björk",),
    album="Post",
    track=3,
    track_total=12,
)
NAMES_V22: Final = {
    b"TIT2": b"TT2",
    b"TPE1": b"TP1",
    b"TALB": b"TAL",
    b"TRCK": b"TRK",
    b"COMM": b"COM",
    b"USLT": b"ULT",
    b"TXXX": b"TXX",
    b"APIC": b"PIC",
}
JPEG, PNG = b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"


def syncsafe_bytes(size: int) -> bytes:
    """Return a size as ID3 stores it, seven bits per byte."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def plain_bytes(size: int) -> bytes:
    """Return a size as version 2.3 stores it."""
    return struct.pack(">I", size)


def unsynchronize(data: bytes) -> bytes:
    """Return data in which nothing looks like the start of an MPEG frame."""
    found = bytearray()
    for at, byte in enumerate(data):
        found.append(byte)
        following = data[at + 1 : at + 2]
        if byte == 0xFF and (
            not following or following[0] >= 0xE0 or following == b"\0"
        ):
            found.append(0)
    return bytes(found)


class DrawnTag:
    """A drawn tag: its frames, and the tags that are read from it."""

    def __init__(self, seed: int) -> None:
        random = Random(seed)  # noqa: S311
        is_png = random.random() < 0.5
        picture = (PNG if is_png else JPEG) + random.randbytes(
            random.randrange(300, 60_000)
        )
        comment = "".join(
            random.choice("abcdefgh ABCDEFGH 0123")
            for _ in range(random.randrange(100, 5_000))
        ).encode()
        mime = b"image/png" if is_png else b"image/jpeg"
        utf16 = random.random() < 0.5
        long_title = random.random() < 0.5
        title = "Hyperballad" + " remix" * (40 if long_title else 0)
        self.frames = [
            (b"TIT2", b"\3" + title.encode()),
            (b"TPE1", b"\1" + "Björk".encode("utf-16") if utf16 else b"\0Bj\xf6rk"),
            (b"TALB", b"\0Post"),
            (b"TRCK", b"\0" + b"3/12"),
            (b"COMM", b"\0eng\0" + comment),
            (b"USLT", b"\0eng\0" + comment[::-1]),
            (b"PRIV", b"owner\0" + random.randbytes(random.randrange(1, 400))),
            (b"TXXX", b"\0NOTES\0" + comment[:500]),
            (b"APIC", b"\0" + mime + b"\0\3\0" + picture),
        ]
        random.shuffle(self.frames)
        self.padding = bytes(random.choice((0, 0, 3, 9, 10, 1_024)))
        cover = Cover(mime.decode(), len(picture), blake3(picture).hexdigest())
        lyrics = comment[::-1].decode().strip()
        fields = replace(FIELDS, title=title, cover=cover, lyrics=lyrics)
        self.reading = TagReading(fields)

    def v24(self, *, syncsafe: bool, unsynchronized: bool = False) -> bytes:
        """Return it in version 2.4."""
        body = b""
        for name, data in self.frames:
            length = syncsafe_bytes(len(data)) if unsynchronized else b""
            stored = length + (unsynchronize(data) if unsynchronized else data)
            size = (syncsafe_bytes if syncsafe else plain_bytes)(len(stored))
            body += name + size + (b"\0\3" if unsynchronized else b"\0\0") + stored
        return self.with_header(4, 0x80 if unsynchronized else 0, body + self.padding)

    def v23(self) -> bytes:
        """Return the frames of version 2.3."""
        return b"".join(
            name + plain_bytes(len(data)) + b"\0\0" + data for name, data in self.frames
        )

    def v22(self) -> bytes:
        """Return the frames of version 2.2."""
        body = b""
        for name, data in self.frames:
            if name in NAMES_V22:
                old = data.replace(b"image/png\0", b"PNG")
                old = old.replace(b"image/jpeg\0", b"JPG")
                body += NAMES_V22[name] + len(old).to_bytes(3, "big") + old
        return body

    @staticmethod
    def with_header(version: int, flags: int, body: bytes) -> bytes:
        """Return a tag of a body."""
        return b"ID3" + bytes((version, 0, flags)) + syncsafe_bytes(len(body)) + body


def layouts(tag: DrawnTag) -> dict[str, bytes]:
    """Return the tag in every version, and with every optional part."""
    v24 = tag.v24(syncsafe=True)
    v23 = tag.v23()
    checked = b"\0\0\0\x0a\x80\0\0\0\0\0abcd"
    return {
        "2.4": v24,
        "2.4 with sizes of 2.3": tag.v24(syncsafe=False),
        "2.4 unsynchronized": tag.v24(syncsafe=True, unsynchronized=True),
        "2.4 with an extended header": tag.with_header(
            4, 0x40, syncsafe_bytes(6) + b"\1\0" + v24[10:]
        ),
        "2.4 with a footer": tag.with_header(4, 0x10, v24[10:].rstrip(b"\0"))
        + b"3DI\4\0\x10"
        + v24[6:10],
        "2.3": tag.with_header(3, 0, v23 + tag.padding),
        "2.3 with syncsafe sizes": tag.with_header(3, 0, v24[10:]),
        "2.3 unsynchronized": tag.with_header(3, 0x80, unsynchronize(v23 + bytes(9))),
        "2.3 with the flag only": tag.with_header(3, 0x80, v23 + b"\0"),
        "2.3 with an extended header": tag.with_header(3, 0x40, checked + v23),
        "2.3 without the extended header": tag.with_header(3, 0x40, v23),
        "2.2": tag.with_header(2, 0, tag.v22() + tag.padding),
        "2.2 unsynchronized": tag.with_header(2, 0x80, unsynchronize(tag.v22())),
    }


@pytest.mark.parametrize("layout", layouts(DrawnTag(0)))
def test_all_fields_of_a_drawn_tag_are_read(layout: str, tmp_path: Path) -> None:
    """Long comments and lyrics, covers of random bytes, all sizes and versions."""
    mp3 = encoded_tone("mp3")
    wrong = {}
    for seed in range(TAGS):
        tag = DrawnTag(seed)
        found = read_tags_of(tmp_path, layouts(tag)[layout] + mp3)
        if found != tag.reading:
            wrong[seed] = found

    assert wrong == {}


def riff(tag: bytes) -> bytes:
    """Return a WAV file with the tag in a chunk."""
    return encoded_tone("wav") + b"id3 " + struct.pack("<I", len(tag)) + tag


def iff(tag: bytes) -> bytes:
    """Return an AIFF file with the tag in a chunk."""
    return encoded_tone("aiff") + b"ID3 " + struct.pack(">I", len(tag)) + tag


def dsf(tag: bytes) -> bytes:
    """Return the parts of a DSF file that lead to its tag."""
    return b"DSD " + struct.pack("<QQQ", 28, 28 + len(tag), 28) + tag


@pytest.mark.parametrize("file", [riff, iff, dsf])
@pytest.mark.parametrize("syncsafe", [True, False])
def test_tags_in_chunks_are_read(
    syncsafe: bool,  # noqa: FBT001
    file: Callable[[bytes], bytes],
    tmp_path: Path,
) -> None:
    """WAV, AIFF and DSF hold the same tags."""
    for seed in range(20):
        tag = DrawnTag(seed)
        found = read_tags_of(tmp_path, file(tag.v24(syncsafe=syncsafe)))

        assert found == tag.reading


def test_a_damaged_tag_is_read_up_to_the_damage(tmp_path: Path) -> None:
    """The size of the last frame is wrong; those before it count."""
    tag = DrawnTag(5)
    tag.frames.sort(key=lambda frame: frame[0] == b"PRIV")
    tag.padding = b""
    data = bytearray(tag.v24(syncsafe=True))
    data[data.rindex(b"PRIV") + 5] = 0x7F

    assert read_tags_of(tmp_path, bytes(data) + encoded_tone("mp3")) == tag.reading


def test_the_rewritten_tag_has_no_unused_frames() -> None:
    """Neither comments nor private data are parsed."""
    tag = DrawnTag(1)

    written, left_out = rewrite_id3(tag.v24(syncsafe=True))

    assert written[:6] == b"ID3\x03\0\0"
    assert b"COMM" not in written
    assert b"PRIV" not in written
    assert left_out == ()
