"""From decisions to the rows to store: passages with their song and album."""

from collections.abc import Iterable, Sequence
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

__all__ = [
    "Match",
    "PassageFindings",
    "build_match",
    "merge_unknown",
    "without_known_prints",
]

CANDIDATES_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Match:
    """One passage, with the song and the album it is matched to.

    Attributes:
        heard: The recordings that AcoustID lists for its fingerprint, the most likely
            first; None while AcoustID has not answered.
    """

    passage: PassageRecord
    song: SongRecord | None
    album: EntityRef | None
    heard: tuple[str, ...] | None = ()


@dataclass(frozen=True, slots=True)
class PassageFindings:
    """All that phase 6 has found out about a passage.

    Attributes:
        names: Its names by a mark, tags or the file name.
        shown: The same, with remembered tags in place of the file name.
        cut_reason: Why it starts where it does; empty if at a silence.
    """

    span: Span
    fingerprint: Fingerprint
    evidence: PassageEvidence
    decision: Decision
    names: Tags
    shown: Tags
    cut_reason: str = ""


def build_match(findings: PassageFindings, lookup: ReleaseLookup) -> Match:
    """Return the rows to store for a passage.

    Args:
        findings: The passage.
        lookup: The release of its folder.
    """
    decision, encoded = findings.decision, findings.fingerprint.encoded
    title, artist = _displayed_names(decision, findings.shown)
    album = _album_credit(findings, lookup)
    record = PassageRecord(
        span=findings.span,
        fingerprint=encoded[0] if encoded else None,
        title=title,
        artist=artist,
        album=_album_name(album, findings),
        confidence=decision.confidence,
        score=decision.score,
        reason=decision.reason,
        evidence=_evidence_texts(findings, lookup),
        rejected=decision.rejected,
        question=decision.question,
    )
    song = None
    if decision.confidence is not Confidence.NONE:
        song = _song_record(decision.recording, findings.names, findings.evidence)
    return Match(record, song, album, heard=_acoustid_recordings(findings))


def without_known_prints(
    matches: Iterable[Match], prints: Iterable[Fingerprint]
) -> list[Match]:
    """Return matches without the fingerprints that phase 5 has stored already."""
    known = _texts(prints)
    return [
        _with_print(match, None)
        if match.passage.fingerprint == known.get(match.passage.span)
        else match
        for match in matches
    ]


def _with_print(match: Match, text: str | None) -> Match:
    return replace(match, passage=replace(match.passage, fingerprint=text))


def _texts(prints: Iterable[Fingerprint]) -> dict[Span, str]:
    return {each.span: each.encoded[0] for each in prints if each.encoded}


def _album_name(album: EntityRef | None, findings: PassageFindings) -> str | None:
    """Return the album to show: of a guess from the folder, the remembered one."""
    if album is not None and album.name != findings.names.album:
        return album.name
    return findings.shown.album


def _displayed_names(decision: Decision, names: Tags) -> tuple[str | None, str | None]:
    """Return title and artist: the recording's if confident, else the file's."""
    recording = decision.recording
    is_confident = decision.confidence in (Confidence.HIGH, Confidence.MEDIUM)
    if recording is None or not is_confident:
        return names.title, names.artist
    return recording.title or names.title, recording.artist or names.artist


def _embedded_id(evidence: PassageEvidence) -> str:
    return "" if evidence.recording_by else evidence.recording_mbid or ""


def _chosen_release(evidence: PassageEvidence) -> str:
    return (
        f"{evidence.release_mbid}, as a person says" if evidence.release_chosen else ""
    )


def _evidence_texts(findings: PassageFindings, lookup: ReleaseLookup) -> dict[str, str]:
    """Return a description of each kind of evidence there is, by kind."""
    names, decision = findings.names, findings.decision
    texts = {
        "duration": f"{ticks_to_seconds(findings.span.length):.1f} s",
        "fingerprint": "",
        "names": " / ".join(name for name in (names.artist, names.title) if name),
        "embedded id": _embedded_id(findings.evidence),
        "release": _chosen_release(findings.evidence),
        "cut": findings.cut_reason,
        "MusicBrainz": "; ".join(dict.fromkeys(lookup.problems)),
        "merged": "; ".join(
            f"MusicBrainz has merged {old} into {new}"
            for old, new in findings.evidence.merged
        ),
    } | decision.evidence
    if not findings.evidence.candidates:
        texts["fingerprint"] = _fingerprint_state(findings)
    return {kind: text for kind, text in texts.items() if text}


def _fingerprint_state(findings: PassageFindings) -> str:
    """Return why AcoustID lists no recording; first rule wins."""
    if findings.fingerprint.missing_reason:
        return findings.fingerprint.missing_reason
    if findings.evidence.acoustid_problem:
        return f"AcoustID's answer is not usable: {findings.evidence.acoustid_problem}"
    if findings.evidence.acoustid_answered:
        return "not known to AcoustID"
    if findings.cut_reason:
        return "not looked up: identified by its release"
    return "not looked up yet"


def _acoustid_recordings(findings: PassageFindings) -> tuple[str, ...] | None:
    if findings.fingerprint.encoded and not findings.evidence.acoustid_answered:
        return None
    candidates = findings.evidence.candidates[:CANDIDATES_MAX]
    return tuple(each.recording_mbid for each in candidates)


def _album_credit(findings: PassageFindings, lookup: ReleaseLookup) -> EntityRef | None:
    """Return the album: the matched release, or else that of the tags."""
    album_match = lookup.album_match
    evidence = findings.evidence
    if album_match is not None and (
        evidence.key in album_match.tracks or evidence.release_chosen
    ):
        release = album_match.release
        key = normalize.name_key(release.artist, release.title)
        return EntityRef(release.title, release.mbid, key)
    names = findings.names
    # An id that only another program names is evidence, and not that of the album. A
    # chosen release that is not known yet has no names.
    is_tagged = not (evidence.release_by or evidence.release_chosen)
    tagged = evidence.release_mbid if is_tagged else None
    release_mbid = tagged or names.release_mbid
    if not names.album and not release_mbid:
        return None
    key = normalize.name_key(
        names.album_artist or names.artist or "", names.album or ""
    )
    return EntityRef(names.album, release_mbid, key)


def _song_record(
    recording: Recording | None, names: Tags, evidence: PassageEvidence
) -> SongRecord:
    if recording is None or (
        recording.mbid == evidence.recording_mbid and not recording.artists
    ):
        # From the tags alone.
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
        # Ids that do not pair up with names: the whole credit is one artist, until
        # MusicBrainz lists them.
        listed = (names.artist,) if names.artist else ()
        mbids = (None,) * len(listed)
    return tuple(
        EntityRef(name, mbid, normalize.name_key(name))
        for name, mbid in zip(listed, mbids, strict=True)
    )


def merge_unknown(matches: Sequence[Match]) -> list[Match]:
    """Merge neighboring passages without a song, unless a long silence parts them."""
    passages = [match.passage for match in matches]
    unknown = [each.confidence is Confidence.NONE for each in passages]
    merged = []
    for first, end in merge_unknown_ranges([each.span for each in passages], unknown):
        match = matches[first]
        if end - first > 1:
            whole = Span(match.passage.span.start, passages[end - 1].span.end)
            reason = f"{end - first} passages in a row without a song"
            one = replace(match.passage, span=whole, fingerprint=None, reason=reason)
            match = replace(match, passage=one)
        merged.append(match)
    return merged
