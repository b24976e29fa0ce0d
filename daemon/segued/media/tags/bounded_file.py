"""A file object that limits how much can be read from it.

Tag parsers trust the lengths they find. This bounds the total size, the size of one
read and the number of reads, so that a malformed header costs a warning instead of
the machine's memory.
"""

import errno
import os
from typing import Final

from segued.media.safe_open import read_fully

__all__ = ["BoundedFile", "TagLimitError"]

READ_BYTES_MAX: Final = 64 << 20
TOTAL_BYTES_MAX: Final = 256 << 20
READS_MAX: Final = 1_000_000


class TagLimitError(Exception):
    """A parser tried to read more than the tags of a file can reasonably hold."""


class BoundedFile:
    """Reads a descriptor within limits, with its own file position.

    Attributes:
        size: Length of the file in bytes.
        start: Offset in the file that is position 0 for `read`, `seek` and `tell`.
        failure: The first read error of the disk. Parsers may replace it with an
            error of their own.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        """Read from `descriptor`, which the caller closes."""
        self.size: Final = size
        self.start = 0
        self.failure: OSError | None = None
        self._descriptor: Final = descriptor
        self._position = 0
        self._total = 0
        self._reads = 0

    def reset(self, start: int = 0) -> None:
        """Seek to `start`, from which positions count; reset the limits' counters."""
        self.start = start
        self._position = self._total = self._reads = 0

    def read_at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`; fewer only at the file's end.

        Raises:
            TagLimitError: A limit is exceeded.
        """
        count = max(0, min(count, self.size - offset))
        self._total += count
        self._reads += 1
        if (
            count > READ_BYTES_MAX
            or self._total > TOTAL_BYTES_MAX
            or self._reads > READS_MAX
        ):
            raise TagLimitError("tags exceed the read limit")
        try:
            return read_fully(self._descriptor, count, offset)
        except OSError as error:
            self.failure = error
            raise

    def read(self, count: int = -1) -> bytes:
        """Return the next `count` bytes; all remaining ones if negative."""
        at = self.start + self._position
        data = self.read_at(at, self.size if count < 0 else count)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position, as `io.IOBase.seek` does."""
        length = self.size - self.start
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: length}[
            whence
        ]
        if base + offset < 0:
            # Parsers seek before the start of short files, and expect this error.
            raise OSError(errno.EINVAL, "negative position")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position
