"""A small album and the evidence for its passages, for tests."""

from dataclasses import replace
from typing import Final

from segued.matching.evidence import (
    Candidate,
    PassageEvidence,
    Recording,
    Release,
    Track,
)
from segued.units import Seconds

__all__ = [
    "ALBUM",
    "ARTIST",
    "album_passages",
    "candidate",
    "passage_of",
    "recording",
    "release",
]

ARTIST: Final = "The Pilots"
TITLES: Final = ("Harbour", "Blue Winter", "Hold Me", "Lantern", "The River")


def recording(
    mbid: str, title: str, seconds: float, *, artist: str = ARTIST, note: str = ""
) -> Recording:
    """Return a recording, by default of the album's artist."""
    return Recording(mbid, title, artist, Seconds(seconds), note)


def release(
    mbid: str = "album",
    title: str = "Night Flight",
    *,
    prefix: str = "r",
    note: str = "",
    extra: int = 0,
) -> Release:
    """Return a release of five songs and `extra` more; song 2 has the id "r2"."""
    titles = (*TITLES, *(f"Extra {'ABCDEF'[nth]}" for nth in range(extra)))
    tracks = tuple(
        Track(
            1,
            nth,
            name,
            recording(f"{prefix}{nth}", name, 180 + 17 * nth, note=note),
        )
        for nth, name in enumerate(titles, 1)
    )
    return Release(mbid, title, ARTIST, f"group of {mbid}", None, tracks)


ALBUM: Final = release()


def candidate(
    track: Track | Recording, *, score: float = 0.97, sources: int = 20
) -> Candidate:
    """Return AcoustID's candidate for a recording of the album."""
    found = track.recording if isinstance(track, Track) else track
    groups = (ALBUM.group_mbid or "",)
    return Candidate(
        found.mbid, score, sources, found.title, found.artist, found.seconds, groups
    )


def passage_of(nth: int, *, tagged: bool = True, known: bool = True) -> PassageEvidence:
    """Return song `nth` of the album, from 1, as a passage."""
    track = ALBUM.tracks[nth - 1]
    passage = PassageEvidence(
        key=str(nth),
        order=nth - 1,
        seconds=Seconds((track.recording.seconds or 0) + 0.5),
        acoustid_answered=True,
        candidates=(candidate(track),) if known else (),
    )
    if not tagged:
        return passage
    return replace(
        passage,
        title=track.title,
        artist=ARTIST,
        tagged=True,
        album=ALBUM.title,
        track=nth,
    )


def album_passages(*, tagged: bool = True, known: bool = True) -> list[PassageEvidence]:
    """Return all songs of the album."""
    return [passage_of(nth, tagged=tagged, known=known) for nth in range(1, 6)]
