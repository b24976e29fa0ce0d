"""Folders of the tracks of real releases, as people keep them.

Each kind names and tags the files of a folder in one way; `KINDS` lists them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.real_facts import MusicBrainzFacts
from bench.real_places import (
    boxes,
    each_album,
    few_favorites,
    half_albums,
    loose_songs,
    noted_albums,
    single_files,
    two_albums,
    with_bonus_file,
    with_live_disc,
)
from bench.real_tags import (
    Namer,
    Place,
    ascii_text,
    by_various_artists,
    changed,
    in_one_folder,
    loose_tags,
    named_files,
    right_tags,
    with_disc_in_album,
    with_guest,
    with_ids,
    with_merged_ids,
    with_other_artist,
    with_remaster_note,
    with_typo,
    with_wrong_ids,
    without_number,
)
from bench.synthetic_names import Rng, pick

from segued.matching.evidence import Track
from segued.model import Tags

__all__ = ["KINDS", "FolderKind", "Place", "RealFile"]

FEW: Final = 3


VERSION_SUFFIXES: Final = (
    " (acoustic duet)",
    " (live)",
    " (take 2)",
    " (early version)",
    " (underscore)",
    " (instrumental)",
    " [rough mix]",
    " - Demo",
)


@dataclass(frozen=True, slots=True)
class RealFile:
    """A file, with its true recording.

    Attributes:
        path: Below the music folder.
        place: The true release and track.
        truth: The id of the true recording; of the track's by default.
    """

    path: str
    tags: Tags
    place: Place
    truth: str


@dataclass(frozen=True, slots=True)
class FolderKind:
    """How to make folders of one kind.

    Attributes:
        namer: Names and tags a file.
        is_heard: Whether AcoustID is asked; False if it knows no song.
        select: Chooses the folders' places from all releases.
        has_right_tags: Whether all tags are right.
        names_only: Whether the files have no tags, but right names.
        is_other_version: Whether each title names another version of the track's song,
            with a recording of its own.
    """

    name: str
    namer: Namer
    is_heard: bool = True
    select: "Callable[[Rng, MusicBrainzFacts], Iterator[list[Place]]] | None" = None
    has_right_tags: bool = False
    names_only: bool = False
    is_other_version: bool = False

    def folders(self, rng: Rng, facts: MusicBrainzFacts) -> Iterator[list[RealFile]]:
        """Make the folders of this kind."""
        for places in (self.select or each_album)(rng, facts):
            files = []
            for place in places:
                path, tags = self.namer(rng, place)
                truth = place[1].recording.mbid
                if self.is_other_version:
                    suffix = pick(rng, _other_versions(place[1]))
                    title = f"{place[1].title}{suffix}"
                    tags = replace(tags, title=title)
                    truth = facts.add_recording(
                        place[1].recording, f"version {suffix}", title=title
                    )
                files.append(RealFile(path, tags, place, truth))
            yield sorted(files, key=lambda each: each.path)


def _other_versions(track: Track) -> list[str]:
    """Return the suffixes of versions that a track does not have already."""
    has = f"{track.title} {track.recording.note}".casefold()
    return [
        each for each in VERSION_SUFFIXES if each.strip(" ()[]-").casefold() not in has
    ]


KINDS: Final[Sequence[FolderKind]] = (
    FolderKind("right tags", right_tags, has_right_tags=True),
    FolderKind("right tags and ids", with_ids, has_right_tags=True),
    FolderKind("right tags, unheard", right_tags, is_heard=False),
    FolderKind("right tags and ids, unheard", with_ids, is_heard=False),
    FolderKind(
        "right tags, no numbers",
        in_one_folder(changed(without_number), numbered=False),
        has_right_tags=True,
    ),
    FolderKind(
        "typos",
        changed(
            lambda rng, tags, _: replace(
                tags,
                title=with_typo(rng, tags.title or ""),
                artist=with_typo(rng, tags.artist or ""),
            )
        ),
    ),
    FolderKind(
        "plain ASCII",
        changed(
            lambda _, tags, __: replace(
                tags,
                title=ascii_text(tags.title or ""),
                artist=ascii_text(tags.artist or ""),
                album=ascii_text(tags.album or ""),
            )
        ),
    ),
    FolderKind("guest in the title", changed(with_guest), has_right_tags=True),
    FolderKind("remaster notes", changed(with_remaster_note), has_right_tags=True),
    FolderKind(
        "disc in the album's title", changed(with_disc_in_album), has_right_tags=True
    ),
    FolderKind(
        "disc in the album's title, unheard",
        changed(with_disc_in_album),
        is_heard=False,
    ),
    FolderKind(
        "notes on the recordings", right_tags, select=noted_albums, has_right_tags=True
    ),
    FolderKind("notes, no tags", named_files("{n:02} - {title}"), select=noted_albums),
    FolderKind("other versions", right_tags, is_other_version=True),
    FolderKind(
        "other versions, unheard", right_tags, is_heard=False, is_other_version=True
    ),
    FolderKind("wrong recording ids", changed(with_wrong_ids)),
    FolderKind("merged ids", changed(with_merged_ids), has_right_tags=True),
    FolderKind("merged ids, unheard", changed(with_merged_ids), is_heard=False),
    FolderKind("other artist", changed(with_other_artist)),
    FolderKind("other artist, unheard", changed(with_other_artist), is_heard=False),
    FolderKind("various artists", changed(by_various_artists)),
    FolderKind("half of an album", right_tags, select=half_albums, has_right_tags=True),
    FolderKind(
        "half of an album, unheard", right_tags, select=half_albums, is_heard=False
    ),
    FolderKind(
        "two albums", in_one_folder(right_tags), select=two_albums, has_right_tags=True
    ),
    FolderKind(
        "two albums, ids",
        in_one_folder(with_ids),
        select=two_albums,
        has_right_tags=True,
    ),
    FolderKind(
        "two albums, unheard",
        in_one_folder(right_tags),
        select=two_albums,
        is_heard=False,
    ),
    FolderKind(
        "two albums, no tags", in_one_folder(named_files("{title}")), select=two_albums
    ),
    FolderKind(
        "bonus file",
        in_one_folder(right_tags),
        select=with_bonus_file,
        has_right_tags=True,
    ),
    FolderKind(
        "box without disc tags",
        in_one_folder(changed(lambda _, tags, __: replace(tags, disc=None))),
        select=boxes,
        has_right_tags=True,
    ),
    FolderKind("live second disc", in_one_folder(right_tags), select=with_live_disc),
    FolderKind(
        "live second disc, ids, unheard",
        in_one_folder(with_ids),
        select=with_live_disc,
        is_heard=False,
    ),
    FolderKind(
        "three favorites, ids",
        in_one_folder(with_ids),
        select=few_favorites,
        has_right_tags=True,
    ),
    FolderKind(
        "three favorites, ids, unheard",
        in_one_folder(with_ids),
        select=few_favorites,
        is_heard=False,
    ),
    FolderKind(
        "three favorites",
        in_one_folder(right_tags),
        select=few_favorites,
        has_right_tags=True,
    ),
    FolderKind("file names", named_files("{n:02} - {title}"), names_only=True),
    FolderKind(
        "file names, in disc folders",
        named_files("{n:02}. {title}", disc_folder=True),
        names_only=True,
    ),
    FolderKind(
        "file names, unheard",
        named_files("{n:02} - {title}"),
        is_heard=False,
        names_only=True,
    ),
    FolderKind(
        "disc folders, unheard",
        named_files("{n:02}. {title}", disc_folder=True),
        is_heard=False,
        names_only=True,
    ),
    FolderKind(
        "artist in file names, unheard",
        named_files("{n:02} - {artist} - {title}"),
        is_heard=False,
        names_only=True,
    ),
    FolderKind(
        "ASCII file names, unheard",
        named_files("{n:02} {title}", ascii_=True),
        is_heard=False,
        names_only=True,
    ),
    FolderKind(
        "sides, unheard",
        named_files("{side} - {title}"),
        is_heard=False,
        names_only=True,
    ),
    FolderKind(
        "names without number, unheard",
        named_files("{title}"),
        is_heard=False,
        names_only=True,
    ),
    FolderKind("Track NN", named_files("Track {n:02}")),
    FolderKind("Track NN, unheard", named_files("Track {n:02}"), is_heard=False),
    FolderKind(
        "loose songs",
        in_one_folder(changed(loose_tags), numbered=False),
        select=loose_songs,
        has_right_tags=True,
    ),
    FolderKind(
        "loose songs, ids",
        in_one_folder(with_ids, numbered=False),
        select=loose_songs,
        has_right_tags=True,
    ),
    FolderKind("one song", right_tags, select=single_files, has_right_tags=True),
    FolderKind("one song, ids", with_ids, select=single_files, has_right_tags=True),
    FolderKind(
        "one song, no tags", named_files("{artist} - {title}"), select=single_files
    ),
)
