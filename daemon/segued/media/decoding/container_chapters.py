"""Read the chapters and the declared length of a file; nothing is decoded.

FFmpeg is imported where it is used, as in `segued.media.decoding.decode`.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from segued.media.containers.header_length import mp3_header_length
from segued.media.decoding.libav_formats import FORMATS_WITH_LENGTH
from segued.units import TICKS_PER_SECOND, Hertz, Ticks, frames_to_ticks

__all__ = ["ContainerChapters", "read_chapters"]

TICKS_PER_TIME_UNIT: Final = TICKS_PER_SECOND // 1_000_000
"""FFmpeg gives the length of a container in microseconds."""


@dataclass(frozen=True, slots=True)
class ContainerChapters:
    """The chapters of a container.

    Attributes:
        chapters: Start, end and title of each.
        length: The length that the header declares; None if it does not.
    """

    chapters: tuple[tuple[Ticks, Ticks, str | None], ...] = ()
    length: Ticks | None = None


def read_chapters(path: bytes, descriptor: int, start: int) -> ContainerChapters:
    """Return the chapters of a file, and the length that it declares.

    Args:
        path: Absolute path, for errors.
        descriptor: Descriptor of the file.
        start: End of the tags in front of the audio.

    Raises:
        NotAudioError: It is not an audio container.
    """
    from segued.media.decoding.libav import open_file  # noqa: PLC0415

    container, start = open_file(path, descriptor, start)
    with container:
        length = None
        names = set(container.format.name.split(","))
        if names & FORMATS_WITH_LENGTH and container.duration is not None:
            length = Ticks(container.duration * TICKS_PER_TIME_UNIT)
        elif names == {"mp3"} and container.streams.audio:
            rate = Hertz(container.streams.audio[0].rate)
            frames = mp3_header_length(descriptor, start, rate)
            length = None if frames is None else frames_to_ticks(frames, rate)
        chapters = tuple(
            (
                _to_ticks(each["start"], each["time_base"]),
                _to_ticks(each["end"], each["time_base"]),
                each["metadata"].get("title"),
            )
            for each in container.chapters()
        )
    return ContainerChapters(chapters, length)


def _to_ticks(position: int, time_base: Fraction | None) -> Ticks:
    return Ticks(max(0, round(position * (time_base or 0) * TICKS_PER_SECOND)))
