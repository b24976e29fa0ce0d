"""Sentences about a match and its rejected candidates, for `segued explain`."""

from collections.abc import Sequence

from segued.matching.candidates import ScoredCandidate
from segued.matching.evidence import PassageEvidence, Recording, Release, Track
from segued.matching.scores import (
    FINGERPRINT_FROM,
    NAMES_AGREE_FROM,
    title_similarity,
)
from segued.model import Confidence

__all__ = [
    "describe_evidence",
    "describe_improvement",
    "describe_rejected",
    "fingerprint_state",
]


def describe_evidence(
    passage: PassageEvidence,
    recording: Recording | None,
    track: Track | None,
    release: Release | None,
    candidates: Sequence[ScoredCandidate],
) -> dict[str, str]:
    """Return a description of each kind of evidence there is, by kind."""
    mbid = recording.mbid if recording else None
    chosen = next((each for each in candidates if each.mbid == mbid), None)
    names = " / ".join(name for name in (passage.artist, passage.title) if name)
    found = {
        "duration": _duration_text(passage, chosen),
        "fingerprint": _fingerprint_text(passage, chosen, candidates),
        "names": _names_text(passage, names, chosen),
        _id_kind(passage): _embedded_id_text(passage, candidates),
        **{f"{program} says": text for program, text in passage.said},
        "album": _album_text(recording, track, release),
    }
    return {kind: what for kind, what in found.items() if what}


def describe_rejected(
    passage: PassageEvidence,
    recording: Recording | None,
    track: Track | None,
    candidates: Sequence[ScoredCandidate],
) -> tuple[str, ...]:
    """Return a sentence for each candidate that was not chosen, best first."""
    mbid = recording.mbid if recording else None
    chosen = next((each for each in candidates if each.mbid == mbid), None)
    others = [each for each in candidates if each.mbid != mbid]
    others.sort(key=lambda each: (-each.acoustid.score, each.mbid))
    sentences = [
        f"{_display_name(each.recording)} ({each.mbid}): "
        f"{_rejection_reason(passage.title or '', each, chosen, track)}"
        for each in others
    ]
    embedded = passage.recording_mbid
    if embedded not in (None, mbid) and all(
        each.mbid != embedded for each in candidates
    ):
        why = "not among the candidates"
        if not candidates:
            why = "not the album's track" if track else "its names are others"
        named = f"the recording {passage.named_where} ({embedded})"
        sentences.append(f"{named}: {why}")
    return tuple(sentences)


def fingerprint_state(passage: PassageEvidence) -> str:
    """Return why no recording of AcoustID's confirms a match, for its reason."""
    if passage.candidates:
        return "no fingerprint matches closely"
    if passage.acoustid_answered:
        return "AcoustID does not know its fingerprint"
    return "AcoustID has not been asked about it"


def describe_improvement(
    passage: PassageEvidence, confidence: Confidence, candidates: int
) -> str:
    """Return what would make a match surer; empty if it is sure.

    Args:
        passage: The passage.
        confidence: The confidence of the match.
        candidates: The number of recordings that its fingerprint matches.
    """
    if confidence is Confidence.HIGH:
        return ""
    # Condition and advice; the first that applies is given.
    advice = (
        (
            not passage.acoustid_answered,
            "an answer of AcoustID; set a key: seguectl settings acoustid_api_key KEY",
        ),
        (
            not (passage.tagged and passage.title),
            "title, artist and album in the tags",
        ),
        (
            candidates > 1 and passage.recording_mbid is None,
            "the MusicBrainz id of the recording in the tags",
        ),
        (
            candidates == 0,
            "a fingerprint that AcoustID knows: submit it with the recording's id",
        ),
        (not passage.album, "the album in the tags"),
    )
    return next((text for applies, text in advice if applies), "")


def _duration_text(passage: PassageEvidence, chosen: ScoredCandidate | None) -> str:
    if chosen is None or chosen.seconds is None:
        return f"{passage.seconds:.1f} s"
    difference = abs(passage.seconds - chosen.seconds)
    return f"{passage.seconds:.1f} s; the recording's differs by {difference:.1f} s"


def _fingerprint_text(
    passage: PassageEvidence,
    chosen: ScoredCandidate | None,
    candidates: Sequence[ScoredCandidate],
) -> str:
    if chosen is not None:
        sources = sum(each.acoustid.sources for each in candidates)
        return (
            f"score {chosen.acoustid.score:.2f}, "
            f"{chosen.acoustid.sources} of {sources} sources, "
            f"{len(candidates)} recordings"
        )
    if not candidates:
        return "not known to AcoustID" if passage.acoustid_answered else "not looked up"
    if max(each.acoustid.score for each in candidates) < FINGERPRINT_FROM:
        return "resembles recordings, none closely enough"
    count = len(candidates)
    return f"matches {count} other recording{'s' if count > 1 else ''}"


def _names_text(
    passage: PassageEvidence, names: str, chosen: ScoredCandidate | None
) -> str:
    if not names:
        return ""
    whose = names if passage.tagged else f"{names} (from the file name)"
    if chosen is None or chosen.agreement.metadata is None:
        return whose
    return f"{whose}: similarity {chosen.agreement.metadata:.2f}"


def _id_kind(passage: PassageEvidence) -> str:
    """Return the kind of evidence that the id of the recording is."""
    by = passage.recording_by
    return f"id from {by}" if by else "embedded id"


def _embedded_id_text(
    passage: PassageEvidence, candidates: Sequence[ScoredCandidate]
) -> str:
    if passage.recording_mbid is None:
        return ""
    if any(each.mbid == passage.recording_mbid for each in candidates):
        return f"{passage.recording_mbid}, among the candidates"
    if candidates:
        return f"{passage.recording_mbid}, not among the candidates"
    return passage.recording_mbid


def _album_text(
    recording: Recording | None, track: Track | None, release: Release | None
) -> str:
    if release is None:
        return ""
    if track is None:
        return f"{release.title}, but none of its tracks fits"
    place = f"{release.title}, disc {track.disc}, track {track.position}"
    if recording is None or recording.mbid == track.recording.mbid:
        return place
    return f"{place}, which is another recording"


def _display_name(recording: Recording) -> str:
    note = f" ({recording.note})" if recording.note else ""
    names = " / ".join(name for name in (recording.artist, recording.title) if name)
    return f"{names or 'unnamed'}{note}"


def _rejection_reason(
    title: str,
    candidate: ScoredCandidate,
    chosen: ScoredCandidate | None,
    track: Track | None,
) -> str:
    """Return the strongest reason against a candidate; first rule wins."""
    metadata, duration = candidate.agreement.metadata, candidate.agreement.duration
    if metadata is not None and metadata < NAMES_AGREE_FROM:
        is_same_title = title_similarity(title, candidate.recording.title) == 1
        return "another version" if is_same_title else "other names, or another version"
    if duration == 0:
        return "different length"
    if track is not None and candidate.mbid != track.recording.mbid:
        return "not the album's track"
    if chosen and candidate.acoustid.score < chosen.acoustid.score:
        return "lower fingerprint score"
    if chosen and candidate.acoustid.sources < chosen.acoustid.sources:
        return f"fewer sources: {candidate.acoustid.sources}"
    return "no evidence singles it out"
