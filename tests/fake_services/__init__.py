"""Fake AcoustID, MusicBrainz and AcousticBrainz services on this machine.

`FakeServices` answers over real HTTP, with the paths, rate limits and errors of
the real services. Documents come from a tree of files that mirrors their URLs
(`answers`); faults are planned in advance (`response_faults`, `network_faults`).

    async with FakeServices(AnswersOnDisk(folder)) as fake_services:
        fake_services.add_fault("musicbrainz", StatusFault(503))
        ...

`python -m tests.fake_services --answers FOLDER` runs them from the command line.
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
