"""All other sound, through FFmpeg's libraries; the only importer of `av`.

The file is read as it is, not as it is named, and nothing else is: FFmpeg's
playlist formats could open other files, or the network, on its word.
"""

import errno
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from segued.dsp.mixdown import Block
from segued.errors import DecodeError, FileError, NotAudioError
from segued.media.containers.header_length import mp3_header_length, next_ogg_stream
from segued.media.decoding.frame_buffer import FrameBuffer
from segued.media.decoding.source import check_plausible
from segued.units import Frames, Hertz

__all__ = ["LibavSource", "open_libav_source"]

FORMATS: Final = (
    *("aac", "ac3", "aiff", "amr", "ape", "asf", "au", "caf", "dsf", "dts", "dtshd"),
    *("eac3", "flac", "iff", "loas", "matroska", "mov", "mp3", "mpc", "mpc8"),
    *("oma", "ogg", "rm", "shn", "tak", "truehd", "tta", "w64", "wav", "wv"),
)
"""Containers of sound, each in one file."""

FORMATS_WITH_LENGTH: Final = frozenset(
    (
        *("aiff", "ape", "asf", "au", "caf", "dsf", "flac", "mov", "matroska", "mpc"),
        *("mpc8", "ogg", "tak", "tta", "w64", "wav", "wv"),
    )
)
"""Containers that state a length, or number their last page. Of the others
FFmpeg guesses it from the bit rate of their first frames."""

HALF_POWER: Final = 0.5**0.5
DOWNMIX_WEIGHTS: Final = {
    **dict.fromkeys(("FL", "FR", "FLC", "FRC"), HALF_POWER),
    **dict.fromkeys(("BL", "BR", "BC", "SL", "SR"), 0.5),
    "FC": 1.0,
    "LFE": 0.0,
}
"""What is left of each channel when FFmpeg, and so `fpcalc`, makes them one."""


class LibavSource:
    """A file that FFmpeg decodes. See `segued.media.decoding.source.Source`."""

    def __init__(self, path: bytes, descriptor: int, stack: ExitStack) -> None:
        """Open the file and decode its first frame; `stack` closes it."""
        self._path: Final = path
        self._descriptor: Final = descriptor
        self._stack: Final = stack
        container = stack.enter_context(_open_container(path, descriptor))
        stream = _audio_stream(path, container)
        self.codec = stream.codec_context.codec.name
        self.decoder = "FFmpeg"
        self.decode_errors = 0
        self._frames: Final = self._decode_all(container, stream)
        first = next(self._frames, None)
        if first is None:
            raise DecodeError(path, f"no sound could be decoded ({self.codec})")
        self._first_frame: Final = first
        self.rate = Hertz(first.sample_rate)
        self.channels: int = first.layout.nb_channels
        check_plausible(path, rate=self.rate, channels=self.channels)
        self.weights = _downmix_weights(first)
        self.estimated_frames = _estimate_frames(container, stream, self.rate)
        self.declared_frames: Frames | None = None
        names = set(container.format.name.split(","))
        self._length_is_exact: Final = names == {"flac"}
        if names & FORMATS_WITH_LENGTH:
            self.declared_frames = self.estimated_frames
        elif names == {"mp3"}:
            self.declared_frames = mp3_header_length(descriptor, self.rate)

    def blocks(self) -> Iterator[Block]:
        """Yield the sound. See `segued.media.decoding.source.Source`."""
        buffer: FrameBuffer | None = None
        frames = 0
        for frame in self._frames_at_one_rate():
            if buffer is not None:
                if buffer.add(frame):
                    continue
                block = buffer.take_block()
                frames += block.shape[1]
                yield block
                if buffer.add(frame):
                    continue
            buffer = FrameBuffer(self._path, frame)
            buffer.add(frame)
        if buffer is not None:
            block = buffer.take_block()
            frames += block.shape[1]
            yield block
        if (
            self._length_is_exact
            and not self.decode_errors
            and frames < (self.declared_frames or 0)
        ):
            # FFmpeg leaves FLAC frames with a wrong checksum out in silence.
            self.decode_errors += 1

    def _frames_at_one_rate(self) -> Iterator[AudioFrame]:
        """Yield the frames, those of another rate than the first's resampled.

        The streams of a chained Ogg file may differ; positions count frames
        of one length.
        """
        yield self._first_frame
        resampler: AudioResampler | None = None
        resampled = (0, "", "")
        for frame in self._frames:
            rate = frame.sample_rate
            if rate == self.rate and resampler is None:
                yield frame
                continue
            kind = (rate, frame.format.name, frame.layout.name)
            if resampler is not None and kind != resampled:
                yield from resampler.resample(None)
                resampler = None
            if rate == self.rate:
                yield frame
                continue
            try:
                if resampler is None:
                    resampler = AudioResampler("fltp", frame.layout, self.rate)
                    resampled = kind
                yield from (f for f in resampler.resample(frame) if f.samples)
            except (av.FFmpegError, ValueError):
                # Not a rate or layout that sound has: damage, not music.
                self.decode_errors += 1
                resampler = None
        if resampler is not None:
            yield from resampler.resample(None)

    def _decode_all(
        self, container: InputContainer, stream: AudioStream
    ) -> Iterator[AudioFrame]:
        """Yield all frames that can be decoded, of all streams in a chain."""
        while True:
            page = yield from self._decode_stream(container, stream)
            start = None if page is None else next_ogg_stream(self._descriptor, page)
            if start is None:
                return
            try:
                container = self._stack.enter_context(
                    _open_container(self._path, self._descriptor, start)
                )
                stream = _audio_stream(self._path, container)
            except FileError:
                self.decode_errors += 1
                return

    def _decode_stream(
        self, container: InputContainer, stream: AudioStream
    ) -> Generator[AudioFrame, None, int | None]:
        """Yield what can be decoded, counting what cannot.

        Returns:
            Where the last page begins of an Ogg stream that FFmpeg does not
            follow into the next one, because that has other channels or
            another rate. Otherwise None.
        """
        context = stream.codec_context
        # More threads would escape the limit of one CPU a child.
        context.thread_count = 1
        packets = container.demux(stream)
        reached = ended = None
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                _raise_if_out_of_memory(error)
                packet, ended = None, reached
                if ended is None or container.format.name != "ogg":
                    self.decode_errors += 1
                    ended = None
            try:
                frames = context.decode(packet)
            except av.FFmpegError as error:
                _raise_if_out_of_memory(error)
                if packet is not None:
                    self.decode_errors += 1
                frames = []
            for frame in frames:
                if frame.samples:
                    yield frame
            if packet is None:
                return ended
            reached = packet.pos if packet.pos is not None else reached


@contextmanager
def open_libav_source(path: bytes, descriptor: int) -> Iterator[LibavSource]:
    """Open a file of sound in any format that FFmpeg knows.

    Raises:
        NotAudioError: It is no container of sound, or holds none.
        DecodeError: There is sound in it, but none of it can be decoded.
        AbsurdAudioError: Its sample rate or channel count is out of reason.
    """
    with ExitStack() as stack:
        yield LibavSource(path, descriptor, stack)


def _open_container(path: bytes, descriptor: int, start: int = 0) -> InputContainer:
    """Open the file as a container that begins at the byte `start`."""
    try:
        # By descriptor, so that no name can mean anything to FFmpeg, and so
        # that the file that was checked is the one that is read.
        return av.open(
            f"/proc/self/fd/{descriptor}",
            mode="r",
            container_options={
                "format_whitelist": ",".join(FORMATS),
                "protocol_whitelist": "file",
                "skip_initial_bytes": str(start),
            },
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        _raise_if_out_of_memory(error)
        raise NotAudioError(path, "not sound in any format known here") from error


def _audio_stream(path: bytes, container: InputContainer) -> AudioStream:
    """Return the stream to decode: never a picture, the best of several."""
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise NotAudioError(path, "there is no sound in it")
    # The type stubs do not know that there may be no decoder.
    context: object = stream.codec_context
    if context is None:
        raise DecodeError(path, "there is no decoder for its sound; protected?")
    return stream


def _estimate_frames(
    container: InputContainer, stream: AudioStream, rate: Hertz
) -> Frames | None:
    """Return the length by the header, or by FFmpeg's arithmetic.

    Of the stream's and the container's the smaller: an edit list may leave a
    part of the stream out, and a picture may outlast it.
    """
    lengths = []
    if stream.duration is not None and stream.time_base is not None:
        lengths.append(int(stream.duration * stream.time_base * rate))
    if container.duration is not None:
        lengths.append(container.duration * rate // av.time_base)
    return Frames(min(lengths)) if lengths else None


def _downmix_weights(frame: AudioFrame) -> tuple[float, ...]:
    """Return the channels' weights in a downmix; equal where that is unknown."""
    names = [channel.name for channel in frame.layout.channels]
    weights = tuple(DOWNMIX_WEIGHTS.get(name, 0.0) for name in names)
    known = len(names) > 1 and all(name in DOWNMIX_WEIGHTS for name in names)
    return weights if known else (1.0,) * len(names)


def _raise_if_out_of_memory(error: av.FFmpegError) -> None:
    """Raise what is not the fault of the file's contents, and surely so.

    "Input/output error" is what several demuxers say of a file that ends too
    soon: whether the disk has failed, `segued.media.decoding.decode` finds out.
    """
    if error.errno == errno.ENOMEM:
        raise MemoryError from error
