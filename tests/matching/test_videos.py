"""Videos beside audio: `segued.matching.videos`."""

from dataclasses import replace

from segued.matching.confidence import Decision, decide
from segued.matching.evidence import PassageEvidence, Recording, Release
from segued.matching.videos import cap_video, videos_among, without_videos
from tests.matching.sample_evidence import ALBUM, candidate, passage_of, recording

TRACK = ALBUM.tracks[1]
VIDEO = replace(recording("video", "Blue Winter", 214), is_video=True)
"""The video of song 2, with the same sound."""


def decide_with_videos(
    passage: PassageEvidence, *known: Recording, release: Release | None = None
) -> Decision:
    """Decide about a passage, with some recordings described by MusicBrainz."""
    recordings = {each.mbid: each for each in known}
    videos = videos_among(release, recordings)
    track = release.tracks[1] if release else None
    found = decide(
        without_videos(passage, track, videos),
        track=track,
        release=release,
        recordings=recordings,
    )
    return cap_video(found, passage, videos)


def heard(*recordings: Recording) -> PassageEvidence:
    """Return song 2 with these recordings as AcoustID's candidates."""
    candidates = tuple(
        candidate(each, sources=90 - nth) for nth, each in enumerate(recordings)
    )
    return replace(passage_of(2), candidates=candidates)


def test_an_audio_recording_is_preferred_to_a_video() -> None:
    """Though more people submitted the video; it is named among the rejected."""
    decision = decide_with_videos(heard(VIDEO, TRACK.recording), VIDEO)

    assert decision.recording is not None
    assert (decision.recording.mbid, decision.confidence) == ("r2", "High")
    assert decision.rejected == ("Blue Winter (video): a video",)


def test_a_video_alone_is_below_high() -> None:
    """Nothing else is left, and all evidence agrees."""
    decision = decide_with_videos(heard(VIDEO), VIDEO)

    assert decision.recording is not None
    assert (decision.recording.mbid, decision.confidence) == ("video", "Medium")
    assert decision.reason.endswith("it is a video")


def test_a_track_of_a_dvd_is_below_high() -> None:
    """Unless the release has the recording on a CD, too."""
    track = replace(TRACK, is_video=True)
    tracks = (ALBUM.tracks[0], track, *ALBUM.tracks[2:])
    dvd = replace(ALBUM, tracks=tracks)
    both = replace(ALBUM, tracks=(*tracks, replace(TRACK, disc=2)))

    assert decide_with_videos(passage_of(2), release=dvd).confidence == "Medium"
    assert decide_with_videos(passage_of(2), release=both).confidence == "High"


def test_the_track_stays_if_only_its_video_is_heard() -> None:
    """The folder's album has the song without a video."""
    decision = decide_with_videos(heard(VIDEO), VIDEO, release=ALBUM)

    assert decision.recording is not None
    assert decision.recording.mbid == "r2"
