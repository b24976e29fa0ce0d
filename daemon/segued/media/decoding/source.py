"""The interface of a decoder: one file's samples, read in blocks."""

from collections.abc import Iterator
from typing import Final, Protocol

from segued.dsp.mixdown import Block
from segued.errors import InvalidAudioFormatError
from segued.units import Frames, Hertz

__all__ = ["BLOCK_FRAMES", "AudioSource", "check_plausible"]

BLOCK_FRAMES: Final = 65_536
"""Frames in a block. A stereo block fits a second-level cache; smaller blocks cost
more calls, larger ones more memory traffic."""

CHANNELS_MAX: Final = 32
RATE_MIN: Final = 4_000
RATE_MAX: Final = 768_000


class AudioSource(Protocol):
    """One open file whose first frame is decoded.

    Attributes:
        rate: Sample rate of the first frame, and of all blocks.
        channels: Channel count of the first frame; later blocks may have another.
        weights: Weight of each channel in `fpcalc`'s mono downmix.
        loudness_weights: Weight of each channel's energy in loudness.
        codec: The decoder's name of the codec.
        decoder: Name of the library that decodes it.
        declared_frames: Length that the container declares exactly; None if it
            declares none.
        estimated_frames: Best estimate of the length before decoding, or None.
        decode_errors: Number of parts that could not be decoded so far.
    """

    rate: Hertz
    channels: int
    weights: tuple[float, ...]
    loudness_weights: tuple[float, ...]
    codec: str
    decoder: str
    declared_frames: Frames | None
    estimated_frames: Frames | None
    decode_errors: int

    def seek(self, frame: int) -> int | None:
        """Go to a frame, or to one shortly before it.

        Call `blocks` again afterwards.

        Args:
            frame: The number of the frame, counted from the first.

        Returns:
            The number of the frame that is decoded next; it may be wrong by some
            milliseconds, or if the file is damaged. None if the format has no exact
            positions: then nothing has changed, or nothing more can be decoded.
        """

    def blocks(self) -> Iterator[Block]:
        """Yield all samples in order, in blocks of shape (channels, frames).

        A block's memory is reused: it is valid until the next one is requested.

        Raises:
            FileUnreadableError: It cannot be read to its end.
        """


def check_plausible(path: bytes, *, rate: int, channels: int) -> None:
    """Reject rates and channel counts that no recording has.

    Chromaprint never returns for a sample rate of 200 MHz, and 1,024 channels take
    gigabytes of memory.

    Raises:
        InvalidAudioFormatError: The rate or the channel count is out of range.
    """
    if not RATE_MIN <= rate <= RATE_MAX:
        limits = f"{RATE_MIN:,} to {RATE_MAX:,}"
        raise InvalidAudioFormatError(path, f"sample rate of {rate:,} Hz, not {limits}")
    if not 1 <= channels <= CHANNELS_MAX:
        raise InvalidAudioFormatError(
            path, f"{channels:,} channels, not 1 to {CHANNELS_MAX}"
        )
