"""A file as its page shows it: all that is known, and what else it could be."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from segued.errors import NotKnownError
from segued.model import Print, Span
from segued.phases import PHASES, p05_fingerprint
from segued.store.reading import file_detail
from segued.store.reading.rows import Duplicate, FileFacts, PassageFacts
from segued.units import Ticks, frames_to_ticks

__all__ = ["Candidate", "Dossier", "Levels", "dossier", "levels", "media_type"]

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

UNPLAYABLE: Final = frozenset({"alac"})
"""Codings that browsers do not know, whatever they are in."""

CANDIDATES_MAX: Final = 12


class Candidate(msgspec.Struct, frozen=True):
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
class ShownPassage(PassageFacts):
    """A passage, with what else it could be."""

    candidates: list[Candidate]


@dataclass(frozen=True, slots=True)
class ShownFile(FileFacts):
    """A file, and whether a browser can play it, as what."""

    playable: bool
    audio_type: str | None


class Failed(msgspec.Struct, frozen=True):
    """What is wrong with a file, and whether it failed for it."""

    code: str
    detail: str
    fatal: bool
    phase: int


class Done(msgspec.Struct, frozen=True):
    """A phase that is behind a file; `needs` is what it waits for to go further."""

    phase: int
    title: str
    at: str
    needs: str | None


class Dossier(msgspec.Struct, frozen=True):
    """All that is known of a file."""

    file: ShownFile
    failure: Failed | None
    tags: dict[str, Any]
    phases: list[Done]
    duplicates: list[Duplicate]
    passages: list[ShownPassage]


class Levels(msgspec.Struct, frozen=True):
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
    if codec in UNPLAYABLE:
        return None
    return MEDIA_TYPES.get(os.path.splitext(name)[1].lower())


def dossier(library: Path, file: str) -> Dossier:
    """Return all that is known of a file.

    Raises:
        NotKnownError: No file has this id.
        StoreError: The library cannot be read.
    """
    found = file_detail.whole(library, file)
    titles = {phase.number: phase.title for phase in PHASES}
    kind = media_type(found.facts.name, found.facts.codec)
    failed, wrong = None, found.failure
    if wrong is not None:
        failed = Failed(wrong.code, wrong.detail, wrong.fatal, wrong.phase)
    return Dossier(
        file=ShownFile(
            **_fields(found.facts), playable=kind is not None, audio_type=kind
        ),
        failure=failed,
        tags=found.tags,
        phases=[
            Done(each.phase, titles.get(each.phase, ""), each.at, each.needs)
            for each in found.phases
        ],
        duplicates=found.duplicates,
        passages=_passages(library, found),
    )


def levels(library: Path, file: str, columns: int) -> Levels:
    """Return how loud a file is, in as many columns, or fewer.

    Raises:
        NotKnownError: No file has this id, or it was never decoded.
        StoreError: The library cannot be read.
    """
    curve = file_detail.curve_of(library, file)
    if curve is None or not curve.levels:
        raise NotKnownError(f"the file {file} was not decoded")
    hops = np.frombuffer(curve.levels, np.uint8)
    columns = min(columns, len(hops))
    # Of hops as long as each other; the last may be cut short, which no eye sees.
    starts = np.arange(columns) * len(hops) // columns
    return Levels(
        columns=columns,
        duration_ticks=frames_to_ticks(curve.frames, curve.rate),
        peaks=np.minimum.reduceat(hops, starts).tolist(),
        floors=np.maximum.reduceat(hops, starts).tolist(),
    )


def _passages(library: Path, found: file_detail.Whole) -> list[ShownPassage]:
    prints = {each.span: each for each in found.prints}
    questions = {
        span: p05_fingerprint.questions_of(each) for span, each in prints.items()
    }
    spans = [
        Span(Ticks(each.start_ticks), Ticks(each.end_ticks)) for each in found.passages
    ]
    keys = [each.key for span in spans for each in questions.get(span, ())]
    known = file_detail.answered(library, keys)
    return [
        ShownPassage(
            **_fields(passage), candidates=_candidates(prints.get(span), known)
        )
        for passage, span in zip(found.passages, spans, strict=True)
    ]


def _candidates(
    sound: Print | None, known: Mapping[str, bytes | None]
) -> list[Candidate]:
    if sound is None:
        return []
    return [
        Candidate(
            each.recording_mbid,
            each.title,
            each.artist,
            round(each.score, 3),
            each.sources,
            each.seconds,
        )
        for each in (p05_fingerprint.candidates_of(sound, known) or ())[:CANDIDATES_MAX]
    ]


def _fields(of: FileFacts | PassageFacts) -> dict[str, Any]:
    return {each.name: getattr(of, each.name) for each in fields(of)}
