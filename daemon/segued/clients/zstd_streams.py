"""Streams that are compressed with zstd, read and written piece by piece."""

from collections.abc import Iterable, Iterator
from typing import IO, Final

import zstandard

__all__ = ["WINDOW_BYTES_MAX", "ZSTANDARD", "ZstdError", "ZstdReader", "compressed"]

ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
"""What every zstd file begins with."""

WINDOW_BYTES_MAX: Final = 1 << 27
READ_BYTES: Final = 1 << 16

ZstdError: Final = zstandard.ZstdError
"""Raised by a reader: the file is not zstd, or is damaged."""


class ZstdReader:
    """A zstd file, decompressed while it is read; EOFError if it is truncated."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file: Final = file
        self._frame = self._new_frame()
        self._ready = b""
        self._is_at_end = False

    def read(self, count: int) -> bytes:
        """Return the next bytes; fewer than `count` only at the end."""
        while len(self._ready) < count and not self._is_at_end:
            compressed_piece = self._frame.unused_data or self._file.read(READ_BYTES)
            if self._frame.eof:
                self._frame = self._new_frame()  # another frame follows, or the end
                if not compressed_piece:
                    self._is_at_end = True
                    break
            elif not compressed_piece:
                raise EOFError("truncated zstd frame")
            self._ready += self._frame.decompress(compressed_piece)
        ready, self._ready = self._ready[:count], self._ready[count:]
        return ready

    def lines(self, bytes_max: int) -> Iterator[bytes]:
        """Yield the lines, without their ends.

        Raises:
            EOFError: The file is truncated, or a line is longer than `bytes_max`.
        """
        rest = b""
        while piece := self.read(READ_BYTES):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > bytes_max:
                raise EOFError(f"a line of more than {bytes_max:,} bytes")
        if rest:
            yield rest

    @staticmethod
    def _new_frame() -> "zstandard.ZstdDecompressionObj":
        decompressor = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MAX)
        return decompressor.decompressobj()


def compressed(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the zstd stream of some parts, with a checksum."""
    stream = zstandard.ZstdCompressor(level=9, write_checksum=True).compressobj()
    for part in parts:
        if piece := stream.compress(part):
            yield piece
    yield stream.flush()
