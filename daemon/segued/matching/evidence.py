"""What speaks for a passage's being a recording: the values that matching takes.

Where they come from (tags, AcoustID, MusicBrainz) is known here only by name;
whoever reads those services' answers makes these of them.
"""

from dataclasses import dataclass

from segued.units import Seconds

__all__ = [
    "Candidate",
    "MusicBrainzEntity",
    "PassageEvidence",
    "Recording",
    "Release",
    "Track",
]


@dataclass(frozen=True, slots=True)
class MusicBrainzEntity:
    """An artist or a work: its MusicBrainz id, and what it is called."""

    mbid: str
    name: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recording that AcoustID says a fingerprint may be of.

    Attributes:
        score: How much of the fingerprint agrees, 0 to 1.
        sources: How many people submitted the fingerprint as this recording.
        artist: The whole credit, as printed; None when AcoustID has no names.
        seconds: Length of the recording.
        release_groups: MusicBrainz ids of the albums it is on.
    """

    recording_mbid: str
    score: float
    sources: int = 1
    title: str | None = None
    artist: str | None = None
    seconds: Seconds | None = None
    release_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as MusicBrainz describes it.

    Attributes:
        artist: The whole credit, as printed.
        artists: Those credited, in order.
        note: What tells it from others of its name: "live, 1992-05-01".
    """

    mbid: str
    title: str
    artist: str
    seconds: Seconds | None = None
    note: str = ""
    artists: tuple[MusicBrainzEntity, ...] = ()
    works: tuple[MusicBrainzEntity, ...] = ()
    isrcs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Track:
    """A place on a release, with what is there.

    Attributes:
        disc: From 1.
        position: On its disc, from 1.
        title: As printed on this release.
        seconds: Length on this release.
    """

    disc: int
    position: int
    title: str
    recording: Recording
    seconds: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A release: one edition of an album.

    Attributes:
        group_mbid: The album that it is an edition of.
        tracks: Of all discs, in order.
    """

    mbid: str
    title: str
    artist: str
    group_mbid: str | None = None
    date: str | None = None
    tracks: tuple[Track, ...] = ()


@dataclass(frozen=True, slots=True)
class PassageEvidence:
    """A passage, and what is known of it before it is decided what it is.

    Attributes:
        key: Tells it from the other passages of its folder.
        order: Its place among them by file name, from 0.
        seconds: Its decoded length.
        title: By tags or marks; by the file's name where `tagged` is false.
        tagged: Whether title and artist are the file's own word.
        recording_mbid: The recording that its tags name.
        release_mbid: The release that they name.
        acoustid_answered: Whether AcoustID has answered for its fingerprint.
        candidates: What AcoustID answered; empty as well when it knows nothing.
    """

    key: str
    order: int
    seconds: Seconds
    title: str | None = None
    artist: str | None = None
    tagged: bool = False
    album: str | None = None
    album_artist: str | None = None
    track: int | None = None
    disc: int | None = None
    recording_mbid: str | None = None
    release_mbid: str | None = None
    isrcs: tuple[str, ...] = ()
    acoustid_answered: bool = False
    candidates: tuple[Candidate, ...] = ()
