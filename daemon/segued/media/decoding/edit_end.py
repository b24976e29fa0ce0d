"""Cut the end of a decoded MP4 stream to its edit list.

AAC has packets of 1,024 samples; the edit list says where in the last one the recording
ends. FFmpeg cuts only the start exactly, and decodes the last packet as a whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

__all__ = ["MovieEdit", "cut_to_edit"]

EXCESS_MAX: Final = 8_192
"""Samples by which the last packets may exceed the edit list: two packets of the
longest kind."""

TIMESCALE: Final = 1_000
"""The usual precision of edit lists, in units per second."""


@dataclass(frozen=True, slots=True)
class MovieEdit:
    """The length of a stream by its edit list.

    Attributes:
        duration: In units of the stream.
        time_base: Unit of the stream in seconds.
        timescale: Units of the edit list per second; 0 if unknown.
    """

    duration: int
    time_base: Fraction
    timescale: int

    def seconds(self, packets_end: int) -> Fraction:
        """Return the exact length.

        The edit list often has the precision of a millisecond. If the packets end in
        the same unit of it, their end is more precise.
        """
        length = self.duration * self.time_base
        exact = packets_end * self.time_base
        unit = Fraction(1, self.timescale or TIMESCALE)
        return exact if abs(exact - length) < unit else length


def cut_to_edit(
    frames: Iterator[Any],
    edit: MovieEdit,
    packets_end: Callable[[], int | None],
    first_samples: Callable[[Any, int], Any],
) -> Iterator[Any]:
    """Yield the frames of a stream up to the end of its edit list.

    Args:
        frames: All frames. A frame is an `av.AudioFrame`, which only
            `segued.media.decoding.libav` imports.
        edit: The edit list.
        packets_end: Returns where the decoded packets end, in units of the stream;
            None if frames may be missing: then nothing is cut.
        first_samples: Returns the first samples of a frame, as a frame.
    """
    held: list[Any] = []
    limit = end = count = 0
    for frame in frames:
        limit = limit or int(edit.duration * edit.time_base * frame.sample_rate)
        end += frame.samples
        held.append(frame)
        if end <= limit or end > limit + EXCESS_MAX:
            # The last packets exceed the limit by less; a longer file contradicts it.
            yield from held
            count = end
            held.clear()
    packets = packets_end()
    for frame in held:
        left = frame.samples
        if packets is not None:
            left = round(edit.seconds(packets) * frame.sample_rate) - count
        count += frame.samples
        if left >= frame.samples:
            yield frame
        elif left > 0:
            yield first_samples(frame, left)
