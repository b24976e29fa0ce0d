"""Videos: they are matched with an audio file only if nothing else is left."""

from collections.abc import Mapping
from dataclasses import replace

from segued.matching.confidence import MEDIUM_MAX, Decision
from segued.matching.evidence import PassageEvidence, Recording, Release, Track
from segued.matching.scores import FINGERPRINT_FROM
from segued.matching.tag_evidence import confidence_band

__all__ = ["cap_video", "videos_among", "without_videos"]


def videos_among(
    release: Release | None, recordings: Mapping[str, Recording]
) -> frozenset[str]:
    """Return the ids of the recordings that are videos, as far as is known.

    Args:
        release: The release of the folder. A recording that it has on a DVD as well as
            on a CD is none.
        recordings: MusicBrainz's descriptions of recordings, by id.
    """
    tracks = release.tracks if release else ()
    videos = {mbid for mbid, each in recordings.items() if each.is_video}
    videos |= {each.recording.mbid for each in tracks if each.is_video}
    audio = {each.recording.mbid for each in tracks if not each.is_video}
    return frozenset(videos - audio)


def without_videos(
    passage: PassageEvidence, track: Track | None, videos: frozenset[str]
) -> PassageEvidence:
    """Return a passage without candidates that are videos, if anything else is left."""
    others = tuple(
        each for each in passage.candidates if each.recording_mbid not in videos
    )
    has_track = track is not None and not track.is_video
    if has_track or any(each.score >= FINGERPRINT_FROM for each in others):
        return replace(passage, candidates=others)
    return passage


def cap_video(
    decision: Decision, passage: PassageEvidence, videos: frozenset[str]
) -> Decision:
    """Return a decision, below High if it is a video; name the videos rejected.

    Args:
        decision: The decision.
        passage: The passage, with all candidates.
        videos: The ids of the recordings that are videos.
    """
    chosen = decision.recording.mbid if decision.recording else None
    rejected = decision.rejected + tuple(
        f"{each.title or 'unnamed'} ({each.recording_mbid}): a video"
        for each in passage.candidates
        if each.recording_mbid in videos
        and each.recording_mbid != chosen
        and not any(each.recording_mbid in text for text in decision.rejected)
    )
    decision = replace(decision, rejected=rejected)
    if chosen not in videos or decision.score <= MEDIUM_MAX:
        return decision
    return replace(
        decision,
        score=MEDIUM_MAX,
        confidence=confidence_band(MEDIUM_MAX),
        reason=f"{decision.reason}; but it is a video",
    )
