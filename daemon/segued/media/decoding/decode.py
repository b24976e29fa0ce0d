"""A file's sound, whatever its format: the one way to decode.

Which library decodes is decided by the first bytes, never by the name:
libsndfile what is uncompressed, FFmpeg all else.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

import numpy as np

from segued.dsp.mixdown import Mono, mix, sane, shares_of
from segued.errors import DecodeError, FileChangedError, NotAudioError
from segued.media.decoding.libav import libav_source
from segued.media.decoding.sndfile import plain_source
from segued.media.decoding.source import BLOCK_FRAMES, Source
from segued.media.safe_open import opened, signature_of
from segued.model import Signature, Warned

__all__ = ["Heard", "decoded", "heard", "warnings_of"]

MIB: Final = 1 << 20
SHORT_SECONDS: Final = 1
SHORT_SHARE: Final = 0.01


class Heard(NamedTuple):
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
def decoded(path: bytes, expected: Signature | None = None) -> Iterator[Source]:
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
    with opened(path, expected) as descriptor:
        before = signature_of(os.fstat(descriptor))
        try:
            with ExitStack() as stack:
                source: Source | None
                source = stack.enter_context(plain_source(path, descriptor))
                if source is None:
                    source = stack.enter_context(libav_source(path, descriptor))
                yield source
        except (DecodeError, NotAudioError):
            _blame_what_is_to_blame(path, descriptor, before)
            raise
        if source.broken:
            _blame_what_is_to_blame(path, descriptor, before)


def heard(source: Source) -> Iterator[Heard]:
    """Yield a file's sound as one channel, block by block.

    A block's memory is used again: it holds until the next is asked for.
    """
    out, other = (np.empty(BLOCK_FRAMES, dtype=np.float32) for _ in range(2))
    surround = len(set(source.weights)) > 1
    fpcalc = shares_of(source.weights)
    equal = shares_of((1.0,) * source.channels)
    for raw in source.blocks():
        block, peak = sane(raw)
        channels, frames = block.shape
        if frames > len(out):
            out, other = (np.empty(frames, dtype=np.float32) for _ in range(2))
        if channels != len(equal):
            surround, equal = False, shares_of((1.0,) * channels)
        mono = downmix = out[:frames]
        mix(block, equal, mono)
        if surround:
            downmix = other[:frames]
            mix(block, fpcalc, downmix)
        yield Heard(mono, downmix, peak)


def warnings_of(source: Source, frames: int) -> tuple[Warned, ...]:
    """Return what is wrong with a file of which `frames` frames were decoded.

    The graver first: a file cut short ends in a part that cannot be decoded.
    """
    found = []
    promised = source.promised or 0
    missing = promised - frames
    if missing > max(SHORT_SECONDS * source.rate, SHORT_SHARE * promised):
        there, claimed = frames / source.rate, promised / source.rate
        found.append(
            Warned(
                "truncated",
                f"{there:,.1f} s of sound, where the header promises {claimed:,.1f} s",
            )
        )
    if source.broken:
        parts = "part" if source.broken == 1 else "parts"
        found.append(
            Warned("damaged", f"{source.broken:,} {parts} could not be decoded")
        )
    return tuple(found)


def _blame_what_is_to_blame(path: bytes, descriptor: int, before: Signature) -> None:
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
