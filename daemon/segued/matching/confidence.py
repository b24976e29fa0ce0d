"""How sure a match is: from kinds of evidence to a score and its band."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from segued.matching import doubts
from segued.matching.album import is_at_track, length_of
from segued.matching.candidates import (
    ScoredCandidate,
    score_candidates,
    track_names_agreement,
)
from segued.matching.evidence import PassageEvidence, Recording, Release, Track
from segued.matching.explanations import describe_evidence, describe_rejected
from segued.matching.scores import (
    LENGTH_AGREES_FROM,
    NAMES_AGREE_FROM,
    duration_agreement,
    has_same_names,
    without_placeholders,
)
from segued.matching.tag_evidence import (
    LOW_FROM,
    MEDIUM_FROM,
    NAMES_BONUS,
    Judgment,
    TagClaims,
    confidence_band,
    judge_claims,
)
from segued.model import Confidence

__all__ = [
    "Decision",
    "Judgment",
    "TagClaims",
    "confidence_band",
    "decide",
    "judge_claims",
]

FINGERPRINT_FROM: Final = 0.50
"""Where a fingerprint begins to say anything."""

MEDIUM_MAX: Final = 0.84
LOW_MAX: Final = 0.69

ALBUM_PLACE_AGREEMENT: Final = 0.95
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
    passage: PassageEvidence,
    *,
    track: Track | None,
    release: Release | None,
    recordings: Mapping[str, Recording],
) -> Decision:
    """Decide which recording a passage is.

    Args:
        passage: The passage.
        track: The place on `release` that it was found to have.
        release: The release that its folder is.
        recordings: What MusicBrainz said of recordings, by id.
    """
    passage = without_placeholders(passage)
    candidates = score_candidates(
        passage, track=track, release=release, recordings=recordings
    )
    good = [each for each in candidates if each.acoustid.score >= FINGERPRINT_FROM]
    if not good:
        found = _judge_without_fingerprint(passage, track, release, recordings)
    else:
        best = min(good, key=lambda each: _preference_key(passage, track, each, good))
        if track and release and best.mbid != track.recording.mbid:
            found = _judge_off_album(passage, track, release, best)
        else:
            found = _judge_fingerprint_match(passage, track, release, best, good)
    recording, judged = found
    if judged.confidence is Confidence.NONE:
        recording = None
    return Decision(
        recording=recording,
        confidence=judged.confidence,
        score=judged.score,
        reason=judged.reason,
        evidence=describe_evidence(passage, recording, track, release, candidates),
        rejected=describe_rejected(passage, recording, track, candidates),
    )


_RecordingJudgment = tuple[Recording | None, Judgment]


def _judgment(score: float, reason: str, *, max_score: float = 1.0) -> Judgment:
    score = min(score, max_score)
    return Judgment(score, confidence_band(score), reason)


def _preference_key(
    passage: PassageEvidence,
    track: Track | None,
    candidate: ScoredCandidate,
    candidates: Sequence[ScoredCandidate],
) -> tuple[bool, bool, bool, float, bool, bool, int, float, str]:
    """Order the candidates, the likeliest first.

    The album's track comes first, and then the embedded id unless the file's
    own names speak against it.
    """
    metadata = candidate.agreement.metadata
    best = max(other.acoustid.score for other in candidates)
    names_agree = metadata is None or metadata >= NAMES_AGREE_FROM
    return (
        track is None or candidate.mbid != track.recording.mbid,
        candidate.mbid != passage.recording_mbid or not names_agree,
        candidate.acoustid.score < best - doubts.RIVAL_SCORE_GAP,
        -round(metadata or 0.0, 1),
        not candidate.on_release,
        candidate.agreement.duration == 0,
        -candidate.acoustid.sources,
        -(candidate.agreement.duration or 0.0),
        candidate.mbid,
    )


def _judge_fingerprint_match(
    passage: PassageEvidence,
    track: Track | None,
    release: Release | None,
    candidate: ScoredCandidate,
    candidates: Sequence[ScoredCandidate],
) -> _RecordingJudgment:
    """Judge a candidate that the folder's album does not speak against."""
    expected = track is not None and candidate.mbid == track.recording.mbid
    confirmed = candidate.mbid == passage.recording_mbid
    agreement, named = candidate.agreement, passage.tagged and bool(passage.title)
    in_place = bool(
        expected
        and track
        and release
        and is_at_track(passage, track, release)
        and (agreement.duration or 0) >= LENGTH_AGREES_FROM
    )
    if not named:
        agreed = ALBUM_PLACE_AGREEMENT if in_place else None
        agreement = replace(agreement, metadata=agreed)
    score = agreement.score
    if expected or confirmed:
        score = max(score, MEDIUM_FROM + NAMES_BONUS)
    found = (
        doubts.about_names(agreement.metadata, named=named),
        "" if agreement.duration != 0 else "its length is another",
        doubts.about_id(passage, candidates, candidate, expected=expected),
        doubts.about_album(passage, release, candidate, expected=expected),
        ""
        if expected or confirmed
        else doubts.about_rivals(passage, candidate, candidates),
        ""
        if confirmed
        else doubts.about_edition(passage, release, candidate, candidates),
    )
    doubt = "; ".join(filter(None, found))
    if doubt:
        return candidate.recording, _judgment(
            score, f"heard, but {doubt}", max_score=MEDIUM_MAX
        )
    why = "its names agree" if named else "it is in its place on the album"
    also = "; the tags name the recording" if confirmed else ""
    return candidate.recording, _judgment(score, f"heard, and {why}{also}")


def _judge_off_album(
    passage: PassageEvidence, track: Track, release: Release, best: ScoredCandidate
) -> _RecordingJudgment:
    """Judge a passage whose fingerprint is of something that is not its track."""
    tagged = passage.tagged and bool(passage.title)
    by_track = track_names_agreement(passage, track, release) or 0.0 if tagged else 0.0
    by_fingerprint = best.agreement.metadata or 0.0 if tagged else 0.0
    if has_same_names(track.title, track.recording.artist, best.recording) or (
        has_same_names(track.recording.title, release.artist, best.recording)
    ):
        reason = "the album's track; AcoustID has the song as another recording"
        return track.recording, _judgment(MEDIUM_FROM + NAMES_BONUS, reason)
    if by_track >= NAMES_AGREE_FROM and by_track >= by_fingerprint:
        reason = "the album's track by names and length, but it sounds like another"
        return track.recording, _judgment(MEDIUM_FROM, reason)
    if by_fingerprint >= NAMES_AGREE_FROM:
        reason = "heard, and its names agree, but the folder's album has another"
        return best.recording, _judgment(
            best.agreement.score, reason, max_score=MEDIUM_MAX
        )
    reason = "in its place on the album, but it sounds like another"
    if is_at_track(passage, track, release):
        return track.recording, _judgment(LOW_FROM, reason)
    reason = "heard, but the folder's album has another"
    return best.recording, _judgment(best.agreement.score, reason, max_score=LOW_MAX)


def _judge_without_fingerprint(
    passage: PassageEvidence,
    track: Track | None,
    release: Release | None,
    recordings: Mapping[str, Recording],
) -> _RecordingJudgment:
    """Judge a passage for which no fingerprint speaks."""
    if track and release:
        judged = _judge_as_album_track(passage, track, release)
        if judged:
            return track.recording, judged
    mbid, tagged = passage.recording_mbid, passage.tagged and bool(passage.title)
    judged = judge_claims(
        TagClaims(mbid, passage.title, passage.artist, passage.tagged)
    )
    if mbid is None:
        return None, judged
    known = recordings.get(mbid)
    if known is None:
        own = Recording(
            mbid, passage.title or "", passage.artist or "", passage.seconds
        )
        return own, judged
    if tagged and not has_same_names(passage.title or "", passage.artist, known):
        reason = "the tags name a recording that has other names"
        return known, _judgment(LOW_FROM, reason)
    return known, judged


def _judge_as_album_track(
    passage: PassageEvidence, track: Track, release: Release
) -> Judgment | None:
    """Judge a passage as its album's track; None when names or place are others."""
    names = track_names_agreement(passage, track, release) if passage.tagged else None
    if names is not None and names < NAMES_AGREE_FROM:
        return None
    if passage.recording_mbid == track.recording.mbid:
        reason = "the album's track, as the tags say; not heard"
        return _judgment(MEDIUM_FROM + NAMES_BONUS, reason)
    near = (duration_agreement(passage.seconds, length_of(track)) or 0) > 0
    if near and (names is not None or is_at_track(passage, track, release)):
        how = "place" if names is None else "names"
        reason = f"the album's track by {how} and length; not heard"
        return _judgment(MEDIUM_FROM, reason)
    return None
