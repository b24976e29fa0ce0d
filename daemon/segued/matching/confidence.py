"""How sure a match is: from kinds of evidence to a score and its band."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from segued.matching import doubts
from segued.matching.album import length_of, placed
from segued.matching.candidates import Weighed, agreement_with, weigh
from segued.matching.evidence import Piece, Recording, Release, Track
from segued.matching.explanations import evidence_of, rejected_of
from segued.matching.scores import (
    AGREED_FROM,
    LENGTH_AGREES,
    believed,
    duration_agreement,
    same_names,
)
from segued.matching.tag_evidence import (
    LOW_FROM,
    MEDIUM_FROM,
    NAMES_AGREE,
    Claims,
    Judged,
    band,
    judge_claims,
)
from segued.model import Confidence

__all__ = ["Claims", "Decision", "Judged", "band", "decide", "judge_claims"]

HEARD_FROM: Final = 0.50
"""Where a fingerprint begins to say anything."""

MEDIUM_MOST: Final = 0.84
LOW_MOST: Final = 0.69

ALBUM_AGREES: Final = 0.95
"""What place and length on the folder's album are worth as metadata."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a passage is held to be, how sure that is, and why.

    Attributes:
        recording: Made of AcoustID's or the file's names, without artists,
            where MusicBrainz did not describe it.
        score: Always within the band that `confidence` names.
        reason: A sentence for a person.
        evidence: What was found, by its kind.
        rejected: A sentence for each candidate that it is not.
    """

    recording: Recording | None
    confidence: Confidence
    score: float
    reason: str
    evidence: dict[str, str]
    rejected: tuple[str, ...] = ()


def decide(
    piece: Piece,
    *,
    track: Track | None,
    release: Release | None,
    recordings: Mapping[str, Recording],
) -> Decision:
    """Decide which recording a passage is.

    Args:
        piece: The passage.
        track: The place on `release` that it was found to have.
        release: The release that its folder is.
        recordings: What MusicBrainz said of recordings, by id.
    """
    piece = believed(piece)
    weighed = weigh(piece, track=track, release=release, recordings=recordings)
    good = [each for each in weighed if each.candidate.score >= HEARD_FROM]
    if not good:
        found = _unheard(piece, track, release, recordings)
    else:
        best = min(good, key=lambda each: _preference(piece, track, each, good))
        if track and release and best.mbid != track.recording.mbid:
            found = _off_the_album(piece, track, release, best)
        else:
            found = _heard(piece, track, release, best, good)
    recording, judged = found
    if judged.confidence is Confidence.NONE:
        recording = None
    return Decision(
        recording=recording,
        confidence=judged.confidence,
        score=judged.score,
        reason=judged.reason,
        evidence=evidence_of(piece, recording, track, release, weighed),
        rejected=rejected_of(piece, recording, track, weighed),
    )


Found = tuple[Recording | None, Judged]


def _judged(score: float, reason: str, *, most: float = 1.0) -> Judged:
    score = min(score, most)
    return Judged(score, band(score), reason)


def _preference(
    piece: Piece, track: Track | None, each: Weighed, weighed: Sequence[Weighed]
) -> tuple[bool, bool, bool, float, bool, bool, int, float, str]:
    """Order the candidates, the likeliest first.

    The album's track comes first, and then the embedded id unless the file's
    own names speak against it.
    """
    metadata = each.agreement.metadata
    best = max(other.candidate.score for other in weighed)
    names_agree = metadata is None or metadata >= AGREED_FROM
    return (
        track is None or each.mbid != track.recording.mbid,
        each.mbid != piece.recording_mbid or not names_agree,
        each.candidate.score < best - doubts.CLOSE,
        -round(metadata or 0.0, 1),
        not each.on_release,
        each.agreement.duration == 0,
        -each.candidate.sources,
        -(each.agreement.duration or 0.0),
        each.mbid,
    )


def _heard(
    piece: Piece,
    track: Track | None,
    release: Release | None,
    it: Weighed,
    weighed: Sequence[Weighed],
) -> Found:
    """Judge a candidate that the folder's album does not speak against."""
    expected = track is not None and it.mbid == track.recording.mbid
    confirmed = it.mbid == piece.recording_mbid
    agreement, named = it.agreement, piece.tagged and bool(piece.title)
    in_place = bool(
        expected
        and track
        and release
        and placed(piece, track, release)
        and (agreement.duration or 0) >= LENGTH_AGREES
    )
    if not named:
        agreed = ALBUM_AGREES if in_place else None
        agreement = replace(agreement, metadata=agreed)
    score = agreement.score
    if expected or confirmed:
        score = max(score, MEDIUM_FROM + NAMES_AGREE)
    found = (
        doubts.of_names(agreement.metadata, named=named),
        "" if agreement.duration != 0 else "its length is another",
        doubts.of_id(piece, weighed, it, expected=expected),
        doubts.of_album(piece, release, it, expected=expected),
        "" if expected or confirmed else doubts.of_rivals(piece, it, weighed),
        "" if confirmed else doubts.of_edition(piece, release, it, weighed),
    )
    doubt = "; ".join(filter(None, found))
    if doubt:
        return it.recording, _judged(score, f"heard, but {doubt}", most=MEDIUM_MOST)
    said = "its names agree" if named else "it is in its place on the album"
    also = "; the tags name the recording" if confirmed else ""
    return it.recording, _judged(score, f"heard, and {said}{also}")


def _off_the_album(
    piece: Piece, track: Track, release: Release, best: Weighed
) -> Found:
    """Judge a passage whose fingerprint is of something that is not its track."""
    tagged = piece.tagged and bool(piece.title)
    by_track = agreement_with(piece, track, release) or 0.0 if tagged else 0.0
    by_sound = best.agreement.metadata or 0.0 if tagged else 0.0
    if same_names(track.title, track.recording.artist, best.recording) or (
        same_names(track.recording.title, release.artist, best.recording)
    ):
        reason = "the album's track; AcoustID has the song as another recording"
        return track.recording, _judged(MEDIUM_FROM + NAMES_AGREE, reason)
    if by_track >= AGREED_FROM and by_track >= by_sound:
        reason = "the album's track by names and length, but it sounds like another"
        return track.recording, _judged(MEDIUM_FROM, reason)
    if by_sound >= AGREED_FROM:
        reason = "heard, and its names agree, but the folder's album has another"
        return best.recording, _judged(best.agreement.score, reason, most=MEDIUM_MOST)
    reason = "in its place on the album, but it sounds like another"
    if placed(piece, track, release):
        return track.recording, _judged(LOW_FROM, reason)
    reason = "heard, but the folder's album has another"
    return best.recording, _judged(best.agreement.score, reason, most=LOW_MOST)


def _unheard(
    piece: Piece,
    track: Track | None,
    release: Release | None,
    recordings: Mapping[str, Recording],
) -> Found:
    """Judge a passage for which no fingerprint speaks."""
    if track and release:
        judged = _in_the_album(piece, track, release)
        if judged:
            return track.recording, judged
    mbid, tagged = piece.recording_mbid, piece.tagged and bool(piece.title)
    judged = judge_claims(Claims(mbid, piece.title, piece.artist, piece.tagged))
    if mbid is None:
        return None, judged
    known = recordings.get(mbid)
    if known is None:
        own = Recording(mbid, piece.title or "", piece.artist or "", piece.seconds)
        return own, judged
    if tagged and not same_names(piece.title or "", piece.artist, known):
        reason = "the tags name a recording that has other names"
        return known, _judged(LOW_FROM, reason)
    return known, judged


def _in_the_album(piece: Piece, track: Track, release: Release) -> Judged | None:
    """Judge a passage as its album's track; None when names or place are others."""
    names = agreement_with(piece, track, release) if piece.tagged else None
    if names is not None and names < AGREED_FROM:
        return None
    if piece.recording_mbid == track.recording.mbid:
        reason = "the album's track, as the tags say; not heard"
        return _judged(MEDIUM_FROM + NAMES_AGREE, reason)
    near = (duration_agreement(piece.seconds, length_of(track)) or 0) > 0
    if near and (names is not None or placed(piece, track, release)):
        how = "place" if names is None else "names"
        reason = f"the album's track by {how} and length; not heard"
        return _judged(MEDIUM_FROM, reason)
    return None
