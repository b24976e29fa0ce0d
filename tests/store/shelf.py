"""A shelf of files that exist on record only, drawn as short names."""

from dataclasses import dataclass, field

from segued.model import AudioFile, FileId, FileStatus, Folder, Found, Signature
from segued.store import duplicates, files, inventory
from segued.store.database import Store
from segued.store.schema.files import File

ROOT = b"/music"


def found(name: str, *, version: int = 1) -> Found:
    """Return a file as a walk would see it; another version has other bytes."""
    inode = sum(name.encode()) * 1_000
    return Found(ROOT + b"/" + name.encode(), Signature(100, version, inode))


@dataclass
class Shelf:
    """Music folder `/music`, as successive walks see it."""

    store: Store
    seen: inventory.Admitted = field(default_factory=inventory.Admitted)

    async def walk(self, *names: Found | str) -> inventory.Admitted:
        """Admit the folder with exactly these files in it, and forsake the rest."""
        there = tuple(found(each) if isinstance(each, str) else each for each in names)
        seen = await self.store.do(inventory.admit, [Folder(ROOT, ROOT, there)])
        await self.store.do(inventory.forsake, seen.gone)
        return seen

    async def file(self, name: str) -> AudioFile:
        """Return a file by name, as a worker would be given it."""

        def read() -> AudioFile:
            row = File.get(File.path == found(name).path)
            signature = Signature(row.size_bytes, row.mtime_ns, row.inode)
            return AudioFile(FileId(row.id), bytes(row.path), ROOT, signature)

        return await self.store.do(read)

    async def hash(
        self,
        name: str,
        content_hash: str,
        absent: tuple[tuple[FileId, bytes], ...] = (),
    ) -> duplicates.Claim:
        """Begin a file and claim a content for it, as phases 1 and 2 do."""
        file = await self.file(name)

        def work() -> duplicates.Claim:
            files.begin(file)
            claim = duplicates.claim(
                file, content_hash, f"audio {content_hash}", absent
            )
            if claim.status is FileStatus.DUPLICATE:
                files.finish(file.id, claim.status)
            return claim

        return await self.store.do(work)

    async def finish(self, name: str, status: FileStatus = FileStatus.COMPLETE) -> None:
        """Bring a file to its end."""
        await self.store.do(files.finish, (await self.file(name)).id, status)

    async def look(self) -> dict[str, str]:
        """Return the status of every file, by name."""

        def read() -> dict[str, str]:
            rows = File.select().order_by(File.path)
            return {row.path_text.removeprefix("/music/"): row.status for row in rows}

        return await self.store.do(read)

    async def links(self) -> dict[str, set[str]]:
        """Return whom every file is linked with, by name."""

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
