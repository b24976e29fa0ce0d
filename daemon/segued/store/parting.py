"""A passage that turns out to be another song, and what was heard in it."""

from typing import Final

from peewee import Case, fn

from segued.model import FileId, SongStatus
from segued.store.flavors import flavor_of, set_passage_flavor, set_song_flavor
from segued.store.prepared import Query, prepared
from segued.store.requeue import FLAVORING, requeue_from_phase
from segued.store.schema.files import Passage
from segued.store.schema.music import PassageSong, Song

__all__ = ["transfer_flavor"]

SONG_FLAVOR_COLUMNS: Final = (
    *("flavor", "flavor_source", "flavor_version", "flavored_at", "flavor_passage"),
)


def transfer_flavor(passage: str, song: str | None) -> None:
    """Let a passage's own sound go with it when it turns out to be another song.

    What was told of the song that it was said to be is that song's. What was heard
    in the passage never was, and its other passages are to be heard.

    Args:
        passage: It has the song on record that it was said to be, or none.
        song: What it is; None: no song.
    """
    for old_song, *flavor, source_passage in _flavor_of_passage(passage):
        if old_song == song or source_passage != passage:
            continue
        own_flavor = flavor_of(*flavor)
        if old_song is not None:
            _clear_song_flavor(old_song)
            others = [FileId(file) for (file,) in _files_of_song(old_song, passage)]
            requeue_from_phase(others, FLAVORING)
        if own_flavor is None:
            continue
        if song is None:
            set_passage_flavor(passage, own_flavor)
        elif not Song.select().where(Song.id == song, ~Song.flavor.is_null()).exists():
            set_song_flavor(song, own_flavor, passage)


@prepared
def _flavor_of_passage(passage: str) -> Query:
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
def _clear_song_flavor(song: str) -> Query:
    nulls = dict.fromkeys(SONG_FLAVOR_COLUMNS)
    return Song.update(status=SongStatus.PENDING, **nulls).where(Song.id == song)


@prepared
def _files_of_song(song: str, except_passage: str) -> Query:
    return (
        Passage.select(Passage.file)
        .join(PassageSong)
        .where(PassageSong.song == song, Passage.id != except_passage)
    )
