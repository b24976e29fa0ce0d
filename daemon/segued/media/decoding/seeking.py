"""Where a file can be entered in its middle, and at which frame.

Objects of FFmpeg are not typed: only one module imports its library.
"""

import os
from typing import Any, Final

from segued.media.safe_open import read_fully
from segued.units import Hertz

__all__ = ["FrameSeeker"]

SEEKABLE_FORMATS: Final = frozenset(("flac", "matroska", "mov", "mp3", "ogg"))
"""Containers whose frames have exact times after a seek. In MP3 these are counted from
the start of the file, without decoding, unless its bit rate is constant."""

PREROLL_SECONDS: Final = 0.5
"""Decoded and dropped: the first frames after a seek lack those before them, up to
80 ms in Opus, and a quarter of a second in MP3 at a low bit rate."""

OGG_PAGE_MAX: Final = 65_307
OGG_MAGIC: Final = b"OggS"
OGG_SERIAL: Final = slice(14, 18)


class FrameSeeker:
    """Moves a container of FFmpeg to a frame, counted from its first one."""

    def __init__(
        self,
        container: Any,  # noqa: ANN401
        stream: Any,  # noqa: ANN401
        first_frame: Any,  # noqa: ANN401
        descriptor: int,
        start: int,
    ) -> None:
        """Remember the time of the first frame.

        Args:
            container: An `av.container.InputContainer`.
            stream: Its audio stream.
            first_frame: The first `av.AudioFrame` of it.
            descriptor: Descriptor of the file.
            start: Where the container begins in the file.
        """
        self._container: Final = container
        self._stream: Final = stream
        self._rate: Final = Hertz(first_frame.sample_rate)
        self._origin: Final = _seconds(first_frame)
        formats = set(container.format.name.split(","))
        self._can_seek: Final = (
            bool(formats & SEEKABLE_FORMATS)
            and self._origin is not None
            and ("ogg" not in formats or _is_one_ogg_stream(descriptor, start))
        )

    def seek(self, frame: int, error_type: type[Exception]) -> bool:
        """Move shortly before a frame; return whether that is possible.

        Args:
            frame: The number of the frame.
            error_type: The base class of FFmpeg's errors.
        """
        if not self._can_seek or self._origin is None:
            return False
        seconds = max(0.0, frame / self._rate - PREROLL_SECONDS) + self._origin
        offset = round(seconds / self._stream.time_base)
        try:
            self._container.seek(offset, stream=self._stream)
        except error_type:
            return False
        return True

    def number_of(self, frame: Any) -> int | None:  # noqa: ANN401
        """Return the number of a frame after a seek; None if it is unknown."""
        seconds = None if frame is None else _seconds(frame)
        if seconds is None or self._origin is None:
            return None
        return round((seconds - self._origin) * self._rate)


def _is_one_ogg_stream(descriptor: int, start: int) -> bool:
    """Return whether the last page of an Ogg file belongs to its first stream.

    Otherwise it is a chain of streams, whose times start anew, or has several at once.
    """
    size = os.fstat(descriptor).st_size
    head = read_fully(descriptor, OGG_SERIAL.stop, start)
    tail_start = max(start, size - 2 * OGG_PAGE_MAX)
    tail = read_fully(descriptor, size - tail_start, tail_start)
    last_page = tail[tail.rfind(OGG_MAGIC) :]
    return head[:4] == OGG_MAGIC and last_page[OGG_SERIAL] == head[OGG_SERIAL]


def _seconds(frame: Any) -> float | None:  # noqa: ANN401
    if frame.pts is None or frame.time_base is None:
        return None
    return float(frame.pts * frame.time_base)
