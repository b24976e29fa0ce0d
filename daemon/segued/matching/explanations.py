"""Why a passage is held to be a recording, in words, for `explain`."""

from collections.abc import Sequence

from segued.matching.candidates import ScoredCandidate
from segued.matching.evidence import PassageEvidence, Recording, Release, Track
from segued.matching.scores import NAMES_AGREE_FROM

__all__ = ["describe_evidence", "describe_rejected"]


def describe_evidence(
    passage: PassageEvidence,
    recording: Recording | None,
    track: Track | None,
    release: Release | None,
    candidates: Sequence[ScoredCandidate],
) -> dict[str, str]:
    """Return what was found, by its kind; what is not there is left out."""
    mbid = recording.mbid if recording else None
    chosen = next((each for each in candidates if each.mbid == mbid), None)
    names = " / ".join(name for name in (passage.artist, passage.title) if name)
    found = {
        "duration": _duration_text(passage, chosen),
        "fingerprint": _fingerprint_text(passage, chosen, candidates),
        "names": _names_text(passage, names, chosen),
        "embedded id": _embedded_id_text(passage, candidates),
        "album": _album_text(track, release),
    }
    return {kind: what for kind, what in found.items() if what}


def describe_rejected(
    passage: PassageEvidence,
    recording: Recording | None,
    track: Track | None,
    candidates: Sequence[ScoredCandidate],
) -> tuple[str, ...]:
    """Return a sentence for each candidate that was not taken, best first."""
    mbid = recording.mbid if recording else None
    chosen = next((each for each in candidates if each.mbid == mbid), None)
    others = [each for each in candidates if each.mbid != mbid]
    others.sort(key=lambda each: (-each.acoustid.score, each.mbid))
    sentences = [
        f"{_display_name(each.recording)} ({each.mbid}): "
        f"{_rejection_reason(each, chosen, track)}"
        for each in others
    ]
    embedded = passage.recording_mbid
    if embedded not in (None, mbid) and all(
        each.mbid != embedded for each in candidates
    ):
        why = "not among the candidates" if candidates else "not the album's track"
        sentences.append(f"the recording that the tags name ({embedded}): {why}")
    return tuple(sentences)


def _duration_text(passage: PassageEvidence, chosen: ScoredCandidate | None) -> str:
    if chosen is None or chosen.seconds is None:
        return f"{passage.seconds:.1f} s"
    return f"{passage.seconds:.1f} s, {abs(passage.seconds - chosen.seconds):.1f} s off"


def _fingerprint_text(
    passage: PassageEvidence,
    chosen: ScoredCandidate | None,
    candidates: Sequence[ScoredCandidate],
) -> str:
    if chosen is not None:
        sources = sum(each.acoustid.sources for each in candidates)
        return (
            f"{chosen.acoustid.score:.2f}, "
            f"{chosen.acoustid.sources} of {sources} sources, "
            f"{len(candidates)} recordings"
        )
    if candidates:
        return f"of {len(candidates)} other recordings"
    return "AcoustID knows nothing" if passage.acoustid_answered else "not looked up"


def _names_text(
    passage: PassageEvidence, names: str, chosen: ScoredCandidate | None
) -> str:
    if not names:
        return ""
    whose = names if passage.tagged else f"{names} (by the file's name)"
    if chosen is None or chosen.agreement.metadata is None:
        return whose
    return f"{whose}: {chosen.agreement.metadata:.2f} alike"


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


def _album_text(track: Track | None, release: Release | None) -> str:
    if release is None:
        return ""
    if track is None:
        return f"{release.title}, on none of its tracks"
    return f"{release.title}, disc {track.disc}, track {track.position}"


def _display_name(recording: Recording) -> str:
    note = f" ({recording.note})" if recording.note else ""
    names = " / ".join(name for name in (recording.artist, recording.title) if name)
    return f"{names or 'without a name'}{note}"


def _rejection_reason(
    candidate: ScoredCandidate, chosen: ScoredCandidate | None, track: Track | None
) -> str:
    """Return what speaks most against a candidate."""
    metadata, duration = candidate.agreement.metadata, candidate.agreement.duration
    if metadata is not None and metadata < NAMES_AGREE_FROM:
        return "other names, or another version"
    if duration == 0:
        return "another length"
    if track is not None and candidate.mbid != track.recording.mbid:
        return "not the album's track"
    if chosen and candidate.acoustid.score < chosen.acoustid.score:
        return "less alike in sound"
    if chosen and candidate.acoustid.sources < chosen.acoustid.sources:
        return f"fewer sources, {candidate.acoustid.sources}"
    return "nothing speaks for it alone"
