"""Parse MusicBrainz's answers, fresh or stored."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec

from segued.clients.schema import Mbid, ResponseModel, decode_response
from segued.errors import ServiceAnswerError
from segued.matching.evidence import (
    Edition,
    MusicBrainzEntity,
    Recording,
    Release,
    Track,
)
from segued.units import Seconds

__all__ = ["parse_editions", "parse_recording", "parse_releases", "parse_search"]

RawT = TypeVar("RawT")
ParsedT = TypeVar("ParsedT")

NAME: Final = "musicbrainz"

JSON_NULL: Final = msgspec.Raw(b"null")

VIDEO_FORMAT: Final = re.compile(
    r"\b(dvd|hd-dvd|blu-ray|laserdisc|vhs|vcd|svcd|cdv|vhd|ced|umd|betamax|video)"
)
AUDIO_FORMAT: Final = re.compile(r"audio|\bcd side")
"""Media for videos; of them those, and those sides, that hold audio."""

SCORE_MIN: Final = 80.0
"""Search results with a lower score only share some words with the query."""

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class _Artist(ResponseModel, frozen=True):
    id: Mbid
    name: str


class _Credit(ResponseModel, frozen=True):
    artist: _Artist
    name: str | None = None
    joinphrase: str | None = None


class _Work(ResponseModel, frozen=True):
    id: Mbid
    title: str


class _Relation(ResponseModel, frozen=True):
    target_type: str | None = None
    work: _Work | None = None


class _Recording(ResponseModel, frozen=True):
    id: Mbid
    title: str
    length: Count | None = None
    disambiguation: str | None = None
    artist_credit: list[_Credit] | None = None
    isrcs: list[str] | None = None
    video: bool | None = None
    relations: list[_Relation] | None = None


class _Track(ResponseModel, frozen=True):
    position: Count
    recording: _Recording
    title: str | None = None
    length: Count | None = None
    artist_credit: list[_Credit] | None = None


class _Medium(ResponseModel, frozen=True):
    position: Count | None = None
    format: str | None = None
    pregap: msgspec.Raw = JSON_NULL
    tracks: list[msgspec.Raw] | None = None
    data_tracks: list[msgspec.Raw] | None = None

    @property
    def all_tracks(self) -> list[msgspec.Raw]:
        """The hidden track before the first, the tracks, and those of a data session.

        MusicBrainz numbers them from 0 or 1 without a gap.
        """
        pregap = [] if self.pregap == JSON_NULL else [self.pregap]
        return [*pregap, *(self.tracks or ()), *(self.data_tracks or ())]

    @property
    def is_for_videos(self) -> bool:
        """Whether its format is one of videos, such as "DVD-Video"."""
        name = (self.format or "").casefold()
        return bool(VIDEO_FORMAT.search(name)) and not AUDIO_FORMAT.search(name)


@dataclass(frozen=True, slots=True)
class _Place:
    """An undecoded track, its disc, and whether that is a medium for videos."""

    disc: int
    track: msgspec.Raw
    is_for_videos: bool


class _Group(ResponseModel, frozen=True):
    id: Mbid


class _Release(ResponseModel, frozen=True):
    id: Mbid
    title: str
    artist_credit: list[_Credit] | None = None
    release_group: _Group | None = None
    date: str | None = None
    media: list[_Medium] | None = None


class _BrowsePage(ResponseModel, frozen=True):
    releases: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


class _Hit(ResponseModel, frozen=True):
    id: Mbid
    score: float


class _Search(ResponseModel, frozen=True):
    releases: list[msgspec.Raw]


class _Label(ResponseModel, frozen=True):
    name: str | None = None


class _LabelInfo(ResponseModel, frozen=True):
    catalog_number: str | None = None
    label: _Label | None = None


class _FoundMedium(ResponseModel, frozen=True):
    format: str | None = None
    track_count: Count = 0


class _FoundRelease(ResponseModel, frozen=True):
    id: Mbid
    title: str
    artist_credit: list[_Credit] | None = None
    date: str | None = None
    country: str | None = None
    disambiguation: str | None = None
    label_info: list[_LabelInfo] | None = None
    media: list[_FoundMedium] | None = None


def parse_releases(raw: bytes) -> tuple[Release, ...]:
    """Parse a release, or a page of releases, without what is malformed in them.

    Raises:
        ServiceAnswerError: It is neither; or all of the releases of a page, or all of
            the tracks of a release, are malformed.
    """
    page = decode_response(NAME, raw, _BrowsePage).releases
    if isinstance(page, msgspec.UnsetType):
        return (_parse_release(raw),)
    return tuple(_well_formed(page, _parse_release))


def parse_recording(raw: bytes) -> Recording:
    """Parse a recording.

    Raises:
        ServiceAnswerError: It is not a recording.
    """
    return _recording(decode_response(NAME, raw, _Recording))


def parse_search(raw: bytes) -> tuple[str, ...]:
    """Return the ids of search results with at least `SCORE_MIN`, best first.

    Raises:
        ServiceAnswerError: It is not a page of search results.
    """
    page = decode_response(NAME, raw, _Search).releases
    hits = _well_formed(page, lambda hit: decode_response(NAME, hit, _Hit))
    close = [each for each in hits if each.score >= SCORE_MIN]
    ranked = sorted(close, key=lambda each: -each.score)
    return tuple(dict.fromkeys(each.id.lower() for each in ranked))


def parse_editions(raw: bytes) -> tuple[Edition, ...]:
    """Return the releases that a search found, best first.

    Raises:
        ServiceAnswerError: It is not a page of search results.
    """
    page = decode_response(NAME, raw, _Search).releases
    return tuple(_well_formed(page, _parse_edition))


def _parse_edition(raw: msgspec.Raw) -> Edition:
    found = decode_response(NAME, raw, _FoundRelease)
    media = Counter(each.format for each in found.media or () if each.format)
    notes = [
        " ".join(
            part
            for part in (each.label and each.label.name, each.catalog_number)
            if part
        )
        for each in found.label_info or ()
    ]
    notes.append(found.disambiguation or "")
    return Edition(
        mbid=found.id.lower(),
        title=found.title,
        artist=_credit_text(found.artist_credit),
        date=found.date or None,
        country=found.country or None,
        media=" + ".join(
            f"{count} x {name}" if count > 1 else name for name, count in media.items()
        ),
        tracks=sum(each.track_count for each in found.media or ()),
        note=", ".join(dict.fromkeys(note for note in notes if note)),
    )


def _well_formed(
    raws: Iterable[RawT], parse: Callable[[RawT], ParsedT]
) -> list[ParsedT]:
    """Parse each of some values; return those that are well-formed.

    Raises:
        ServiceAnswerError: There are some, and none is well-formed.
    """
    parsed: list[ParsedT] = []
    malformed: ServiceAnswerError | None = None
    for raw in raws:
        try:
            parsed.append(parse(raw))
        except ServiceAnswerError as error:
            malformed = error
    if malformed is not None and not parsed:
        raise malformed
    return parsed


def _parse_release(raw: bytes | msgspec.Raw) -> Release:
    release = decode_response(NAME, raw, _Release)
    group = release.release_group
    media = [
        (medium.position or number, medium)
        for number, medium in enumerate(release.media or (), start=1)
    ]
    places = [
        _Place(disc, raw_track, is_for_videos=medium.is_for_videos)
        for disc, medium in media
        for raw_track in medium.all_tracks
    ]
    tracks = _well_formed(places, _parse_track)
    return Release(
        mbid=release.id.lower(),
        title=release.title,
        artist=_credit_text(release.artist_credit),
        group_mbid=None if group is None else group.id.lower(),
        date=release.date or None,
        tracks=tuple(sorted(tracks, key=lambda each: (each.disc, each.position))),
    )


def _parse_track(place: _Place) -> Track:
    track = decode_response(NAME, place.track, _Track)
    return Track(
        disc=place.disc,
        position=track.position,
        title=track.title or track.recording.title,
        recording=_recording(track.recording),
        seconds=_seconds(track.length),
        artist=_credit_text(track.artist_credit),
        is_video=bool(track.recording.video) or place.is_for_videos,
    )


def _recording(recording: _Recording) -> Recording:
    credits_ = recording.artist_credit or ()
    artists = [
        MusicBrainzEntity(each.artist.id.lower(), each.artist.name) for each in credits_
    ]
    works = [
        MusicBrainzEntity(each.work.id.lower(), each.work.title)
        for each in recording.relations or ()
        if each.target_type == "work" and each.work is not None
    ]
    return Recording(
        mbid=recording.id.lower(),
        title=recording.title,
        artist=_credit_text(recording.artist_credit),
        seconds=_seconds(recording.length),
        note=recording.disambiguation or "",
        artists=tuple(dict.fromkeys(artists)),
        works=tuple(dict.fromkeys(works)),
        isrcs=tuple(recording.isrcs or ()),
        is_video=bool(recording.video),
    )


def _credit_text(credit: list[_Credit] | None) -> str:
    """Return an artist credit as one text, as printed."""
    return "".join(
        (each.name or each.artist.name) + (each.joinphrase or "")
        for each in credit or ()
    )


def _seconds(length_ms: int | None) -> Seconds | None:
    return Seconds(length_ms / 1_000) if length_ms else None
