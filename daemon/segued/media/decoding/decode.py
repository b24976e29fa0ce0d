"""Decode a file of any format; all decoding goes through this module.

The first bytes, never the name, select the library: libsndfile for uncompressed
samples, FFmpeg for everything else. A file that one refuses is tried with the other.

Both are imported where they are used: loading them takes a tenth of a second, and the
main process, which only names the jobs of its child processes, never decodes.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

import numpy as np

from segued.dsp.mixdown import (
    Mono,
    Samples,
    mix,
    sanitize_block,
    to_samples,
    to_shares,
)
from segued.errors import DecodeError, FileChangedError, NotAudioError
from segued.media.containers.audio_ranges import head_tags_end
from segued.media.containers.detect import HEAD_BYTES, Container, detect_container
from segued.media.containers.unsupported import (
    UNSUPPORTED_HEAD_BYTES,
    name_unsupported_kind,
)
from segued.media.decoding.source import BLOCK_FRAMES, AudioSource
from segued.media.safe_open import open_regular, read_fully, signature_of
from segued.model import FileWarning, Signature

__all__ = ["SampleBlock", "decode_warnings", "open_source", "sample_blocks"]

SNDFILE_CONTAINERS: Final = frozenset(
    (
        Container.OGG,
        Container.FLAC,
        Container.WAVE,
        Container.WAVE_BIG_ENDIAN,
        Container.WAVE64,
        Container.AIFF,
        Container.CAF,
        Container.AU,
    )
)
"""Containers that libsndfile knows as well as FFmpeg."""

MIB: Final = 1 << 20
SHORT_SECONDS: Final = 1
SHORT_SHARE: Final = 0.01


class SampleBlock(NamedTuple):
    """A block of a file.

    Attributes:
        samples: All channels.
        downmix: The mix that `fpcalc` fingerprints; shape (frames,).
        peak: The largest absolute sample of any channel, 1.0 being full scale.
    """

    samples: Samples
    downmix: Mono
    peak: float


@contextmanager
def open_source(
    path: bytes, expected: Signature | None = None
) -> Iterator[AudioSource]:
    """Open a file for decoding.

    Args:
        path: Absolute path.
        expected: The file's signature when it was scanned; None to accept any.

    Raises:
        FileError: As documented for `segued.media.safe_open.open_regular`.
        NotAudioError: It is not an audio container, or has no audio.
        DecodeError: It has audio, but none of it can be decoded.
        InvalidAudioFormatError: Its sample rate or channel count is out of range.
    """
    from segued.media.decoding.sndfile import open_pcm_source  # noqa: PLC0415

    with open_regular(path, expected) as descriptor:
        before = signature_of(os.fstat(descriptor))
        try:
            start = _audio_start(path, descriptor)
            with ExitStack() as stack:
                source: AudioSource | None
                source = stack.enter_context(open_pcm_source(path, descriptor, start))
                if source is None:
                    source = _open_compressed(path, descriptor, start, stack)
                yield source
        except (DecodeError, NotAudioError):
            _raise_if_disk_or_file_changed(path, descriptor, before)
            raise
        if source.decode_errors:
            _raise_if_disk_or_file_changed(path, descriptor, before)


def _open_compressed(
    path: bytes, descriptor: int, start: int, stack: ExitStack
) -> AudioSource:
    """Open a file with FFmpeg; if it refuses it, with libsndfile.

    libsndfile is tried only for containers that it may know: in other bytes it finds
    MP3 frames where there are none.

    Raises:
        NotAudioError: Both refuse it; the error has both reasons.
        DecodeError: It has audio, but none of it can be decoded.
        InvalidAudioFormatError: Its sample rate or channel count is out of range.
    """
    from segued.media.decoding.libav import open_libav_source  # noqa: PLC0415
    from segued.media.decoding.sndfile import open_any_source  # noqa: PLC0415

    try:
        return stack.enter_context(open_libav_source(path, descriptor, start))
    except (NotAudioError, DecodeError) as error:
        head = read_fully(descriptor, HEAD_BYTES, start)
        if detect_container(head) not in SNDFILE_CONTAINERS:
            raise
        try:
            return stack.enter_context(open_any_source(path, descriptor, start))
        except NotAudioError as other:
            reason = getattr(error.__cause__, "strerror", None)
            said = f"{error.detail} ({reason})" if reason else error.detail
            detail = f"FFmpeg: {said}; libsndfile: {other.detail}"
            raise type(error)(path, detail) from error


def sample_blocks(source: AudioSource) -> Iterator[SampleBlock]:
    """Yield a file's samples and their downmix, block by block.

    The arrays are reused: they are valid until the next block is requested.
    """
    out = np.empty(BLOCK_FRAMES, dtype=np.float32)
    shares = to_shares(source.weights)
    for raw in source.blocks():
        block, peak = sanitize_block(raw)
        samples = to_samples(block)
        channels, frames = samples.shape
        if channels != len(shares):
            shares = to_shares((1.0,) * channels)
        if channels == 1:
            yield SampleBlock(samples, samples[0], peak)
            continue
        if frames > len(out):
            out = np.empty(frames, dtype=np.float32)
        mix(samples, shares, out[:frames])
        yield SampleBlock(samples, out[:frames], peak)


def decode_warnings(source: AudioSource, frames: int) -> tuple[FileWarning, ...]:
    """Return the defects of a file of which `frames` frames were decoded.

    "truncated" comes before "damaged": a truncated file often ends in a part that
    cannot be decoded.
    """
    found = []
    declared = source.declared_frames or 0
    missing = declared - frames
    if missing > max(SHORT_SECONDS * source.rate, SHORT_SHARE * declared):
        decoded_s, declared_s = frames / source.rate, declared / source.rate
        found.append(
            FileWarning(
                "truncated",
                f"{decoded_s:,.1f} s decoded, the header declares {declared_s:,.1f} s",
            )
        )
    if source.decode_errors:
        parts = "part" if source.decode_errors == 1 else "parts"
        found.append(
            FileWarning(
                "damaged", f"{source.decode_errors:,} {parts} could not be decoded"
            )
        )
    return tuple(found)


def _audio_start(path: bytes, descriptor: int) -> int:
    """Return the end of the tags at the start of a file.

    Raises:
        NotAudioError: It is a known kind of file without recorded sound.
    """

    def read(offset: int, count: int) -> bytes:
        return read_fully(descriptor, count, offset)

    start = head_tags_end(read, os.fstat(descriptor).st_size) or 0
    if kind := name_unsupported_kind(read(start, UNSUPPORTED_HEAD_BYTES)):
        raise NotAudioError(path, f"{kind}, which is not supported")
    return start


def _raise_if_disk_or_file_changed(
    path: bytes, descriptor: int, before: Signature
) -> None:
    """Raise if a decoding failure is due to the disk, or to a change of the file.

    The decoders do not distinguish a file system error from the end of the file, or
    from damage.

    Raises:
        FileChangedError: The file's signature is not `before` any more.
        OSError: It cannot be read to its end.
    """
    if signature_of(os.fstat(descriptor)) != before:
        raise FileChangedError(path, "changed while it was being read")
    offset = 0
    while part := os.pread(descriptor, MIB, offset):
        offset += len(part)
