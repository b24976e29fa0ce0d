"""The tables of the configuration about several machines, the daemon's and a node's."""

from typing import Annotated, Literal

import msgspec

from segued.config.annotations import whole
from segued.config.sections import HOURS_PATTERN, Section

__all__ = ["ClusterSection", "MusicFolder", "NodeSection", "SentWork"]

SentWork = Literal["hearing", "decoding"]

ADDRESS_PATTERN = "(\\[[0-9a-fA-F:.]+\\]|[^\\s:/@\\[\\]]+):[0-9]{1,5}"
"""A host and a port; an address of IPv6 is in brackets."""


class ClusterSection(Section, frozen=True):
    """Other machines that analyze music for this one.

    Attributes:
        listen: The address and the port on which nodes join; empty for none.
        keys: The folder of the authority; empty for the default.
        send: The kinds of work that nodes do.
        here: Whether this machine analyzes as well.
        lost_seconds: How long a node may be silent before its work is done elsewhere.
    """

    listen: Annotated[
        str,
        msgspec.Meta(
            pattern=whole(f"{ADDRESS_PATTERN}|"),
            description='an address and a port, as "0.0.0.0:5724", or empty',
        ),
    ] = ""
    keys: str = ""
    send: Annotated[
        tuple[SentWork, ...],
        msgspec.Meta(
            min_length=1,
            description='a list of "hearing" and "decoding"',
        ),
    ] = ("hearing",)
    here: bool = True
    # The library for connections needs eleven seconds to call one dead.
    lost_seconds: Annotated[int, msgspec.Meta(ge=11, le=3_600)] = 15


class MusicFolder(Section, frozen=True):
    """A music folder of the daemon, and where this machine has it.

    Attributes:
        there: Its path on the daemon's machine.
        here: Its path on this machine.
    """

    there: Annotated[str, msgspec.Meta(pattern=whole("/.*"))]
    here: Annotated[str, msgspec.Meta(pattern=whole("/.*"))]


class NodeSection(Section, frozen=True):
    """A machine that analyzes music for a daemon on another one.

    Attributes:
        join: The address and the port of the daemon.
        key_file: The file that `segued cluster key` wrote.
        processes: How many passages are analyzed at once; 0 for one a processor.
        memory_mib: The limit on the memory of each.
        models: The folder of the tagging models; empty for the default.
        spool: The folder for temporary files; empty for the default.
        hours: The active hours; empty for always.
        on_battery: Whether to work without mains power.
        music: The music folders of the daemon that this machine has.
    """

    join: Annotated[
        str,
        msgspec.Meta(
            pattern=whole(ADDRESS_PATTERN),
            description='the address and the port of the daemon, as "nas.local:5724"',
        ),
    ] = "localhost:5724"
    key_file: Annotated[str, msgspec.Meta(min_length=1)] = "/etc/segued/node.pem"
    processes: Annotated[int, msgspec.Meta(ge=0, le=1_024)] = 0
    memory_mib: Annotated[int, msgspec.Meta(ge=512, le=1_048_576)] = 2_048
    models: str = ""
    spool: str = ""
    hours: Annotated[
        str,
        msgspec.Meta(
            pattern=HOURS_PATTERN,
            description='two times of day, as "22:00-06:30", or empty for always',
        ),
    ] = ""
    on_battery: bool = False
    music: Annotated[
        tuple[MusicFolder, ...],
        msgspec.Meta(
            description='tables [[node.music]], each with two absolute paths: "there"'
            ' on the daemon\'s machine and "here"'
        ),
    ] = ()
