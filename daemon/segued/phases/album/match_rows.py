"""From decisions to what is recorded: passages with their song and album."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from segued.matching import normalize
from segued.matching.confidence import Decision
from segued.matching.evidence import PassageEvidence, Recording
from segued.matching.merging import merge_unknown_ranges
from segued.model import Confidence, Fingerprint, Span, Tags
from segued.phases.album.release_lookup import ReleaseLookup
from segued.store.passages import PassageRecord
from segued.store.songs import EntityRef, SongRecord
from segued.units import ticks_to_seconds

__all__ = ["Match", "PassageFindings", "build_match", "merge_unknown"]

CANDIDATES_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Match:
    """One passage, with the song and the album it is said to be from.

    Attributes:
        heard: Recordings that AcoustID says have this sound, the likeliest first;
            None while it has not answered.
    """

    passage: PassageRecord
    song: SongRecord | None
    album: EntityRef | None
    heard: tuple[str, ...] | None = ()


@dataclass(frozen=True, slots=True)
class PassageFindings:
    """A passage with all that was found out about it.

    Attributes:
        cut_reason: Why it begins where it does; empty if by silences.
    """

    span: Span
    fingerprint: Fingerprint
    piece: PassageEvidence
    decision: Decision
    names: Tags
    cut_reason: str = ""


def build_match(findings: PassageFindings, lookup: ReleaseLookup) -> Match:
    """Return what is recorded of a passage; `lookup` is what its folder is."""
    span, fingerprint, piece, names = (
        findings.span,
        findings.fingerprint,
        findings.piece,
        findings.names,
    )
    decision = findings.decision
    recording = decision.recording
    is_confident = decision.confidence in (Confidence.HIGH, Confidence.MEDIUM)
    title, artist = names.title, names.artist
    if recording is not None and is_confident:
        title, artist = recording.title or title, recording.artist or artist
    is_on_album = (
        lookup.album_match is not None and piece.key in lookup.album_match.tracks
    )
    credit = _album_credit(names)
    if lookup.album_match is not None and is_on_album:
        release = lookup.album_match.release
        key = normalize.name_key(release.artist, release.title)
        credit = EntityRef(release.title, release.mbid, key)
    acoustid_state = (
        "known to AcoustID" if piece.candidates else "not known to AcoustID"
    )
    if not piece.acoustid_answered:
        acoustid_state = (
            "not looked up: its release tells"
            if findings.cut_reason
            else "not looked up yet"
        )
    evidence = {
        "duration": f"{ticks_to_seconds(span.length):.1f} s",
        "fingerprint": fingerprint.missing_reason or acoustid_state,
        "names": " / ".join(name for name in (names.artist, names.title) if name),
        "embedded id": piece.recording_mbid or "",
        "cut": findings.cut_reason,
    } | decision.evidence
    passage = PassageRecord(
        span=span,
        fingerprint=fingerprint.encoded[0] if fingerprint.encoded else None,
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
        song = _song_facts(recording, names, piece)
    if fingerprint.encoded and not piece.acoustid_answered:
        return Match(passage, song, credit, heard=None)
    mbids = tuple(each.recording_mbid for each in piece.candidates[:CANDIDATES_MAX])
    return Match(passage, song, credit, mbids)


def _song_facts(
    recording: Recording | None, names: Tags, piece: PassageEvidence
) -> SongRecord:
    if recording is None or (
        recording.mbid == piece.recording_mbid and not recording.artists
    ):
        # By the file's own word.
        mbid = recording.mbid if recording else None
        song = EntityRef(
            names.title, mbid, normalize.name_key(names.artist or "", names.title or "")
        )
        works = (EntityRef(None, names.work_mbid),) if names.work_mbid else ()
        return SongRecord(song, _artist_credits(names), works)
    key = normalize.name_key(recording.artist, recording.title)
    artists = tuple(
        EntityRef(each.name, each.mbid, normalize.name_key(each.name))
        for each in recording.artists
    )
    if not artists and recording.artist:
        artists = (
            EntityRef(recording.artist, None, normalize.name_key(recording.artist)),
        )
    works_credited = tuple(EntityRef(each.name, each.mbid) for each in recording.works)
    return SongRecord(
        EntityRef(recording.title, recording.mbid, key), artists, works_credited
    )


def _artist_credits(names: Tags) -> tuple[EntityRef, ...]:
    """Return the artists to credit: one for each id, when ids and names pair up."""
    listed = names.artists or ((names.artist,) if names.artist else ())
    mbids: tuple[str | None, ...] = names.artist_mbids
    if len(mbids) != len(listed):
        # Ids without a name each: the whole credit is one artist, and
        # MusicBrainz will tell who they are.
        listed = (names.artist,) if names.artist else ()
        mbids = (None,) * len(listed)
    return tuple(
        EntityRef(name, mbid, normalize.name_key(name))
        for name, mbid in zip(listed, mbids, strict=True)
    )


def _album_credit(names: Tags) -> EntityRef | None:
    if not names.album and not names.release_mbid:
        return None
    artist = names.album_artist or names.artist or ""
    return EntityRef(
        names.album, names.release_mbid, normalize.name_key(artist, names.album or "")
    )


def merge_unknown(matches: Sequence[Match]) -> list[Match]:
    """Join neighbours that no song was found for, but for a long silence."""
    passages = [match.passage for match in matches]
    unknown = [each.confidence is Confidence.NONE for each in passages]
    merged = []
    for first, end in merge_unknown_ranges([each.span for each in passages], unknown):
        match = matches[first]
        if end - first > 1:
            whole = Span(match.passage.span.start, passages[end - 1].span.end)
            reason = f"{end - first} pieces in a row that no song was found for"
            one = replace(match.passage, span=whole, fingerprint=None, reason=reason)
            match = replace(match, passage=one)
        merged.append(match)
    return merged
