"""Make small pictures of the cover of an album: embedded, or beside the files.

Runs in child processes, with limits on time and memory: a picture is untrusted. FFmpeg
is imported where it is used, as in `segued.media.decoding.decode`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from segued.media.safe_open import open_within, read_fully

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["Thumbnails", "find_folder_picture", "make_thumbnails"]

SIZES: Final = {"small": 256, "large": 800}
"""The longer edge of each size, in pixels; a smaller picture is not enlarged."""

PICTURE_BYTES_MAX: Final = 32 * 1024 * 1024
PIXELS_MAX: Final = 40_000_000
"""FFmpeg refuses a picture with more before it allocates any."""

QUALITY: Final = "4"
"""FFmpeg's scale for JPEG: 2 is best, 31 worst."""

FOLDER_STEMS: Final = ("cover", "folder", "front", "album")
FOLDER_ENDINGS: Final = (".jpg", ".jpeg", ".png", ".webp")

DECODERS: Final = (
    (b"\xff\xd8\xff", "mjpeg"),
    (b"\x89PNG\r\n", "png"),
    (b"RIFF", "webp"),
)
"""The first bytes of the formats of pictures, with FFmpeg's decoder."""

FRONT: Final = "Cover (front)"
"""FFmpeg's name of the type of picture that ID3 and FLAC call the front cover."""


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """The cover in two sizes, as JPEG."""

    small: bytes
    large: bytes


def find_folder_picture(folder: bytes) -> tuple[bytes, os.stat_result] | None:
    """Return the picture of a folder by its name, with its status; None without one.

    Raises:
        OSError: The folder cannot be listed.
    """
    ranked: list[tuple[tuple[int, int], bytes, os.stat_result]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            stem, ending = os.path.splitext(os.fsdecode(entry.name).lower())
            if stem in FOLDER_STEMS and ending in FOLDER_ENDINGS and entry.is_file():
                rank = FOLDER_STEMS.index(stem), FOLDER_ENDINGS.index(ending)
                ranked.append((rank, entry.path, entry.stat()))
    if not ranked:
        return None
    _, path, status = min(ranked, key=lambda each: each[0])
    return path, status


def make_thumbnails(path: bytes, root: bytes, *, is_music: bool) -> Thumbnails | None:
    """Return the cover in two sizes; None if there is none that can be shown.

    Args:
        path: A music file, or a picture.
        root: Its music folder.
        is_music: Whether it is a music file with an embedded picture.

    Raises:
        FileError: The file cannot be read.
    """
    import av  # noqa: PLC0415

    descriptor = open_within(path, root)
    try:
        for data in _embedded(path, descriptor) if is_music else _whole(descriptor):
            frame = _decode(data)
            if frame is not None:
                return Thumbnails(*(_encode(frame, edge) for edge in SIZES.values()))
    except av.FFmpegError:
        pass  # damaged: as if there were none
    finally:
        os.close(descriptor)
    return None


def _whole(descriptor: int) -> Iterator[bytes]:
    size = os.fstat(descriptor).st_size
    if size <= PICTURE_BYTES_MAX:
        yield read_fully(descriptor, size, 0)


def _embedded(path: bytes, descriptor: int) -> Iterator[bytes]:
    """Yield the pictures in a music file, the front cover first."""
    from av.stream import Disposition  # noqa: PLC0415

    from segued.media.decoding.libav import open_container  # noqa: PLC0415

    with open_container(path, descriptor, 0) as container:
        pictures = [
            stream
            for stream in container.streams.video
            if stream.disposition & Disposition.attached_pic
        ]
        pictures.sort(key=lambda stream: stream.metadata.get("comment") != FRONT)
        for stream in pictures:
            for packet in container.demux(stream):
                if 0 < packet.size <= PICTURE_BYTES_MAX:
                    yield bytes(packet)
                break


def _decode(data: bytes) -> "VideoFrame | None":
    """Decode a picture; None if its format is not known, or it is too large."""
    import av  # noqa: PLC0415

    name = next((name for start, name in DECODERS if data.startswith(start)), None)
    if name is None:
        return None
    decoder: Any = av.CodecContext.create(name, "r")
    decoder.options = {"max_pixels": str(PIXELS_MAX)}
    decoder.thread_count = 1
    frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    return frames[0] if frames else None


def _encode(frame: "VideoFrame", edge: int) -> bytes:
    """Return a picture as JPEG whose longer edge has at most `edge` pixels."""
    import av  # noqa: PLC0415
    from av.video.reformatter import Interpolation  # noqa: PLC0415

    scale = min(1.0, edge / max(frame.width, frame.height))
    width, height = (
        max(2, round(each * scale)) for each in (frame.width, frame.height)
    )
    small = frame.reformat(
        width=width, height=height, format="yuvj420p", interpolation=Interpolation.AREA
    )
    small.pts = 0
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 1)
    encoder.options = {"qmin": QUALITY, "qmax": QUALITY}
    packets = [*encoder.encode(small), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
