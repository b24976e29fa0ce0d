"""Read a file's tags, chapters and embedded CUE sheet.

No defect of a tag fails the file. An unreadable tag is a warning, and the others are
still used: an MP3 can have three tags.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from itertools import islice
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from segued.errors import DecodeError, NotAudioError
from segued.media.containers.audio_ranges import (
    TailTag,
    head_tags,
    head_tags_end,
    tail_tags,
)
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
from segued.media.containers.detect import HEAD_BYTES, Container, detect_container
from segued.media.containers.frame_sync import begins_with_frame, find_first_frame
from segued.media.decoding.container_chapters import read_chapters
from segued.media.decoding.container_metadata import read_metadata
from segued.media.safe_open import open_regular
from segued.media.tags import formats
from segued.media.tags.bounded_file import BoundedFile, TagLimitError
from segued.media.tags.embedded_marks import choose_marks
from segued.media.tags.formats import NO_TAGS, TagData
from segued.media.tags.id3_limits import rewrite_id3
from segued.media.tags.keys import INFO_CHUNKS
from segued.media.tags.lyrics import with_lyrics_beside
from segued.media.tags.text_encoding import decode_text
from segued.media.tags.values import build_tags
from segued.model import FileWarning, PassageMark, Signature, Tags
from segued.units import Ticks

__all__ = ["TagReading", "read_tags"]

ReadTag: TypeAlias = Callable[[], TagData]

ID3_BYTES_MAX: Final = 64 << 20
ID3_HEAD_BYTES: Final = 10
ID3V1_BYTES: Final = 128
TEXT_BYTES_MAX: Final = 16_384
TEXTS_MAX: Final = 100
ID3_TAGS_MAX: Final = 4
HEAD_TAGS_MAX: Final = 4
REASON_MAX: Final = 200

FIRST_PAGE_BYTES: Final = 128

CHUNK_LAYOUTS: Final = MappingProxyType(
    {
        Container.WAVE: (12, RIFF),
        Container.WAVE_BIG_ENDIAN: (12, RIFX),
        Container.AIFF: (12, IFF),
        Container.DSDIFF: (16, FRM8),
    }
)
"""Offset of the first chunk, and chunk layout."""


@dataclass(frozen=True, slots=True)
class TagReading:
    """The metadata of a file.

    Attributes:
        tags: Its tags, merged.
        marks: Passages from an embedded CUE sheet or chapters; none or at least
            two, ascending.
        warnings: Tags that could not be read, and marks that are not used.
        length: The length that the file declares, if it was read.
    """

    tags: Tags = NO_TAGS
    marks: tuple[PassageMark, ...] = ()
    warnings: tuple[FileWarning, ...] = ()
    length: Ticks | None = None


def read_tags(path: bytes, expected: Signature) -> TagReading:
    """Read all tags of a file; where several have a field, the native tag wins.

    Raises:
        FileVanishedError: The file does not exist any more.
        FileChangedError: Its signature is not `expected`, or changed meanwhile.
        FileUnreadableError: It is not readable, or the disk failed.
    """
    with open_regular(path, expected) as descriptor:
        source = BoundedFile(descriptor, expected.size_bytes)
        tags = NO_TAGS
        all_found: list[TagData] = []
        warnings: dict[FileWarning, None] = {}
        readers, last = _tag_readers(source, path, descriptor)
        for read_tag in (*readers, last):
            if read_tag is None or (read_tag is last and tags.title):
                continue
            found, warning = _try_read(read_tag, source)
            if warning is not None:
                warnings[warning] = None
            tags = found.tags.merged_with(tags)
            all_found.append(found)
        source.reset()
        marks = choose_marks(
            path,
            detect_container(source.read_at(0, HEAD_BYTES)),
            all_found,
            tags,
            lambda: read_chapters(path, descriptor, _container_start(source)),
        )
        all_warnings = dict.fromkeys((*warnings, *marks.warnings))
    tags = with_lyrics_beside(path, tags)
    return TagReading(tags, marks.marks, tuple(all_warnings), marks.length)


def _try_read(
    read_tag: ReadTag, source: BoundedFile
) -> tuple[TagData, FileWarning | None]:
    source.reset()  # each tag has its own limits
    try:
        found = read_tag()
    except Exception as error:  # mutagen raises anything on damaged files
        if source.failure is not None:
            raise source.failure from error
        return TagData(), FileWarning(
            "tags", f"tags could not be read: {_error_reason(error)}"
        )
    if found.left_out:
        return found, FileWarning(
            "tags", f"left out of the tags: {', '.join(found.left_out)}"
        )
    return found, None


def _error_reason(error: Exception) -> str:
    kind = type(error).__name__
    message = "".join(c if c.isprintable() else " " for c in str(error))[:REASON_MAX]
    if not message:
        return kind
    # Many of mutagen's exceptions are named `error`, which adds nothing.
    return (
        message if kind in {"error", TagLimitError.__name__} else f"{kind}: {message}"
    )


class _Readers(NamedTuple):
    """Readers of the tags that a file may have.

    Attributes:
        readers: One for each tag, by precedence.
        last: Of what only FFmpeg reads; used if no title was found.
    """

    readers: list[ReadTag]
    last: ReadTag | None = None


def _tag_readers(source: BoundedFile, path: bytes, descriptor: int) -> _Readers:
    start = _container_start(source)
    head = source.read_at(start, HEAD_BYTES)
    added = _AddedTags.found_in(source)
    id3 = added.id3
    native = partial(partial, _read_native, source, start)
    ffmpeg = partial(_read_with_ffmpeg, path, descriptor, start)
    readers: list[ReadTag] = [*id3, *added.ape, *added.id3v1]
    last: ReadTag | None = None
    match detect_container(head):
        case container if container in CHUNK_LAYOUTS:
            inside = _chunk_tag_readers(source, start, *CHUNK_LAYOUTS[container])
            readers = [*inside, *readers]
        case Container.FLAC:
            readers = [native(formats.from_flac), *readers]
        case Container.OGG:
            first_page = source.read_at(start, FIRST_PAGE_BYTES)
            read = partial(formats.from_ogg, first_page=first_page)
            readers = [native(read), *readers]
        case Container.MP4:
            readers, last = [native(formats.from_mp4), *readers], ffmpeg
        case Container.ASF:
            readers = [native(formats.from_asf), *readers]
        case Container.DSF:
            at = start + int.from_bytes(head[20:28], "little")
            readers = [partial(_read_id3, source, at, source.size), *readers]
        case Container.APE_TAGGED:
            readers = [*added.ape, *id3, *added.id3v1]
        case Container.BARE:
            last = None if begins_with_frame(source.read_at, start) else ffmpeg
        case _:  # Matroska, CAF, AU and W64
            readers = [ffmpeg, *readers]
    return _Readers(readers, last)


class _AddedTags(NamedTuple):
    """Readers of the tags before and behind a container; the first come first."""

    id3: list[ReadTag]
    ape: list[ReadTag]
    id3v1: list[ReadTag]

    @classmethod
    def found_in(cls, source: BoundedFile) -> "_AddedTags":
        found = cls([], [], [])
        end = 0
        for at, end in islice(head_tags(source.read_at), HEAD_TAGS_MAX):
            if source.read_at(at, 3) == b"ID3":
                found.id3.append(partial(_read_id3, source, at, source.size))
            else:
                found.ape.append(partial(_read_ape, source, at, end))
        # A tag in front may declare an invalid length.
        start = end if end < source.size else 0
        behind = [*tail_tags(source.read_at, start, source.size)]
        for kind, (at, to) in reversed(behind):
            if kind is TailTag.ID3V2:
                found.id3.append(partial(_read_id3, source, at, to))
            elif kind is TailTag.APE:
                found.ape.append(partial(_read_ape, source, at, to))
            elif kind is TailTag.ID3V1:
                found.id3v1.append(partial(_read_id3v1, source, to - ID3V1_BYTES))
        return found


def _read_with_ffmpeg(path: bytes, descriptor: int, start: int) -> TagData:
    """Read the metadata of a container that mutagen has no reader for."""
    try:
        metadata = read_metadata(path, descriptor, start)
    except (NotAudioError, DecodeError):
        return TagData()  # phase 4 reports it
    return formats.from_ffmpeg(metadata)


def _container_start(source: BoundedFile) -> int:
    """Return where the container begins: after other tags, or after junk."""
    start = head_tags_end(source.read_at, source.size) or 0
    head = source.read_at(start, HEAD_BYTES)
    if detect_container(head) is not Container.BARE or begins_with_frame(
        source.read_at, start
    ):
        return start
    found = find_first_frame(source.read_at, start)
    return start if found is None else found.at


def _read_native(
    source: BoundedFile, start: int, read: Callable[[BoundedFile], TagData]
) -> TagData:
    """Read the tag of a container that begins at `start`, after other tags."""
    source.reset(start)
    return read(source)


def _chunk_tag_readers(
    source: BoundedFile, start: int, skip: int, layout: Layout
) -> list[ReadTag]:
    """Return readers for the ID3 chunks of a WAV or AIFF file, then its text chunks."""
    id3: list[ReadTag] = []
    texts: list[Chunk] = []
    for chunk in chunks(source.read_at, start + skip, source.size, layout):
        if chunk.name.upper() == b"ID3 ":
            id3.append(partial(_read_id3, source, chunk.start, chunk.end))
        elif chunk.name == b"LIST" and source.read_at(chunk.start, 4) == b"INFO":
            inside = chunks(source.read_at, chunk.start + 4, chunk.end, layout)
            texts.extend(c for c in inside if c.name in INFO_CHUNKS)
        elif chunk.name in INFO_CHUNKS:
            texts.append(chunk)
    return [
        *id3[:ID3_TAGS_MAX],
        partial(_read_text_chunks, source, texts[:TEXTS_MAX]),
    ]


def _read_text_chunks(source: BoundedFile, texts: list[Chunk]) -> TagData:
    values = {
        INFO_CHUNKS[text.name]: [decode_text(_read_text(source, text), "cp1252")]
        for text in reversed(texts)  # the first of a name takes precedence
    }
    return TagData(build_tags(values))


def _read_text(source: BoundedFile, text: Chunk) -> bytes:
    length = min(text.end - text.start, TEXT_BYTES_MAX)
    return source.read_at(text.start, length).partition(b"\0")[0]


def _read_id3(source: BoundedFile, start: int, limit: int) -> TagData:
    """Read the ID3v2 tag at `start`; empty if there is none.

    Raises:
        TagLimitError: Its declared length exceeds `limit`.
    """
    head = source.read_at(start, ID3_HEAD_BYTES)
    if len(head) < ID3_HEAD_BYTES or head[:3] != b"ID3":
        return TagData()
    length = ID3_HEAD_BYTES + (syncsafe(head[6:]) or 0)
    if start + length > limit:
        raise TagLimitError(f"ID3 tag with a declared size of {length} bytes")
    # Of a longer tag the first part is read: texts are in front of pictures.
    tag, left_out = rewrite_id3(source.read_at(start, min(length, ID3_BYTES_MAX)))
    return replace(formats.from_id3(BytesIO(tag)), left_out=left_out)


def _read_id3v1(source: BoundedFile, start: int) -> TagData:
    return formats.from_id3v1(source.read_at(start, ID3V1_BYTES))


def _read_ape(source: BoundedFile, start: int, end: int) -> TagData:
    return formats.from_ape(BytesIO(source.read_at(start, end - start)))
