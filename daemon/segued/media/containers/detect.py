"""Detect a file's container by its first bytes, never by its name."""

from enum import Enum, auto
from typing import Final

__all__ = ["HEAD_BYTES", "OGG_PAGE", "Container", "detect_container"]

HEAD_BYTES: Final = 40
"""Bytes that `detect_container` needs."""

OGG_PAGE: Final = b"OggS"
"""The first bytes of every page of an Ogg file."""

W64_RIFF: Final = bytes.fromhex("726966662e91cf11a5d628db04c10000")
ASF_HEADER: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
EBML: Final = bytes.fromhex("1a45dfa3")


class Container(Enum):
    """A container format of audio files."""

    BARE = auto()  # a sequence of frames without a container, as MP3, or unknown
    APE_TAGGED = auto()  # the same, of a format whose native tag is APEv2
    FLAC = auto()
    OGG = auto()
    WAVE = auto()
    WAVE_BIG_ENDIAN = auto()
    WAVE64 = auto()
    AIFF = auto()
    CAF = auto()
    AU = auto()
    DSF = auto()
    DSDIFF = auto()
    ASF = auto()
    MP4 = auto()
    MATROSKA = auto()


def detect_container(head: bytes) -> Container:
    """Return the container of a file that begins with `head` after any tag."""
    for container, magic, offset, second_magic in SIGNATURES:
        if head.startswith(magic) and head.startswith(second_magic, offset):
            return container
    return Container.BARE


SIGNATURES: Final = (
    (Container.FLAC, b"fLaC", 0, b""),
    (Container.OGG, OGG_PAGE, 0, b""),
    (Container.WAVE, (b"RIFF", b"RF64", b"BW64"), 8, b"WAVE"),
    (Container.WAVE_BIG_ENDIAN, b"RIFX", 8, b"WAVE"),
    (Container.WAVE64, W64_RIFF, 0, b""),
    (Container.AIFF, b"FORM", 8, (b"AIFF", b"AIFC")),
    (Container.CAF, b"caff", 0, b""),
    (Container.AU, b".snd", 0, b""),
    (Container.DSF, b"DSD ", 0, b""),
    (Container.DSDIFF, b"FRM8", 12, b"DSD "),
    (Container.ASF, ASF_HEADER, 0, b""),
    (Container.MATROSKA, EBML, 0, b""),
    (
        Container.MP4,
        b"",
        4,
        (b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"),
    ),
    (
        Container.APE_TAGGED,
        (b"wvpk", b"MAC ", b"MP+", b"MPCK", b"tBaK", b"OFR "),
        0,
        b"",
    ),
)
