"""A passage that turns out to be another song, and what was heard in it."""

from typing import Final

from peewee import Case, fn

from segued.model import FileId, SongStatus
from segued.store.flavors import flavor_of, set_passage, set_song
from segued.store.prepared import Query, prepared
from segued.store.requeue import FLAVORING, take_up_from
from segued.store.schema.files import Passage
from segued.store.schema.music import PassageSong, Song

__all__ = ["part"]

FLAVOR_OF_SONG: Final = (
    *("flavor", "flavor_source", "flavor_version", "flavored_at", "flavor_passage"),
)


def part(passage: str, song: str | None) -> None:
    """Let a passage's own sound go with it when it turns out to be another song.

    What was told of the song that it was said to be is that song's. What was heard
    in the passage never was, and its other passages are to be heard.

    Args:
        passage: It has the song on record that it was said to be, or none.
        song: What it is; None: no song.
    """
    for before, *flavor, heard_in in _sound_of(passage):
        if before == song or heard_in != passage:
            continue
        mine = flavor_of(*flavor)
        if before is not None:
            _unhear(before)
            others = [FileId(file) for (file,) in _files_of(before, passage)]
            take_up_from(others, FLAVORING)
        if mine is None:
            continue
        if song is None:
            set_passage(passage, mine)
        elif not Song.select().where(Song.id == song, ~Song.flavor.is_null()).exists():
            set_song(song, mine, passage)


@prepared
def _sound_of(passage: str) -> Query:
    """A passage's song, or no song, with how it sounds and where that was heard."""
    return (
        Passage.select(
            PassageSong.song,
            fn.COALESCE(Song.flavor, Passage.flavor),
            fn.COALESCE(Song.flavor_source, Passage.flavor_source),
            fn.COALESCE(Song.flavor_version, Passage.flavor_version),
            fn.COALESCE(
                Song.flavor_passage, Case(None, [(Song.id.is_null(), Passage.id)])
            ),
        )
        .left_outer_join(PassageSong)
        .left_outer_join(Song)
        .where(Passage.id == passage)
    )


@prepared
def _unhear(song: str) -> Query:
    nothing = dict.fromkeys(FLAVOR_OF_SONG)
    return Song.update(status=SongStatus.PENDING, **nothing).where(Song.id == song)


@prepared
def _files_of(song: str, but: str) -> Query:
    return (
        Passage.select(Passage.file)
        .join(PassageSong)
        .where(PassageSong.song == song, Passage.id != but)
    )
