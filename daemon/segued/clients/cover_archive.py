"""The Cover Art Archive: the front cover of a release of MusicBrainz."""

from typing import Final
from urllib.parse import urlsplit

import msgspec

from segued.clients.clock import Clock
from segued.clients.http import HttpSession
from segued.clients.service_client import Redirects, ServiceClient
from segued.config.sections import ServicesSection
from segued.errors import GarbledAnswerError

__all__ = ["CoverArchive", "is_archive_host"]

NAME: Final = "Cover Art Archive"

PICTURE_MIB_MAX: Final = 8.0
"""Pictures of 1,200 pixels have some hundreds of kilobytes."""

REDIRECTS_MAX: Final = 4
"""To archive.org, and from there to the machine that has the picture."""

ARCHIVE_HOST: Final = "archive.org"

PICTURE_STARTS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"RIFF")
"""JPEG, PNG and WebP: what `segued.media.cover_pictures` decodes."""


class CoverArchive:
    """Client of the archive; its pictures are on the machines of archive.org."""

    def __init__(
        self, services: ServicesSection, session: HttpSession, clock: Clock
    ) -> None:
        self._service: Final = ServiceClient(
            NAME,
            services.coverartarchive_url,
            rate=services.coverartarchive_rate,
            session=session,
            clock=clock,
            limits=msgspec.structs.replace(
                services, answer_mib=min(PICTURE_MIB_MAX, services.answer_mib)
            ),
            redirects=Redirects(REDIRECTS_MAX, is_archive_host),
        )

    async def front(self, release_mbid: str) -> bytes | None:
        """Return the front cover of a release, at most 1,200 pixels; None without one.

        Raises:
            ServiceError: Any kind except ServiceAuthError.
        """
        path = f"/release/{release_mbid}/front-1200"
        return await self._service.get(path, {}, _check_picture, accept="image/*")


def _check_picture(body: bytes) -> None:
    if not body.startswith(PICTURE_STARTS):
        raise GarbledAnswerError(NAME, "answer is not a picture that can be shown")


def is_archive_host(url: str) -> bool:
    """Return whether a URL is one of archive.org, by HTTPS and without a login."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    is_host = host == ARCHIVE_HOST or host.endswith(f".{ARCHIVE_HOST}")
    is_plain = "@" not in parts.netloc and port in (None, 443)
    return parts.scheme == "https" and is_host and is_plain
