"""Name kinds of music files that hold no recorded sound, and are not supported.

They hold notes and instruments. FFmpeg might take the samples of an instrument for
MPEG audio.
"""

import re
from typing import Final

from segued.media.containers.detect import Container, detect_container

__all__ = ["UNSUPPORTED_HEAD_BYTES", "name_unsupported_kind"]

UNSUPPORTED_HEAD_BYTES: Final = 1_084
"""Bytes that `name_unsupported_kind` needs."""

SIGNATURES: Final = (
    (0, re.compile(rb"IMPM"), "a tracker module (Impulse Tracker)"),
    (0, re.compile(rb"Extended Module: "), "a tracker module (FastTracker 2)"),
    (44, re.compile(rb"SCRM"), "a tracker module (Scream Tracker 3)"),
    (
        1_080,
        re.compile(
            rb"M\.K\.|M!K!|M&K!|N\.T\.|FLT[48]|CD81|OKTA|OCTA|[1-9]CHN|[1-3][0-9]C[HN]"
        ),
        "a tracker module (MOD)",
    ),
    (0, re.compile(rb"MThd\0\0\0\x06"), "a MIDI file"),
    (0, re.compile(rb"RIFF....RMID", re.DOTALL), "a MIDI file"),
)


def name_unsupported_kind(head: bytes) -> str | None:
    """Return the kind of file that begins with `head`; None if it may be audio."""
    if detect_container(head) is not Container.BARE:
        return None
    return next((kind for at, magic, kind in SIGNATURES if magic.match(head, at)), None)
