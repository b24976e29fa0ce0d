"""A disk that is far away, and at times does not answer: FUSE, by hand.

The kernel asks through /dev/fuse, and a `FuseDisk` answers from a folder. What it
keeps to itself hangs whoever asked, in a sleep that not even SIGKILL ends. The
shapes are those of linux/fuse.h.
"""

import ctypes
import errno
import os
import select
import stat
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Final

__all__ = ["FuseDisk", "Opcode", "fuse_disk"]


class Opcode(IntEnum):
    """What the kernel asks for, as far as it is answered."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    OPEN = 14
    READ = 15
    STATFS = 17
    RELEASE = 18
    FLUSH = 25
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    INTERRUPT = 36
    DESTROY = 38
    BATCH_FORGET = 42


WITHOUT_REPLY: Final = (Opcode.FORGET, Opcode.INTERRUPT, Opcode.BATCH_FORGET)
"""Nothing is asked with these."""

REQUEST_HEADER: Final = struct.Struct("=IIQQ16x")
REPLY_HEADER: Final = struct.Struct("=IiQ")
ATTRIBUTES: Final = struct.Struct("=6Q10I")
GETATTR_REPLY: Final = struct.Struct("=QII")
LOOKUP_REPLY: Final = struct.Struct("=QQQQII")
OPEN_REPLY: Final = struct.Struct("=QII")
READ_REQUEST: Final = struct.Struct("=QQI")
INIT_REPLY: Final = struct.Struct("=IIIIHHIIHHI28x")
STATFS_REPLY: Final = struct.Struct("=5Q4I24x")
ENTRY: Final = struct.Struct("=QQII")

VERSION: Final = (7, 31)
ROOT: Final = 1
REQUEST_BYTES: Final = 1 << 18
READ_BYTES: Final = 1 << 17
BLOCK_BYTES: Final = 512
DIRECT_IO: Final = 1  # nothing is kept in memory, so that each read is asked for
FORCE, DETACH = 1, 2


@dataclass
class FuseDisk:
    """A folder, seen as a far disk.

    Attributes:
        folder: What it holds.
        withholds_reply: Returns whether it does not answer a request about a path,
            given relative to `folder`.
        unresponsive: Whether it reads no requests at all; only SIGKILL ends a caller.
    """

    folder: Path
    device: int
    withholds_reply: Callable[[Opcode, str], bool] = lambda _asked, _path: False
    unresponsive: bool = False
    withheld: list[tuple[Opcode, str]] = field(default_factory=list)
    _unanswered: list[bytes] = field(default_factory=list)
    _paths: dict[int, str] = field(default_factory=lambda: {ROOT: ""})
    _nodes: dict[str, int] = field(default_factory=lambda: {"": ROOT})
    _resumed: threading.Event = field(default_factory=threading.Event)

    def serve(self) -> None:
        """Answer until the disk is taken away."""
        waiting = select.poll()
        waiting.register(self.device, select.POLLIN)
        with suppress(OSError):  # it was taken away
            while True:
                waiting.poll()
                while self.unresponsive:
                    self._resumed.wait()
                self._answer(os.read(self.device, REQUEST_BYTES))

    def resume(self) -> None:
        """Answer again, also what was asked meanwhile."""
        self.withholds_reply, self.unresponsive = (lambda _asked, _path: False), False
        self._resumed.set()
        self.withheld.clear()
        while self._unanswered:
            self._answer(self._unanswered.pop(0))

    def _answer(self, request: bytes) -> None:
        _, number, unique, node = REQUEST_HEADER.unpack_from(request)
        body = request[REQUEST_HEADER.size :]
        try:
            asked = Opcode(number)
        except ValueError:
            self._send(unique, errno.ENOSYS)
            return
        if asked in WITHOUT_REPLY:
            return
        path = self._paths.get(node, "")  # a greeting is about none
        if asked is Opcode.LOOKUP:
            path = os.path.join(path, os.fsdecode(body.rstrip(b"\0")))
        if self.withholds_reply(asked, path):
            self.withheld.append((asked, path))
            self._unanswered.append(request)
            return
        try:
            answer = self._reply_to(asked, path, body)
        except OSError as error:
            self._send(unique, error.errno or errno.EIO)
        else:
            self._send(unique, 0, answer)

    def _send(self, unique: int, error: int, answer: bytes = b"") -> None:
        head = REPLY_HEADER.pack(REPLY_HEADER.size + len(answer), -error, unique)
        with suppress(FileNotFoundError):  # who asked has gone
            os.write(self.device, head + answer)

    def _reply_to(  # noqa: PLR0911
        self, asked: Opcode, path: str, body: bytes
    ) -> bytes:
        place = self.folder / path
        match asked:
            case Opcode.INIT:
                return INIT_REPLY.pack(
                    *VERSION, READ_BYTES, 0, 0, 0, READ_BYTES, 1, 0, 0, 0
                )
            case Opcode.LOOKUP:
                seen = _attributes(place)
                node = self._nodes.setdefault(path, len(self._nodes) + ROOT)
                self._paths[node] = path
                return LOOKUP_REPLY.pack(node, 0, 0, 0, 0, 0) + seen
            case Opcode.GETATTR:
                return GETATTR_REPLY.pack(0, 0, 0) + _attributes(place)
            case Opcode.OPEN | Opcode.OPENDIR:
                return OPEN_REPLY.pack(0, DIRECT_IO if asked is Opcode.OPEN else 0, 0)
            case Opcode.READ:
                _, offset, count = READ_REQUEST.unpack_from(body)
                with place.open("rb") as file:
                    return os.pread(file.fileno(), count, offset)
            case Opcode.READDIR:
                _, offset, count = READ_REQUEST.unpack_from(body)
                return _listing(place, offset, count)
            case Opcode.STATFS:
                room = os.statvfs(place)
                blocks = (room.f_blocks, room.f_bfree, room.f_bavail)
                files = (room.f_files, room.f_ffree)
                return STATFS_REPLY.pack(
                    *blocks, *files, room.f_bsize, 255, room.f_frsize, 0
                )
            case _:
                return b""


def _attributes(place: Path) -> bytes:
    seen = place.lstat()
    whole = [moment // 10**9 for moment in _times(seen)]
    parts = [moment % 10**9 for moment in _times(seen)]
    return ATTRIBUTES.pack(
        *(seen.st_ino, seen.st_size, seen.st_blocks, *whole, *parts),
        *(seen.st_mode, seen.st_nlink, seen.st_uid, seen.st_gid, 0, BLOCK_BYTES, 0),
    )


def _times(seen: os.stat_result) -> tuple[int, int, int]:
    return seen.st_atime_ns, seen.st_mtime_ns, seen.st_ctime_ns


def _listing(place: Path, offset: int, count: int) -> bytes:
    """Return a part of a folder's names, as many as there is room for."""
    listing = b""
    for number, name in enumerate(sorted(os.listdir(place))[offset:], offset + 1):
        seen = (place / name).lstat()
        kind = stat.S_IFMT(seen.st_mode) >> 12
        encoded = os.fsencode(name)
        entry = ENTRY.pack(seen.st_ino, number, len(encoded), kind) + encoded
        entry += bytes(-len(entry) % 8)
        if len(listing) + len(entry) > count:
            break
        listing += entry
    return listing


@contextmanager
def fuse_disk(folder: Path, place: Path) -> Iterator[FuseDisk]:
    """Have what is in a folder at another place, as a far disk; needs root.

    At the end whoever still waits for an answer is told that there is none.
    """
    system = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    where = os.fsencode(place)
    try:
        if system.mount(b"far", where, b"fuse.far", 0, options.encode()):
            raise OSError(ctypes.get_errno(), "no FUSE here")
        disk = FuseDisk(folder, device)
        server = threading.Thread(target=disk.serve)
        server.start()
        try:
            yield disk
        finally:
            # The force is what sets free who hangs.
            system.umount2(where, FORCE | DETACH)
            disk.unresponsive = False
            disk._resumed.set()
            server.join()
    finally:
        os.close(device)
