"""Phase 6, song matching: which recording each passage is, and how sure.

A wrong name is worse than none, so every decision keeps its evidence, what
else it could have been, and its reason. What AcoustID and MusicBrainz have
answered is read from the library and never waited for: a question without an
answer leaves the file `deferred`, with the best that can be said without.

Phases 7 to 9 take the passages from here and not from phase 4: matching may
merge what segmenting cut.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from segued.matching.confidence import Decision, decide
from segued.matching.evidence import Recording
from segued.model import Confidence, FileId, Print, Span
from segued.phases import p02_hash, p03_tags, p05_fingerprint
from segued.phases.album.match_rows import Case, Match, joined, match_of
from segued.phases.album.release_lookup import (
    Looked,
    given_in,
    named_already,
    recordings_of,
    release_of,
)
from segued.phases.album.siblings import gathered, mark_of, names_of
from segued.phases.album.side_split import Cut, side_of, uncut
from segued.phases.base import Deferred, Dossier, Phase, Tools
from segued.store import decode_cache, folders, lookups, overrides
from segued.store.lookups import Question
from segued.store.overrides import Said

__all__ = ["PHASE", "Match", "Matched"]


@dataclass(frozen=True, slots=True)
class Matched:
    """The passages of a file, in order.

    Attributes:
        given: The release that the file's folder is, and which of its tracks
            the file was given; empty if it is none.
        others: The same for each file of the folder, by what is known now.
        asks: What MusicBrainz has not answered yet.
        empty: Keys of what it found nothing for.
        settled: Whether this holds for the whole folder: nothing more is to come.
        fresh: Fingerprints of passages that were cut anew, taken just now.
    """

    matches: tuple[Match, ...]
    given: str = ""
    others: Mapping[FileId, str] = field(default_factory=dict)
    asks: tuple[Question, ...] = ()
    empty: tuple[str, ...] = ()
    settled: bool = False
    fresh: tuple[Print, ...] = ()


async def run(tools: Tools, dossier: Dossier) -> Matched | Deferred[Matched]:
    """Decide for each passage what it is, by all that is known so far.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: Reading the passages of a side failed.
    """
    folder = await gathered(tools, dossier)
    album = Looked()
    # In a heap of songs nobody waits for others, but each for its own sound.
    sounds = dossier[p05_fingerprint.PHASE].prints
    heard = all(
        piece.asked or not sound.texts
        for piece, sound in zip(folder.mine, sounds, strict=True)
    )
    ready = folder.complete and (
        folder.together or heard or not tools.asking("acoustid")
    )
    if ready:
        album = await release_of(tools, folder.pieces)
    elif folder.together and tools.asking("musicbrainz"):
        album = await named_already(tools, folder.pieces, folder.files)
    cut = uncut(dossier, folder.mine, album)
    if ready and not album.asks:
        cut = await side_of(tools, dossier, cut)
    said = await tools.store.do(overrides.said_of, dossier.file.id)
    orders = [_said_of(span, said) for span in cut.spans]
    decisions, looked = await _decided(tools, cut, orders)
    asks = (*album.asks, *looked.asks) if ready else album.asks
    matches = _matches(dossier, cut, decisions)
    settled = ready and not asks
    if settled and heard and not cut.reasons:
        # Not before: what was not looked up is not unknown.
        matches = joined(matches)
    given = given_in(album, folder.pieces)
    result = Matched(
        tuple(matches),
        given.get(dossier.file.id, ""),
        given,
        asks,
        (*album.empty, *looked.empty),
        settled and folder.together,
        cut.fresh,
    )
    if asks:
        return Deferred(result, "musicbrainz", "MusicBrainz has not answered yet")
    if not folder.complete:
        return Deferred(result, "folder", "other files of the folder come first")
    return result


def _said_of(span: Span, said: Sequence[Said]) -> Said | None:
    """Return what a person said of a passage, if somebody did."""
    return next((each for each in said if each.is_about(span.start)), None)


def _matches(dossier: Dossier, cut: Cut, decisions: Sequence[Decision]) -> list[Match]:
    named, alone = dossier[p03_tags.PHASE], len(cut.spans) == 1
    reasons = cut.reasons or ("",) * len(cut.spans)
    return [
        match_of(
            Case(
                span,
                sound,
                piece,
                decision,
                names_of(named, mark_of(named, span), alone=alone),
                reason,
            ),
            cut.looked,
        )
        for span, sound, piece, decision, reason in zip(
            cut.spans, cut.prints, cut.pieces, decisions, reasons, strict=True
        )
    ]


async def _decided(
    tools: Tools, cut: Cut, orders: Sequence[Said | None]
) -> tuple[list[Decision], Looked]:
    """Decide for each passage, and return what is to be asked about the results.

    Args:
        tools: The library is among them.
        cut: The passages of the file.
        orders: What a person said of each.
    """
    mine, album = cut.pieces, cut.looked
    choice = album.choice
    tracks = [choice.tracks.get(piece.key) if choice else None for piece in mine]
    about = [c.recording_mbid for piece in mine for c in piece.candidates]
    about += [piece.recording_mbid for piece in mine if piece.recording_mbid]
    about += [said.recording_mbid for said in orders if said and said.recording_mbid]
    recordings, _ = await recordings_of(tools, about)
    decisions = []
    for piece, track, said in zip(mine, tracks, orders, strict=True):
        release = choice.release if choice else None
        found = decide(piece, track=track, release=release, recordings=recordings)
        decisions.append(found if said is None else _obeyed(said, found, recordings))
    # The release has told about its own recordings.
    strange = [
        decision.recording.mbid
        for decision, track in zip(decisions, tracks, strict=True)
        if decision.recording is not None
        and (track is None or decision.recording.mbid != track.recording.mbid)
    ]
    if album.asks:
        return decisions, Looked()
    _, looked = await recordings_of(tools, strange)
    return decisions, looked


def _obeyed(
    said: Said, found: Decision, recordings: Mapping[str, Recording]
) -> Decision:
    """Return the decision of a person, with what would have been decided."""
    evidence = found.evidence | {"without it": f"{found.confidence}: {found.reason}"}
    if said.recording_mbid is None:
        reason = "a person says that it is no song"
        return Decision(None, Confidence.NONE, 0.0, reason, evidence, found.rejected)
    known = recordings.get(said.recording_mbid)
    if known is None and found.recording is not None:
        known = found.recording if found.recording.mbid == said.recording_mbid else None
    recording = known or Recording(
        said.recording_mbid, said.title or "", said.artist or ""
    )
    recording = replace(
        recording,
        title=said.title or recording.title,
        artist=said.artist or recording.artist,
    )
    reason = "a person says so"
    return Decision(recording, Confidence.HIGH, 1.0, reason, evidence, found.rejected)


def save(dossier: Dossier, result: Matched) -> None:
    """Put on record what was heard and is to be asked; take up whom this leaves."""
    file = dossier.file
    if result.fresh:
        decode_cache.add_prints(dossier[p02_hash.PHASE].audio, result.fresh)
    lookups.want(file.id, "musicbrainz", result.asks, result.empty)
    if result.settled:
        folder = os.path.dirname(file.path)
        folders.rematch_others(file.id, folder, result.others)


def _tally(matched: Matched) -> dict[str, int]:
    counts: dict[str, int] = {}
    for match in matched.matches:
        band = match.passage.confidence.value.lower()
        counts[band] = counts.get(band, 0) + 1
    return counts


PHASE: Final = Phase(
    number=6,
    name="match",
    title="Song matching",
    version=3,
    result=Matched,
    run=run,
    save=save,
    kept=lambda matched: replace(matched, others={}, asks=(), empty=(), fresh=()),
    tally=_tally,
)
