"""The receivers of events that the configuration names."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from segued import __version__
from segued.clients.hook_command import HookCommand
from segued.clients.http import HttpSession, open_session
from segued.clients.mqtt import MqttPublisher
from segued.clients.notify import PeopleNotifier
from segued.clients.receiver import Receiver, UnusableReceiver
from segued.clients.rescan_http import JellyfinRescan, OpenSubsonicRescan
from segued.clients.rescan_mpd import MpdRescan
from segued.clients.webhook import Webhook
from segued.config.config import Config
from segued.config.hook_sections import MqttSection, NotifySection
from segued.errors import ConfigError
from segued.store.outbox import FOLDER_IMPORTED

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
    found: list[tuple[Receiver, Collection[str]]] = [
        (receiver, (FOLDER_IMPORTED,)) for receiver in _rescans(config)
    ]
    if hooks.command:
        found.append((HookCommand(hooks.command, hooks.limit_seconds), hooks.events))
    if hooks.url:
        webhook = Webhook(_session(config), hooks.url, hooks.secret)
        found.append((webhook, hooks.events))
    mqtt, notify, limit_seconds = config.mqtt, config.notify, hooks.limit_seconds
    if mqtt.url:
        found.append((_publisher(mqtt, limit_seconds), mqtt.events))
    if notify.urls:
        found.append((_notifier(notify, limit_seconds), notify.events))
    return ConfiguredReceivers(
        [receiver for receiver, _ in found],
        {receiver.name: events for receiver, events in found},
        hooks.keep,
    )


def _publisher(mqtt: MqttSection, limit_seconds: float) -> Receiver:
    try:
        return MqttPublisher(mqtt.url, mqtt.topic, mqtt.discovery, limit_seconds)
    except ConfigError as error:
        return UnusableReceiver(MqttPublisher.name, str(error))


def _notifier(notify: NotifySection, limit_seconds: float) -> Receiver:
    try:
        return PeopleNotifier(notify.urls, limit_seconds)
    except ConfigError as error:
        return UnusableReceiver(PeopleNotifier.name, str(error))


def _rescans(config: Config) -> Iterator[Receiver]:
    """Yield the players and servers that read folders again."""
    rescan, limit_seconds = config.rescan, config.hooks.limit_seconds
    if rescan.mpd:
        yield MpdRescan(
            rescan.mpd, rescan.mpd_password, rescan.mpd_folder, limit_seconds
        )
    if rescan.opensubsonic_url:
        yield OpenSubsonicRescan(
            _session(config),
            rescan.opensubsonic_url,
            rescan.opensubsonic_user,
            rescan.opensubsonic_password,
        )
    if rescan.jellyfin_url:
        yield JellyfinRescan(
            _session(config),
            rescan.jellyfin_url,
            rescan.jellyfin_key,
            rescan.jellyfin_folder,
        )


def _session(config: Config) -> HttpSession:
    limits = msgspec.structs.replace(
        config.services, total_seconds=config.hooks.limit_seconds
    )
    return open_session(limits, __version__)
