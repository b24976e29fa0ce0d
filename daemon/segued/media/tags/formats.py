"""Read every tag format with mutagen; the only importer of `mutagen`.

Each function reads one format from an open file. On damaged files they raise any of
mutagen's exceptions, from IndexError to RecursionError.
"""

import base64
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, BinaryIO, Final, TypeAlias

from mutagen.apev2 import APENoHeaderError, APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC, Picture
from mutagen.id3 import ID3, TCON
from mutagen.mp4 import MP4, Atoms  # type: ignore[attr-defined]
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggtheora import OggTheora
from mutagen.oggvorbis import OggVorbis

from segued.media.hashing import digest
from segued.media.tags.bounded_file import BoundedFile
from segued.media.tags.chapters import (
    comment_chapters,
    cue_block_marks,
    ms_to_ticks,
    timed_chapters,
)
from segued.media.tags.keys import ID3_FRAMES, MP4_ATOMS, TagField, field_for_name
from segued.media.tags.lyrics import id3_lyrics
from segued.media.tags.text_encoding import decode_text
from segued.media.tags.values import build_tags
from segued.model import Cover, PassageMark, Tags
from segued.units import Ticks, frames_to_ticks, seconds_to_ticks

__all__ = [
    "NO_TAGS",
    "TagData",
    "from_ape",
    "from_asf",
    "from_ffmpeg",
    "from_flac",
    "from_id3",
    "from_id3v1",
    "from_mp4",
    "from_ogg",
]

MutagenClass: TypeAlias = Callable[..., Any]
"""mutagen is only partly typed; the attributes of its classes are not."""

OGG_CODECS: Final[tuple[tuple[bytes, MutagenClass], ...]] = (
    (b"\x01vorbis", OggVorbis),
    (b"OpusHead", OggOpus),
    (b"Speex   ", OggSpeex),
    (b"\x7fFLAC", OggFLAC),
    (b"\x80theora", OggTheora),
)

ID3V1_FIELDS: Final = (
    (TagField.TITLE, 3, 30),
    (TagField.ARTIST, 33, 30),
    (TagField.ALBUM, 63, 30),
    (TagField.DATE, 93, 4),
)
"""Fields of ID3v1 with their offset and length in bytes."""

ALBUM_LEVELS: Final = frozenset(("ALBUM", "OPERA", "CONCERT", "MOVIE", "EPISODE"))
ALBUM_FIELDS: Final = MappingProxyType(
    {
        TagField.TITLE: TagField.ALBUM,
        TagField.ARTIST: TagField.ALBUM_ARTIST,
        TagField.ALBUM: TagField.ALBUM,
        TagField.ALBUM_ARTIST: TagField.ALBUM_ARTIST,
        TagField.TRACK_TOTAL: TagField.TRACK_TOTAL,
        TagField.DATE: TagField.DATE,
        TagField.GENRE: TagField.GENRE,
        TagField.RELEASE_MBID: TagField.RELEASE_MBID,
        TagField.RELEASE_GROUP_MBID: TagField.RELEASE_GROUP_MBID,
        TagField.ALBUM_ARTIST_MBID: TagField.ALBUM_ARTIST_MBID,
        TagField.ALBUM_GAIN: TagField.ALBUM_GAIN,
        TagField.ALBUM_PEAK: TagField.ALBUM_PEAK,
        TagField.CUE_SHEET: TagField.CUE_SHEET,
    }
)
"""The fields that Matroska names the same for the album as for the song."""

FRONT_COVER: Final = 3
"""The picture type of the front cover in ID3, FLAC and ASF."""

NERO_CHAPTERS_MAX: Final = 255
"""Nero's list cannot hold more: a longer one is cut off."""

NO_TAGS: Final = Tags()
VORBIS_COMMENT: Final = 4
"""The type of FLAC's metadata blocks with comments."""

MIME_MAX: Final = 64
VALUES_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class TagData:
    """The content of one tag.

    Attributes:
        marks: Its chapter list, unchecked.
        marks_length: The length for which the chapter list was made, if declared.
        length: The length of the file, if it was read with the tag.
        more_chapters: Whether the container may have chapters that are not read here.
        cue: Its embedded CUE sheet.
        left_out: Parts that are not read, and why.
    """

    tags: Tags = NO_TAGS
    marks: tuple[PassageMark, ...] = ()
    cue: str | None = None
    left_out: tuple[str, ...] = ()
    marks_length: Ticks | None = None
    length: Ticks | None = None
    more_chapters: bool = False


class _ValueCollector(dict[TagField, list[str]]):
    """Collects the values of each field of a tag."""

    def add(self, field: TagField | None, *texts: object) -> None:
        """Add values of a field; ignore them if `field` is None."""
        if field is not None:
            collected = self.setdefault(field, [])
            collected.extend(str(text) for text in texts[:VALUES_MAX])

    def cue(self) -> str | None:
        """Remove and return the embedded CUE sheet."""
        sheets = self.pop(TagField.CUE_SHEET, [])
        return sheets[0] if sheets else None


def from_id3(source: BinaryIO) -> TagData:
    """Read ID3v2 from a file object that holds only the tag."""
    tag = ID3(source, load_v1=False)
    values = _ValueCollector()
    frames = list(tag.values())
    for frame in frames:
        if frame.FrameID == "TCON":
            values.add(TagField.GENRE, *frame.genres)
        elif frame.FrameID in ID3_FRAMES:
            values.add(ID3_FRAMES[frame.FrameID], *frame.text)
        elif frame.FrameID == "UFID" and frame.owner.endswith("musicbrainz.org"):
            values.add(TagField.RECORDING_MBID, frame.data.decode("ascii", "replace"))
    values.add(TagField.LYRICS, *id3_lyrics(frames))
    # Dedicated frames are read before TXXX, and so take precedence.
    for frame in frames:
        if frame.FrameID == "TXXX":
            values.add(field_for_name(frame.desc), *frame.text)
    for frame in frames:
        if frame.FrameID == "RVA2" and frame.desc.lower() in {"track", "album"}:
            album = frame.desc.lower() == "album"
            values.add(
                TagField.ALBUM_GAIN if album else TagField.TRACK_GAIN, frame.gain
            )
            if frame.peak:
                values.add(
                    TagField.ALBUM_PEAK if album else TagField.TRACK_PEAK, frame.peak
                )
    pictures = ((p.type, p.mime, p.data) for p in frames if p.FrameID == "APIC")
    chapters = (
        (
            ms_to_ticks(frame.start_time),
            ms_to_ticks(frame.end_time),
            _chapter_title(frame),
        )
        for frame in frames
        if frame.FrameID == "CHAP"
    )
    cue = values.cue()
    return TagData(build_tags(values, _cover(pictures)), timed_chapters(chapters), cue)


def _chapter_title(chapter: Any) -> str | None:  # noqa: ANN401
    titles = chapter.sub_frames.getall("TIT2")
    return str(titles[0]) if titles else None


def from_id3v1(tag: bytes) -> TagData:
    """Read an ID3v1 tag, of 128 bytes."""
    values = _ValueCollector()
    for field, start, length in ID3V1_FIELDS:
        text = tag[start : start + length].partition(b"\0")[0]
        values.add(field, decode_text(text, "latin-1", cut_at=length))
    if tag[125] == 0:
        values.add(TagField.TRACK, tag[126])
    values.add(TagField.GENRE, *TCON(text=[str(tag[127])]).genres)
    return TagData(build_tags(values))


def from_ffmpeg(metadata: Iterable[tuple[str, bytes]]) -> TagData:
    """Convert the names and values that FFmpeg reads; the first value of each wins.

    A Matroska tag has a level in front of the name: that of the album, or the song.
    """
    values = _ValueCollector()
    for name, value in metadata:
        level, _, plain = name.rpartition("/")
        field = field_for_name(plain)
        if level.upper() in ALBUM_LEVELS:
            field = ALBUM_FIELDS.get(field) if field else None
        if field not in values:
            values.add(field, decode_text(value, "cp1252"))
    return TagData(build_tags(values), cue=values.cue())


def from_ape(source: BinaryIO) -> TagData:
    """Read the APEv2 tag at the end of a file; empty if there is none."""
    try:
        tag = APEv2(source)
    except APENoHeaderError:
        return TagData()
    values = _ValueCollector()
    pictures = []
    for key, value in tag.items():
        if key.lower().startswith("cover art"):
            front = FRONT_COVER if "front" in key.lower() else 0
            pictures.append((front, "", bytes(value.value).partition(b"\0")[2]))
        elif isinstance(value.value, str):
            values.add(field_for_name(key), value.value)
    return TagData(build_tags(values, _cover(pictures)), cue=values.cue())


def from_flac(source: BoundedFile) -> TagData:
    """Read the metadata blocks of a FLAC file."""
    flac: Any = FLAC(source)
    pictures = [(p.type, p.mime, p.data) for p in flac.pictures]
    data = TagData()
    # Most files have one block of comments; some programs add another.
    for block in flac.metadata_blocks:
        if block.code == VORBIS_COMMENT:
            data = _first_of(data, _from_comments(block, pictures))
    if not flac.tags:
        data = _first_of(data, _from_comments((), pictures))
    length = frames_to_ticks(flac.info.total_samples, flac.info.sample_rate)
    data = replace(data, length=length or None)
    if data.marks or flac.cuesheet is None:
        return data
    tracks = (
        (track.start_offset, list(track.indexes), bytes(track.isrc))
        for track in flac.cuesheet.tracks
        if track.type == 0 and track.track_number <= 99  # noqa: PLR2004
    )
    marks = cue_block_marks(tracks, flac.info.sample_rate)
    lead_out = max(
        (t.start_offset for t in flac.cuesheet.tracks if t.track_number > 99),  # noqa: PLR2004
        default=None,
    )
    if lead_out is None:
        return replace(data, marks=marks)
    marks_length = frames_to_ticks(lead_out, flac.info.sample_rate)
    return replace(data, marks=marks, marks_length=marks_length)


def _first_of(first: TagData, second: TagData) -> TagData:
    """Return both, with the first one's value of what both have."""
    return TagData(
        second.tags.merged_with(first.tags),
        first.marks or second.marks,
        first.cue or second.cue,
    )


def from_ogg(source: BoundedFile, first_page: bytes) -> TagData:
    """Read the comments of the first stream of an Ogg file."""
    for magic, read in OGG_CODECS:
        if magic in first_page:
            return _from_comments(read(source).tags or (), [])
    return TagData()


def _from_comments(
    comments: Iterable[tuple[str, str]], pictures: list[tuple[int, str, bytes]]
) -> TagData:
    """Return the content of Vorbis comments, and the cover among the pictures."""
    values = _ValueCollector()
    chapters: dict[str, str] = {}
    for key, text in comments:
        name = key.lower()
        if name == "metadata_block_picture":
            pictures.extend(_embedded_picture(text))
        elif name == "coverart":
            pictures.append((FRONT_COVER, "", _decode_base64(text)))
        elif name.startswith("chapter"):
            chapters[name] = text
        else:
            values.add(field_for_name(name), text)
    cue = values.cue()
    return TagData(
        build_tags(values, _cover(pictures)), comment_chapters(chapters), cue
    )


def _embedded_picture(text: str) -> list[tuple[int, str, bytes]]:
    try:
        picture = Picture(_decode_base64(text))
    except Exception:  # noqa: BLE001 - a bad picture must not lose the tags
        return []
    return [(picture.type, picture.mime, picture.data)]


def _decode_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def from_mp4(source: BoundedFile) -> TagData:
    """Read the iTunes atoms and the chapter list of an MP4 file."""
    mp4: Any = MP4(source)
    values = _ValueCollector()
    pictures = []
    for key, value in (mp4.tags or {}).items():
        if key in {"trkn", "disk"}:
            values.add(MP4_ATOMS[key], *(f"{pair[0]}/{pair[1]}" for pair in value))
        elif key in MP4_ATOMS:
            values.add(MP4_ATOMS[key], *(value if isinstance(value, list) else [value]))
        elif key.startswith("----:"):
            texts = (bytes(text).decode("utf-8", "replace") for text in value)
            values.add(field_for_name(key.rpartition(":")[2]), *texts)
        elif key == "covr":
            pictures = [(FRONT_COVER, "", bytes(picture)) for picture in value]
    chapters = (
        (seconds_to_ticks(chapter.start), None, chapter.title)
        for chapter in mp4.chapters or ()
    )
    cue = values.cue()
    marks = timed_chapters(chapters)
    return TagData(
        build_tags(values, _cover(pictures)),
        marks,
        cue,
        more_chapters=not 0 < len(marks) < NERO_CHAPTERS_MAX and _has_tracks(source),
    )


def _has_tracks(source: BoundedFile) -> bool:
    """Return whether an MP4 file has several tracks, of which one may list chapters."""
    source.seek(0)
    return len(list(Atoms(source)[b"moov"].findall(b"trak"))) > 1


def from_asf(source: BoundedFile) -> TagData:
    """Read the attributes of an ASF (WMA) file."""
    asf: Any = ASF(source)
    values = _ValueCollector()
    pictures = []
    for key, attribute in asf.tags or ():
        if key == "WM/Picture":
            pictures.extend(_asf_picture(bytes(attribute.value)))
        elif not isinstance(attribute.value, bytes):
            values.add(field_for_name(key), attribute.value)
    return TagData(build_tags(values, _cover(pictures)), cue=values.cue())


def _asf_picture(value: bytes) -> list[tuple[int, str, bytes]]:
    """Parse a WM/Picture: type, size, then MIME type, description and data."""
    if len(value) < 5:  # noqa: PLR2004
        return []
    kind, size = struct.unpack_from("<BI", value)
    return [(kind, "", value[-size:])] if 0 < size < len(value) else []


def _cover(pictures: Iterable[tuple[int, str, bytes]]) -> Cover | None:
    """Return the properties of the front cover, or else of the first picture."""
    real = [picture for picture in pictures if picture[2]]
    if not real:
        return None
    _, mime, data = next((p for p in real if p[0] == FRONT_COVER), real[0])
    return Cover(_detect_mime(data) or _clean_mime(mime), len(data), digest(data))


def _detect_mime(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _clean_mime(mime: str) -> str:
    cleaned = "".join(c for c in mime.lower() if c.isprintable())[:MIME_MAX]
    return cleaned if "/" in cleaned else "application/octet-stream"
