"""Notifications for people: `clients.notify`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from segued.clients.notify import PeopleNotifier, notification
from segued.clients.receiver import SentEvent
from segued.config.hook_sections import HOOK_EVENTS
from segued.errors import ConfigError, ServiceUnavailableError

# Python 3.11 and 3.12 warn of a module that Apprise imports.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")

FACTS: dict[str, Any] = {
    "path": "/m/a.mp3",
    "failure": {"detail": "/m/a.mp3: no audio"},
    "artist": "Marram",
    "title": "Tide",
    "tracks": 9,
    "missing_tracks": 1,
    "new": 2,
    "open": 5,
    "cards": [{"text": "Track 3 is missing."}, {"text": None}],
    "files_done": 9,
    "files_total": 10,
    "files_failed": 0,
    "folder": "/m",
    "reason": "gone",
}


@contextmanager
def json_server(received: list[dict[str, Any]], status: int) -> Iterator[str]:
    """Take the notifications of Apprise's `json://`; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.append(json.loads(self.rfile.read(length)))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"json://user:a-secret@127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def test_a_notification_is_sent_in_words() -> None:
    """A service that refuses has not taken it."""
    received: list[dict[str, Any]] = []
    sent = SentEvent("album.completed", json.dumps(FACTS))
    with json_server(received, 200) as url:
        await PeopleNotifier([url], 30.0).deliver(sent)
    assert (received[0]["title"], received[0]["message"]) == (
        "An album is imported",
        "Marram: Tide (9 tracks, 1 missing)",
    )
    with json_server(received, 500) as url:
        with pytest.raises(ServiceUnavailableError) as error:
            await PeopleNotifier([url], 30.0).deliver(sent)
        assert "a-secret" not in str(error.value)


def test_an_unknown_address_is_named_by_its_number() -> None:
    """Not by itself: it may hold a secret."""
    with pytest.raises(ConfigError, match="address 2") as error:
        PeopleNotifier(["json://localhost", "nonsense-with-a-secret"], 1.0)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("event", HOOK_EVENTS)
def test_each_event_has_words(event: str) -> None:
    """A title that is not its name, and a text."""
    title, text = notification(event, FACTS)
    assert event not in title
    assert text
