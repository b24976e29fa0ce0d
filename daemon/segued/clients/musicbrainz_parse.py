"""Reading what MusicBrainz answered, now or some time ago."""

from typing import Annotated, Final, TypeAlias

import msgspec

from segued.clients.schema import Mbid, Shape, decoded
from segued.matching.evidence import Name, Recording, Release, Track
from segued.units import Seconds

__all__ = ["found_releases", "recording_in", "releases_in"]

NAME: Final = "musicbrainz"

SCORE_MIN: Final = 80.0
"""What a search finds below that has some words in common, and no more."""

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class _Artist(Shape, frozen=True):
    id: Mbid
    name: str


class _Credit(Shape, frozen=True):
    artist: _Artist
    name: str | None = None
    joinphrase: str | None = None


class _Work(Shape, frozen=True):
    id: Mbid
    title: str


class _Relation(Shape, frozen=True):
    target_type: str | None = None
    work: _Work | None = None


class _Recording(Shape, frozen=True):
    id: Mbid
    title: str
    length: Count | None = None
    disambiguation: str | None = None
    artist_credit: list[_Credit] | None = None
    isrcs: list[str] | None = None
    relations: list[_Relation] | None = None


class _Track(Shape, frozen=True):
    position: Count
    recording: _Recording
    title: str | None = None
    length: Count | None = None


class _Medium(Shape, frozen=True):
    position: Count | None = None
    tracks: list[_Track] | None = None


class _Group(Shape, frozen=True):
    id: Mbid


class _Release(Shape, frozen=True):
    id: Mbid
    title: str
    artist_credit: list[_Credit] | None = None
    release_group: _Group | None = None
    date: str | None = None
    media: list[_Medium] | None = None


class _Browsed(Shape, frozen=True):
    releases: list[_Release] | msgspec.UnsetType = msgspec.UNSET


class _Hit(Shape, frozen=True):
    id: Mbid
    score: float


class _Search(Shape, frozen=True):
    releases: list[_Hit]


def releases_in(raw: bytes) -> tuple[Release, ...]:
    """Read a release, or a page of them.

    Raises:
        ServiceAnswerError: It is neither.
    """
    page = decoded(NAME, raw, _Browsed).releases
    if isinstance(page, msgspec.UnsetType):
        page = [decoded(NAME, raw, _Release)]
    return tuple(_release(each) for each in page)


def recording_in(raw: bytes) -> Recording:
    """Read a recording.

    Raises:
        ServiceAnswerError: It is none.
    """
    return _recording(decoded(NAME, raw, _Recording))


def found_releases(raw: bytes) -> tuple[str, ...]:
    """Read what a search found: the ids of what is close enough, best first.

    Raises:
        ServiceAnswerError: It is not what a search answers.
    """
    hits = decoded(NAME, raw, _Search).releases
    close = [each for each in hits if each.score >= SCORE_MIN]
    ranked = sorted(close, key=lambda each: -each.score)
    return tuple(dict.fromkeys(each.id.lower() for each in ranked))


def _release(release: _Release) -> Release:
    group = release.release_group
    tracks = [
        Track(
            disc=medium.position or number,
            position=track.position,
            title=track.title or track.recording.title,
            recording=_recording(track.recording),
            seconds=_seconds(track.length),
        )
        for number, medium in enumerate(release.media or (), start=1)
        for track in medium.tracks or ()
    ]
    return Release(
        mbid=release.id.lower(),
        title=release.title,
        artist=_credited(release.artist_credit),
        group_mbid=None if group is None else group.id.lower(),
        date=release.date or None,
        tracks=tuple(sorted(tracks, key=lambda each: (each.disc, each.position))),
    )


def _recording(recording: _Recording) -> Recording:
    credits_ = recording.artist_credit or ()
    artists = [Name(each.artist.id.lower(), each.artist.name) for each in credits_]
    works = [
        Name(each.work.id.lower(), each.work.title)
        for each in recording.relations or ()
        if each.target_type == "work" and each.work is not None
    ]
    return Recording(
        mbid=recording.id.lower(),
        title=recording.title,
        artist=_credited(recording.artist_credit),
        seconds=_seconds(recording.length),
        note=recording.disambiguation or "",
        artists=tuple(dict.fromkeys(artists)),
        works=tuple(dict.fromkeys(works)),
        isrcs=tuple(recording.isrcs or ()),
    )


def _credited(credit: list[_Credit] | None) -> str:
    """Return a whole credit, as printed."""
    return "".join(
        (each.name or each.artist.name) + (each.joinphrase or "")
        for each in credit or ()
    )


def _seconds(length_ms: int | None) -> Seconds | None:
    return Seconds(length_ms / 1_000) if length_ms else None
