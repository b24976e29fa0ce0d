"""Decode compressed audio with FFmpeg's libraries; the only importer of `av`.

The format is detected by content, not by name, and playlist formats are not allowed:
they could make FFmpeg open other files or the network.
"""

import errno
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from functools import partial
from typing import Any, Final

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from segued.dsp.mixdown import Block
from segued.errors import DecodeError, FileError, NotAudioError
from segued.media.containers.frame_sync import begins_with_frame, find_first_frame
from segued.media.containers.header_length import (
    mp3_header_length,
    mp4_timescale,
    next_ogg_stream,
)
from segued.media.containers.inner_tags import InnerTags
from segued.media.decoding.downmix_weights import downmix_weights, loudness_weights
from segued.media.decoding.edit_end import MovieEdit, cut_to_edit
from segued.media.decoding.frame_buffer import FrameBuffer
from segued.media.decoding.libav_formats import (
    BARE_FORMATS,
    FORMATS,
    FORMATS_WITH_LENGTH,
)
from segued.media.decoding.seeking import FrameSeeker
from segued.media.decoding.source import check_plausible
from segued.media.safe_open import read_fully
from segued.units import Frames, Hertz

__all__ = [
    "LibavSource",
    "audio_stream",
    "has_moving_picture",
    "open_container",
    "open_file",
    "open_libav_source",
]


NOT_SUPPORTED: Final = "not in a supported audio format"


class LibavSource:
    """A file decoded by FFmpeg. See `segued.media.decoding.source.AudioSource`."""

    def __init__(
        self, path: bytes, descriptor: int, start: int, stack: ExitStack
    ) -> None:
        """Open the file and decode its first frame; `stack` closes it."""
        self._path: Final = path
        self._descriptor: Final = descriptor
        self._stack: Final = stack
        container, self._start = open_file(path, descriptor, start)
        stack.enter_context(container)
        stream = audio_stream(path, container)
        self.codec = stream.codec_context.codec.name
        self.decoder = "FFmpeg"
        self.decode_errors = 0
        self._packet_end = 0
        size = os.fstat(descriptor).st_size
        self._inner_tags: Final = InnerTags(partial(_read, descriptor), size)
        frames = self._decode_all(container, stream)
        if "mov" in container.format.name.split(",") and stream.duration:
            unit = mp4_timescale(descriptor, self._start)
            edit = MovieEdit(stream.duration, stream.time_base or Fraction(0), unit)
            frames = cut_to_edit(frames, edit, self._packets_end, _first_samples)
        self._frames = frames
        first = next(self._frames, None)
        if first is None:
            raise DecodeError(path, f"no audio could be decoded ({self.codec})")
        self._first_frame: AudioFrame | None = first
        self.rate = Hertz(first.sample_rate)
        self.channels: int = first.layout.nb_channels
        check_plausible(path, rate=self.rate, channels=self.channels)
        names = [each.name for each in first.layout.channels]
        self.weights = downmix_weights(names)
        self.loudness_weights = loudness_weights(names)
        self.estimated_frames = _estimate_frames(container, stream, self.rate)
        self.declared_frames: Frames | None = None
        formats = set(container.format.name.split(","))
        self._seeker: Final = FrameSeeker(
            container, stream, first, descriptor, self._start
        )
        self._decode_from_here: Final = partial(self._decode_stream, container, stream)
        self._length_is_exact = formats == {"flac"}
        if formats & FORMATS_WITH_LENGTH:
            self.declared_frames = self.estimated_frames
        elif formats == {"mp3"}:
            self.declared_frames = mp3_header_length(descriptor, self._start, self.rate)

    def seek(self, frame: int) -> int | None:
        """Go to a frame. See `segued.media.decoding.source.AudioSource`."""
        if not self._seeker.seek(frame, av.FFmpegError):
            return None
        self._frames, self._length_is_exact = self._decode_from_here(), False
        self._first_frame = next(self._frames, None)
        number = self._seeker.number_of(self._first_frame)
        return frame if number is None else number

    def blocks(self) -> Iterator[Block]:
        """Yield the samples. See `segued.media.decoding.source.AudioSource`."""
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
            # FFmpeg drops FLAC frames with a wrong checksum without an error.
            self.decode_errors += 1

    def _frames_at_one_rate(self) -> Iterator[AudioFrame]:
        """Yield the frames, resampled to the rate of the first one where it differs.

        The streams of a chained Ogg file can have different rates, while positions
        count frames of one length.
        """
        if self._first_frame is not None:
            yield self._first_frame
        resampler: AudioResampler | None = None
        resampler_input = (0, "", "")
        for frame in self._frames:
            rate = frame.sample_rate
            if rate == self.rate and resampler is None:
                yield frame
                continue
            input_format = (rate, frame.format.name, frame.layout.name)
            if resampler is not None and input_format != resampler_input:
                yield from resampler.resample(None)
                resampler = None
            if rate == self.rate:
                yield frame
                continue
            try:
                if resampler is None:
                    resampler = AudioResampler("fltp", frame.layout, self.rate)
                    resampler_input = input_format
                yield from (f for f in resampler.resample(frame) if f.samples)
            except (av.FFmpegError, ValueError):
                # An impossible rate or layout: the frame is damaged.
                self.decode_errors += 1
                resampler = None
        if resampler is not None:
            yield from resampler.resample(None)

    def _is_in_tag(self, container: InputContainer, position: int, size: int) -> bool:
        """Return whether a packet is a part of a tag between two joined MP3 files."""
        return container.format.name in BARE_FORMATS and self._inner_tags.overlap(
            self._start + position, size
        )

    def _packets_end(self) -> int | None:
        """Return where the packets end, in units of the stream; None after errors."""
        return None if self.decode_errors else self._packet_end

    def _decode_all(
        self, container: InputContainer, stream: AudioStream
    ) -> Iterator[AudioFrame]:
        """Yield all decodable frames of all streams in a chain."""
        while True:
            page = yield from self._decode_stream(container, stream)
            if page is None:
                return
            start = next_ogg_stream(self._descriptor, self._start + page)
            if start is None:
                return
            self._start = start
            try:
                container = self._stack.enter_context(
                    open_container(self._path, self._descriptor, start)
                )
                stream = audio_stream(self._path, container)
            except FileError:
                self.decode_errors += 1
                return

    def _decode_stream(
        self, container: InputContainer, stream: AudioStream
    ) -> Generator[AudioFrame, None, int | None]:
        """Yield the decodable frames of a stream; count errors in `decode_errors`.

        Returns:
            Offset of the last page of an Ogg stream from its start, if FFmpeg does
            not continue with the next stream because that has other channels or
            another rate. Otherwise None.
        """
        packets = container.demux(stream)
        last_position = end_page = None
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as error:
                _raise_if_out_of_memory(error)
                packet, end_page = None, last_position
                if end_page is None or container.format.name != "ogg":
                    self.decode_errors += 1
                    end_page = None
            try:
                frames = stream.codec_context.decode(packet)
            except av.FFmpegError as error:
                _raise_if_out_of_memory(error)
                if packet is not None and not self._is_in_tag(
                    container, packet.pos or 0, packet.size
                ):
                    self.decode_errors += 1
                frames = []
            for frame in frames:
                if frame.samples:
                    yield frame
            if packet is None:
                return end_page
            if packet.pts is not None and packet.duration:
                self._packet_end = packet.pts + packet.duration
            last_position = packet.pos if packet.pos is not None else last_position


@contextmanager
def open_libav_source(
    path: bytes, descriptor: int, start: int
) -> Iterator[LibavSource]:
    """Open an audio file in any of `FORMATS`.

    Args:
        path: Absolute path.
        descriptor: Descriptor of the file.
        start: End of the tags in front of the audio.

    Raises:
        NotAudioError: It is not an audio container, or has no audio.
        DecodeError: It has audio, but none of it can be decoded.
        InvalidAudioFormatError: Its sample rate or channel count is out of range.
    """
    with ExitStack() as stack:
        yield LibavSource(path, descriptor, start, stack)


def has_moving_picture(path: bytes, descriptor: int) -> bool:
    """Return whether an open file has a video stream of two pictures or more.

    A cover picture, which some formats store as a stream, has one.

    Raises:
        NotAudioError: It is in none of `FORMATS`.
    """
    stills = Disposition.attached_pic | Disposition.still_image
    with open_container(path, descriptor, 0) as container:
        for stream in container.streams.video:
            if stream.disposition & (stills | Disposition.timed_thumbnails):
                continue
            try:
                pictures = (packet for packet in container.demux(stream) if packet.size)
                if next(pictures, None) and next(pictures, None):
                    return True
            except av.FFmpegError as error:
                _raise_if_out_of_memory(error)
    return False


def open_file(path: bytes, descriptor: int, start: int) -> tuple[InputContainer, int]:
    """Open the file, and return where the container in it begins.

    FFmpeg skips tags only in front of some formats, so it is told where to begin. If
    something else is in front, it may fail, or decode that as well; then the first
    frame is searched for.
    """
    read = partial(_read, descriptor)
    container = failure = None
    try:
        container = open_container(path, descriptor, start)
    except NotAudioError as error:
        failure = error
    else:
        bare = container.format.name in BARE_FORMATS
        if not bare or begins_with_frame(read, start):
            return container, start
    found = find_first_frame(read, start)
    if found is not None:
        if container is not None:
            container.close()
        start = found.at
        container = open_container(path, descriptor, start, found.format_name)
    if container is None:
        raise failure or NotAudioError(path, NOT_SUPPORTED)
    return container, start


def _read(descriptor: int, offset: int, count: int) -> bytes:
    return read_fully(descriptor, count, offset)


def open_container(
    path: bytes, descriptor: int, start: int, format_name: str | None = None
) -> InputContainer:
    """Open the file as a container that begins at byte `start`.

    Args:
        path: Absolute path, for errors.
        descriptor: Descriptor of the file.
        start: All offsets in the container count from there.
        format_name: One of `FORMATS`; None to detect it by content.
    """
    # By descriptor: FFmpeg cannot interpret the name, and reads the file that was
    # checked.
    url = f"/proc/self/fd/{descriptor}"
    if start:
        url = f"subfile,,start,{start},end,0,,:{url}"
    try:
        return av.open(
            url,
            mode="r",
            format=format_name,
            container_options={
                "format_whitelist": ",".join(FORMATS),
                "protocol_whitelist": "file,subfile",
            },
            metadata_errors="surrogateescape",
        )
    except av.FFmpegError as error:
        _raise_if_out_of_memory(error)
        raise NotAudioError(path, NOT_SUPPORTED) from error


def audio_stream(path: bytes, container: InputContainer) -> AudioStream:
    """Return the best audio stream, which is never a picture, for one thread."""
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise NotAudioError(path, "it has no audio stream")
    # The type stubs do not allow for a missing decoder.
    context: object = stream.codec_context
    if context is None:
        raise DecodeError(path, "no decoder for its audio, which may be encrypted")
    # More threads would exceed the limit of one CPU per child process.
    stream.codec_context.thread_count = 1
    return stream


def _estimate_frames(
    container: InputContainer, stream: AudioStream, rate: Hertz
) -> Frames | None:
    """Return the length declared by the header or estimated by FFmpeg.

    It is the smaller of the stream's and the container's: an edit list may skip a
    part of the stream, and a picture may be longer than the stream.
    """
    lengths = []
    if stream.duration is not None and stream.time_base is not None:
        lengths.append(int(stream.duration * stream.time_base * rate))
    if container.duration is not None:
        lengths.append(container.duration * rate // av.time_base)
    return Frames(min(lengths)) if lengths else None


def _first_samples(frame: AudioFrame, count: int) -> AudioFrame:
    """Return a copy of the first `count` samples of a frame."""
    samples: Any = frame.to_ndarray()
    if not frame.format.is_planar:
        count *= frame.layout.nb_channels
    part = samples[:, :count].copy()
    copy = AudioFrame.from_ndarray(part, frame.format.name, frame.layout)
    copy.sample_rate = frame.sample_rate
    return copy


def _raise_if_out_of_memory(error: av.FFmpegError) -> None:
    """Raise MemoryError if FFmpeg ran out of memory, which is not the file's fault.

    "Input/output error" is not a reliable sign of a failed disk: several demuxers
    report it for a truncated file. `segued.media.decoding.decode` checks the disk.
    """
    if error.errno == errno.ENOMEM:
        raise MemoryError from error
