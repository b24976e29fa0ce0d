"""AcousticBrainz's dumps: tar files of JSON documents, read as a stream.

    acousticbrainz-highlevel-json-20220623/highlevel/../../<mbid>-<number>.json

A recording has one document per submission, numbered from 0.
"""

import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from segued.clients.zstd_streams import ZSTANDARD, ZstdError, ZstdReader
from segued.errors import ConfigError

__all__ = ["Entry", "documents"]

DOCUMENT_NAME: Final = re.compile(
    r"(?:^|/)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([0-9]{1,6})\.json\Z"
)
DOCUMENT_BYTES_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One document in an archive.

    Attributes:
        number: Number of the submission, from 0.
        raw: The document; None if it is larger than `DOCUMENT_BYTES_MAX`.
    """

    mbid: str
    number: int
    raw: bytes | None


def documents(archive: Path) -> Iterator[Entry]:
    """Yield the documents of an archive in its order, skipping all other members.

    Args:
        archive: A tar file, plain or compressed with zstd, xz, bzip2 or gzip.

    Raises:
        ConfigError: It cannot be read, is not such an archive, or is truncated;
            the documents yielded before that are valid.
    """
    try:
        with _open_tar(archive) as tar:
            for member in tar:
                found = DOCUMENT_NAME.search(member.name)
                if found is None or not member.isfile():
                    continue
                raw = None
                if member.size <= DOCUMENT_BYTES_MAX:
                    # extractfile returns None only for members that are not files.
                    raw = cast("IO[bytes]", tar.extractfile(member)).read()
                yield Entry(found[1], int(found[2]), raw)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"{archive}: cannot be read: {reason}") from error
    except (tarfile.TarError, ZstdError, EOFError, zlib.error) as error:
        raise ConfigError(f"{archive}: not a complete archive: {error}") from error


@contextmanager
def _open_tar(archive: Path) -> Iterator[tarfile.TarFile]:
    with archive.open("rb") as file:
        magic = file.read(len(ZSTANDARD))
        file.seek(0)
        if magic == ZSTANDARD:
            stream = cast("IO[bytes]", ZstdReader(file))
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                yield tar
        else:
            with tarfile.open(fileobj=file, mode="r|*") as tar:
                yield tar
