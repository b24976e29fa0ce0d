"""The lines of a file of knowledge: what a library knows about sounds, not about paths.

Each line is a JSON object whose `kind` names its type. The first is a header, the last
says how many lines there are. Everything is keyed by the hash of the audio, or by the
question to a service.
"""

from typing import Final, TypeAlias

import msgspec

from segued.model import AudioFacts, FileWarning, Fingerprint, Service

__all__ = [
    "FORMAT_VERSION",
    "KnowledgeEnd",
    "KnowledgeHeader",
    "KnowledgeLine",
    "KnownAnswer",
    "KnownDecision",
    "KnownLoudness",
    "KnownMerge",
    "KnownOutput",
    "KnownRelease",
    "KnownSetting",
    "KnownSound",
    "KnownSpectrum",
]

FORMAT_VERSION: Final = 1


class KnownItem(
    msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True
):
    """Base of all lines."""


class KnowledgeHeader(KnownItem, frozen=True, tag="segued-knowledge"):
    """The first line: which segued wrote the file, and when."""

    version: int
    segued: str
    at: str


class KnownDecision(KnownItem, frozen=True, tag="decision"):
    """What a person decided about the passage that starts at a place of some audio."""

    audio_hash: str
    start_ticks: int
    recording_mbid: str | None
    title: str | None
    artist: str | None
    keeps_match: bool
    at: str


class KnownRelease(KnownItem, frozen=True, tag="release"):
    """The release that a person chose for some audio."""

    audio_hash: str
    release_mbid: str
    at: str


class KnownSound(KnownItem, frozen=True, tag="sound"):
    """What decoding some audio gave: its level curve and its fingerprints."""

    audio_hash: str
    version: int
    rate: int
    hop_frames: int
    frames: int
    levels: bytes
    facts: AudioFacts
    prints: tuple[Fingerprint, ...]
    warnings: tuple[FileWarning, ...]


class KnownLoudness(KnownItem, frozen=True, tag="loudness"):
    """The loudness curve of some audio."""

    audio_hash: str
    version: int
    rate: int
    block_frames: int
    frames: int
    blocks: bytes


class KnownSpectrum(KnownItem, frozen=True, tag="spectrum"):
    """The spectrum curve of some long audio."""

    audio_hash: str
    version: int
    interval_frames: int
    spectra: bytes


class KnownOutput(KnownItem, frozen=True, tag="heard"):
    """What an analyzer heard in a stretch of some audio."""

    audio_hash: str
    start_ticks: int
    end_ticks: int
    source: str
    version: str
    output: str
    at: str


class KnownAnswer(KnownItem, frozen=True, tag="answer"):
    """What a service answered; `answer` is None if it refused the question for good."""

    service: Service
    key: str
    question: str
    answer: str | None
    at: str
    expires_at: str | None


class KnownMerge(KnownItem, frozen=True, tag="merged"):
    """An id that MusicBrainz has merged into another."""

    old_mbid: str
    new_mbid: str


class KnownSetting(KnownItem, frozen=True, tag="setting"):
    """A setting that decides how files are cut."""

    key: str
    value: float | int


class KnowledgeEnd(KnownItem, frozen=True, tag="end"):
    """The last line: how many there are before it."""

    lines: int


KnowledgeLine: TypeAlias = (
    KnowledgeHeader
    | KnownDecision
    | KnownRelease
    | KnownSound
    | KnownLoudness
    | KnownSpectrum
    | KnownOutput
    | KnownAnswer
    | KnownMerge
    | KnownSetting
    | KnowledgeEnd
)
