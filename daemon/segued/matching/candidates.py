"""The recordings that a passage may be, each with what speaks for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from segued.matching.album import length_of
from segued.matching.evidence import Candidate, Piece, Recording, Release, Track
from segued.matching.scores import (
    Agreement,
    Names,
    duration_agreement,
    fingerprint_agreement,
    metadata_agreement,
)

__all__ = ["Weighed", "agreement_with", "weigh"]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate, the recording that it names, and how far they agree.

    Attributes:
        on_release: Whether it is on the release that the folder is.
    """

    candidate: Candidate
    recording: Recording
    agreement: Agreement
    seconds: float | None
    on_release: bool

    @property
    def mbid(self) -> str:
        """Return the recording's id."""
        return self.candidate.recording_mbid


def weigh(
    piece: Piece,
    *,
    track: Track | None,
    release: Release | None,
    recordings: Mapping[str, Recording],
) -> tuple[Weighed, ...]:
    """Weigh each candidate, whatever the others are; ordered by id."""
    unique = _unique(piece.candidates)
    weighed = []
    for candidate in unique:
        mbid = candidate.recording_mbid
        places = [
            each
            for each in (release.tracks if release else ())
            if each.recording.mbid == mbid
        ]
        place = track if track in places else next(iter(places), None)
        recording, noted = _described(candidate, place, recordings)
        length = (length_of(place) if place else None) or recording.seconds
        heard = fingerprint_agreement(candidate, unique)
        agreement = Agreement(
            metadata=_names_agreement(
                piece, recording, place, release if place else None, noted=noted
            ),
            fingerprint=heard,
            duration=duration_agreement(piece.seconds, length),
        )
        weighed.append(Weighed(candidate, recording, agreement, length, bool(places)))
    return tuple(weighed)


def agreement_with(piece: Piece, track: Track, release: Release) -> float | None:
    """Return how far a passage's names agree with a track's of its album."""
    return _names_agreement(piece, track.recording, track, release, noted=True)


def _unique(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the best of the candidates of each recording."""
    best: dict[str, Candidate] = {}
    for each in candidates:
        other = best.get(each.recording_mbid)
        if other is None or (each.score, each.sources) > (other.score, other.sources):
            best[each.recording_mbid] = each
    return [best[mbid] for mbid in sorted(best)]


def _described(
    candidate: Candidate, place: Track | None, recordings: Mapping[str, Recording]
) -> tuple[Recording, bool]:
    """Return a candidate's recording, and whether MusicBrainz described it."""
    known = recordings.get(candidate.recording_mbid)
    if known is None and place is not None:
        known = place.recording
    return known or _named(candidate), known is not None


def _named(candidate: Candidate) -> Recording:
    return Recording(
        mbid=candidate.recording_mbid,
        title=candidate.title or "",
        artist=candidate.artist or "",
        seconds=candidate.seconds,
    )


def _names_agreement(
    piece: Piece,
    recording: Recording,
    track: Track | None,
    release: Release | None,
    *,
    noted: bool,
) -> float | None:
    """Return how far a passage's names agree with a recording, or with its track."""
    note = recording.note if noted else None
    album = release.title if release else None
    credits_ = [recording.artist]
    if release and track and recording.mbid == track.recording.mbid:
        credits_ += [track.recording.artist, release.artist]
    titles = [recording.title]
    if track and recording.mbid == track.recording.mbid:
        titles.append(track.title)
    found = (
        metadata_agreement(piece, Names(title, artist, note, album))
        for title in titles
        for artist in credits_
    )
    return max((each for each in found if each is not None), default=None)
