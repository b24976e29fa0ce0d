"""The candidate recordings of a passage, each with its agreement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from segued.matching.album import is_printed_at_place, length_of
from segued.matching.evidence import (
    Candidate,
    PassageEvidence,
    Recording,
    Release,
    Track,
)
from segued.matching.scores import (
    Agreement,
    RecordingNames,
    duration_agreement,
    fingerprint_agreement,
    metadata_agreement,
)

__all__ = ["ScoredCandidate", "score_candidates", "track_names_agreement"]


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """A candidate, its recording, and its agreement with the passage.

    Attributes:
        seconds: The length of the recording, or of its track on the release.
        on_release: Whether the folder's release contains it.
    """

    acoustid: Candidate
    recording: Recording
    agreement: Agreement
    seconds: float | None
    on_release: bool

    @property
    def mbid(self) -> str:
        """The MusicBrainz id of the recording."""
        return self.acoustid.recording_mbid


def score_candidates(
    passage: PassageEvidence,
    *,
    track: Track | None,
    release: Release | None,
    recordings: Mapping[str, Recording],
) -> tuple[ScoredCandidate, ...]:
    """Score each candidate recording of a passage; return them ordered by id."""
    unique = _best_per_recording(passage.candidates)
    scored = []
    for candidate in unique:
        mbid = candidate.recording_mbid
        places = [
            each
            for each in (release.tracks if release else ())
            if each.recording.mbid == mbid
        ]
        place = track if track in places else next(iter(places), None)
        recording, described = _describe_candidate(candidate, place, recordings)
        length = (length_of(place) if place else None) or recording.seconds
        fingerprint = fingerprint_agreement(candidate, unique)
        agreement = Agreement(
            metadata=_names_agreement(
                passage,
                recording,
                place,
                release if place else None,
                described=described,
            ),
            fingerprint=fingerprint,
            duration=duration_agreement(passage.seconds, length),
        )
        scored.append(
            ScoredCandidate(candidate, recording, agreement, length, bool(places))
        )
    return tuple(scored)


def track_names_agreement(
    passage: PassageEvidence, track: Track, release: Release
) -> float | None:
    """Return the agreement of a passage's names with its album track's, 0 to 1."""
    return _names_agreement(passage, track.recording, track, release, described=True)


def _best_per_recording(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidate with the best score for each recording."""
    best: dict[str, Candidate] = {}
    for each in candidates:
        other = best.get(each.recording_mbid)
        if other is None or (each.score, each.sources) > (other.score, other.sources):
            best[each.recording_mbid] = each
    return [best[mbid] for mbid in sorted(best)]


def _describe_candidate(
    candidate: Candidate, place: Track | None, recordings: Mapping[str, Recording]
) -> tuple[Recording, bool]:
    """Return a candidate's recording and whether MusicBrainz has described it."""
    known = recordings.get(candidate.recording_mbid)
    if known is None and place is not None:
        known = place.recording
    return known or _recording_from_acoustid(candidate), known is not None


def _recording_from_acoustid(candidate: Candidate) -> Recording:
    return Recording(
        mbid=candidate.recording_mbid,
        title=candidate.title or "",
        artist=candidate.artist or "",
        seconds=candidate.seconds,
    )


def _names_agreement(
    passage: PassageEvidence,
    recording: Recording,
    track: Track | None,
    release: Release | None,
    *,
    described: bool,
) -> float | None:
    """Return the best agreement of a passage with a recording's or track's names."""
    note = recording.note if described else None
    album = release.title if release else None
    credits_ = [recording.artist]
    if release and track and recording.mbid == track.recording.mbid:
        credits_ += [track.recording.artist, release.artist]
        credits_ += [track.artist] if track.artist else []
    titles = [recording.title]
    printed = False
    if track and recording.mbid == track.recording.mbid:
        titles.append(track.title)
        printed = release is not None and is_printed_at_place(passage, track, release)
    found = (
        metadata_agreement(passage, RecordingNames(title, artist, note, album, printed))
        for title in titles
        for artist in credits_
    )
    return max((each for each in found if each is not None), default=None)
