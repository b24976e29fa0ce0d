"""Tell videos from music, where both use the same containers.

FFmpeg is imported where it is used, as in `segued.media.decoding.decode`.
"""

from typing import Final

from segued.errors import MovingPictureError, NotAudioError
from segued.media.containers.detect import (
    HEAD_BYTES,
    OGG_PAGE,
    Container,
    detect_container,
)
from segued.media.hashing import Hashes, hash_file
from segued.media.safe_open import open_regular, read_fully
from segued.model import Signature

__all__ = ["check_no_moving_picture", "hash_music"]

VIDEO_CONTAINERS: Final = frozenset((Container.MP4, Container.MATROSKA, Container.ASF))
REAL_MEDIA: Final = b".RMF"
THEORA: Final = b"\x80theora"

FIRST_PAGES_BYTES: Final = 4_096
"""The first pages of an Ogg file, one for each stream, are in its first bytes."""


def hash_music(path: bytes, expected: Signature) -> Hashes:
    """Hash a file that is no video.

    Raises:
        MovingPictureError: It has a moving picture; it is not read to its end.
        FileError: As documented for `segued.media.safe_open.open_regular`.
    """
    check_no_moving_picture(path, expected)
    return hash_file(path, expected)


def check_no_moving_picture(path: bytes, expected: Signature) -> None:
    """Check that a file is not a video; its first bytes say whether it may be one.

    A file that cannot be opened as what it seems to be passes: decoding it fails, with
    the reason.

    Raises:
        MovingPictureError: It has a moving picture.
        FileError: As documented for `segued.media.safe_open.open_regular`.
    """
    with open_regular(path, expected) as descriptor:
        head = read_fully(descriptor, FIRST_PAGES_BYTES, 0)
        if not _may_be_video(head):
            return
        from segued.media.decoding.libav import has_moving_picture  # noqa: PLC0415

        try:
            is_video = has_moving_picture(path, descriptor)
        except NotAudioError:
            return
    if is_video:
        raise MovingPictureError(path, "it has a moving picture")


def _may_be_video(head: bytes) -> bool:
    if head.startswith(OGG_PAGE):
        return THEORA in head
    if head.startswith(REAL_MEDIA):
        return True
    return detect_container(head[:HEAD_BYTES]) in VIDEO_CONTAINERS
