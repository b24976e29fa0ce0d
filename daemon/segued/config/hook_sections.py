"""The tables of `segued.toml` about other programs that are told what happens."""

from typing import Annotated, Final, Literal, get_args

import msgspec

from segued.config.annotations import SECRET, SharedSecret, whole
from segued.config.sections import Section

__all__ = [
    "HOOK_EVENTS",
    "HookEvent",
    "HooksSection",
    "MqttSection",
    "NotifySection",
    "RescanSection",
]

HookEvent = Literal[
    "file.imported",
    "album.completed",
    "file.failed",
    "review.needed",
    "session.completed",
    "folder.offline",
    "library.trouble",
]

HOOK_EVENTS: Final[tuple[HookEvent, ...]] = get_args(HookEvent)


class HooksSection(Section, frozen=True):
    """A command and an address that are told what happens.

    Attributes:
        command: The program and its arguments; empty for none.
        url: The address to which events are posted; it may hold a secret itself.
        secret: The key of the signature.
        events: The events that are told.
        limit_seconds: How long a receiver may take for one event.
        keep: How many events wait for a receiver at most.
    """

    command: tuple[str, ...] = ()
    url: Annotated[
        str,
        msgspec.Meta(
            pattern=whole("https?://[!-~]+|"),
            max_length=2_000,
            description='an address, as "https://example.org/hook", or empty',
        ),
        SECRET,
    ] = ""
    secret: SharedSecret = ""
    events: tuple[HookEvent, ...] = HOOK_EVENTS
    limit_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30.0
    keep: Annotated[int, msgspec.Meta(ge=10, le=1_000_000)] = 10_000


OptionalUrl = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("https?://[^\\s?#@]+|"),
        description='the address of a server, as "http://nas:4533", without an account'
        " or a query, or empty",
    ),
]

SecretText = Annotated[
    str,
    msgspec.Meta(
        pattern=whole('[^\\n\\r"]{0,256}'),
        description="at most 256 characters in one line, without quotation marks",
    ),
    SECRET,
]


class RescanSection(Section, frozen=True):
    """Players and servers that read a folder again when its import has ended.

    Attributes:
        mpd: The host of MPD with or without a port, or its socket; empty for none.
        mpd_folder: MPD's music folder, as segued sees it.
        opensubsonic_url: A server such as Navidrome.
        jellyfin_key: An API key of Jellyfin.
        jellyfin_folder: The music folder, as Jellyfin sees it.
    """

    mpd: str = ""
    mpd_password: SecretText = ""
    mpd_folder: str = ""
    opensubsonic_url: OptionalUrl = ""
    opensubsonic_user: str = ""
    opensubsonic_password: SecretText = ""
    jellyfin_url: OptionalUrl = ""
    jellyfin_key: SecretText = ""
    jellyfin_folder: str = ""


class MqttSection(Section, frozen=True):
    """An MQTT broker that gets the events.

    Attributes:
        url: The broker, with a user and a password if it wants them; empty for none.
        topic: What the topics begin with.
        discovery: The topic that Home Assistant watches; empty for no discovery.
    """

    url: Annotated[
        str,
        msgspec.Meta(
            pattern=whole("mqtts?://([!-.0-~]*@)?[^/?#@\\s]+|"),
            description='a broker, as "mqtt://user:password@host:1883", or empty',
        ),
        SECRET,
    ] = ""
    topic: Annotated[
        str,
        msgspec.Meta(
            pattern=whole("[^+#\\s/]+(/[^+#\\s/]+)*"),
            description='a topic, as "segued" or "home/segued"',
        ),
    ] = "segued"
    discovery: Annotated[
        str,
        msgspec.Meta(pattern=whole("[^+#\\s]*"), description="a topic, or empty"),
    ] = "homeassistant"
    events: tuple[HookEvent, ...] = HOOK_EVENTS


class NotifySection(Section, frozen=True):
    """People who are notified through Apprise.

    Attributes:
        urls: Addresses as Apprise reads them.
        events: The events that they are notified of.
    """

    urls: Annotated[tuple[str, ...], SECRET] = ()
    events: tuple[HookEvent, ...] = (
        "album.completed",
        "review.needed",
        "folder.offline",
        "library.trouble",
    )
