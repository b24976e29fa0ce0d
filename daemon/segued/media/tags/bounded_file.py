"""A file object that will not be read without end.

Tag readers believe the lengths they find. What they may read in all, in one
piece and in how many pieces is bounded here, so that a header which lies
costs a warning and not the machine's memory.
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
    """More was asked for than a file's tags can reasonably be."""


class BoundedFile:
    """Reads a descriptor at positions of its own, within limits.

    Attributes:
        size: Length of the file in bytes.
        failure: The error of the disk, once there was one. Readers are known
            to turn it into one of theirs.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        """Read from `descriptor`, which stays the caller's to close."""
        self.size: Final = size
        self.failure: OSError | None = None
        self._descriptor: Final = descriptor
        self._position = 0
        self._total = 0
        self._reads = 0

    def reset(self) -> None:
        """Go back to the beginning, with the limits unspent."""
        self._position = self._total = self._reads = 0

    def read_at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`; fewer only at the file's end.

        Raises:
            TooMuchError: A limit is passed.
        """
        count = max(0, min(count, self.size - offset))
        self._total += count
        self._reads += 1
        if (
            count > READ_BYTES_MAX
            or self._total > TOTAL_BYTES_MAX
            or self._reads > READS_MAX
        ):
            raise TagLimitError("more to read than tags can be")
        try:
            return read_fully(self._descriptor, count, offset)
        except OSError as error:
            self.failure = error
            raise

    def read(self, count: int = -1) -> bytes:
        """Return the next `count` bytes; all that are left if negative."""
        data = self.read_at(self._position, self.size if count < 0 else count)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position, as files do."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[
            whence
        ]
        if base + offset < 0:
            # Readers seek back too far in short files, and expect this of it.
            raise OSError(errno.EINVAL, "negative position")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position
