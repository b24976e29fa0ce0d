"""A file that a command writes: complete, or not at all."""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from segued.config.config import Config
from segued.errors import ConfigError
from segued.intake.filters import Filters
from segued.paths import shown

__all__ = ["check_output", "replaced_file", "write_output"]

LIBRARY_ENDINGS = ("", "-wal", "-shm")


def check_output(path: bytes, config: Config) -> bytes:
    """Return the file that `path` stands for, links followed; it may be replaced.

    Raises:
        ConfigError: It is a music file, the library, or no regular file.
    """
    target = os.path.realpath(path)
    name = shown(target)
    library = os.path.realpath(os.fsencode(config.database))
    if target in [library + os.fsencode(each) for each in LIBRARY_ENDINGS]:
        raise ConfigError(f"{name}: this is the library; nothing is written into it")
    if Filters.of(config.scanning).accepts_file(os.path.basename(target)):
        raise ConfigError(f"{name}: nothing is written into a music file")
    if os.path.lexists(target) and not os.path.isfile(target):
        raise ConfigError(f"{name}: this is not a regular file")
    if not os.path.isdir(os.path.dirname(target)):
        raise ConfigError(f"{shown(os.path.dirname(target))}: there is no such folder")
    return target


def write_output(target: bytes, parts: Iterable[bytes]) -> None:
    """Write a file beside the target, and put it in its place when it is complete.

    Raises:
        OSError: It cannot be written; the target is unchanged.
    """
    with replaced_file(target) as partial, open(partial, "wb") as file:
        file.writelines(parts)


@contextmanager
def replaced_file(target: bytes) -> Iterator[bytes]:
    """Give the path of a new file, which replaces the target at the end of the context.

    It is beside the target, and its name is hidden, so that no scan of a music folder
    takes it for new. After an error, it is removed, and the target is as it was.

    Raises:
        OSError: It cannot be written.
    """
    folder, name = os.path.split(target)
    partial = os.path.join(
        folder, b".%s.%s" % (name[:100], secrets.token_hex(4).encode())
    )
    try:
        yield partial
        descriptor = os.open(partial, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        with suppress(OSError):
            os.chmod(partial, os.stat(target).st_mode & 0o777)
        os.replace(partial, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(partial)
        raise
