"""Publish events to an MQTT broker, with discovery by Home Assistant."""

import asyncio
import re
import ssl
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from segued import __version__
from segued.clients.receiver import SentEvent
from segued.config.hook_sections import HOOK_EVENTS
from segued.errors import ConfigError, ServiceUnavailableError

if TYPE_CHECKING:
    # An extra; imported when it is used.
    import aiomqtt

__all__ = ["MqttPublisher"]

LABEL: Final = "MQTT"
PORTS: Final = {"mqtt": 1_883, "mqtts": 8_883}
AT_LEAST_ONCE: Final = 1
RETAINED_EVENTS: Final = frozenset({"session.completed", "album.completed"})
"""Their last message is the state that a program sees when it connects."""

SENSORS: Final = (
    ("files", "Files", "session.completed", "{{ value_json.files_done }}"),
    ("failed", "Failed files", "session.completed", "{{ value_json.files_failed }}"),
    ("album", "Last album", "album.completed", "{{ value_json.title }}"),
)
"""Home Assistant's sensors: id, name, event and template."""


class MqttPublisher:
    """A receiver that is a broker: it has taken an event when it acknowledges it.

    The connection stays open, so that the broker says "offline" when it breaks.
    """

    name = "mqtt"
    is_summary = False

    def __init__(
        self, url: str, topic: str, discovery: str, limit_seconds: float
    ) -> None:
        """Prepare.

        Args:
            url: "mqtt://USER:PASSWORD@HOST:PORT", or "mqtts://" with TLS.
            topic: What all topics begin with.
            discovery: The topic that Home Assistant watches; empty for no discovery.
            limit_seconds: How long one step may take.

        Raises:
            ConfigError: The extra `mqtt` is not installed.
        """
        if find_spec("aiomqtt") is None:
            raise ConfigError('the extra "mqtt" is not installed')
        parts = urlsplit(url)
        self._parts: Final = parts
        self._topic: Final = topic
        self._discovery: Final = discovery
        self._limit_seconds: Final = limit_seconds
        self._client: aiomqtt.Client | None = None

    async def deliver(self, sent: SentEvent) -> None:
        """Publish the event, and wait for the acknowledgement.

        Raises:
            ServiceError: The broker is not there, or refuses.
        """
        import aiomqtt  # noqa: PLC0415

        message = sent.facts | {"event_type": sent.event}
        try:
            async with asyncio.timeout(self._limit_seconds):
                client = self._client or await self._connect()
                topic = f"{self._topic}/{sent.event.replace('.', '/')}"
                is_retained = sent.event in RETAINED_EVENTS
                await _publish(client, topic, message, retain=is_retained)
                await _publish(client, f"{self._topic}/event", message)
        except (aiomqtt.MqttError, OSError, TimeoutError) as error:
            await self.close()
            detail = "does not answer in time"
            if not isinstance(error, TimeoutError):
                detail = f"does not take the event: {error}"
            raise ServiceUnavailableError(LABEL, detail) from error

    async def close(self) -> None:
        """Say that segued is offline, and close the connection."""
        import aiomqtt  # noqa: PLC0415

        client, self._client = self._client, None
        if client is not None:
            with suppress(aiomqtt.MqttError, OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await client.publish(
                        self._availability, "offline", AT_LEAST_ONCE, retain=True
                    )
            with suppress(aiomqtt.MqttError, OSError):
                await client.__aexit__(None, None, None)

    @property
    def _availability(self) -> str:
        return f"{self._topic}/availability"

    async def _connect(self) -> "aiomqtt.Client":
        import aiomqtt  # noqa: PLC0415

        parts = self._parts
        client = aiomqtt.Client(
            parts.hostname or "localhost",
            parts.port or PORTS[parts.scheme],
            username=parts.username,
            password=parts.password,
            tls_context=(
                ssl.create_default_context() if parts.scheme == "mqtts" else None
            ),
            will=aiomqtt.Will(
                self._availability, "offline", AT_LEAST_ONCE, retain=True
            ),
            timeout=self._limit_seconds,
        )
        await client.__aenter__()
        self._client = client
        await client.publish(self._availability, "online", AT_LEAST_ONCE, retain=True)
        if self._discovery:
            await self._announce(client)
        return client

    async def _announce(self, client: "aiomqtt.Client") -> None:
        """Describe the sensors to Home Assistant, which keeps them."""
        node = re.sub(r"\W+", "_", self._topic)
        device = {
            "identifiers": [node],
            "name": "segued",
            "model": "music importer",
            "sw_version": __version__,
        }
        common = {"availability_topic": self._availability, "device": device}
        for key, name, event, template in SENSORS:
            sensor = {
                "name": name,
                "unique_id": f"{node}_{key}",
                "state_topic": f"{self._topic}/{event.replace('.', '/')}",
                "value_template": template,
            }
            topic = f"{self._discovery}/sensor/{node}/{key}/config"
            await _publish(client, topic, common | sensor, retain=True)
        events = {
            "name": "Events",
            "unique_id": f"{node}_event",
            "state_topic": f"{self._topic}/event",
            "event_types": list(HOOK_EVENTS),
        }
        topic = f"{self._discovery}/event/{node}/event/config"
        await _publish(client, topic, common | events, retain=True)


async def _publish(
    client: "aiomqtt.Client",
    topic: str,
    message: dict[str, Any],
    *,
    retain: bool = False,
) -> None:
    payload = msgspec.json.encode(message)
    await client.publish(topic, payload, AT_LEAST_ONCE, retain=retain)
