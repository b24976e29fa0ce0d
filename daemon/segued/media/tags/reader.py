"""What a file says of itself: its tags, chapters and embedded CUE sheet.

Nothing in here fails a file. A tag that cannot be read is a warning, and what
the others say is kept: an MP3 may well have three of them.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from types import MappingProxyType
from typing import Final, TypeAlias

from segued.media.containers.audio_ranges import after_head_tags
from segued.media.containers.chunks import (
    FRM8,
    IFF,
    RIFF,
    RIFX,
    Chunk,
    Layout,
    chunks,
    syncsafe,
)
from segued.media.containers.detect import HEAD_BYTES, Container, container_of
from segued.media.safe_open import opened
from segued.media.tags import formats
from segued.media.tags.bounded_file import BoundedFile, TooMuchError
from segued.media.tags.cue import marks_in_cue
from segued.media.tags.formats import NO_TAGS, Found
from segued.media.tags.id3_limits import bomb_in
from segued.media.tags.keys import INFO_CHUNKS
from segued.media.tags.marks import believable
from segued.media.tags.values import tags_of
from segued.model import Mark, Signature, Tags, Warned

__all__ = ["TagReading", "read_tags"]

Part: TypeAlias = Callable[[], Found]

ID3_BYTES_MAX: Final = 64 << 20
ID3_HEAD_BYTES: Final = 10
ID3V1_BYTES: Final = 128
TEXT_BYTES_MAX: Final = 16_384
TEXTS_MAX: Final = 100
PARTS_MAX: Final = 4
REASON_MAX: Final = 200

FIRST_PAGE_BYTES: Final = 128

CHUNKED: Final = MappingProxyType(
    {
        Container.WAVE: (12, RIFF),
        Container.WAVE_BIG_ENDIAN: (12, RIFX),
        Container.AIFF: (12, IFF),
        Container.DSDIFF: (16, FRM8),
    }
)
"""Where the chunks begin, and how they are laid out."""


@dataclass(frozen=True, slots=True)
class TagReading:
    """What a file says of itself.

    Attributes:
        marks: Passages by embedded CUE sheet or chapters; none or at least
            two, ascending.
    """

    tags: Tags = NO_TAGS
    marks: tuple[Mark, ...] = ()
    warnings: tuple[Warned, ...] = ()


def read_tags(path: bytes, expected: Signature) -> TagReading:
    """Read all tags of a file; where several speak, the format's own wins.

    Raises:
        FileVanishedError: It is gone.
        FileChangedError: It is not as expected, or changed meanwhile.
        FileUnreadableError: It may not be read, or the disk failed.
    """
    name = os.path.basename(path).decode("utf-8", "replace")
    with opened(path, expected) as descriptor:
        source = BoundedFile(descriptor, expected.size_bytes)
        tags = NO_TAGS
        marks: tuple[Mark, ...] = ()
        warnings: dict[Warned, None] = {}
        for part in _parts(source):
            found, warned = _attempted(part, source)
            if warned is not None:
                warnings[warned] = None
            tags = found.tags.merged_with(tags)
            if not marks:
                marks, warned = _marks(found, name)
            if warned is not None:
                warnings[warned] = None
        return TagReading(tags, marks, tuple(warnings))


def _attempted(part: Part, source: BoundedFile) -> tuple[Found, Warned | None]:
    source.restart()  # one tag's excess is not the next one's
    try:
        return part(), None
    except Exception as error:  # anything can come out of a parser
        if source.failure is not None:
            raise source.failure from error
        return Found(), Warned("tags", f"tags could not be read: {_reason(error)}")


def _reason(error: Exception) -> str:
    kind = type(error).__name__
    said = "".join(c if c.isprintable() else " " for c in str(error))[:REASON_MAX]
    if not said:
        return kind
    # `error` is what half of mutagen's own errors are called.
    return said if kind in {"error", TooMuchError.__name__} else f"{kind}: {said}"


def _marks(found: Found, name: str) -> tuple[tuple[Mark, ...], Warned | None]:
    """Return the marks of one tag; a CUE sheet goes before chapters."""
    by_sheet = marks_in_cue(found.cue, name) if found.cue else ()
    if by_sheet:
        return by_sheet, None
    by_chapter = believable(found.marks)
    if by_chapter:
        return by_chapter, None
    if by_sheet is None:
        return (), Warned("cue", "embedded CUE sheet not used: it makes no sense")
    if by_chapter is None:
        return (), Warned("chapters", "chapters not used: they make no sense")
    return (), None


def _parts(source: BoundedFile) -> list[Part]:
    """Return how to read each tag that the file may have, strongest first."""
    start = after_head_tags(source.read_at, source.size) or 0
    head = source.read_at(start, HEAD_BYTES)
    ape = partial(formats.from_ape, source)
    id3 = partial(_id3_at, source, 0, source.size)
    id3v1 = partial(_id3v1, source)
    parts: list[Part]
    match container_of(head):
        case container if container in CHUNKED:
            parts = _chunk_parts(source, start, *CHUNKED[container])
        case Container.FLAC:
            parts = [partial(formats.from_flac, source), id3, ape, id3v1]
        case Container.OGG:
            first_page = source.read_at(start, FIRST_PAGE_BYTES)
            parts = [partial(formats.from_ogg, source, first_page)]
        case Container.MP4:
            parts = [partial(formats.from_mp4, source)]
        case Container.ASF:
            parts = [partial(formats.from_asf, source)]
        case Container.DSF:
            pointer = int.from_bytes(head[20:28], "little")
            parts = [partial(_id3_at, source, pointer, source.size)]
        case Container.APE_TAGGED:
            parts = [ape, id3, id3v1]
        case _:
            parts = [id3, ape, id3v1]
    return parts


def _chunk_parts(
    source: BoundedFile, start: int, skip: int, layout: Layout
) -> list[Part]:
    """Return the ID3 chunks of a WAV or AIFF file, then its own text chunks."""
    id3: list[Part] = []
    texts: list[Chunk] = []
    for chunk in chunks(source.read_at, start + skip, source.size, layout):
        if chunk.name.upper() == b"ID3 ":
            id3.append(partial(_id3_at, source, chunk.start, chunk.end))
        elif chunk.name == b"LIST" and source.read_at(chunk.start, 4) == b"INFO":
            inside = chunks(source.read_at, chunk.start + 4, chunk.end, layout)
            texts.extend(c for c in inside if c.name in INFO_CHUNKS)
        elif chunk.name in INFO_CHUNKS:
            texts.append(chunk)
    return [*id3[:PARTS_MAX], partial(_texts, source, texts[:TEXTS_MAX])]


def _texts(source: BoundedFile, texts: list[Chunk]) -> Found:
    values = {
        INFO_CHUNKS[text.name]: [_decoded(_text(source, text))]
        for text in reversed(texts)  # so that the first of a name stays
    }
    return Found(tags_of(values))


def _text(source: BoundedFile, text: Chunk) -> bytes:
    length = min(text.end - text.start, TEXT_BYTES_MAX)
    return source.read_at(text.start, length).partition(b"\0")[0]


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("cp1252", "replace")


def _id3_at(source: BoundedFile, start: int, limit: int) -> Found:
    """Read the ID3v2 tag at `start`; nothing if there is none.

    Raises:
        TooMuchError: It is, or says it is, out of all proportion.
    """
    head = source.read_at(start, ID3_HEAD_BYTES)
    if len(head) < ID3_HEAD_BYTES or head[:3] != b"ID3":
        return Found()
    length = ID3_HEAD_BYTES + (syncsafe(head[6:]) or 0)
    if length > ID3_BYTES_MAX or start + length > limit:
        raise TooMuchError(f"an ID3 tag that claims {length} bytes")
    tag = source.read_at(start, length)
    if reason := bomb_in(tag):
        raise TooMuchError(reason)
    return formats.from_id3(BytesIO(tag))


def _id3v1(source: BoundedFile) -> Found:
    tag = source.read_at(max(0, source.size - ID3V1_BYTES), ID3V1_BYTES)
    if not tag.startswith(b"TAG"):
        return Found()
    return formats.from_id3(BytesIO(tag), v1=True)
