"""A FUSE file system that can withhold its replies, like a hung network disk.

`FuseDisk` reads the kernel's requests from /dev/fuse and replies from a folder. A
caller whose reply is withheld is in an uninterruptible sleep that not even SIGKILL
ends. The structures are those of linux/fuse.h.
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
    """The requests of the kernel that are handled."""

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
"""Requests that have no reply."""

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
DIRECT_IO: Final = 1  # no page cache, so that each read is a request
FORCE, DETACH = 1, 2


@dataclass
class FuseDisk:
    """A folder served as a FUSE file system.

    Attributes:
        folder: The folder that is served.
        device: The descriptor of /dev/fuse.
        withholds_reply: Returns whether to withhold the reply to a request for a
            path, which is relative to `folder`.
        unresponsive: Whether no requests are read at all; SIGKILL then ends a caller.
        withheld: The requests whose replies are withheld.
    """

    folder: Path
    device: int
    withholds_reply: Callable[[Opcode, str], bool] = lambda _opcode, _path: False
    unresponsive: bool = False
    withheld: list[tuple[Opcode, str]] = field(default_factory=list)
    _unanswered: list[bytes] = field(default_factory=list)
    _paths: dict[int, str] = field(default_factory=lambda: {ROOT: ""})
    _nodes: dict[str, int] = field(default_factory=lambda: {"": ROOT})
    _resumed: threading.Event = field(default_factory=threading.Event)

    def serve(self) -> None:
        """Reply to requests until the file system is unmounted."""
        poll = select.poll()
        poll.register(self.device, select.POLLIN)
        with suppress(OSError):  # unmounted
            while True:
                poll.poll()
                while self.unresponsive:
                    self._resumed.wait()
                self._answer(os.read(self.device, REQUEST_BYTES))

    def resume(self) -> None:
        """Reply again, also to the withheld requests."""
        self.withholds_reply, self.unresponsive = (lambda _opcode, _path: False), False
        self._resumed.set()
        self.withheld.clear()
        while self._unanswered:
            self._answer(self._unanswered.pop(0))

    def _answer(self, request: bytes) -> None:
        _, number, unique, node = REQUEST_HEADER.unpack_from(request)
        body = request[REQUEST_HEADER.size :]
        try:
            opcode = Opcode(number)
        except ValueError:
            self._send(unique, errno.ENOSYS)
            return
        if opcode in WITHOUT_REPLY:
            return
        path = self._paths.get(node, "")  # INIT has no node
        if opcode is Opcode.LOOKUP:
            path = os.path.join(path, os.fsdecode(body.rstrip(b"\0")))
        if self.withholds_reply(opcode, path):
            self.withheld.append((opcode, path))
            self._unanswered.append(request)
            return
        try:
            answer = self._reply_to(opcode, path, body)
        except OSError as error:
            self._send(unique, error.errno or errno.EIO)
        else:
            self._send(unique, 0, answer)

    def _send(self, unique: int, error: int, answer: bytes = b"") -> None:
        header = REPLY_HEADER.pack(REPLY_HEADER.size + len(answer), -error, unique)
        with suppress(FileNotFoundError):  # the caller has ended
            os.write(self.device, header + answer)

    def _reply_to(  # noqa: PLR0911
        self, opcode: Opcode, path: str, body: bytes
    ) -> bytes:
        source = self.folder / path
        match opcode:
            case Opcode.INIT:
                return INIT_REPLY.pack(
                    *VERSION, READ_BYTES, 0, 0, 0, READ_BYTES, 1, 0, 0, 0
                )
            case Opcode.LOOKUP:
                attributes = _attributes(source)
                node = self._nodes.setdefault(path, len(self._nodes) + ROOT)
                self._paths[node] = path
                return LOOKUP_REPLY.pack(node, 0, 0, 0, 0, 0) + attributes
            case Opcode.GETATTR:
                return GETATTR_REPLY.pack(0, 0, 0) + _attributes(source)
            case Opcode.OPEN | Opcode.OPENDIR:
                return OPEN_REPLY.pack(0, DIRECT_IO if opcode is Opcode.OPEN else 0, 0)
            case Opcode.READ:
                _, offset, count = READ_REQUEST.unpack_from(body)
                with source.open("rb") as file:
                    return os.pread(file.fileno(), count, offset)
            case Opcode.READDIR:
                _, offset, count = READ_REQUEST.unpack_from(body)
                return _listing(source, offset, count)
            case Opcode.STATFS:
                space = os.statvfs(source)
                blocks = (space.f_blocks, space.f_bfree, space.f_bavail)
                files = (space.f_files, space.f_ffree)
                return STATFS_REPLY.pack(
                    *blocks, *files, space.f_bsize, 255, space.f_frsize, 0
                )
            case _:
                return b""


def _attributes(source: Path) -> bytes:
    status = source.lstat()
    seconds = [moment // 10**9 for moment in _times(status)]
    nanoseconds = [moment % 10**9 for moment in _times(status)]
    return ATTRIBUTES.pack(
        status.st_ino,
        status.st_size,
        status.st_blocks,
        *seconds,
        *nanoseconds,
        status.st_mode,
        status.st_nlink,
        status.st_uid,
        status.st_gid,
        0,  # device number
        BLOCK_BYTES,
        0,  # flags
    )


def _times(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns


def _listing(source: Path, offset: int, count: int) -> bytes:
    """Return as many directory entries from `offset` on as fit into `count` bytes."""
    listing = b""
    for number, name in enumerate(sorted(os.listdir(source))[offset:], offset + 1):
        status = (source / name).lstat()
        kind = stat.S_IFMT(status.st_mode) >> 12
        encoded = os.fsencode(name)
        entry = ENTRY.pack(status.st_ino, number, len(encoded), kind) + encoded
        entry += bytes(-len(entry) % 8)
        if len(listing) + len(entry) > count:
            break
        listing += entry
    return listing


@contextmanager
def fuse_disk(folder: Path, mount_point: Path) -> Iterator[FuseDisk]:
    """Mount a folder at a mount point as a FUSE file system; needs root.

    At the end it is unmounted by force, and requests in progress fail.
    """
    system = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    target = os.fsencode(mount_point)
    try:
        if system.mount(b"far", target, b"fuse.far", 0, options.encode()):
            raise OSError(ctypes.get_errno(), "cannot mount FUSE")
        disk = FuseDisk(folder, device)
        server = threading.Thread(target=disk.serve)
        server.start()
        try:
            yield disk
        finally:
            # MNT_FORCE aborts the requests of callers that hang.
            system.umount2(target, FORCE | DETACH)
            disk.unresponsive = False
            disk._resumed.set()
            server.join()
    finally:
        os.close(device)
