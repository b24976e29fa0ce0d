"""The confidence in a match: from kinds of evidence to a score and its band."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from segued.matching import doubts
from segued.matching.album import is_at_track, length_of
from segued.matching.candidate_order import preference_key
from segued.matching.candidates import (
    ScoredCandidate,
    score_candidates,
    track_names_agreement,
)
from segued.matching.evidence import PassageEvidence, Recording, Release, Track
from segued.matching.explanations import (
    describe_evidence,
    describe_improvement,
    describe_rejected,
    fingerprint_state,
)
from segued.matching.own_evidence import (
    is_contradicted,
    is_named_by_all,
    is_named_without_fingerprint,
    is_tagged_with,
    names_agree,
    names_another_version,
)
from segued.matching.questions import (
    KnownEvidence,
    Question,
    QuestionKind,
    ask,
    kinds_to_ask,
)
from segued.matching.scores import (
    FINGERPRINT_FROM,
    LENGTH_AGREES_FROM,
    NAMES_AGREE_FROM,
    duration_agreement,
    has_same_names,
    without_placeholders,
)
from segued.matching.tag_evidence import (
    HIGH_FROM,
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

MEDIUM_MAX: Final = 0.84
LOW_MAX: Final = 0.69
"""The highest scores of a match with a doubt, and of one against the album."""

ALBUM_PLACE_AGREEMENT: Final = 0.95
"""Metadata agreement, 0 to 1, of a passage without names in its track's place."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The recording that a passage is matched to, with confidence and reasons.

    Attributes:
        recording: None if there is no match. Made of AcoustID's or the file's
            names, without artists, if MusicBrainz has not described it.
        score: 0 to 1, always within the band that `confidence` names.
        reason: A sentence for people.
        evidence: A description of each kind of evidence, by kind.
        rejected: A sentence for each candidate that was not chosen.
        question: What a person could settle; None if nothing is worth it.
    """

    recording: Recording | None
    confidence: Confidence
    score: float
    reason: str
    evidence: dict[str, str]
    rejected: tuple[str, ...] = ()
    question: Question | None = None


def decide(
    passage: PassageEvidence,
    *,
    track: Track | None,
    release: Release | None,
    recordings: Mapping[str, Recording],
    is_album: bool = True,
) -> Decision:
    """Decide which recording a passage is.

    Args:
        passage: The passage.
        track: The track of `release` that the passage is assigned to, if any.
        release: The release that the folder is matched to, if any.
        recordings: MusicBrainz's descriptions of recordings, by id.
        is_album: Whether several passages are matched to the release: one or two are
            no evidence for a track against its rivals.
    """
    passage = without_placeholders(passage)
    candidates = score_candidates(
        passage, track=track, release=release, recordings=recordings
    )
    good = [each for each in candidates if each.acoustid.score >= FINGERPRINT_FROM]
    best = min(
        good,
        key=lambda each: preference_key(passage, track, release, each, good),
        default=None,
    )
    if best is None:
        found = _judge_without_fingerprint(passage, track, release, recordings)
    elif (
        track
        and release
        and best.mbid != track.recording.mbid
        and not is_named_by_all(passage, release, best)
    ):
        found = _judge_off_album(passage, track, release, best)
    else:
        found = _judge_fingerprint_match(
            passage, track, release, best, good, is_album=is_album
        )
    recording, judged = found
    if judged.confidence is Confidence.NONE:
        recording = None
    evidence = describe_evidence(passage, recording, track, release, candidates)
    known = KnownEvidence(passage, track, release, good, recordings)
    surer = describe_improvement(passage, judged.confidence, len(good))
    return Decision(
        recording=recording,
        confidence=judged.confidence,
        score=judged.score,
        reason=judged.reason,
        evidence=evidence | ({"surer by": surer} if surer else {}),
        rejected=describe_rejected(passage, recording, track, candidates),
        question=ask(known, judged.kinds, recording),
    )


_RecordingJudgment = tuple[Recording | None, Judgment]


def _judgment(
    score: float, reason: str, kinds: tuple[QuestionKind, ...] = ()
) -> Judgment:
    return Judgment(score, confidence_band(score), reason, kinds)


def _has_names(passage: PassageEvidence) -> bool:
    """Return whether a passage has a title from tags, a CUE sheet or chapters."""
    return passage.tagged and bool(passage.title)


def _judge_fingerprint_match(  # noqa: PLR0913
    passage: PassageEvidence,
    track: Track | None,
    release: Release | None,
    candidate: ScoredCandidate,
    candidates: Sequence[ScoredCandidate],
    *,
    is_album: bool,
) -> _RecordingJudgment:
    """Judge the best candidate where it does not contradict the folder's album."""
    expected = track is not None and candidate.mbid == track.recording.mbid
    confirmed = candidate.mbid == passage.recording_mbid
    named = _has_names(passage)
    agreement = candidate.agreement
    if not named:
        in_place = expected and _is_in_place(passage, track, release, candidate)
        # A file's name alone is no evidence; on the folder's album, it is.
        by_name = expected and bool(passage.artist) and names_agree(candidate)
        metadata = agreement.metadata if by_name else None
        if in_place and not is_contradicted(passage, candidate, candidates):
            metadata = ALBUM_PLACE_AGREEMENT
        agreement = replace(agreement, metadata=metadata)
    found = _find_doubts(
        passage,
        release,
        candidate,
        candidates,
        metadata=agreement.metadata,
        expected=expected,
        is_album=is_album,
    )
    score = agreement.score
    if expected or confirmed:
        # Two kinds of evidence agree; a third makes up for a low fingerprint score.
        score = max(score, MEDIUM_FROM + NAMES_BONUS if found else HIGH_FROM)
    if found:
        reason = f"matched by fingerprint, but {'; '.join(found.values())}"
        most = MEDIUM_MAX
        if not confirmed and _is_other_song(passage, candidate):
            most = LOW_MAX
        kinds = kinds_to_ask(found, expected=expected, confirmed=confirmed)
        return candidate.recording, _judgment(min(score, most), reason, kinds)
    why = "its names agree"
    if not named and agreement.metadata == ALBUM_PLACE_AGREEMENT:
        why = "it is in its place on the album"
    elif not named:
        why = "the file's name agrees"
    also = f"; {passage.naming} the same recording" if confirmed else ""
    reason = f"matched by fingerprint, and {why}{also}"
    return candidate.recording, _judgment(score, reason)


def _is_other_song(passage: PassageEvidence, candidate: ScoredCandidate) -> bool:
    """Return whether more than the fingerprint's rivals speaks against a candidate.

    The tags name another version of the song; or any names differ, and so does the
    length, off the folder's album.
    """
    if not passage.title or names_agree(candidate):
        return False
    if _has_names(passage) and names_another_version(passage, candidate):
        return True
    return candidate.agreement.duration == 0 and not candidate.on_release


def _find_doubts(  # noqa: PLR0913
    passage: PassageEvidence,
    release: Release | None,
    candidate: ScoredCandidate,
    candidates: Sequence[ScoredCandidate],
    *,
    metadata: float | None,
    expected: bool,
    is_album: bool,
) -> dict[QuestionKind, str]:
    """Return the doubts about the best candidate, by kind.

    Its place on the album may count as `metadata`, the agreement of its names.
    """
    kind = QuestionKind
    confirmed = candidate.mbid == passage.recording_mbid
    by_names = kind.UNNAMED if metadata is None else kind.OTHER_NAMES
    is_heard = any(each.mbid == passage.recording_mbid for each in candidates)
    found = {
        by_names: doubts.about_names(passage, metadata),
        kind.OTHER_LENGTH: doubts.about_length(candidate.agreement.duration),
        kind.OTHER_ID if is_heard else kind.UNHEARD_ID: doubts.about_id(
            passage, candidates, candidate, expected=expected
        ),
        kind.OFF_ALBUM: doubts.about_album(
            passage, release, candidate, expected=expected
        ),
    }
    if not (confirmed or expected):
        found[kind.RIVALS] = doubts.about_rivals(passage, candidate, candidates)
    if expected and not (confirmed or is_album):
        found[kind.RIVALS] = doubts.about_stronger_rival(passage, candidate, candidates)
    if not confirmed:
        found[kind.EDITION] = doubts.about_edition(
            passage, release, candidate, candidates
        )
    return {each: doubt for each, doubt in found.items() if doubt}


def _is_in_place(
    passage: PassageEvidence,
    track: Track | None,
    release: Release | None,
    candidate: ScoredCandidate,
) -> bool:
    """Return whether position and length of a passage are those of its track."""
    return (
        track is not None
        and release is not None
        and is_at_track(passage, track, release)
        and (candidate.agreement.duration or 0) >= LENGTH_AGREES_FROM
    )


def _judge_off_album(
    passage: PassageEvidence, track: Track, release: Release, best: ScoredCandidate
) -> _RecordingJudgment:
    """Judge a passage whose best candidate is not the recording of its track."""
    by_track = by_fingerprint = 0.0
    if _has_names(passage):
        by_track = track_names_agreement(passage, track, release) or 0.0
        by_fingerprint = best.agreement.metadata or 0.0
    is_same_song = has_same_names(
        track.title, track.recording.artist, best.recording
    ) or has_same_names(track.recording.title, release.artist, best.recording)
    is_same_song = is_same_song and not by_track < NAMES_AGREE_FROM <= by_fingerprint
    score = best.agreement.score
    # Condition, recording, score, reason and what is uncertain; the first rule that
    # applies wins.
    rules = (
        (
            is_same_song,
            track.recording,
            MEDIUM_FROM + NAMES_BONUS,
            "the album's track; AcoustID lists the song as another recording",
            QuestionKind.OTHER_RECORDING,
        ),
        (
            by_track >= max(NAMES_AGREE_FROM, by_fingerprint),
            track.recording,
            MEDIUM_FROM,
            "the album's track by names and length; the fingerprint is of another one",
            QuestionKind.OTHER_SOUND,
        ),
        (
            by_fingerprint >= NAMES_AGREE_FROM,
            best.recording,
            min(score, MEDIUM_MAX),
            "matched by fingerprint and names, but the album lists another recording",
            QuestionKind.OFF_ALBUM,
        ),
        (
            is_at_track(passage, track, release),
            track.recording,
            LOW_FROM,
            "in its place on the album, but the fingerprint is of another recording",
            QuestionKind.OTHER_SOUND,
        ),
        (
            True,
            best.recording,
            min(score, LOW_MAX),
            "matched by fingerprint, but the folder's album lists another recording",
            QuestionKind.OFF_ALBUM,
        ),
    )
    return next(
        (recording, _judgment(points, reason, (kind,)))
        for applies, recording, points, reason, kind in rules
        if applies
    )


def _judge_without_fingerprint(
    passage: PassageEvidence,
    track: Track | None,
    release: Release | None,
    recordings: Mapping[str, Recording],
) -> _RecordingJudgment:
    """Judge a passage that no candidate of AcoustID matches."""
    mbid, title = passage.recording_mbid, passage.title or ""
    embedded = recordings.get(mbid or "")
    stands = (
        embedded is not None
        and is_named_without_fingerprint(passage, embedded)
        and not is_tagged_with(passage, release)
    )
    if track and release and not stands:
        as_track = _judge_as_album_track(passage, track, release)
        if as_track is not None:
            return track.recording, as_track
    judged = judge_claims(
        TagClaims(
            mbid, passage.title, passage.artist, passage.tagged, passage.recording_by
        )
    )
    if mbid is None:
        return None, judged  # Nothing names a recording.
    known = recordings.get(mbid)
    if known is None:  # MusicBrainz has not described it: by the file's own names.
        return Recording(mbid, title, passage.artist or "", passage.seconds), judged
    if _has_names(passage) and not has_same_names(title, passage.artist, known):
        reason = f"the recording that {passage.naming} has other names"
        return known, _judgment(LOW_FROM, reason, (QuestionKind.OTHER_NAMES,))
    return known, judged


def _judge_as_album_track(
    passage: PassageEvidence, track: Track, release: Release
) -> Judgment | None:
    """Judge a passage as its album's track; None if names or place contradict it."""
    names = track_names_agreement(passage, track, release)
    if names is not None and names < NAMES_AGREE_FROM:
        if passage.tagged and not passage.release_chosen:
            return None
        # Nobody chose the name of a file to be a title, or a person chose the release.
        names = None
    if passage.recording_mbid == track.recording.mbid:
        where = f"the album's track, {passage.named_where}"
        reason = f"{where}; {fingerprint_state(passage)}"
        return _judgment(MEDIUM_FROM + NAMES_BONUS, reason)
    near = (duration_agreement(passage.seconds, length_of(track)) or 0) > 0
    if near and (names is not None or is_at_track(passage, track, release)):
        how = "place" if names is None else "names"
        reason = f"the album's track by {how} and length; {fingerprint_state(passage)}"
        return _judgment(MEDIUM_FROM, reason)
    return None
