"""Encode short files in every format that ffmpeg can encode, and tag them."""

import base64
import os
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from mutagen.aiff import AIFF
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, COMM, ID3, TIT2
from mutagen.mp4 import MP4, MP4Cover
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis
from mutagen.trueaudio import TrueAudio
from mutagen.wave import WAVE

from segued.media.safe_open import signature_of
from segued.model import Signature

__all__ = [
    "ENCODERS",
    "PICTURE",
    "RETAGGERS",
    "VORBIS",
    "Retag",
    "encoded_tone",
    "flac_picture",
    "write_file",
]

ENCODERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "aac": "-c:a aac -f adts",
        "aiff": "-f aiff",
        "alac": "-c:a alac -f ipod",
        "asf": "-c:a wmav2 -f asf",
        "au": "-f au",
        "caf": "-c:a pcm_s16be -f caf",
        "flac": "-c:a flac -f flac",
        "m4a": "-c:a aac -f ipod",
        "mka": "-c:a libvorbis -f matroska",
        "mp3": "-c:a libmp3lame -b:a 64k -id3v2_version 0 -f mp3",
        "ogg": "-c:a libvorbis -f ogg",
        "ogg-flac": "-c:a flac -f ogg",
        "opus": "-c:a libopus -b:a 64k -f ogg",
        "rf64": "-rf64 always -f wav",
        "speex": "-ar 16000 -c:a libspeex -f ogg",
        "tta": "-c:a tta -f tta",
        "w64": "-f w64",
        "wav": "-f wav",
        "wv": "-c:a wavpack -f wv",
    }
)
"""ffmpeg's options for each format."""


@cache
def encoded_tone(kind: str, hertz: int = 440) -> bytes:
    """Return an encoded tone of two seconds, without any tag."""
    tone = f"sine=frequency={hertz}:duration=2:sample_rate=16000"
    # A file and not a pipe: some encoders rewrite the header at the end.
    with BytesFile() as path:
        command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", tone]
        options = [*ENCODERS[kind].split(), "-fflags", "+bitexact", "-y", path]
        subprocess.run([*command, "-map_metadata", "-1", *options], check=True)
        return Path(path).read_bytes()


class BytesFile:
    """A file in memory that another process can write by path."""

    def __enter__(self) -> str:
        """Create it, and return its path."""
        self._descriptor = os.memfd_create("encoded")
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def __exit__(self, *_: object) -> None:
        """Free it."""
        os.close(self._descriptor)


def write_file(
    folder: Path, data: bytes, name: str = "file"
) -> tuple[bytes, Signature]:
    """Write a file; return its path and signature."""
    path = folder / name
    path.write_bytes(data)
    return os.fsencode(path), signature_of(path.stat())


PICTURE: Final = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 200

Retag: TypeAlias = Callable[[bytes, str | None], bytes]
"""`retag(file, comment)`: returns the file with a title, that comment and a picture;
None deletes the tag."""


def _retagged(data: bytes, change: Callable[[BytesIO], None]) -> bytes:
    file = BytesIO(data)
    change(file)
    return file.getvalue()


def flac_picture() -> Picture:
    """Return a front cover as a FLAC picture block."""
    picture = Picture()
    picture.type, picture.mime, picture.data = 3, "image/jpeg", PICTURE
    return picture


def _id3(version: int, v1: int) -> Retag:
    def retag(data: bytes, comment: str | None) -> bytes:
        def change(file: BytesIO) -> None:
            tag = ID3()
            if comment is None:
                tag.delete(file)
                return
            _fill_id3(tag, comment)
            tag.save(file, v1=v1, v2_version=version)

        return _retagged(data, change)

    return retag


def _fill_id3(tag: ID3, comment: str) -> None:
    tag.add(TIT2(text=["A title"]))
    tag.add(COMM(text=[comment], lang="eng"))
    tag.add(APIC(mime="image/jpeg", type=3, data=PICTURE))


def _id3_inside(read: Callable[[BytesIO], Any]) -> Retag:
    def retag(data: bytes, comment: str | None) -> bytes:
        def change(file: BytesIO) -> None:
            opened = read(file)
            file.seek(0)
            if comment is None:
                if opened.tags is not None:
                    opened.delete(file)
                return
            if opened.tags is None:
                opened.add_tags()
            _fill_id3(opened.tags, comment)
            opened.save(file)

        return _retagged(data, change)

    return retag


def _ape(data: bytes, comment: str | None) -> bytes:
    def change(file: BytesIO) -> None:
        tag = APEv2()
        if comment is None:
            tag.delete(file)
            return
        tag["Title"], tag["Comment"] = "A title", comment
        tag["Cover Art (Front)"] = b"cover.jpg\0" + PICTURE
        tag.save(file)

    return _retagged(data, change)


def _comments(read: Callable[[BytesIO], Any]) -> Retag:
    def retag(data: bytes, comment: str | None) -> bytes:
        def change(file: BytesIO) -> None:
            opened = read(file)
            file.seek(0)
            if comment is None:
                opened.delete(file)
                return
            opened["title"], opened["comment"] = "A title", comment
            picture = base64.b64encode(flac_picture().write()).decode()
            opened["metadata_block_picture"] = picture
            opened.save(file)

        return _retagged(data, change)

    return retag


def _flac(data: bytes, comment: str | None) -> bytes:
    def change(file: BytesIO) -> None:
        flac: Any = FLAC(file)
        file.seek(0)
        flac.clear_pictures()
        if comment is None:
            flac.delete(file)
            file.seek(0)
            flac.save(file, padding=lambda _: 0)
            return
        if flac.tags is None:
            flac.add_tags()
        flac["title"], flac["comment"] = "A title", comment
        flac.add_picture(flac_picture())
        flac.save(file, padding=lambda _: 50_000)

    return _retagged(data, change)


def _mp4(data: bytes, comment: str | None) -> bytes:
    def change(file: BytesIO) -> None:
        mp4: Any = MP4(file)
        file.seek(0)
        if comment is None:
            mp4.delete(file)
            return
        if mp4.tags is None:
            mp4.add_tags()
        mp4["\xa9nam"], mp4["\xa9cmt"] = "A title", comment
        mp4["covr"] = [MP4Cover(PICTURE)]
        mp4.save(file)

    return _retagged(data, change)


def _asf(data: bytes, comment: str | None) -> bytes:
    def change(file: BytesIO) -> None:
        asf: Any = ASF(file)
        file.seek(0)
        if comment is None:
            asf.delete(file)
            return
        asf["Title"], asf["WM/Comments"] = "A title", comment
        asf.save(file)

    return _retagged(data, change)


VORBIS: Final[Mapping[str, Callable[[BytesIO], Any]]] = MappingProxyType(
    {
        "ogg": OggVorbis,
        "opus": OggOpus,
        "speex": OggSpeex,
        "ogg-flac": OggFLAC,
    }
)

RETAGGERS: Final[Mapping[str, tuple[str, Retag]]] = MappingProxyType(
    {
        "mp3 ID3v2.4": ("mp3", _id3(4, 0)),
        "mp3 ID3v2.3 and v1": ("mp3", _id3(3, 2)),
        "mp3 APEv2": ("mp3", _ape),
        "aac ID3v2.4": ("aac", _id3(4, 0)),
        "flac": ("flac", _flac),
        "m4a": ("m4a", _mp4),
        "alac": ("alac", _mp4),
        "asf": ("asf", _asf),
        "wv APEv2": ("wv", _ape),
        "tta APEv2": ("tta", _ape),
        "tta ID3": ("tta", _id3_inside(TrueAudio)),
        "wav ID3": ("wav", _id3_inside(WAVE)),
        "aiff ID3": ("aiff", _id3_inside(AIFF)),
        **{kind: (kind, _comments(read)) for kind, read in VORBIS.items()},
    }
)
"""The format and retag function for every kind of tag that mutagen writes."""
