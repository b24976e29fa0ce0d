"""Notify people through Apprise: mail, chats, phones, desktops."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final

from segued.clients.receiver import SentEvent
from segued.errors import ConfigError, ServiceUnavailableError

__all__ = ["PeopleNotifier", "notification"]

LABEL: Final = "Apprise"


class PeopleNotifier:
    """A receiver that sends one notification for each event, in words."""

    name = "notify"
    is_summary = False

    def __init__(self, urls: Sequence[str], limit_seconds: float) -> None:
        """Prepare.

        Args:
            urls: Addresses as Apprise reads them, which hold secrets.
            limit_seconds: How long one notification may take.

        Raises:
            ConfigError: The extra `notify` is not installed, or Apprise does not know
                an address.
        """
        if find_spec("apprise") is None:
            raise ConfigError('the extra "notify" is not installed')
        import apprise  # noqa: PLC0415

        # Its messages would quote the addresses.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        self._apprise: Final = apprise.Apprise()
        self._limit_seconds: Final = limit_seconds
        for number, url in enumerate(urls, 1):
            if not self._apprise.add(url):
                raise ConfigError(
                    f"Apprise does not know address {number} of [notify] urls"
                )

    async def deliver(self, sent: SentEvent) -> None:
        """Send the notification to all addresses.

        Raises:
            ServiceError: One of them did not take it.
        """
        title, body = notification(sent.event, sent.facts)
        try:
            async with asyncio.timeout(self._limit_seconds):
                is_sent = await self._apprise.async_notify(body=body, title=title)
        except TimeoutError as error:
            raise ServiceUnavailableError(LABEL, "does not answer in time") from error
        if not is_sent:
            raise ServiceUnavailableError(LABEL, "an address took no notification")

    async def close(self) -> None:
        """Nothing is held open."""


def notification(event: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Return the title and the text of a notification."""
    write = TEXTS.get(event)
    return (f"segued: {event}", "") if write is None else write(facts)


def _file_imported(facts: Mapping[str, Any]) -> tuple[str, str]:
    return "Imported", str(facts["path"])


def _file_failed(facts: Mapping[str, Any]) -> tuple[str, str]:
    return "A file cannot be imported", f"{facts['failure']['detail']}"


def _album(facts: Mapping[str, Any]) -> tuple[str, str]:
    missing = facts["missing_tracks"]
    tracks = "1 track" if facts["tracks"] == 1 else f"{facts['tracks']} tracks"
    lack = f", {missing} missing" if missing else ""
    return (
        "An album is imported",
        f"{facts['artist']}: {facts['title']} ({tracks}{lack})",
    )


def _review(facts: Mapping[str, Any]) -> tuple[str, str]:
    new, open_cards = facts["new"], facts["open"]
    lines = [each["text"] for each in facts["cards"][:5] if each["text"]]
    head = f"New questions about matches: {new}; open in all: {open_cards}"
    return "segued needs you", "\n".join([head, *lines])


def _session(facts: Mapping[str, Any]) -> tuple[str, str]:
    text = f"{facts['files_done']} of {facts['files_total']} files"
    failed = facts["files_failed"]
    return "The import is complete", f"{text}, {failed} failed" if failed else text


def _folder(facts: Mapping[str, Any]) -> tuple[str, str]:
    reason = f": {facts['reason']}" if facts["reason"] else ""
    return "A music folder is offline", f"{facts['folder']}{reason}"


def _trouble(facts: Mapping[str, Any]) -> tuple[str, str]:
    return "segued cannot work", str(facts["reason"])


TEXTS: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]]] = {
    "file.imported": _file_imported,
    "file.failed": _file_failed,
    "album.completed": _album,
    "review.needed": _review,
    "session.completed": _session,
    "folder.offline": _folder,
    "library.trouble": _trouble,
}
