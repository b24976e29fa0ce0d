"""The container formats that FFmpeg may open, by FFmpeg's names."""

from typing import Final

__all__ = ["BARE_FORMATS", "FORMATS", "FORMATS_WITH_LENGTH"]

FORMATS: Final = (
    "aac",
    "ac3",
    "aiff",
    "amr",
    "ape",
    "asf",
    "au",
    "caf",
    "dsf",
    "dts",
    "dtshd",
    "eac3",
    "flac",
    "iff",
    "loas",
    "matroska",
    "mov",
    "mp3",
    "mpc",
    "mpc8",
    "oma",
    "ogg",
    "rm",
    "shn",
    "tak",
    "truehd",
    "tta",
    "w64",
    "wav",
    "wv",
)
"""FFmpeg's names of the allowed containers, all of which are a single file."""

FORMATS_WITH_LENGTH: Final = frozenset(
    (
        "aiff",
        "ape",
        "asf",
        "au",
        "caf",
        "dsf",
        "flac",
        "mov",
        "matroska",
        "mpc",
        "mpc8",
        "ogg",
        "tak",
        "tta",
        "w64",
        "wav",
        "wv",
    )
)
"""Containers that declare a length, or number their last page. For the others FFmpeg
estimates it from the bit rate of the first frames."""

BARE_FORMATS: Final = frozenset(("mp3", "aac"))
"""Sequences of frames without a header. FFmpeg takes much for one of them."""
