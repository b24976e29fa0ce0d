"""The outside world, to test against: three services on this machine.

A `FakeServices` answers over real HTTP like AcoustID, MusicBrainz and AcousticBrainz:
their addresses, their limits, their errors. What it knows comes from a tree of
files that mirrors their addresses (`answers`), and what goes wrong is said
beforehand (`response_faults`, `network_faults`).

    async with World(OnDisk(folder)) as world:
        world.fail("musicbrainz", Status(503))
        ...

`python -m tests.fake_services --answers FOLDER` starts one for a person.
"""

from tests.fake_services.acoustid import (
    INTERNAL_ERROR,
    INVALID_KEY,
    SERVICE_UNAVAILABLE,
)
from tests.fake_services.answers import (
    Answers,
    AnswersInMemory,
    AnswersOnDisk,
    fingerprint_path,
)
from tests.fake_services.background import services_in_background
from tests.fake_services.messages import RecordedRequest, ServiceName
from tests.fake_services.musicbrainz import BUSY
from tests.fake_services.network_faults import (
    ConnectionResetFault,
    DelayFault,
    SlowBodyFault,
    StalledBodyFault,
)
from tests.fake_services.response_faults import (
    DeepJsonFault,
    EmptyFault,
    Fault,
    GarbageFault,
    GzipBombFault,
    HtmlFault,
    HugeFault,
    RedirectFault,
    StatusFault,
    WrongTypesFault,
)
from tests.fake_services.services import FakeServices

__all__ = [
    "BUSY",
    "INTERNAL_ERROR",
    "INVALID_KEY",
    "SERVICE_UNAVAILABLE",
    "Answers",
    "AnswersInMemory",
    "AnswersOnDisk",
    "ConnectionResetFault",
    "DeepJsonFault",
    "DelayFault",
    "EmptyFault",
    "FakeServices",
    "Fault",
    "GarbageFault",
    "GzipBombFault",
    "HtmlFault",
    "HugeFault",
    "RecordedRequest",
    "RedirectFault",
    "ServiceName",
    "SlowBodyFault",
    "StalledBodyFault",
    "StatusFault",
    "WrongTypesFault",
    "fingerprint_path",
    "services_in_background",
]
