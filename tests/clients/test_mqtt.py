"""Events at a real MQTT broker, and what Home Assistant is told."""

import asyncio
import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from segued.clients.mqtt import MqttPublisher
from segued.clients.receiver import SentEvent
from segued.errors import ServiceUnavailableError
from tests.limits import WAIT_SECONDS

USER, PASSWORD = "segued", "the-word"


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Run mosquitto, which wants a password; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    passwords = folder / "passwords"
    passwords.touch(mode=0o600)
    subprocess.run(
        ["mosquitto_passwd", "-b", passwords, USER, PASSWORD],
        check=True,
        capture_output=True,
    )
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\n"
        f"password_file {passwords}\nuser root\n"
    )
    with subprocess.Popen(
        ["/usr/sbin/mosquitto", "-c", config], stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield port
        finally:
            process.terminate()


def event(name: str, **facts: object) -> SentEvent:
    """Return an event."""
    return SentEvent(name, json.dumps({"id": name, "event": name, **facts}))


async def deliver_when_up(publisher: MqttPublisher, sent: SentEvent) -> None:
    """Deliver an event to a broker that may be starting."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            try:
                await publisher.deliver(sent)
            except ServiceUnavailableError:
                await asyncio.sleep(0.05)
            else:
                return


async def messages(port: int, count: int) -> dict[str, Any]:
    """Return the first retained messages, by topic."""
    found: dict[str, Any] = {}
    async with aiomqtt.Client(
        "127.0.0.1", port, username=USER, password=PASSWORD
    ) as client:
        await client.subscribe("#", qos=1)
        async with asyncio.timeout(WAIT_SECONDS):
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                found[str(message.topic)] = message.payload.decode()
                if len(found) == count:
                    return found
    return found


async def test_a_broker_gets_events_and_discovery(tmp_path: Path) -> None:
    """The last session and album stay there; "offline" after the end."""
    with broker(tmp_path) as port:
        url = f"mqtt://{USER}:{PASSWORD}@127.0.0.1:{port}"
        publisher = MqttPublisher(url, "home/segued", "ha", 10.0)
        await deliver_when_up(
            publisher, event("session.completed", files_done=7, files_failed=1)
        )
        live = asyncio.create_task(messages(port, 8))
        async with asyncio.timeout(WAIT_SECONDS):
            while not live.done():
                await publisher.deliver(event("album.completed", title="Tide"))
                await asyncio.sleep(0.05)
        found = await live
        assert found["home/segued/availability"] == "online"
        completed = json.loads(found["home/segued/session/completed"])
        assert (completed["files_done"], completed["event_type"]) == (
            7,
            "session.completed",
        )
        for key in ("files", "failed", "album"):
            sensor = json.loads(found[f"ha/sensor/home_segued/{key}/config"])
            assert sensor["availability_topic"] == "home/segued/availability"
            assert sensor["state_topic"] in {
                "home/segued/session/completed",
                "home/segued/album/completed",
            }
            assert sensor["value_template"].startswith("{{ value_json.")
        discovered = json.loads(found["ha/event/home_segued/event/config"])
        assert discovered["state_topic"] == "home/segued/event"
        assert "library.trouble" in discovered["event_types"]
        await publisher.close()
        assert (await messages(port, 7))["home/segued/availability"] == "offline"


async def test_a_broker_that_refuses_is_no_success(tmp_path: Path) -> None:
    """Nor is one that is gone; the password is in no message."""
    with broker(tmp_path) as port:
        url = f"mqtt://{USER}:{PASSWORD}@127.0.0.1:{port}"
        publisher = MqttPublisher(url, "segued", "", 10.0)
        await deliver_when_up(publisher, event("folder.offline"))
        wrong = f"mqtt://{USER}:another-word@127.0.0.1:{port}"
        with pytest.raises(ServiceUnavailableError) as error:
            await MqttPublisher(wrong, "segued", "", 10.0).deliver(event("x.y"))
        assert "another-word" not in str(error.value)
    with pytest.raises(ServiceUnavailableError) as error:
        await publisher.deliver(event("folder.offline"))
    assert PASSWORD not in str(error.value)
    await publisher.close()
