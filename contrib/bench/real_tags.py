"""Right and wrong names and tags of a file, from its true release and track."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from bench.real_facts import new_id
from bench.synthetic_names import Rng, pick

from segued.matching.evidence import Release, Track
from segued.model import Tags

__all__ = [
    "FEW",
    "Namer",
    "Place",
    "ascii_text",
    "by_various_artists",
    "changed",
    "in_one_folder",
    "loose_tags",
    "named_files",
    "right_tags",
    "with_disc_in_album",
    "with_guest",
    "with_ids",
    "with_merged_ids",
    "with_other_artist",
    "with_remaster_note",
    "with_typo",
    "with_wrong_ids",
    "without_number",
]

FEW: Final = 3

Place: TypeAlias = tuple[Release, Track]

Namer: TypeAlias = Callable[[Rng, Place], tuple[str, Tags]]
"""Returns the path and the tags of a track's file."""


def _file_name(text: str) -> str:
    return re.sub(r'[/\\:*?"<>|\0]', "_", text).strip(" .")[:120] or "_"


def _album_folder(release: Release) -> str:
    year = (release.date or "")[:4]
    album = f"{year} - {release.title}" if year else release.title
    return f"{_file_name(release.artist)}/{_file_name(album)}"


def right_tags(_rng: Rng, place: Place) -> tuple[str, Tags]:
    """Name and tag a file rightly, without ids."""
    release, track = place
    file = f"{track.disc}-{track.position:02} {_file_name(track.title)}"
    path = f"{_album_folder(release)}/{file}.flac"
    return path, Tags(
        title=track.title,
        artist=track.recording.artist,
        album=release.title,
        album_artist=release.artist,
        track=track.position,
        disc=track.disc,
        date=release.date,
    )


def with_ids(rng: Rng, place: Place) -> tuple[str, Tags]:
    """Tag a file as Picard does."""
    path, tags = right_tags(rng, place)
    release, track = place
    return path, replace(
        tags, recording_mbid=track.recording.mbid, release_mbid=release.mbid
    )


def changed(
    change: Callable[[Rng, Tags, Place], Tags], base: Namer = right_tags
) -> Namer:
    """Return a namer that changes the tags of another one."""

    def name(rng: Rng, place: Place) -> tuple[str, Tags]:
        path, tags = base(rng, place)
        return path, change(rng, tags, place)

    return name


def with_typo(rng: Rng, text: str) -> str:
    """Leave a letter out of every second text."""
    if len(text) <= FEW or rng.random() < 1 / 2:
        return text
    at = int(rng.integers(1, len(text) - 1))
    return text[:at] + text[at + 1 :]


def ascii_text(text: str) -> str:
    """Return a text without accents and typographic characters."""
    dashes = text.translate(
        {0x2010: "-", 0x2019: "'", 0x2026: "...", 0x201C: '"', 0x201D: '"'}
    )
    plain = unicodedata.normalize("NFKD", dashes).encode("ascii", "ignore").decode()
    return " ".join(plain.split()) or text


def with_guest(rng: Rng, tags: Tags, _place: Place) -> Tags:
    """Add a guest to the title."""
    suffix = pick(rng, (" (feat. Some Guest)", " feat. Some Guest", " ft. Guest", ""))
    return replace(tags, title=f"{tags.title}{suffix}")


def with_remaster_note(rng: Rng, tags: Tags, _place: Place) -> Tags:
    """Add a note on the remaster to the title."""
    suffix = pick(
        rng,
        (
            " - Remastered 2011",
            " (2009 Remaster)",
            " [Remastered]",
            " - 2015 - Remaster",
            " (2004 Digital Remaster)",
        ),
    )
    return replace(tags, title=f"{tags.title}{suffix}")


def with_disc_in_album(rng: Rng, tags: Tags, place: Place) -> Tags:
    """Move the number of the disc to the album's title."""
    form = pick(rng, (" (Disc {})", " [CD{}]", " CD {}", ", Disc {}", " - Disc {}"))
    return replace(tags, album=f"{tags.album}{form.format(place[1].disc)}", disc=None)


def with_wrong_ids(rng: Rng, tags: Tags, place: Place) -> Tags:
    """Name another recording of the release."""
    neighbor = pick(rng, place[0].tracks)
    return replace(tags, recording_mbid=neighbor.recording.mbid)


def with_merged_ids(_rng: Rng, tags: Tags, place: Place) -> Tags:
    """Name ids that MusicBrainz has merged into others."""
    return replace(
        tags,
        recording_mbid=new_id(place[1].recording.mbid, "merged"),
        release_mbid=new_id(place[0].mbid, "merged"),
    )


def with_other_artist(rng: Rng, tags: Tags, _place: Place) -> Tags:
    """Name the composer or another performer as the artist."""
    artist = pick(
        rng, ("Johann Sebastian Bach", "Orchestra of the Age", "The Performer")
    )
    return replace(tags, artist=artist)


def without_number(_rng: Rng, tags: Tags, _place: Place) -> Tags:
    """Remove the numbers of track and disc."""
    return replace(tags, track=None, disc=None)


def by_various_artists(_rng: Rng, tags: Tags, _place: Place) -> Tags:
    """Move the artist to the title, as compilations are tagged."""
    return replace(
        tags,
        title=f"{tags.artist} - {tags.title}",
        artist="Various Artists",
        album_artist="Various Artists",
    )


def loose_tags(rng: Rng, tags: Tags, _place: Place) -> Tags:
    """Remove the numbers, and half of the albums."""
    kept = replace(tags, track=None, disc=None, album_artist=None)
    return kept if rng.random() < 1 / 2 else replace(kept, album=None)


def in_one_folder(base: Namer, *, numbered: bool = True) -> Namer:
    """Return a namer that puts all files in one folder."""

    def name(rng: Rng, place: Place) -> tuple[str, Tags]:
        _, tags = base(rng, place)
        release, track = place
        unique = f"{track.title} {release.mbid[:3]}"
        number = f"{track.position:02} " if numbered else ""
        return f"Mixed/{number}{_file_name(unique)}.flac", tags

    return name


def named_files(form: str, *, disc_folder: bool = False, ascii_: bool = False) -> Namer:
    """Return a namer of files without tags."""

    def name(_rng: Rng, place: Place) -> tuple[str, Tags]:
        release, track = place
        folder = _album_folder(release)
        if disc_folder:
            folder += f"/CD{track.disc}"
        side = "ABCDEFGH"[(track.position - 1) // 6 % 8]
        file = form.format(
            n=track.position,
            side=f"{side}{(track.position - 1) % 6 + 1}",
            title=_file_name(track.title),
            artist=_file_name(track.recording.artist),
        )
        path = f"{folder}/{file}.flac"
        return (ascii_text(path) if ascii_ else path), Tags()

    return name
