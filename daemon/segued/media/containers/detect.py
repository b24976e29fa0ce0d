"""What a file is, by its first bytes and never by its name."""

from enum import Enum, auto
from typing import Final

__all__ = ["HEAD_BYTES", "OGG_PAGE", "Container", "detect_container"]

HEAD_BYTES: Final = 40
"""How much of a file tells what it is."""

OGG_PAGE: Final = b"OggS"
"""What every page of an Ogg file begins with."""

W64_RIFF: Final = bytes.fromhex("726966662e91cf11a5d628db04c10000")
ASF_HEADER: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
EBML: Final = bytes.fromhex("1a45dfa3")


class Container(Enum):
    """A way to put audio and tags into one file."""

    BARE = auto()  # frames one after the other, as MP3 has them, or not known
    APE_TAGGED = auto()  # bare, of a format whose own tag is APEv2
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
    """Return what a file is that begins with `head`, after any tag."""
    for container, magic, second_at, seconds in SIGNATURES:
        if head.startswith(magic) and head.startswith(seconds, second_at):
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
