"""The evidence that matching works on: values, independent of where they come from.

The clients of AcoustID and MusicBrainz and the tag readers convert to these types.
"""

from collections import Counter
from dataclasses import dataclass, field

from segued.matching.normalize import comparison_key
from segued.units import Seconds

__all__ = [
    "Candidate",
    "Edition",
    "MusicBrainzEntity",
    "PassageEvidence",
    "Recording",
    "Release",
    "Track",
]


@dataclass(frozen=True, slots=True)
class MusicBrainzEntity:
    """An artist or a work: its MusicBrainz id and its name."""

    mbid: str
    name: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recording that AcoustID lists for a fingerprint.

    Attributes:
        score: The share of the fingerprint that agrees, 0 to 1.
        sources: The number of people who submitted it for this recording.
        artist: The whole credit, as printed; None if AcoustID has no names.
        seconds: Length of the recording.
        release_groups: MusicBrainz ids of the albums that contain it.
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
        artists: The credited artists, in order.
        note: MusicBrainz's disambiguation, such as "live, 1992-05-01".
        is_video: Whether it is a video.
    """

    mbid: str
    title: str
    artist: str
    seconds: Seconds | None = None
    note: str = ""
    artists: tuple[MusicBrainzEntity, ...] = ()
    works: tuple[MusicBrainzEntity, ...] = ()
    isrcs: tuple[str, ...] = ()
    is_video: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """A track of a release, with its recording.

    Attributes:
        disc: From 1.
        position: On its disc, from 1; 0 for a hidden track before the first.
        title: As printed on this release.
        seconds: Length on this release.
        artist: The whole credit, as printed on this release; empty if not known.
        is_video: Whether it is a video, or on a medium for videos such as a DVD.
    """

    disc: int
    position: int
    title: str
    recording: Recording
    seconds: Seconds | None = None
    artist: str = ""
    is_video: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """A release: one edition of an album.

    Attributes:
        group_mbid: The MusicBrainz id of the album, whichever the edition.
        tracks: The tracks of all discs, in order, with hidden and data tracks.
        repeated_titles: The comparison keys of titles that several tracks have.
    """

    mbid: str
    title: str
    artist: str
    group_mbid: str | None = None
    date: str | None = None
    tracks: tuple[Track, ...] = ()
    repeated_titles: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Count the titles once: all pairs of passages and tracks ask for them."""
        counts = Counter(comparison_key(track.title) for track in self.tracks)
        repeated = frozenset(key for key, count in counts.items() if count > 1)
        object.__setattr__(self, "repeated_titles", repeated)


@dataclass(frozen=True, slots=True)
class Edition:
    """A release in a list to choose from: what tells it from others of its name.

    Attributes:
        date: Year, or more of it; None if it is not known, as for `country`.
        media: The formats of its media, such as "2 x CD"; empty if not known.
        tracks: The number of tracks on all media.
        note: Its label, catalog number and MusicBrainz's disambiguation.
    """

    mbid: str
    title: str
    artist: str
    date: str | None
    country: str | None
    media: str
    tracks: int
    note: str


@dataclass(frozen=True, slots=True)
class PassageEvidence:
    """What is known about a passage before it is matched.

    Attributes:
        key: Unique among the passages of the folder.
        order: The index among them in the order of file names, from 0.
        in_order: Whether `order` is the order of the tracks, and not that of the
            alphabet.
        seconds: The decoded length.
        title: From tags, a CUE sheet or chapters; from the file name if `tagged`
            is false.
        tagged: Whether title and artist come from tags, a CUE sheet or chapters.
        recording_mbid: The recording id in the tags.
        release_mbid: The release id in the tags.
        acoustid_answered: Whether AcoustID has answered for the fingerprint.
        candidates: AcoustID's recordings; empty if it has not answered, or
            knows none.
        acoustid_problem: Why AcoustID's answer cannot be used; empty if it can.
        recording_by: The program whose library names the recording, because the tags
            do not; empty if it is the tags.
        release_by: The same for the release.
        release_chosen: Whether a person chose the release, instead of the tags.
        said: What the library of each program says, as text, by program.
        merged: The old and the new id of each recording and release that tags or
            AcoustID name by an id that MusicBrainz has merged.
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
    in_order: bool = True
    acoustid_problem: str = ""
    merged: tuple[tuple[str, str], ...] = ()
    recording_by: str = ""
    release_by: str = ""
    release_chosen: bool = False
    said: tuple[tuple[str, str], ...] = ()

    @property
    def naming(self) -> str:
        """Who names the recording, with the verb, for sentences."""
        return f"{self.recording_by} names" if self.recording_by else "the tags name"

    @property
    def named_where(self) -> str:
        """Where the recording is named, for sentences."""
        return (
            f"named by {self.recording_by}"
            if self.recording_by
            else "named in the tags"
        )
