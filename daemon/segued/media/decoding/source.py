"""What a decoder hands over: one file's sound, to be read once, in blocks."""

from collections.abc import Iterator
from typing import Final, Protocol

from segued.dsp.mixdown import Block
from segued.errors import InvalidAudioFormatError
from segued.units import Frames, Hertz

__all__ = ["BLOCK_FRAMES", "AudioSource", "check_plausible"]

BLOCK_FRAMES: Final = 65_536
"""Frames in a block. A block of stereo fits a second-level cache; smaller ones
cost calls, larger ones cost memory traffic."""

CHANNELS_MAX: Final = 32
RATE_MIN: Final = 4_000
RATE_MAX: Final = 768_000


class AudioSource(Protocol):
    """One file, opened, its first frame decoded.

    Attributes:
        rate: Sample rate of the first frame, and of all blocks.
        channels: Channels of the first frame; a later block may have others.
        weights: How much of each channel is in `fpcalc`'s mono.
        codec: The decoder's name of the coding.
        decoder: Which library decodes it.
        declared_frames: Length that the container states as a fact; None if it
            states none or only guesses.
        estimated_frames: Length as far as one can know before decoding.
        decode_errors: Parts that could not be decoded so far.
    """

    rate: Hertz
    channels: int
    weights: tuple[float, ...]
    codec: str
    decoder: str
    declared_frames: Frames | None
    estimated_frames: Frames | None
    decode_errors: int

    def blocks(self) -> Iterator[Block]:
        """Yield the sound from the first frame to the last.

        A block's memory is used again: it holds until the next is asked for.

        Raises:
            FileUnreadableError: It cannot be read to its end.
        """


def check_plausible(path: bytes, *, rate: int, channels: int) -> None:
    """Refuse what no recording has, before any arithmetic is done with it.

    Chromaprint never comes back from a sample rate of 200 MHz, and 1,024
    channels take memory by the gigabyte.

    Raises:
        AbsurdAudioError: The rate or the channel count is out of reason.
    """
    if not RATE_MIN <= rate <= RATE_MAX:
        limits = f"{RATE_MIN:,} to {RATE_MAX:,}"
        raise InvalidAudioFormatError(
            path, f"a sample rate of {rate:,} Hz, not {limits}"
        )
    if not 1 <= channels <= CHANNELS_MAX:
        raise InvalidAudioFormatError(
            path, f"{channels:,} channels, not 1 to {CHANNELS_MAX}"
        )
