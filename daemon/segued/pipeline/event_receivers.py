"""The receivers of events that the configuration names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from segued import __version__
from segued.clients.hook_command import HookCommand
from segued.clients.http import open_session
from segued.clients.receiver import Receiver
from segued.clients.webhook import Webhook
from segued.config.config import Config

__all__ = ["ConfiguredReceivers", "configured_receivers"]


@dataclass(frozen=True, slots=True)
class ConfiguredReceivers:
    """Receivers, and the events that each takes.

    Attributes:
        receivers: In no order.
        events: The names of events, by the name of the receiver.
        keep: How many events wait for each at most.
    """

    receivers: Collection[Receiver]
    events: Mapping[str, Collection[str]]
    keep: int


def configured_receivers(config: Config) -> ConfiguredReceivers:
    """Return what the configuration names; nothing is connected or started."""
    hooks = config.hooks
    found: list[tuple[Receiver, Collection[str]]] = []
    if hooks.command:
        found.append((HookCommand(hooks.command, hooks.limit_seconds), hooks.events))
    if hooks.url:
        limits = msgspec.structs.replace(
            config.services, total_seconds=hooks.limit_seconds
        )
        session = open_session(limits, __version__)
        found.append((Webhook(session, hooks.url, hooks.secret), hooks.events))
    return ConfiguredReceivers(
        [receiver for receiver, _ in found],
        {receiver.name: events for receiver, events in found},
        hooks.keep,
    )
