"""An answer put together from its pieces, and never larger than agreed on."""

import zlib

__all__ = ["BodyError", "BoundedDecoder"]


class BodyError(Exception):
    """An answer is too large, or packed in a way not asked for. Says which."""


class BoundedDecoder:
    """The body of one answer, as far as it has come.

    Holds no more than `bytes_max` and a byte, whatever a piece unpacks to.
    """

    def __init__(self, encoding: str, bytes_max: int) -> None:
        self._body = bytearray()
        self._bytes_max = bytes_max
        self._gzip = None
        match encoding.strip().lower():
            case "" | "identity":
                pass
            case "gzip" | "x-gzip":
                self._gzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
            case _:
                raise BodyError("packs its answer in an unknown way")

    def feed(self, piece: bytes) -> None:
        """Take the next piece.

        Raises:
            UnpackingError: It is one too many, or cannot be unpacked.
        """
        room = self._bytes_max - len(self._body)
        if self._gzip is not None:
            try:
                piece = self._gzip.decompress(piece, room + 1)
            except zlib.error as error:
                raise BodyError("sends what cannot be unpacked") from error
            if self._gzip.unused_data:
                raise BodyError("sends more than it packed")
        if len(piece) > room:
            raise BodyError(f"answers with more than {self._bytes_max:,} bytes")
        self._body += piece

    def finish(self) -> bytes:
        """Return all of it.

        Raises:
            UnpackingError: Its end is missing.
        """
        if self._gzip is not None and self._body and not self._gzip.eof:
            raise BodyError("breaks off in the middle of its answer")
        return bytes(self._body)
