"""Rewrite an ID3v2 tag with only the frames that segued reads, within limits.

mutagen needs 21 s for 200,000 small frames, and 760 MB for a compressed frame of
300 kB. It also has to guess the sizes of version 2.4, which some programs wrote as in
2.3, and may take a part of a picture for frames. So it gets a tag of version 2.2 or
2.3, whose sizes are certain, without compression, flags and unused frames. A frame
that exceeds a limit is left out; the others are read.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from segued.media.containers.chunks import syncsafe
from segued.media.tags.text_encoding import is_utf8

__all__ = ["rewrite_id3"]

FRAMES_MAX: Final = 5_000
FRAMES_WALKED_MAX: Final = 100_000
PICTURES_MAX: Final = 64
TEXT_BYTES_MAX: Final = 2 << 20
DECOMPRESSED_BYTES_MAX: Final = 16 << 20
"""Limits on one tag. mutagen copies the rest of the tag once for each frame."""

CHAPTER_FRAMES_MAX: Final = 100
CHAPTER_TIMES_BYTES: Final = 16
LEFT_OUT_MAX: Final = 5

UNSYNCHRONIZED: Final = 0x80
EXTENDED_HEADER: Final = 0x40
TAG_HEAD_BYTES: Final = 10
V22, V23, V24 = 2, 3, 4
COMPRESSED: Final = {V22: 0, V23: 0x80, V24: 0x08}
ENCRYPTED: Final = {V22: 0, V23: 0x40, V24: 0x04}
GROUPED: Final = {V22: 0, V23: 0x20, V24: 0x40}
V24_UNSYNCHRONIZED: Final = 0x02
V24_DATA_LENGTH: Final = 0x01
"""Format flags of frames."""

LATIN_1, UTF_16, UTF_8 = b"\0", b"\1", b"\3"
"""The first byte of a text frame declares its encoding."""

READ_FRAME: Final = re.compile(
    rb"T[A-Z0-9]{2,3}|UFID?|RVA2|A?PIC|CHAP|USLT|ULT|SYLT|SLT"
)
"""Names of the frames that `segued.media.tags.formats` reads, of all versions."""

FRAME_NAME: Final = re.compile(rb"[A-Z0-9]{3}[A-Z0-9 \0]?")
"""Some programs wrote names of 2.2 into 2.3, with a blank or NUL at the end."""

UNSAFE: Final = re.compile(rb"\xff(?:[\xe0-\xff]|\Z)")
"""Does not occur in data that is really unsynchronized."""


class _LeftOutError(Exception):
    """A frame is not read; the text is the reason."""


class _Id3Frame(NamedTuple):
    """A frame of a tag: its name, format flags and data as stored."""

    name: bytes
    flags: int
    data: bytes
    is_cut: bool


class _Walk(NamedTuple):
    """The frames found with one way of reading sizes.

    Attributes:
        frames: Those that are read, at most one more than FRAMES_MAX.
        named: Number of frames that have a valid name, read or not.
        in_step: Whether all have, and end at the end of the tag or at its padding.
    """

    frames: list[_Id3Frame]
    named: int
    in_step: bool


def rewrite_id3(tag: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return a tag that is safe to parse, and what was left out of it.

    Args:
        tag: An ID3v2 tag, or its first part. Of an unknown version, it is returned
            unchanged.
    """
    version = tag[3]
    if version not in {V22, V23, V24}:
        return tag, ()
    rewriter = _Rewriter(tag)
    written = 2 if version == V22 else 3
    size = sum(map(len, rewriter.parts))
    sizes = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    head = b"ID3" + bytes((written, 0, 0)) + sizes
    return b"".join((head, *rewriter.parts)), tuple(rewriter.left_out)[:LEFT_OUT_MAX]


class _Rewriter:
    """Rewrites the frames of one tag.

    Attributes:
        parts: The new tag without its header. Pictures come first, because mutagen
            copies what follows a frame.
        left_out: The names of frames that are left out, and why; in order.
    """

    def __init__(self, tag: bytes) -> None:
        self._version: Final = tag[3]
        self._unsynchronized: Final = bool(tag[5] & UNSYNCHRONIZED)
        self._text_bytes = 0
        self._pictures = 0
        self._decompressed = 0
        self.left_out: dict[str, None] = {}
        body = tag[TAG_HEAD_BYTES:]
        if self._unsynchronized and self._version < V24:
            body = _synchronize(body)
        walk, self._syncsafe = _best_walk(
            body, _extended_header_bytes(body, self._version, tag[5]), self._version
        )
        pictures: list[bytes] = []
        others: list[bytes] = []
        for count, frame in enumerate(walk.frames):
            if count == FRAMES_MAX:
                self.left_out[f"all after {FRAMES_MAX:,} frames"] = None
                break
            name = frame.name.rstrip(b" \0")
            try:
                written = self._rewrite(name, frame)
            except _LeftOutError as error:
                self.left_out[f"{name.decode('ascii')} ({error})"] = None
                continue
            (pictures if name.endswith(b"PIC") else others).extend(written)
        self.parts: Final = [*pictures, *others]

    def _rewrite(self, name: bytes, frame: _Id3Frame) -> tuple[bytes, bytes]:
        """Return a frame's new header and data, within the limits.

        Raises:
            _LeftOutError: It exceeds one.
        """
        data = self._decode(frame)
        if name.endswith(b"PIC"):
            if frame.is_cut:
                raise _LeftOutError("cut off")
            self._pictures += 1
            if self._pictures > PICTURES_MAX:
                raise _LeftOutError(f"more than {PICTURES_MAX} pictures")
            return self._header(frame.name, data), data
        if name == b"CHAP":
            data = self._rewrite_chapter(data)
        elif name.startswith(b"T"):
            data = _with_real_encoding(data)
        if self._text_bytes + len(data) > TEXT_BYTES_MAX:
            raise _LeftOutError(f"more than {TEXT_BYTES_MAX >> 20} MiB of text")
        self._text_bytes += len(data)
        return self._header(frame.name, data), data

    def _rewrite_chapter(self, data: bytes) -> bytes:
        """Return the data of a chapter, with its title as the only frame inside."""
        inside = data.find(b"\0") + 1 + CHAPTER_TIMES_BYTES
        walk, _ = _best_walk(
            data,
            inside,
            self._version,
            first_syncsafe=self._syncsafe,
            frames_max=CHAPTER_FRAMES_MAX,
        )
        title = next((f for f in walk.frames if f.name == b"TIT2"), None)
        if title is None:
            return data[:inside]
        text = _with_real_encoding(self._decode(title))
        return data[:inside] + self._header(b"TIT2", text) + text

    def _header(self, name: bytes, data: bytes) -> bytes:
        if self._version == V22:
            return name + len(data).to_bytes(3, "big")
        return name + len(data).to_bytes(4, "big") + b"\0\0"

    def _decode(self, frame: _Id3Frame) -> bytes:
        """Return a frame's data without unsynchronization and compression.

        Raises:
            _LeftOutError: It is encrypted, damaged or too long.
        """
        flags, version = frame.flags, self._version
        compressed = flags & COMPRESSED[version]
        unsynchronized = False
        # Before the data are its group, and its length without compression.
        skip = bool(flags & GROUPED[version]) + (4 if compressed else 0)
        if version == V24:
            unsynchronized = self._unsynchronized or bool(flags & V24_UNSYNCHRONIZED)
            if flags & V24_DATA_LENGTH and not compressed:
                skip += 4
        if flags & ENCRYPTED[version]:
            raise _LeftOutError("encrypted")
        payload = frame.data[skip:]
        if unsynchronized:
            payload = _synchronize(payload)
        return self._decompress(payload) if compressed else payload

    def _decompress(self, data: bytes) -> bytes:
        limit = DECOMPRESSED_BYTES_MAX - self._decompressed
        stream = zlib.decompressobj()
        try:
            found = stream.decompress(data, limit + 1)
        except zlib.error as error:
            raise _LeftOutError("cannot be decompressed") from error
        if len(found) > limit:
            raise _LeftOutError(
                f"more than {DECOMPRESSED_BYTES_MAX >> 20} MiB, compressed"
            )
        if not stream.eof:
            raise _LeftOutError("cannot be decompressed")
        self._decompressed += len(found)
        return found


def _with_real_encoding(data: bytes) -> bytes:
    """Return a text frame declared as what its text is.

    UTF-8 may be declared as Latin-1, or as UTF-16, which begins with a byte order
    mark; and Latin-1 as UTF-8. mutagen reads UTF-8 in all versions.
    """
    declared, text = data[:1], data[1:]
    no_utf16 = not text.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" not in text
    if declared == LATIN_1 or (declared == UTF_16 and no_utf16):
        return UTF_8 + text if is_utf8(text) else data
    if declared == UTF_8 and not text.isascii() and not is_utf8(text):
        return LATIN_1 + text
    return data


def _best_walk(
    body: bytes,
    start: int,
    version: int,
    *,
    first_syncsafe: bool | None = None,
    frames_max: int = FRAMES_WALKED_MAX,
) -> tuple[_Walk, bool]:
    """Return the frames, and whether their sizes are syncsafe.

    The sizes of the tag's version are believed if they lead to its end; else those of
    the other version, if they do. In a damaged tag those are used that lead to more
    frames.
    """
    first = version == V24 if first_syncsafe is None else first_syncsafe
    found = []
    for syncsafe_sizes in (first,) if version == V22 else (first, not first):
        walk = _walk(body, start, version, frames_max, syncsafe_sizes=syncsafe_sizes)
        if walk.in_step:
            return walk, syncsafe_sizes
        found.append((walk, syncsafe_sizes))
    return max(found, key=lambda each: each[0].named)


def _walk(
    body: bytes, start: int, version: int, frames_max: int, *, syncsafe_sizes: bool
) -> _Walk:
    frames: list[_Id3Frame] = []
    named, in_step, at = 0, True, start
    for name, flags, size, data_at in _headers(
        body, start, version, frames_max, syncsafe_sizes=syncsafe_sizes
    ):
        at = data_at + size
        if not FRAME_NAME.fullmatch(name):
            in_step = False
            continue
        named += 1
        if (
            size
            and len(frames) <= FRAMES_MAX
            and READ_FRAME.fullmatch(name.rstrip(b" \0"))
        ):
            is_cut = at > len(body)
            frames.append(_Id3Frame(name, flags, body[data_at:at], is_cut))
    complete = named >= frames_max or (at <= len(body) and not body[at:].strip(b"\0"))
    return _Walk(frames, named, in_step and complete)


def _headers(
    body: bytes, at: int, version: int, frames_max: int, *, syncsafe_sizes: bool
) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield name, format flags, size and offset of the data of each frame."""
    name_bytes, header = (3, 6) if version == V22 else (4, 10)
    for _ in range(frames_max):
        if at + header > len(body) or not body[at]:
            return
        raw = body[at + name_bytes : at + 2 * name_bytes]
        size = syncsafe(raw) if syncsafe_sizes else int.from_bytes(raw, "big")
        if size is None:
            return
        flags = 0 if version == V22 else body[at + 9]
        yield body[at : at + name_bytes], flags, size, at + header
        at += header + size


def _extended_header_bytes(body: bytes, version: int, flags: int) -> int:
    """Return the length of the extended header; 0 if there is none."""
    # Some programs set the flag without writing the header.
    if version == V22 or not flags & EXTENDED_HEADER or FRAME_NAME.fullmatch(body[:4]):
        return 0
    if version == V24:
        return syncsafe(body[:4]) or 0
    return 4 + int.from_bytes(body[:4], "big")


def _synchronize(data: bytes) -> bytes:
    """Undo unsynchronization; some programs set the flag without doing it."""
    return data if UNSAFE.search(data) else data.replace(b"\xff\x00", b"\xff")
