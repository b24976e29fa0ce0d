"""What belongs to a music file beside it: the CUE sheets of its folder, and its lyrics.

Both are in the column `files.sheets`: the digest of the sheets and, after a plus sign,
that of the lyrics. With another value than before, both are read again.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from segued.model import FileEntry, FileId, FileStatus, FolderListing, PhaseNumber
from segued.store.prepared import Query, prepared
from segued.store.requeue import FILES_AT_ONCE, requeue_from_phase
from segued.store.schema.files import File, iter_rows

__all__ = ["Beside", "digest_of", "sheets_of"]

LYRICS_MARK: Final = "+"

READS_BESIDE: Final = (
    FileStatus.PENDING,
    FileStatus.PROCESSING,
    FileStatus.COMPLETE,
)
"""Files in one of these states have read what is beside them, or will."""


def digest_of(folder: FolderListing, entry: FileEntry) -> str | None:
    """Return what identifies the files beside a music file; None if there are none."""
    lyrics = folder.lyrics.get(entry.path)
    if lyrics is None:
        return folder.sheets_digest
    signature = lyrics.signature
    text = f"{signature.size_bytes} {signature.mtime_ns} {signature.inode}"
    own = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    return f"{folder.sheets_digest or ''}{LYRICS_MARK}{own}"


def sheets_of(file: FileId) -> str | None:
    """Return the digest of the CUE sheets of a file's folder; None: it has none."""
    for (digest,) in _digest_of_file(file):
        return (digest or "").partition(LYRICS_MARK)[0] or None
    return None


@prepared
def _digest_of_file(file: FileId) -> Query:
    return File.select(File.sheets).where(File.id == file)


class Beside:
    """What is beside the files of a folder now, compared with what was before.

    Attributes:
        being_written: Changed sheets and lyrics that are not completely written yet.
    """

    def __init__(
        self, folder: FolderListing, is_complete: Callable[[FileEntry], bool]
    ) -> None:
        self.being_written: dict[FileEntry, None] = {}
        self._folder: Final = folder
        self._is_complete: Final = is_complete
        self._changed: Final[dict[str | None, list[FileId]]] = {}

    def compare(self, file: FileId, entry: FileEntry, stored: str | None) -> None:
        """Note a file if something else is beside it than the stored digest says."""
        digest = digest_of(self._folder, entry)
        if digest == stored:
            return
        lyrics = self._folder.lyrics.get(entry.path)
        concerned = [*self._folder.sheets, *([lyrics] if lyrics else [])]
        if all(map(self._is_complete, concerned)):
            self._changed.setdefault(digest, []).append(file)
        else:
            self.being_written |= dict.fromkeys(concerned)

    def requeue_changed(self) -> int:
        """Requeue the noted files from phase 3 on: nothing is hashed or decoded again.

        Returns:
            How many of them were complete.
        """
        return sum(_follow(files, digest) for digest, files in self._changed.items())


def _follow(files: Sequence[FileId], digest: str | None) -> int:
    complete = 0
    for start in range(0, len(files), FILES_AT_ONCE):
        batch = list(files[start : start + FILES_AT_ONCE])
        File.update(sheets=digest).where(File.id.in_(batch)).execute()
        concerned = File.select(File.id, File.status).where(
            File.id.in_(batch), File.status.in_(list(READS_BESIDE))
        )
        rows = list(iter_rows(concerned))
        complete += sum(status == FileStatus.COMPLETE for _, status in rows)
        requeue_from_phase(
            [FileId(file) for file, _ in rows], PhaseNumber.TAGS, in_flight=True
        )
    return complete
