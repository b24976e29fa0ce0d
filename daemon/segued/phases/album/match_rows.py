"""From decisions to what is recorded: passages with their song and album."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from segued.matching import normalize
from segued.matching.confidence import Decision
from segued.matching.evidence import Piece, Recording
from segued.matching.merging import joined_unknown
from segued.model import Confidence, Print, Span, Tags
from segued.phases.album.release_lookup import Looked
from segued.store.passages import Decided
from segued.store.songs import Credit, SongFacts
from segued.units import ticks_to_seconds

__all__ = ["Case", "Match", "joined", "match_of"]

HEARD_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Match:
    """One passage, with the song and the album it is said to be from.

    Attributes:
        heard: Recordings that AcoustID says have this sound, the likeliest first;
            None while it has not answered.
    """

    passage: Decided
    song: SongFacts | None
    album: Credit | None
    heard: tuple[str, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A passage with all that was found out about it.

    Attributes:
        cut: Why it begins where it does; empty if by silences.
    """

    span: Span
    sound: Print
    piece: Piece
    decision: Decision
    names: Tags
    cut: str = ""


def match_of(case: Case, album: Looked) -> Match:
    """Return what is recorded of a passage; `album` is what its folder is."""
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
    if not piece.asked:
        heard = "not looked up: its release tells" if case.cut else "not looked up yet"
    evidence = {
        "duration": f"{ticks_to_seconds(span.length):.1f} s",
        "fingerprint": sound.reason or heard,
        "names": " / ".join(name for name in (names.artist, names.title) if name),
        "embedded id": piece.recording_mbid or "",
        "cut": case.cut,
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
    if sound.texts and not piece.asked:
        return Match(decided, song, credit, heard=None)
    mbids = tuple(each.recording_mbid for each in piece.candidates[:HEARD_MAX])
    return Match(decided, song, credit, mbids)


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


def joined(matches: Sequence[Match]) -> list[Match]:
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
