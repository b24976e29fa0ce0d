"""The detail of a file for its page: metadata, passages, candidates, level curve."""

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
from segued.store.reading import copies, file_detail
from segued.store.reading.rows import (
    Duplicate,
    FileFacts,
    PassageFacts,
    RememberedTag,
)
from segued.units import Ticks, frames_to_ticks
from segued.web.kept_whole import kept_whole_text

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
"""Media types that browsers play, by file extension."""

UNPLAYABLE_CODECS: Final = frozenset({"alac"})
"""Codecs that browsers do not decode, in any container."""

CANDIDATES_MAX: Final = 12


class CandidateInfo(msgspec.Struct, frozen=True):
    """A recording that AcoustID returned for a passage's fingerprint.

    Attributes:
        score: How well the fingerprints agree, 0 to 1.
        sources: The number of submissions that link the two.
    """

    recording_mbid: str
    title: str | None
    artist: str | None
    score: float
    sources: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class PassageInfo(PassageFacts):
    """A passage with its candidate recordings."""

    candidates: list[CandidateInfo]


@dataclass(frozen=True, slots=True)
class FileInfo(FileFacts):
    """A file, whether a browser can play it, and with which media type."""

    playable: bool
    audio_type: str | None


class FailureInfo(msgspec.Struct, frozen=True):
    """An error or warning of a file; `fatal` if it made the file fail."""

    code: str
    detail: str
    fatal: bool
    phase: int


class PhaseInfo(msgspec.Struct, frozen=True):
    """A phase that a file has completed; `needs` names why it is deferred."""

    phase: int
    title: str
    at: str
    needs: str | None


class FileDetailResponse(msgspec.Struct, frozen=True):
    """A file with its tags, present and former, phases, duplicates and passages.

    Attributes:
        copies: All files with its sound, the best first; none if it is alone.
        kept_whole: Why its long silences do not cut it; empty if it has none.
    """

    file: FileInfo
    failure: FailureInfo | None
    tags: dict[str, Any]
    remembered_tags: dict[str, RememberedTag]
    phases: list[PhaseInfo]
    duplicates: list[Duplicate]
    copies: list[copies.CopyRow]
    passages: list[PassageInfo]
    kept_whole: str


class LevelsResponse(msgspec.Struct, frozen=True):
    """The level curve of a file, reduced to columns of equal duration.

    Attributes:
        peaks: The loudest 10 ms of each column, in half decibels below full
            scale; 255 is silence.
        floors: The quietest 10 ms of each column, in the same unit.
    """

    columns: int
    duration_ticks: int
    peaks: list[int]
    floors: list[int]


def media_type(name: str, codec: str | None) -> str | None:
    """Return the media type of a file for a browser; None if it cannot play it."""
    if codec in UNPLAYABLE_CODECS:
        return None
    return MEDIA_TYPES.get(os.path.splitext(name)[1].lower())


def build_file_detail(library: Path, file: str) -> FileDetailResponse:
    """Return a file with its tags, phases, duplicates and passages.

    Raises:
        NotFoundError: No file has this id.
        StoreError: The library cannot be read.
    """
    detail = file_detail.file_detail(library, file)
    titles = {int(phase.number): phase.title for phase in PHASES}
    audio_type = media_type(detail.facts.name, detail.facts.codec)
    failure, problem = None, detail.failure
    path = file_detail.path_of(library, file)
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
        remembered_tags=detail.remembered_tags,
        phases=[
            PhaseInfo(each.phase, titles.get(each.phase, ""), each.at, each.needs)
            for each in detail.phases
        ],
        duplicates=detail.duplicates,
        copies=copies.copies_of_file(library, path),
        passages=_passages(library, detail),
        kept_whole=kept_whole_text(library, path),
    )


def build_levels(library: Path, file: str, columns: int) -> LevelsResponse:
    """Return the level curve of a file in at most `columns` columns.

    Raises:
        NotFoundError: No file has this id, or it was never decoded.
        StoreError: The library cannot be read.
    """
    curve = file_detail.level_curve(library, file)
    if curve is None or not curve.levels:
        raise NotFoundError(f"the file {file} was not decoded")
    hops = np.frombuffer(curve.levels, np.uint8)
    columns = min(columns, len(hops))
    # The last hop may be shorter than the others: the difference is invisible.
    starts = np.arange(columns) * len(hops) // columns
    return LevelsResponse(
        columns=columns,
        duration_ticks=frames_to_ticks(curve.frames, curve.rate),
        peaks=np.minimum.reduceat(hops, starts).tolist(),
        floors=np.maximum.reduceat(hops, starts).tolist(),
    )


def _passages(library: Path, detail: file_detail.FileDetail) -> list[PassageInfo]:
    fingerprints = {each.span: each for each in detail.fingerprints}
    queries = {
        span: p05_fingerprint.questions_of(each) for span, each in fingerprints.items()
    }
    spans = [
        Span(Ticks(each.start_ticks), Ticks(each.end_ticks)) for each in detail.passages
    ]
    keys = [each.key for span in spans for each in queries.get(span, ())]
    answers = file_detail.acoustid_answers(library, keys)
    return [
        PassageInfo(
            **_field_values(passage),
            candidates=_candidates(fingerprints.get(span), answers),
        )
        for passage, span in zip(detail.passages, spans, strict=True)
    ]


def _candidates(
    fingerprint: Fingerprint | None, answers: Mapping[str, bytes | None]
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
        for each in (p05_fingerprint.candidates_of(fingerprint, answers) or ())[
            :CANDIDATES_MAX
        ]
    ]


def _field_values(facts: FileFacts | PassageFacts) -> dict[str, Any]:
    return {each.name: getattr(facts, each.name) for each in fields(facts)}
