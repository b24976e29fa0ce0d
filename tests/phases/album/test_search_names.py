"""The names that releases are searched by: `segued.phases.album.search_names`."""

import json
from collections.abc import Sequence

import pytest

from segued.matching.evidence import PassageEvidence
from segued.phases.album.search_names import search_keys, without_edition
from segued.units import Seconds


def passages_of(
    names: Sequence[tuple[str, str]], album_artist: str | None = None
) -> list[PassageEvidence]:
    """Return a passage for each pair of an artist and an album title."""
    return [
        PassageEvidence(
            key=str(nth),
            order=nth,
            seconds=Seconds(200),
            title=f"Song {nth}",
            artist=artist,
            album=album,
            album_artist=album_artist,
            tagged=True,
        )
        for nth, (artist, album) in enumerate(names)
    ]


def searches_for(passages: Sequence[PassageEvidence]) -> list[tuple[str, str]]:
    """Return artist and title of each search."""
    keys = search_keys(passages)
    return [tuple(json.loads(key.removeprefix("search:"))) for key in keys]


def test_an_album_is_searched_for_once() -> None:
    """By its artist and title, if the title says nothing else."""
    names = [("The Pilots", "Night Flight")] * 4 + [
        ("The Pilots feat. X", "Night Flight")
    ]

    assert searches_for(passages_of(names)) == [("The Pilots", "Night Flight")]


def test_the_last_search_is_without_the_edition() -> None:
    """Discs in one folder are one album."""
    names = [
        ("A", "Harvest (Disc 1)"),
        ("A", "Harvest (Disc 1)"),
        ("A", "Harvest (Disc 2)"),
    ]

    assert searches_for(passages_of(names)) == [
        ("A", "Harvest (Disc 1)"),
        ("A", "Harvest"),
    ]


@pytest.mark.parametrize("album_artist", [None, "Various", "V.A.", "Verschiedene"])
def test_an_album_of_several_artists(album_artist: str | None) -> None:
    """It is searched for as one of various artists, and by title."""
    names = [(artist, "Hits [CD2]") for artist in "ABCD"]

    assert searches_for(passages_of(names, album_artist)) == [
        ("Various Artists", "Hits [CD2]"),
        ("", "Hits [CD2]"),
        ("", "Hits"),
    ]


def test_songs_of_many_albums_are_no_album() -> None:
    """One search at most, as for any folder; none if few have names."""
    many = passages_of([(artist, f"Album {artist} (Disc 1)") for artist in "ABCD"])

    assert len(searches_for(many)) == 1
    assert searches_for([*many, *passages_of([("", "")] * 5)]) == []


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("Night Bus [CD2]", "Night Bus"),
        ("Night Bus (disc 2 of 3)", "Night Bus"),
        ("Night Bus {Disc 1: The Hits}", "Night Bus"),
        ("Night Bus - CD 1", "Night Bus"),
        ("Night Bus, Disc Two", "Night Bus"),
        ("Night Bus CD1", "Night Bus"),
        ("Harvest (30th Anniversary Edition) [Disc 1]", "Harvest"),
        ("Harvest (2011 Remaster)", "Harvest"),
        ("Harvest \N{EN DASH} 2009 Remaster", "Harvest"),
        ("Harvest: Deluxe Edition", "Harvest"),
        ("Le Fil (Édition spéciale)", "Le Fil"),
        ("(What's the Story) Morning Glory?", "(What's the Story) Morning Glory?"),
        ("Songs (Live)", "Songs (Live)"),
        ("Discovery", "Discovery"),
        ("The Disc", "The Disc"),
        ("CD 1", "CD 1"),
        ("Greatest Hits II", "Greatest Hits II"),
        ("(Deluxe Edition)", "(Deluxe Edition)"),
    ],
)
def test_editions_are_left_out(title: str, plain: str) -> None:
    """Disc numbers, editions and remaster notes; not a title that is nothing else."""
    assert without_edition(title) == plain
