"""Ask Jellyfin and servers of the OpenSubsonic kind to scan for new music."""

import hashlib
import secrets
from typing import Final
from urllib.parse import urlencode

import msgspec

from segued.clients.http import (
    HttpSession,
    Request,
    Response,
    TransientError,
    send_request,
)
from segued.clients.receiver import SentEvent
from segued.clients.rescan_places import place_under
from segued.errors import GarbledAnswerError, ServiceAuthError, ServiceUnavailableError

__all__ = ["JellyfinRescan", "OpenSubsonicRescan"]

ANSWER_BYTES_MAX: Final = 1_000_000
API_VERSION: Final = "1.16.1"
WRONG_LOGIN_CODES: Final = (40, 41, 44, 50)
"""Wrong user or password, no token, a wrong key, or no rights, by OpenSubsonic."""


class _SubsonicError(msgspec.Struct, frozen=True):
    code: int = 0
    message: str = ""


class _SubsonicStatus(msgspec.Struct, frozen=True):
    status: str
    error: _SubsonicError | None = None


class _SubsonicAnswer(
    msgspec.Struct, frozen=True, rename={"body": "subsonic-response"}
):
    body: _SubsonicStatus


class OpenSubsonicRescan:
    """A receiver of `folder.imported` that starts a scan, as in Navidrome.

    It scans all of a server's folders, so one scan stands for several events.
    """

    name = "opensubsonic"
    is_summary = True
    _label: Final = "OpenSubsonic"

    def __init__(
        self, session: HttpSession, url: str, user: str, password: str
    ) -> None:
        self._session: Final = session
        self._url: Final = f"{url.rstrip('/')}/rest/startScan.view"
        self._user: Final = user
        self._password: Final = password

    async def deliver(self, sent: SentEvent) -> None:
        """Start a scan.

        Raises:
            ServiceError: The server is not there, or refuses.
        """
        del sent
        salt = secrets.token_hex(8)
        # The interface wants MD5; the password itself is not sent.
        token = hashlib.md5(f"{self._password}{salt}".encode()).hexdigest()  # noqa: S324
        form = {
            "u": self._user,
            "t": token,
            "s": salt,
            "v": API_VERSION,
            "c": "segued",
            "f": "json",
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        request = Request("POST", self._url, urlencode(form).encode(), headers)
        response = await _send(self._session, self._label, request)
        if not response.is_success:
            raise ServiceUnavailableError(
                self._label, f"answers with status {response.status}"
            )
        try:
            answer = msgspec.json.decode(response.body, type=_SubsonicAnswer).body
        except msgspec.MsgspecError as error:
            raise GarbledAnswerError(self._label, "answer is not as documented") from (
                error
            )
        if answer.status != "ok":
            failure = answer.error or _SubsonicError()
            detail = f"refuses: {failure.message[:200]} (code {failure.code})"
            if failure.code in WRONG_LOGIN_CODES:
                raise ServiceAuthError(self._label, detail)
            raise ServiceUnavailableError(self._label, detail)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


class JellyfinRescan:
    """A receiver of `folder.imported` that names the folder to Jellyfin."""

    name = "jellyfin"
    is_summary = False
    _label: Final = "Jellyfin"

    def __init__(self, session: HttpSession, url: str, key: str, folder: str) -> None:
        """Prepare.

        Args:
            session: The connections.
            url: The address of the server.
            key: An API key.
            folder: Where Jellyfin sees the music folder; empty: where segued does.
        """
        self._session: Final = session
        self._url: Final = f"{url.rstrip('/')}/Library/Media/Updated"
        self._key: Final = key
        self._folder: Final = folder

    async def deliver(self, sent: SentEvent) -> None:
        """Say that the folder was updated.

        Raises:
            ServiceError: The server is not there, or refuses.
        """
        facts = sent.facts
        place = place_under(str(facts["folder"]), str(facts["root"]), self._folder)
        body = {"Updates": [{"Path": place, "UpdateType": "Created"}]}
        headers = {
            "Authorization": f'MediaBrowser Token="{self._key}"',
            "Content-Type": "application/json",
        }
        request = Request("POST", self._url, msgspec.json.encode(body), headers)
        response = await _send(self._session, self._label, request)
        if response.status in {401, 403}:
            raise ServiceAuthError(self._label, "refuses the API key")
        if response.status not in {200, 204}:
            raise ServiceUnavailableError(
                self._label, f"answers with status {response.status}"
            )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


async def _send(session: HttpSession, label: str, request: Request) -> Response:
    try:
        return await send_request(session, label, request, bytes_max=ANSWER_BYTES_MAX)
    except TransientError as error:
        raise error.final_error from error
