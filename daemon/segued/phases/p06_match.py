"""Phase 6, song matching: which recording each passage is, and how sure.

A wrong name is worse than none, so every decision keeps its evidence, what
else it could have been, and its reason. What AcoustID and MusicBrainz have
answered is read from the library and never waited for: a question without an
answer leaves the file `deferred`, with the best that can be said without.

Phases 7 to 9 take the passages from here and not from phase 4: matching may
merge what segmenting cut.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from segued.matching import normalize
from segued.matching.confidence import Decision, decide
from segued.matching.evidence import Piece, Recording
from segued.matching.merging import joined_unknown
from segued.model import Confidence, Print, Span, Tags
from segued.phases import p03_tags, p04_segment, p05_fingerprint
from segued.phases.contract import Deferred, Dossier, Phase, Tools
from segued.phases.folder import gathered, mark_of, names_of
from segued.phases.releases import Looked, recordings_of, release_of
from segued.store import folders, lookups
from segued.store.lookups import Question
from segued.store.passages import Decided
from segued.store.songs import Credit, SongFacts
from segued.units import ticks_to_seconds

__all__ = ["PHASE", "Match", "Matched"]


@dataclass(frozen=True, slots=True)
class Match:
    """One passage, with the song and the album it is said to be from."""

    passage: Decided
    song: SongFacts | None
    album: Credit | None


@dataclass(frozen=True, slots=True)
class Matched:
    """The passages of a file, in order.

    Attributes:
        release: The release that the file's folder is; None if it is none.
        asks: What MusicBrainz has not answered yet.
        empty: Keys of what it found nothing for.
        settled: Whether this holds for the whole folder: nothing more is to come.
    """

    matches: tuple[Match, ...]
    release: str | None = None
    asks: tuple[Question, ...] = ()
    empty: tuple[str, ...] = ()
    settled: bool = False


async def run(tools: Tools, dossier: Dossier) -> Matched | Deferred[Matched]:
    """Decide for each passage what it is, by all that is known so far."""
    folder = await gathered(tools, dossier)
    album = Looked()
    if folder.complete:
        album = await release_of(tools, folder.pieces)
    decisions, looked = await _decided(tools, folder.mine, album)
    asks = (*album.asks, *looked.asks) if folder.complete else ()
    named = dossier[p03_tags.PHASE]
    spans = dossier[p04_segment.PHASE].spans
    prints = dossier[p05_fingerprint.PHASE].prints
    matches = [
        _match(
            _Case(
                span,
                sound,
                piece,
                decision,
                names_of(named, mark_of(named, span), alone=len(spans) == 1),
            ),
            album,
        )
        for span, sound, decision, piece in zip(
            spans, prints, decisions, folder.mine, strict=True
        )
    ]
    settled = folder.complete and not asks
    if settled and all(piece.asked for piece in folder.mine):
        # Not before: what was not looked up is not unknown.
        matches = _joined(matches)
    result = Matched(
        tuple(matches),
        album.choice.release.mbid if album.choice else None,
        asks,
        (*album.empty, *looked.empty),
        settled and folder.together,
    )
    if asks:
        return Deferred(result, "musicbrainz", "MusicBrainz has not answered yet")
    if not folder.complete:
        return Deferred(result, "folder", "other files of the folder come first")
    return result


async def _decided(
    tools: Tools, mine: Sequence[Piece], album: Looked
) -> tuple[list[Decision], Looked]:
    """Decide for each piece, and return what is to be asked about the results."""
    choice = album.choice
    tracks = [choice.tracks.get(piece.key) if choice else None for piece in mine]
    about = [c.recording_mbid for piece in mine for c in piece.candidates]
    about += [piece.recording_mbid for piece in mine if piece.recording_mbid]
    recordings, _ = await recordings_of(tools, about)
    decisions = [
        decide(
            piece,
            track=track,
            release=choice.release if choice else None,
            recordings=recordings,
        )
        for piece, track in zip(mine, tracks, strict=True)
    ]
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


@dataclass(frozen=True, slots=True)
class _Case:
    """A passage with all that was found out about it."""

    span: Span
    sound: Print
    piece: Piece
    decision: Decision
    names: Tags


def _match(case: _Case, album: Looked) -> Match:
    span, sound, piece, names = case.span, case.sound, case.piece, case.names
    decision = case.decision
    recording = decision.recording
    sure = decision.confidence in (Confidence.HIGH, Confidence.MEDIUM)
    title, artist = names.title, names.artist
    if recording is not None and sure:
        title, artist = recording.title or title, recording.artist or artist
    on_it = album.choice is not None and piece.key in album.choice.tracks
    credit = _album(names)
    if album.choice is not None and on_it:
        release = album.choice.release
        key = normalize.key(release.artist, release.title)
        credit = Credit(release.title, release.mbid, key)
    heard = "known to AcoustID" if piece.candidates else "not known to AcoustID"
    evidence = {
        "duration": f"{ticks_to_seconds(span.length):.1f} s",
        "fingerprint": sound.reason or (heard if piece.asked else "not looked up yet"),
        "names": " / ".join(name for name in (names.artist, names.title) if name),
        "embedded id": piece.recording_mbid or "",
    } | decision.evidence
    decided = Decided(
        span=span,
        fingerprint=sound.texts[0] if sound.texts else None,
        title=title,
        artist=artist,
        album=credit.name if credit else names.album,
        confidence=decision.confidence,
        score=decision.score,
        reason=decision.reason,
        evidence={kind: what for kind, what in evidence.items() if what},
        rejected=decision.rejected,
    )
    song = None
    if decision.confidence is not Confidence.NONE:
        song = _song(recording, names, piece)
    return Match(decided, song, credit)


def _song(recording: Recording | None, names: Tags, piece: Piece) -> SongFacts:
    if recording is None or (
        recording.mbid == piece.recording_mbid and not recording.artists
    ):
        # By the file's own word.
        mbid = recording.mbid if recording else None
        song = Credit(
            names.title, mbid, normalize.key(names.artist or "", names.title or "")
        )
        works = (Credit(None, names.work_mbid),) if names.work_mbid else ()
        return SongFacts(song, _artists(names), works)
    key = normalize.key(recording.artist, recording.title)
    artists = tuple(
        Credit(each.name, each.mbid, normalize.key(each.name))
        for each in recording.artists
    )
    if not artists and recording.artist:
        artists = (Credit(recording.artist, None, normalize.key(recording.artist)),)
    composed = tuple(Credit(each.name, each.mbid) for each in recording.works)
    return SongFacts(Credit(recording.title, recording.mbid, key), artists, composed)


def _artists(names: Tags) -> tuple[Credit, ...]:
    """Return the artists to credit: one for each id, when ids and names pair up."""
    listed = names.artists or ((names.artist,) if names.artist else ())
    mbids: tuple[str | None, ...] = names.artist_mbids
    if len(mbids) != len(listed):
        # Ids without a name each: the whole credit is one artist, and
        # MusicBrainz will tell who they are.
        listed = (names.artist,) if names.artist else ()
        mbids = (None,) * len(listed)
    return tuple(
        Credit(name, mbid, normalize.key(name))
        for name, mbid in zip(listed, mbids, strict=True)
    )


def _album(names: Tags) -> Credit | None:
    if not names.album and not names.release_mbid:
        return None
    artist = names.album_artist or names.artist or ""
    return Credit(
        names.album, names.release_mbid, normalize.key(artist, names.album or "")
    )


def _joined(matches: Sequence[Match]) -> list[Match]:
    """Join neighbours that no song was found for, but for a long silence."""
    passages = [match.passage for match in matches]
    unknown = [each.confidence is Confidence.NONE for each in passages]
    joined = []
    for first, end in joined_unknown([each.span for each in passages], unknown):
        match = matches[first]
        if end - first > 1:
            whole = Span(match.passage.span.start, passages[end - 1].span.end)
            reason = f"{end - first} pieces in a row that no song was found for"
            one = replace(match.passage, span=whole, fingerprint=None, reason=reason)
            match = replace(match, passage=one)
        joined.append(match)
    return joined


def save(dossier: Dossier, result: Matched) -> None:
    """Put on record what is to be asked; take up whom this leaves behind."""
    file = dossier.file
    lookups.want(file.id, "musicbrainz", result.asks, result.empty)
    if result.settled:
        folder = os.path.dirname(file.path)
        folders.rematch_others(file.id, folder, result.release)


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
    version=2,
    result=Matched,
    run=run,
    save=save,
    kept=lambda matched: replace(matched, asks=(), empty=()),
    tally=_tally,
)
