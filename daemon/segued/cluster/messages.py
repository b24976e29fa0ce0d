"""What the daemon and its nodes send each other, as MessagePack in one message each.

Paths are the bytes of the file system. Nothing here is code: a job names a file, its
passages and what is wanted of them.
"""

from typing import ClassVar, Final, TypeAlias, TypeVar

import msgspec

from segued.config.cluster_sections import SentWork
from segued.media.file_analysis import AnalysisPlan
from segued.model import Span

__all__ = [
    "ANSWER_OP",
    "CANCEL_OP",
    "JOB_OP",
    "REPORT_OP",
    "VERDICT_OP",
    "AnyJob",
    "DecodeJob",
    "FingerprintJob",
    "Job",
    "JobAnswer",
    "JobPassage",
    "MakeupVerdict",
    "PassageAnswer",
    "Report",
    "decode",
    "decode_job",
    "encode",
]

MessageT = TypeVar("MessageT")

JOB_OP: Final = "segued-job"
CANCEL_OP: Final = "segued-cancel"
ANSWER_OP: Final = "segued-answer"
REPORT_OP: Final = "segued-report"
VERDICT_OP: Final = "segued-verdict"
"""The names of the messages in the streams between the two."""


class JobPassage(msgspec.Struct, frozen=True, array_like=True):
    """A passage, in ticks, and what to find out about it.

    Attributes:
        tags: Whether to run the tagging models.
        descriptors: Whether to compute Essentia's descriptors.
    """

    start: int
    end: int
    tags: bool
    descriptors: bool


class Job(msgspec.Struct, frozen=True, tag="passages"):
    """A file whose passages a node is to analyze.

    Attributes:
        path: Its path on the daemon's machine.
        mtime_ns: Its modification time when it was scanned.
        is_quick: Whether only what a flavor needs is wanted.
        seconds: The time limit for each passage and each analyzer.
    """

    id: int
    path: bytes
    size: int
    mtime_ns: int
    is_quick: bool
    seconds: float
    passages: tuple[JobPassage, ...]

    WORK: ClassVar[SentWork] = "hearing"


class DecodeJob(msgspec.Struct, frozen=True, tag="decode"):
    """A file that a node is to decode.

    Attributes:
        seconds: The time limit.
        plan: How it is divided; its spool is the node's own.
    """

    id: int
    path: bytes
    size: int
    mtime_ns: int
    seconds: float
    plan: AnalysisPlan

    WORK: ClassVar[SentWork] = "decoding"


class FingerprintJob(msgspec.Struct, frozen=True, tag="fingerprints"):
    """A file of which a node is to fingerprint some spans.

    Attributes:
        seconds: The time limit.
        whole: The whole file, as decoded.
    """

    id: int
    path: bytes
    size: int
    mtime_ns: int
    seconds: float
    spans: tuple[Span, ...]
    whole: Span

    WORK: ClassVar[SentWork] = "decoding"


AnyJob: TypeAlias = Job | DecodeJob | FingerprintJob


class PassageAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The output of the analyzers for a passage, and the reasons of those that failed.

    Both are by the name of the analyzer.
    """

    outputs: dict[str, bytes]
    failures: dict[str, str]


class JobAnswer(msgspec.Struct, frozen=True):
    """What became of a job.

    Attributes:
        passages: The results, in the order of the job's passages.
        decoded: The result of a decode, as a message of its own.
        elsewhere: Why this node cannot do it; another machine may.
        error: The code of the error that the file caused, on any machine.
        detail: The reason, without the path.
    """

    id: int
    passages: tuple[PassageAnswer, ...] = ()
    elsewhere: str = ""
    error: str = ""
    detail: str = ""
    decoded: bytes = b""


class Report(msgspec.Struct, frozen=True):
    """What a node offers at the moment.

    Attributes:
        host: The name of the machine.
        slots: How many jobs it runs at once.
        running: How many it runs now.
        makeup: The versions that its results depend on, by name.
        roots: The music folders of the daemon that it can read now.
        missing: Those that it is configured for but cannot read now.
        rests: Why it takes no jobs now; empty if it does.
    """

    host: str
    slots: int
    running: int
    makeup: dict[str, str]
    roots: tuple[bytes, ...]
    missing: tuple[bytes, ...]
    rests: str = ""


class MakeupVerdict(msgspec.Struct, frozen=True):
    """What the daemon says to the first report of a node.

    Attributes:
        differences: What keeps the node from each kind of work that the daemon sends,
            a sentence for each version; empty if it may do it.
        roots: The music folders of the daemon.
    """

    differences: dict[SentWork, tuple[str, ...]]
    roots: tuple[bytes, ...]


def encode(message: object) -> bytes:
    """Return a message as bytes."""
    return msgspec.msgpack.encode(message)


def decode(data: bytes, kind: type[MessageT]) -> MessageT:
    """Return a message of the expected kind.

    Raises:
        msgspec.DecodeError: It is none.
    """
    return msgspec.msgpack.decode(data, type=kind)


def decode_job(data: bytes) -> AnyJob:
    """Return a job of any kind; raises what `decode` does."""
    job: AnyJob = msgspec.msgpack.decode(data, type=AnyJob)
    return job
