"""Matching a folder to a release: `segued.matching.album`."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from segued.matching.album import (
    AlbumMatch,
    group_by_album,
    match_album,
    names_release,
    vote_for_releases,
)
from segued.matching.evidence import PassageEvidence, Release
from segued.units import Seconds
from tests.matching.sample_evidence import (
    ALBUM,
    album_passages,
    candidate,
    passage_of,
    release,
)


def with_longer_tracks(of: Release) -> Release:
    """Return a release with tracks that are 4 s longer."""
    tracks = (
        replace(track, seconds=Seconds((track.recording.seconds or 0) + 4))
        for track in of.tracks
    )
    return replace(of, tracks=tuple(tracks))


def track_numbers(choice: AlbumMatch | None) -> Mapping[str, int]:
    """Return the track number of each passage."""
    assert choice is not None
    return {key: track.position for key, track in choice.tracks.items()}


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_an_album_is_found(*, tagged: bool, known: bool) -> None:
    """By fingerprints, by names, or by order and lengths alone."""
    choice = match_album(album_passages(tagged=tagged, known=known), [ALBUM])

    assert track_numbers(choice) == {str(nth): nth for nth in range(1, 6)}
    assert choice
    assert choice.confirmed == (5 if known else 0)


def test_track_is_assigned_to_one_passage() -> None:
    """To the one that fits better; the other has no track."""
    twice = [*album_passages(), replace(passage_of(2), key="copy", track=None)]

    assert track_numbers(match_album(twice, [ALBUM])) == {
        str(nth): nth for nth in range(1, 6)
    }


def test_swapped_titles_do_not_swap_tracks() -> None:
    """Fingerprints weigh more than titles."""
    one, two, *others = album_passages()
    swapped = [replace(one, title=two.title), replace(two, title=one.title), *others]

    assert track_numbers(match_album(swapped, [ALBUM])) == {
        str(n): n for n in range(1, 6)
    }


def test_collision_does_not_move_a_passage() -> None:
    """A fingerprint of another recording counts less than names and place."""
    others = album_passages()
    others[1] = replace(
        others[1], candidates=(candidate(release("x", prefix="x").tracks[3]),)
    )

    assert track_numbers(match_album(others, [ALBUM]))["2"] == 2


def test_wrong_length_does_not_match_a_track() -> None:
    """A difference of more than 10 s excludes a track."""
    longer = replace(passage_of(2), seconds=Seconds(passage_of(2).seconds + 11))

    choice = match_album([passage_of(1), longer, *album_passages()[2:]], [ALBUM])

    assert "2" not in track_numbers(choice)


def test_two_of_three_must_fit() -> None:
    """At least 65 % of the passages, and at least three."""
    strange = [
        PassageEvidence(
            str(nth), nth, Seconds(500 + 20 * nth), title=f"Other {nth}", tagged=True
        )
        for nth in range(10, 13)
    ]

    assert match_album([*album_passages(), *strange[:2]], [ALBUM])
    assert match_album([*album_passages(), *strange], [ALBUM]) is None
    assert match_album([*album_passages()[:2], strange[0]], [ALBUM]) is None


def test_one_or_two_songs_need_tags_and_fingerprint() -> None:
    """Neither is enough alone."""
    assert match_album([passage_of(1)], [ALBUM])
    assert match_album([passage_of(1), passage_of(2)], [ALBUM])
    assert match_album([passage_of(1, tagged=False)], [ALBUM]) is None
    assert match_album([passage_of(1, known=False)], [ALBUM]) is None
    assert match_album([], [ALBUM]) is None


def test_fingerprint_decides_between_releases() -> None:
    """A live album has the same titles as the studio album."""
    live = release("live", "Live at Leeds", prefix="live", note="live")

    assert track_numbers(match_album(album_passages(), [live, ALBUM]))
    found = match_album(album_passages(), [live, ALBUM])
    assert found
    assert found.release is ALBUM


def test_a_live_album_is_not_the_studio_one() -> None:
    """Without fingerprints, titles that lack the word "live" do not match."""
    live = release("live", "Concert", prefix="live", note="live")

    assert match_album(album_passages(known=False), [live]) is None


def test_tie_breaking_between_releases() -> None:
    """Track count, then lengths, then embedded ids, then date, then id."""
    deluxe = release("a deluxe", extra=3)
    late = replace(ALBUM, mbid="a late one", date="1999")
    early = replace(ALBUM, mbid="b early", date="1971")
    same = replace(ALBUM, mbid="z", date="1971")
    slow = replace(with_longer_tracks(release("a slow one")), date="1960")
    named = [
        replace(passage, release_mbid="a late one") for passage in album_passages()
    ]

    def mbid(*releases: Release, of: list[PassageEvidence] | None = None) -> str:
        choice = match_album(of or album_passages(), releases)
        assert choice
        return choice.release.mbid

    assert mbid(deluxe, ALBUM) == "album"
    assert mbid(slow, late) == "a late one"
    assert mbid(late, early) == "b early"
    assert mbid(same, early) == mbid(early, same) == "b early"
    assert mbid(early, late, of=named) == "a late one"


def test_most_voted_releases_are_looked_up() -> None:
    """Releases by tags, groups by fingerprints, the most voted first."""
    named = [replace(passage, release_mbid="album") for passage in album_passages()]
    named[0] = replace(named[0], release_mbid="other")

    assert vote_for_releases(named) == (("album",), ("group of album",))
    # Too few, if three quarters of the folder are still to come.
    assert vote_for_releases(named, total=4 * len(named)) == ((), ())


def test_each_passage_votes_once_for_a_group() -> None:
    """Even if several of its candidates are in the group."""
    passage = passage_of(1)
    twice = replace(passage, candidates=passage.candidates * 5)

    assert vote_for_releases([twice, *album_passages(known=False)[1:]]) == ((), ())


def test_unrelated_songs_vote_for_nothing() -> None:
    """Two of ten are chance; in a folder of one or two songs one vote is enough."""
    mixed = [
        replace(
            passage_of(1),
            key=str(nth),
            release_mbid=f"release {nth // 2}",
            candidates=(
                replace(passage_of(1).candidates[0], release_groups=(f"g{nth // 2}",)),
            ),
        )
        for nth in range(10)
    ]

    assert vote_for_releases(mixed) == ((), ())
    assert vote_for_releases(mixed[:1]) == (("release 0",), ("g0",))
    assert vote_for_releases([]) == ((), ())


def test_alphabet_is_no_order_of_tracks() -> None:
    """Files without numbers are in no place; their lengths alone place none."""
    bare = [
        replace(each, in_order=False)
        for each in album_passages(tagged=False, known=False)
    ]

    assert match_album(album_passages(tagged=False, known=False), [ALBUM]) is not None
    assert match_album(bare, [ALBUM]) is None


def test_passage_that_names_another_album_fits_its_own_only() -> None:
    """In a folder of both, whatever the titles are; it does not count for the other."""
    other = release("other", "Thirty Years On", prefix="o")
    own = [passage_of(nth, known=False) for nth in (1, 2, 3, 4)]
    strange = replace(
        passage_of(5, known=False), album=other.title, key="strange", track=None
    )

    found = match_album([*own, strange], [ALBUM, other])

    assert found is not None
    assert (found.release, set(found.tracks)) == (ALBUM, {"1", "2", "3", "4"})
    three = [*own[:1], strange, replace(strange, key="also strange", title="Lantern")]
    assert match_album(three, [ALBUM, other]) is None


def test_release_id_tells_albums_of_one_name_apart() -> None:
    """Both are called "Greatest Hits", and the tags have the ids."""
    other = release("other", ALBUM.title, prefix="o")
    own = [replace(passage_of(nth), release_mbid=ALBUM.mbid) for nth in (1, 2, 3)]
    strange = replace(passage_of(4, known=False), key="strange", release_mbid="other")

    found = match_album([*own, strange], [ALBUM, other])

    assert found is not None
    assert "strange" not in found.tracks


def test_disc_in_the_albums_title_names_the_album() -> None:
    """As well as a release whose title the tags have exactly is preferred."""
    tagged = replace(passage_of(1), album="Night Flight (Disc 1)")
    longer = release("longer", "Night Flight: Chronicles")
    unheard = album_passages(known=False)

    assert names_release(tagged, ALBUM)
    found = match_album(unheard, [longer, ALBUM])
    assert found is not None
    assert found.release == ALBUM


def test_groups_follow_the_albums_in_the_tags() -> None:
    """The largest first; a disc number in the title makes no other album."""
    one = [
        replace(passage_of(nth), album=f"Night Flight, CD {nth}") for nth in (1, 2, 3)
    ]
    other = replace(passage_of(4), album="Another")
    bare = replace(passage_of(5), album=None)

    groups = group_by_album([other, *one, bare])

    assert groups[0] == one
    assert sorted(len(each) for each in groups) == [1, 1, 3]


def test_a_video_is_assigned_only_if_nothing_else_is_left() -> None:
    """However well its length fits; a CD is preferred to a DVD with the same songs."""
    dvd = tuple(
        replace(
            track, disc=2, is_video=True, seconds=passage_of(track.position).seconds
        )
        for track in ALBUM.tracks
    )
    both = replace(ALBUM, tracks=(*ALBUM.tracks, *dvd))
    again = replace(passage_of(1), key="again")

    choice = match_album([*album_passages(), again], [both])

    assert choice
    videos = [key for key, track in choice.tracks.items() if track.is_video]
    assert len(choice.tracks) == 6
    assert videos in (["1"], ["again"])
    only_dvd = replace(ALBUM, mbid="a dvd", tracks=dvd)
    preferred = match_album(album_passages(), [only_dvd, replace(ALBUM, mbid="b")])
    assert preferred
    assert preferred.release.mbid == "b"
