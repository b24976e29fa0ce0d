"""A file's sound, whatever its format: the one way to decode.

Which library decodes is decided by the first bytes, never by the name:
libsndfile what is uncompressed, FFmpeg all else.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

import numpy as np

from segued.dsp.mixdown import Mono, mix, sanitize_block, to_shares
from segued.errors import DecodeError, FileChangedError, NotAudioError
from segued.media.decoding.libav import open_libav_source
from segued.media.decoding.sndfile import open_pcm_source
from segued.media.decoding.source import BLOCK_FRAMES, AudioSource
from segued.media.safe_open import open_regular, signature_of
from segued.model import FileWarning, Signature

__all__ = ["MonoBlock", "decode_warnings", "mono_blocks", "open_source"]

MIB: Final = 1 << 20
SHORT_SECONDS: Final = 1
SHORT_SHARE: Final = 0.01


class MonoBlock(NamedTuple):
    """A stretch of a file as one channel.

    Attributes:
        mono: The mean of all channels.
        downmix: What `fpcalc` would fingerprint: of surround sound not the mean.
        peak: The largest absolute sample of any channel.
    """

    mono: Mono
    downmix: Mono
    peak: float


@contextmanager
def open_source(
    path: bytes, expected: Signature | None = None
) -> Iterator[AudioSource]:
    """Open a file's sound.

    Args:
        path: Absolute path.
        expected: The file's signature when it was found; None to take it as
            it is now.

    Raises:
        FileError: As `segued.media.safe_open.opened` says.
        NotAudioError: It is no container of sound, or holds none.
        DecodeError: There is sound in it, but none of it can be decoded.
        AbsurdAudioError: Its sample rate or channel count is out of reason.
    """
    with open_regular(path, expected) as descriptor:
        before = signature_of(os.fstat(descriptor))
        try:
            with ExitStack() as stack:
                source: AudioSource | None
                source = stack.enter_context(open_pcm_source(path, descriptor))
                if source is None:
                    source = stack.enter_context(open_libav_source(path, descriptor))
                yield source
        except (DecodeError, NotAudioError):
            _raise_if_disk_or_file_changed(path, descriptor, before)
            raise
        if source.decode_errors:
            _raise_if_disk_or_file_changed(path, descriptor, before)


def mono_blocks(source: AudioSource) -> Iterator[MonoBlock]:
    """Yield a file's sound as one channel, block by block.

    A block's memory is used again: it holds until the next is asked for.
    """
    out, other = (np.empty(BLOCK_FRAMES, dtype=np.float32) for _ in range(2))
    surround = len(set(source.weights)) > 1
    fpcalc_shares = to_shares(source.weights)
    equal_shares = to_shares((1.0,) * source.channels)
    for raw in source.blocks():
        block, peak = sanitize_block(raw)
        channels, frames = block.shape
        if frames > len(out):
            out, other = (np.empty(frames, dtype=np.float32) for _ in range(2))
        if channels != len(equal_shares):
            surround, equal_shares = False, to_shares((1.0,) * channels)
        mono = downmix = out[:frames]
        mix(block, equal_shares, mono)
        if surround:
            downmix = other[:frames]
            mix(block, fpcalc_shares, downmix)
        yield MonoBlock(mono, downmix, peak)


def decode_warnings(source: AudioSource, frames: int) -> tuple[FileWarning, ...]:
    """Return what is wrong with a file of which `frames` frames were decoded.

    The graver first: a file cut short ends in a part that cannot be decoded.
    """
    found = []
    declared = source.declared_frames or 0
    missing = declared - frames
    if missing > max(SHORT_SECONDS * source.rate, SHORT_SHARE * declared):
        there, claimed = frames / source.rate, declared / source.rate
        found.append(
            FileWarning(
                "truncated",
                f"{there:,.1f} s of sound, where the header promises {claimed:,.1f} s",
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


def _raise_if_disk_or_file_changed(
    path: bytes, descriptor: int, before: Signature
) -> None:
    """Raise if it was the disk, or a change of the file, and not its contents.

    The decoders do not tell an error of the file system from the end of the
    file, or from damage.

    Raises:
        FileChangedError: The file is not what it was.
        OSError: It cannot be read to its end.
    """
    if signature_of(os.fstat(descriptor)) != before:
        raise FileChangedError(path, "changed while it was being read")
    offset = 0
    while part := os.pread(descriptor, MIB, offset):
        offset += len(part)
