"""A music folder of files that exist in the library only."""

from dataclasses import dataclass, field

from segued.model import (
    AudioFile,
    FileEntry,
    FileId,
    FileStatus,
    FolderListing,
    PhaseNumber,
    Signature,
)
from segued.store import checkpoints, codec, files, inventory, moves
from segued.store.database import Store
from segued.store.schema.files import File

ROOT = b"/music"


def file_entry(name: str, *, version: int = 1) -> FileEntry:
    """Return a file as a scan lists it; another version has other content."""
    inode = sum(name.encode()) * 1_000
    return FileEntry(ROOT + b"/" + name.encode(), Signature(100, version, inode))


@dataclass
class ScannedFolder:
    """The music folder `/music`, as successive scans list it."""

    store: Store
    last_scan: inventory.ScanCounts = field(default_factory=inventory.ScanCounts)

    async def scan(
        self,
        *names: FileEntry | str,
        sheets: str | None = None,
        lyrics: int | None = None,
        settled: bool = True,
    ) -> inventory.ScanCounts:
        """Store a scan with exactly these files, and mark all others as missing.

        Args:
            names: The files.
            sheets: The digest of the folder's CUE sheets.
            lyrics: The version of the lyrics beside the first file; None: it has none.
            settled: Whether all files and sheets are completely written.
        """
        entries = tuple(
            file_entry(each) if isinstance(each, str) else each for each in names
        )
        entry = file_entry("x.cue")
        listing = FolderListing(
            ROOT,
            ROOT,
            entries,
            sheets=(entry,) if sheets else (),
            sheets_digest=sheets,
            lyrics={entries[0].path: file_entry("a.lrc", version=lyrics)}
            if lyrics is not None
            else {},
        )
        is_written = None if settled else lambda entry: entry in entries
        counts = await self.store.do(inventory.apply_listing, [listing], is_written)
        await self.store.do(inventory.mark_missing, counts.missing)
        return counts

    async def get_file(self, name: str) -> AudioFile:
        """Return a file by name, as a worker gets it."""

        def read() -> AudioFile:
            row = File.get(File.path == file_entry(name).path)
            signature = Signature(row.size_bytes, row.mtime_ns, row.inode)
            return AudioFile(FileId(row.id), bytes(row.path), ROOT, signature)

        return await self.store.do(read)

    async def hash_file(
        self,
        name: str,
        content_hash: str,
        absent: tuple[tuple[FileId, bytes], ...] = (),
        audio_hash: str | None = None,
    ) -> moves.ClaimResult:
        """Start a file and claim a content hash for it, as phases 1 and 2 do.

        Each content has an audio hash of its own, unless one is given.
        """
        file = await self.get_file(name)

        def work() -> moves.ClaimResult:
            files.mark_processing(file)
            claim = moves.claim_content(
                file, content_hash, audio_hash or f"audio {content_hash}", absent
            )
            if not claim.moved:
                hashed = codec.encode({"content": content_hash, "absent": absent})
                checkpoints.save(
                    file.id,
                    checkpoints.StoredCheckpoint(PhaseNumber.HASH, "", hashed, None),
                )
            if claim.status is FileStatus.DUPLICATE:
                files.mark_finished(file.id, claim.status)
            return claim

        return await self.store.do(work)

    async def finish(self, name: str, status: FileStatus = FileStatus.COMPLETE) -> None:
        """Set the final status of a file."""
        await self.store.do(files.mark_finished, (await self.get_file(name)).id, status)

    async def statuses(self) -> dict[str, str]:
        """Return the status of every file, by name."""

        def read() -> dict[str, str]:
            rows = File.select().order_by(File.path)
            return {row.path_text.removeprefix("/music/"): row.status for row in rows}

        return await self.store.do(read)

    async def links(self) -> dict[str, set[str]]:
        """Return the names of the duplicates that each file is linked with, by name."""

        def read() -> dict[str, set[str]]:
            rows = list(File.select())
            names = {row.id: row.path_text.removeprefix("/music/") for row in rows}
            return {
                names[row.id]: {
                    name for id_, name in names.items() if id_ in row.matching_hashes
                }
                for row in rows
            }

        return await self.store.do(read)
