"""Which release a folder is: `segued.matching.album`."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from segued.matching.album import Choice, choose, votes
from segued.matching.evidence import Piece, Release
from segued.units import Seconds
from tests.matching.evidence import ALBUM, candidate, piece_of, pieces, release


def slower(of: Release) -> Release:
    """Return a release whose tracks all last 4 s longer."""
    tracks = (
        replace(track, seconds=Seconds((track.recording.seconds or 0) + 4))
        for track in of.tracks
    )
    return replace(of, tracks=tuple(tracks))


def given_out(choice: Choice | None) -> Mapping[str, int]:
    """Return the track number of each piece."""
    assert choice is not None
    return {key: track.position for key, track in choice.tracks.items()}


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_an_album_is_found(*, tagged: bool, known: bool) -> None:
    """By its sound, its names, or its order and lengths alone."""
    choice = choose(pieces(tagged=tagged, known=known), [ALBUM])

    assert given_out(choice) == {str(nth): nth for nth in range(1, 6)}
    assert choice
    assert choice.confirmed == (5 if known else 0)


def test_a_track_is_given_to_one_piece() -> None:
    """The better one; the other is none of them."""
    twice = [*pieces(), replace(piece_of(2), key="copy", track=None)]

    assert given_out(choose(twice, [ALBUM])) == {str(nth): nth for nth in range(1, 6)}


def test_swapped_titles_do_not_swap_tracks() -> None:
    """What is heard weighs more."""
    one, two, *others = pieces()
    swapped = [replace(one, title=two.title), replace(two, title=one.title), *others]

    assert given_out(choose(swapped, [ALBUM])) == {str(n): n for n in range(1, 6)}


def test_a_collision_does_not_move_a_piece() -> None:
    """Names and place hold it."""
    others = pieces()
    others[1] = replace(
        others[1], candidates=(candidate(release("x", prefix="x").tracks[3]),)
    )

    assert given_out(choose(others, [ALBUM]))["2"] == 2


def test_another_length_is_another_track() -> None:
    """More than 10 s off fits nowhere."""
    longer = replace(piece_of(2), seconds=Seconds(piece_of(2).seconds + 11))

    choice = choose([piece_of(1), longer, *pieces()[2:]], [ALBUM])

    assert "2" not in given_out(choice)


def test_two_of_three_must_fit() -> None:
    """65 % and three pieces; a folder of others is not the album."""
    strange = [
        Piece(str(nth), nth, Seconds(500 + 20 * nth), title=f"Other {nth}", tagged=True)
        for nth in range(10, 13)
    ]

    assert choose([*pieces(), *strange[:2]], [ALBUM])
    assert choose([*pieces(), *strange], [ALBUM]) is None
    assert choose([*pieces()[:2], strange[0]], [ALBUM]) is None


def test_one_or_two_songs_need_tags_and_sound() -> None:
    """Both must say so."""
    assert choose([piece_of(1)], [ALBUM])
    assert choose([piece_of(1), piece_of(2)], [ALBUM])
    assert choose([piece_of(1, tagged=False)], [ALBUM]) is None
    assert choose([piece_of(1, known=False)], [ALBUM]) is None
    assert choose([], [ALBUM]) is None


def test_what_is_heard_decides_between_releases() -> None:
    """The live album has the same titles."""
    live = release("live", "Live at Leeds", prefix="live", note="live")

    assert given_out(choose(pieces(), [live, ALBUM]))
    found = choose(pieces(), [live, ALBUM])
    assert found
    assert found.release is ALBUM


def test_a_live_album_is_not_the_studio_one() -> None:
    """Where nothing is heard, names without the word do not fit."""
    live = release("live", "Concert", prefix="live", note="live")

    assert choose(pieces(known=False), [live]) is None


def test_among_equals_the_nearest_is_taken() -> None:
    """Track count, then lengths, then embedded ids, then date, then id."""
    deluxe = release("a deluxe", extra=3)
    late = replace(ALBUM, mbid="a late one", date="1999")
    early = replace(ALBUM, mbid="b early", date="1971")
    same = replace(ALBUM, mbid="z", date="1971")
    slow = replace(slower(release("a slow one")), date="1960")
    named = [replace(piece, release_mbid="a late one") for piece in pieces()]

    def mbid(*releases: Release, of: list[Piece] | None = None) -> str:
        choice = choose(of or pieces(), releases)
        assert choice
        return choice.release.mbid

    assert mbid(deluxe, ALBUM) == "album"
    assert mbid(slow, late) == "a late one"
    assert mbid(late, early) == "b early"
    assert mbid(same, early) == mbid(early, same) == "b early"
    assert mbid(early, late, of=named) == "a late one"


def test_what_most_pieces_name_is_asked_for() -> None:
    """Releases by tags, groups by sound, the most voted first."""
    named = [replace(piece, release_mbid="album") for piece in pieces()]
    named[0] = replace(named[0], release_mbid="other")

    assert votes(named) == (("album",), ("group of album",))
    # Of more to come, these are not many.
    assert votes(named, many=4 * len(named)) == ((), ())


def test_each_piece_votes_once_for_a_group() -> None:
    """However many of its candidates are there."""
    piece = piece_of(1)
    twice = replace(piece, candidates=piece.candidates * 5)

    assert votes([twice, *pieces(known=False)[1:]]) == ((), ())


def test_a_folder_of_unrelated_songs_asks_for_nothing() -> None:
    """Two of ten are chance; of one or two songs each may ask."""
    mixed = [
        replace(
            piece_of(1),
            key=str(nth),
            release_mbid=f"release {nth // 2}",
            candidates=(
                replace(piece_of(1).candidates[0], release_groups=(f"g{nth // 2}",)),
            ),
        )
        for nth in range(10)
    ]

    assert votes(mixed) == ((), ())
    assert votes(mixed[:1]) == (("release 0",), ("g0",))
    assert votes([]) == ((), ())
