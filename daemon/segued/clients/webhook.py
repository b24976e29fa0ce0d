"""Post events to an address, signed if there is a secret."""

import hashlib
import hmac
import time
from typing import Final
from urllib.parse import urlsplit

from segued.clients.http import HttpSession, Request, TransientError, send_request
from segued.clients.receiver import SentEvent
from segued.errors import ServiceUnavailableError

__all__ = ["Webhook", "signature_of"]

ANSWER_BYTES_MAX: Final = 1_000_000


def signature_of(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a request, as its header has it.

    It covers the time, so that nobody can send the same request again later.
    """
    signed = timestamp.encode() + b"." + body
    return f"sha256={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Webhook:
    """A receiver that is an address: it has taken an event when it answers 2xx."""

    name = "url"
    is_summary = False

    def __init__(self, session: HttpSession, url: str, secret: str) -> None:
        self._session: Final = session
        self._url: Final = url
        self._secret: Final = secret
        # The whole address may be a secret.
        self._label: Final = f"hook at {urlsplit(url).hostname}"

    async def deliver(self, sent: SentEvent) -> None:
        """Post the event.

        Raises:
            ServiceError: It was not taken.
        """
        body, timestamp = sent.payload.encode(), str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Segued-Event": sent.event,
            "X-Segued-Id": sent.id,
            "X-Segued-Timestamp": timestamp,
        }
        if self._secret:
            headers["X-Segued-Signature"] = signature_of(self._secret, timestamp, body)
        request = Request("POST", self._url, body, headers)
        try:
            response = await send_request(
                self._session, self._label, request, bytes_max=ANSWER_BYTES_MAX
            )
        except TransientError as error:
            raise error.final_error from error
        if not 200 <= response.status < 300:  # noqa: PLR2004
            raise ServiceUnavailableError(
                self._label, f"answers with status {response.status}"
            )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
