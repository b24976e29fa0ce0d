"""The outside world, to test against: three services on this machine.

A `World` answers over real HTTP like AcoustID, MusicBrainz and AcousticBrainz:
their addresses, their limits, their errors. What it knows comes from a tree of
files that mirrors their addresses (`answers`), and what goes wrong is said
beforehand (`faults`, `wire`).

    async with World(OnDisk(folder)) as world:
        world.fail("musicbrainz", Status(503))
        ...

`python -m tests.world --answers FOLDER` starts one for a person.
"""

from tests.world.acoustid import INTERNAL_ERROR, INVALID_KEY, SERVICE_UNAVAILABLE
from tests.world.answers import Answers, InMemory, OnDisk, fingerprint_path
from tests.world.background import in_background
from tests.world.faults import (
    DeepJson,
    Empty,
    Fault,
    Garbage,
    GzipBomb,
    Html,
    Huge,
    Redirect,
    Status,
    WrongTypes,
)
from tests.world.musicbrainz import BUSY
from tests.world.traffic import Request, ServiceName
from tests.world.wire import Drip, Reset, Stall, StallBody
from tests.world.world import World

__all__ = [
    "BUSY",
    "INTERNAL_ERROR",
    "INVALID_KEY",
    "SERVICE_UNAVAILABLE",
    "Answers",
    "DeepJson",
    "Drip",
    "Empty",
    "Fault",
    "Garbage",
    "GzipBomb",
    "Html",
    "Huge",
    "InMemory",
    "OnDisk",
    "Redirect",
    "Request",
    "Reset",
    "ServiceName",
    "Stall",
    "StallBody",
    "Status",
    "World",
    "WrongTypes",
    "fingerprint_path",
    "in_background",
]
