"""A file as its page shows it: all that is known, and what else it could be."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from segued.errors import NotFoundError
from segued.model import Fingerprint, Span
from segued.phases import PHASES, p05_fingerprint
from segued.store.reading import file_detail
from segued.store.reading.rows import Duplicate, FileFacts, PassageFacts
from segued.units import Ticks, frames_to_ticks

__all__ = [
    "CandidateInfo",
    "FileDetailResponse",
    "LevelsResponse",
    "build_file_detail",
    "build_levels",
    "media_type",
]

MEDIA_TYPES: Final = {
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".mp4": "audio/mp4",
    ".aac": "audio/aac",
    ".wav": "audio/wav",
}
"""What browsers play, by the ends of names."""

UNPLAYABLE_CODECS: Final = frozenset({"alac"})
"""Codings that browsers do not know, whatever they are in."""

CANDIDATES_MAX: Final = 12


class CandidateInfo(msgspec.Struct, frozen=True):
    """A recording that AcoustID says a passage may be.

    Attributes:
        score: How much of the fingerprint agrees, 0 to 1.
        sources: How many people say so.
    """

    recording_mbid: str
    title: str | None
    artist: str | None
    score: float
    sources: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class PassageInfo(PassageFacts):
    """A passage, with what else it could be."""

    candidates: list[CandidateInfo]


@dataclass(frozen=True, slots=True)
class FileInfo(FileFacts):
    """A file, and whether a browser can play it, as what."""

    playable: bool
    audio_type: str | None


class FailureInfo(msgspec.Struct, frozen=True):
    """What is wrong with a file, and whether it failed for it."""

    code: str
    detail: str
    fatal: bool
    phase: int


class PhaseInfo(msgspec.Struct, frozen=True):
    """A phase that is behind a file; `needs` is what it waits for to go further."""

    phase: int
    title: str
    at: str
    needs: str | None


class FileDetailResponse(msgspec.Struct, frozen=True):
    """All that is known of a file."""

    file: FileInfo
    failure: FailureInfo | None
    tags: dict[str, Any]
    phases: list[PhaseInfo]
    duplicates: list[Duplicate]
    passages: list[PassageInfo]


class LevelsResponse(msgspec.Struct, frozen=True):
    """How loud a file is, from its start to its end, in so many columns.

    Attributes:
        peaks: The loudest hundredth of a second of each, in half decibels below
            full scale; 255 is silence.
        floors: The quietest of each.
    """

    columns: int
    duration_ticks: int
    peaks: list[int]
    floors: list[int]


def media_type(name: str, codec: str | None) -> str | None:
    """Return what a browser is told that a file is; None if it cannot play it."""
    if codec in UNPLAYABLE_CODECS:
        return None
    return MEDIA_TYPES.get(os.path.splitext(name)[1].lower())


def build_file_detail(library: Path, file: str) -> FileDetailResponse:
    """Return all that is known of a file.

    Raises:
        NotKnownError: No file has this id.
        StoreError: The library cannot be read.
    """
    detail = file_detail.file_detail(library, file)
    titles = {phase.number: phase.title for phase in PHASES}
    audio_type = media_type(detail.facts.name, detail.facts.codec)
    failure, problem = None, detail.failure
    if problem is not None:
        failure = FailureInfo(
            problem.code, problem.detail, problem.fatal, problem.phase
        )
    return FileDetailResponse(
        file=FileInfo(
            **_field_values(detail.facts),
            playable=audio_type is not None,
            audio_type=audio_type,
        ),
        failure=failure,
        tags=detail.tags,
        phases=[
            PhaseInfo(each.phase, titles.get(each.phase, ""), each.at, each.needs)
            for each in detail.phases
        ],
        duplicates=detail.duplicates,
        passages=_passages(library, detail),
    )


def build_levels(library: Path, file: str, columns: int) -> LevelsResponse:
    """Return how loud a file is, in as many columns, or fewer.

    Raises:
        NotKnownError: No file has this id, or it was never decoded.
        StoreError: The library cannot be read.
    """
    curve = file_detail.level_curve(library, file)
    if curve is None or not curve.levels:
        raise NotFoundError(f"the file {file} was not decoded")
    hops = np.frombuffer(curve.levels, np.uint8)
    columns = min(columns, len(hops))
    # Of hops as long as each other; the last may be cut short, which no eye sees.
    starts = np.arange(columns) * len(hops) // columns
    return LevelsResponse(
        columns=columns,
        duration_ticks=frames_to_ticks(curve.frames, curve.rate),
        peaks=np.minimum.reduceat(hops, starts).tolist(),
        floors=np.maximum.reduceat(hops, starts).tolist(),
    )


def _passages(library: Path, detail: file_detail.FileDetail) -> list[PassageInfo]:
    fingerprints = {each.span: each for each in detail.fingerprints}
    questions = {
        span: p05_fingerprint.questions_of(each) for span, each in fingerprints.items()
    }
    spans = [
        Span(Ticks(each.start_ticks), Ticks(each.end_ticks)) for each in detail.passages
    ]
    keys = [each.key for span in spans for each in questions.get(span, ())]
    known = file_detail.acoustid_answers(library, keys)
    return [
        PassageInfo(
            **_field_values(passage),
            candidates=_candidates(fingerprints.get(span), known),
        )
        for passage, span in zip(detail.passages, spans, strict=True)
    ]


def _candidates(
    fingerprint: Fingerprint | None, known: Mapping[str, bytes | None]
) -> list[CandidateInfo]:
    if fingerprint is None:
        return []
    return [
        CandidateInfo(
            each.recording_mbid,
            each.title,
            each.artist,
            round(each.score, 3),
            each.sources,
            each.seconds,
        )
        for each in (p05_fingerprint.candidates_of(fingerprint, known) or ())[
            :CANDIDATES_MAX
        ]
    ]


def _field_values(facts: FileFacts | PassageFacts) -> dict[str, Any]:
    return {each.name: getattr(facts, each.name) for each in fields(facts)}
