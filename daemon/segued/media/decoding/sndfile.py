"""Decode uncompressed audio with libsndfile; the only importer of `soundfile`.

Other audio is decoded with it only if FFmpeg refuses the file.

It is faster than FFmpeg for uncompressed samples, and worse for everything else: it
stops at the length declared by a VBR MP3's header, wraps Ogg and Opus samples above
full scale around when read as integers, and stops at damaged frames.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import soundfile

from segued.dsp.mixdown import Block, Stereo
from segued.errors import NotAudioError
from segued.media.containers.chunks import IFF, RIFF, RIFX, chunks
from segued.media.decoding.source import BLOCK_FRAMES, check_plausible
from segued.media.safe_open import read_fully
from segued.units import Frames, Hertz

__all__ = ["PcmSource", "WaveWriter", "open_any_source", "open_pcm_source"]

SampleType: TypeAlias = Literal["int16", "int32", "float32", "float64"]

MAGICS: Final = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"riff", b"caff", b".snd")
"""First four bytes of WAV, RF64, AIFF, W64, CAF and AU."""

PCM_SUBTYPES: Final[dict[str, tuple[SampleType, int]]] = {
    "PCM_S8": ("int16", 1),
    "PCM_U8": ("int16", 1),
    "PCM_16": ("int16", 2),
    "PCM_24": ("int32", 3),
    "PCM_32": ("int32", 4),
    "FLOAT": ("float32", 4),
    "DOUBLE": ("float64", 8),
}
"""Supported encodings: the dtype to read them as, which loses no bit and never wraps
around, and their bytes per sample."""

BIG_ENDIAN_FORMATS: Final = frozenset(("AIFF", "AU", "CAF"))
"""Byte order of samples where a file does not name another one."""

INTEGER_SUBTYPES: Final = frozenset(("PCM_16", "PCM_24", "PCM_32"))
PACKED_BYTES: Final = 3
"""Of samples of 24 bits; no array holds such integers."""

COMPRESSED: Final[tuple[SampleType, int]] = ("float32", 4)
"""How samples of other encodings are read: never as integers, which wrap around."""

AUDIO_CHUNKS: Final = {
    b"RIFF": (RIFF, b"data", 0),
    b"RIFX": (RIFX, b"data", 0),
    b"FORM": (IFF, b"SSND", 8),
}
"""Chunk layout, name of the audio chunk, bytes in it before the samples."""

CHUNKS_MAX: Final = 64
CHANNELS_MAX: Final = 2
SYSTEM_ERROR: Final = 2
SIZE_WRAP: Final = 1 << 31
STREAMED_SIZE_MARGIN: Final = 1 << 16
"""A program that writes to a pipe cannot update the header: its size fields are 0, or
within this margin below 2 or 4 GiB."""


class PcmSource:
    """A file of uncompressed samples, or one that FFmpeg does not decode.

    See `segued.media.decoding.source.AudioSource`.
    """

    def __init__(self, descriptor: int, start: int, file: soundfile.SoundFile) -> None:
        self._file: Final = file
        self.rate = Hertz(file.samplerate)
        self.channels: int = file.channels
        self.weights = self.loudness_weights = (1.0,) * file.channels
        self.codec: str = file.subtype.lower()
        self.decoder = "libsndfile"
        self.declared_frames = _declared_frames(descriptor, start, file)
        self.estimated_frames: Frames | None = Frames(file.frames)
        self.decode_errors = 0

    def seek(self, frame: int) -> int | None:
        """Go to a frame. See `segued.media.decoding.source.AudioSource`."""
        try:
            return int(self._file.seek(min(frame, self._file.frames)))
        except soundfile.LibsndfileError:
            return None

    def blocks(self) -> Iterator[Block]:
        """Yield the samples. See `segued.media.decoding.source.AudioSource`."""
        converted = _is_converted(self._file)
        reader = (_IntegerReader if converted else _SampleReader)(self._file)
        while True:
            try:
                count = reader.read()
            except soundfile.LibsndfileError as error:
                if error.code == SYSTEM_ERROR:
                    # libsndfile does not report which error; the caller adds the path.
                    raise OSError(errno.EIO, os.strerror(errno.EIO)) from error
                self.decode_errors += 1
                return
            if not count:
                return
            yield reader.packed[:count].T


def _byte_order(file: soundfile.SoundFile) -> Literal["<", ">"]:
    """Return the byte order of a file's samples, as NumPy writes it."""
    if file.endian == "FILE":
        return ">" if file.format in BIG_ENDIAN_FORMATS else "<"
    return ">" if file.endian == "BIG" else "<"


def _is_converted(file: soundfile.SoundFile) -> bool:
    """Return whether a file's samples are integers that NumPy has to convert."""
    return file.subtype in INTEGER_SUBTYPES and (
        PCM_SUBTYPES[file.subtype][1] == PACKED_BYTES
        or np.dtype(_byte_order(file) + "i4") != np.dtype(np.int32)
    )


class _SampleReader:
    """Reads blocks of samples as libsndfile converts them.

    Attributes:
        packed: The block that was read last; shape (`BLOCK_FRAMES`, channels).
    """

    def __init__(self, file: soundfile.SoundFile) -> None:
        self._file: Final = file
        self._dtype, _ = PCM_SUBTYPES.get(file.subtype, COMPRESSED)
        self.packed: Block = np.empty((BLOCK_FRAMES, file.channels), self._dtype)
        # libsndfile writes directly into the array's memory.
        self._memory: Final = self.packed.reshape(-1).data.cast("B")

    def read(self) -> int:
        """Read the next block, and return the number of its frames; 0 at the end."""
        count: int = self._file.buffer_read_into(self._memory, self._dtype)
        return count


class _IntegerReader:
    """Reads blocks of integers as bytes, and converts them to native integers.

    libsndfile converts one at a time, which takes up to ten times as long.

    Attributes:
        packed: The block that was read last; shape (`BLOCK_FRAMES`, channels). Samples
            of 24 bits are in the upper bytes of 32.
    """

    def __init__(self, file: soundfile.SoundFile) -> None:
        self._file: Final[Any] = file
        dtype, width = PCM_SUBTYPES[file.subtype]
        order = _byte_order(file)
        shape = (BLOCK_FRAMES, file.channels)
        self._frame_bytes: Final = width * file.channels
        self._size: Final = BLOCK_FRAMES * self._frame_bytes
        # Three bytes are taken as the upper ones of four; the lowest one belongs to a
        # neighbor. Therefore there is a byte in front of all, and one after.
        memory = np.zeros(self._size + 2, np.uint8)
        self._pointer: Final = soundfile._ffi.from_buffer(memory[1:])  # noqa: SLF001
        start = 0 if width == PACKED_BYTES and order == "<" else 1
        self._mask: Final = -256 if width == PACKED_BYTES else -1
        self._stored: Final[Block] = np.ndarray(
            shape,
            np.dtype(dtype).newbyteorder(order),
            memory,
            start,
            (self._frame_bytes, width),
        )
        self.packed: Block = np.empty(shape, dtype)

    def read(self) -> int:
        """Read the next block, and return the number of its frames; 0 at the end.

        Raises:
            soundfile.LibsndfileError: The disk failed.
        """
        # soundfile has no function for it.
        library: Any = soundfile._snd  # noqa: SLF001
        file = self._file._file  # noqa: SLF001
        count = int(library.sf_read_raw(file, self._pointer, self._size))
        if code := library.sf_error(file):
            raise soundfile.LibsndfileError(code)
        frames: int = count // self._frame_bytes
        np.bitwise_and(self._stored[:frames], self._mask, out=self.packed[:frames])
        return frames


class WaveWriter:
    """Writes a WAV file of 16-bit samples."""

    def __init__(self, path: str, rate: Hertz, channels: int) -> None:
        """Create the file.

        Raises:
            OSError: It cannot be created.
        """
        try:
            self._file: Final = soundfile.SoundFile(
                path, "w", rate, channels, "PCM_16", format="WAV"
            )
        except soundfile.LibsndfileError as error:
            raise OSError(errno.EIO, str(error)) from error

    def write(self, samples: Stereo) -> None:
        """Append float32 samples, shape (frames, channels), clipped at full scale.

        Raises:
            OSError: The disk is full.
        """
        try:
            self._file.write(samples)
        except soundfile.LibsndfileError as error:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error

    def close(self) -> None:
        """Complete the header and close the file."""
        self._file.close()


@contextmanager
def open_pcm_source(
    path: bytes, descriptor: int, start: int
) -> Iterator[PcmSource | None]:
    """Open a file of uncompressed samples; yield None for other files.

    Args:
        path: Absolute path.
        descriptor: Descriptor of the file.
        start: End of the tags in front of the audio.

    Raises:
        InvalidAudioFormatError: Its sample rate or channel count is out of range.
    """
    file = _open_file(descriptor, start)
    if file is None:
        yield None
        return
    with closing(file):
        check_plausible(path, rate=file.samplerate, channels=file.channels)
        # Only FFmpeg reports the layout of more than two channels.
        surround = file.channels > CHANNELS_MAX
        if surround or file.subtype not in PCM_SUBTYPES or not file.frames:
            yield None
            return
        yield PcmSource(descriptor, start, file)


@contextmanager
def open_any_source(path: bytes, descriptor: int, start: int) -> Iterator[PcmSource]:
    """Open a file of any format that libsndfile reads, for files that FFmpeg refuses.

    Args:
        path: Absolute path, for errors.
        descriptor: Descriptor of the file.
        start: End of the tags in front of the audio.

    Raises:
        NotAudioError: libsndfile refuses it as well; the error has only its reason.
        InvalidAudioFormatError: Its sample rate or channel count is out of range.
    """
    os.lseek(descriptor, start, os.SEEK_SET)
    try:
        file = soundfile.SoundFile(descriptor, closefd=False)
    except soundfile.LibsndfileError as error:
        raise NotAudioError(path, error.error_string.rstrip(".")) from error
    with closing(file):
        check_plausible(path, rate=file.samplerate, channels=file.channels)
        try:
            decoded = len(file.read(1, dtype="float32"))
            file.seek(0)
        except soundfile.LibsndfileError as error:
            raise NotAudioError(path, error.error_string.rstrip(".")) from error
        if not decoded:
            raise NotAudioError(path, "no audio could be decoded")
        yield PcmSource(descriptor, start, file)


def _open_file(descriptor: int, start: int) -> soundfile.SoundFile | None:
    if read_fully(descriptor, 4, start) not in MAGICS:
        return None
    # libsndfile begins at the position of the descriptor, in WAV, AIFF and AU.
    os.lseek(descriptor, start, os.SEEK_SET)
    try:
        return soundfile.SoundFile(descriptor, closefd=False)
    except soundfile.LibsndfileError:
        return None


def _declared_frames(
    descriptor: int, start: int, file: soundfile.SoundFile
) -> Frames | None:
    """Return the number of frames that the header declares.

    libsndfile cuts that number at the end of the file, which would hide that a file
    is truncated.
    """
    known = AUDIO_CHUNKS.get(read_fully(descriptor, 4, start))
    if known is None:
        return None
    layout, name, lead = known

    def read(offset: int, count: int) -> bytes:
        return read_fully(descriptor, count, offset)

    size = os.fstat(descriptor).st_size
    for chunk in islice(chunks(read, start + 12, size, layout), CHUNKS_MAX):
        if chunk.name == name:
            declared = int.from_bytes(read(chunk.head + 4, 4), layout.order)
            if (
                declared == 0
                or SIZE_WRAP - declared % SIZE_WRAP <= STREAMED_SIZE_MARGIN
            ):
                return None
            if file.subtype not in PCM_SUBTYPES:
                return None
            _, sample_bytes = PCM_SUBTYPES[file.subtype]
            return Frames((declared - lead) // (sample_bytes * file.channels))
    return None
