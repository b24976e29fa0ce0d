"""Which recording a passage is: `segued.matching.confidence.decide`."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.matching.confidence import Decision, decide
from segued.matching.evidence import Candidate, Piece, Recording, Release, Track
from segued.matching.tag_evidence import band
from segued.units import Seconds
from tests.matching.evidence import ALBUM, candidate, piece_of, recording, release

TRACK = ALBUM.tracks[1]
STRANGER = recording("stranger", "Paper Wolf", 214, artist="Anna Keller")
TWIN = recording("a twin", "Blue Winter", 214)
"""The same song under another id."""

LIVE = recording("live", "Blue Winter", 214, note="live, 1992: Leeds")


def decided(
    piece: Piece,
    *,
    track: Track | None = None,
    release: Release | None = None,
    known: tuple[Recording, ...] = (),
) -> Decision:
    """Decide, with some recordings described by MusicBrainz."""
    recordings = {each.mbid: each for each in known}
    return decide(piece, track=track, release=release, recordings=recordings)


def of_album(piece: Piece) -> Decision:
    """Decide about song 2 of the folder's album."""
    return decided(piece, track=TRACK, release=ALBUM)


def hearing(piece: Piece, *candidates: Candidate) -> Piece:
    """Return a piece for which AcoustID answered that."""
    return replace(piece, candidates=candidates)


def outcome(decision: Decision) -> tuple[str | None, str]:
    """Return the id and the band."""
    mbid = decision.recording.mbid if decision.recording else None
    return mbid, decision.confidence.value


def test_sound_and_names_that_agree_are_high() -> None:
    """With an album or without."""
    assert outcome(decided(piece_of(2))) == ("r2", "High")
    assert outcome(of_album(piece_of(2))) == ("r2", "High")


def test_sound_alone_is_medium() -> None:
    """One strong kind of evidence; a file's name adds nothing to it."""
    bare = piece_of(2, tagged=False)

    assert outcome(decided(bare)) == ("r2", "Medium")
    guessed = replace(bare, title=TRACK.title, artist=ALBUM.artist)
    assert outcome(decided(guessed)) == ("r2", "Medium")


def test_place_and_length_on_the_album_stand_in_for_tags() -> None:
    """Where both are right, and there are no names that say otherwise."""
    bare = piece_of(2, tagged=False)

    assert outcome(of_album(bare)) == ("r2", "High")
    assert outcome(of_album(replace(bare, order=4))) == ("r2", "Medium")
    longer = replace(bare, seconds=Seconds(bare.seconds + 8))
    assert outcome(of_album(longer)) == ("r2", "Medium")


def test_names_that_disagree_are_never_high() -> None:
    """Neither the sound nor the album makes up for them."""
    wrong = replace(piece_of(2), title="Something Else")

    assert outcome(of_album(wrong)) == ("r2", "Medium")
    assert decided(wrong).confidence != "High"


def test_names_that_programs_fill_in_are_none() -> None:
    """Track 02 by Unknown Artist is a file without tags."""
    filled = replace(piece_of(2), title="Track 02", artist="Unknown Artist")

    assert outcome(of_album(filled)) == ("r2", "High")


def test_the_expected_recording_need_not_be_first() -> None:
    """It is among the candidates; the first has more of everything."""
    first = replace(
        candidate(TWIN, score=0.99, sources=900), release_groups=("a compilation",)
    )
    piece = hearing(piece_of(2), first, candidate(TRACK, score=0.93, sources=1))

    assert outcome(of_album(piece)) == ("r2", "High")
    named = replace(piece, recording_mbid="r2")
    assert outcome(decided(named)) == ("r2", "High")


def test_a_collision_in_an_album_is_never_a_wrong_high() -> None:
    """Whatever the tags are."""
    collision = candidate(STRANGER, score=1.0, sources=900)
    tagged = hearing(piece_of(2), collision)
    bare = hearing(piece_of(2, tagged=False), collision)
    theirs = replace(tagged, title=STRANGER.title, artist=STRANGER.artist)

    assert outcome(of_album(tagged)) == ("r2", "Medium")
    assert outcome(of_album(bare)) == ("r2", "Low")
    assert outcome(of_album(theirs)) == ("stranger", "Medium")


def test_the_same_song_under_another_id_is_the_albums_track() -> None:
    """But not surely."""
    piece = hearing(piece_of(2), candidate(TWIN))

    assert outcome(of_album(piece)) == ("r2", "Medium")


def test_what_is_not_on_the_named_album_is_not_high() -> None:
    """The piece fits none of its tracks."""
    piece = hearing(piece_of(2), candidate(TWIN))

    assert outcome(decided(piece, release=ALBUM)) == ("a twin", "Medium")
    elsewhere = replace(piece, album="Another Album")
    assert outcome(decided(elsewhere, release=ALBUM)) == ("a twin", "High")


def test_recordings_that_only_sources_tell_apart_are_not_high() -> None:
    """More sources make it the likelier one, and the id decides between equals."""
    piece = hearing(
        piece_of(2), candidate(TRACK, sources=90), candidate(TWIN, sources=3)
    )
    equal = hearing(piece_of(2), candidate(TRACK), candidate(TWIN))

    assert outcome(decided(piece)) == ("r2", "Medium")
    assert outcome(decided(equal)) == ("a twin", "Medium")


def test_a_recording_without_names_may_be_it_as_well() -> None:
    """AcoustID has no names for it; MusicBrainz may have."""
    nameless = replace(candidate(STRANGER), title=None, artist=None)
    piece = hearing(piece_of(2), candidate(TRACK), nameless)

    assert outcome(decided(piece)) == ("r2", "Medium")
    assert outcome(decided(piece, known=(STRANGER,))) == ("r2", "High")


def test_length_tells_recordings_apart() -> None:
    """Where one is right and the other is not."""
    longer = replace(TWIN, seconds=Seconds(240))
    piece = hearing(piece_of(2), candidate(TRACK, sources=3), candidate(longer))

    assert outcome(decided(piece)) == ("r2", "High")


def test_an_id_in_the_tags_is_confirmed_by_sound() -> None:
    """It tells which of the equals it is; without names it is Medium."""
    piece = hearing(piece_of(2), candidate(TRACK, sources=1), candidate(TWIN))
    named = replace(piece, recording_mbid="r2")
    bare = replace(named, title=None, artist=None, tagged=False)

    assert outcome(decided(named)) == ("r2", "High")
    assert outcome(decided(bare)) == ("r2", "Medium")


def test_an_id_that_sounds_like_another_is_rejected() -> None:
    """With the reason; what is heard is not High either, but for the album."""
    wrong = replace(piece_of(2), recording_mbid="wrong")

    found = decided(wrong)

    assert outcome(found) == ("r2", "Medium")
    assert "wrong" in found.rejected[-1]
    assert "not among the candidates" in found.rejected[-1]
    assert outcome(of_album(wrong)) == ("r2", "High")


def test_an_id_that_sounds_right_too_is_doubted_against_the_album() -> None:
    """Both are among the candidates."""
    piece = hearing(piece_of(2), candidate(TRACK), candidate(TWIN))

    found = of_album(replace(piece, recording_mbid=TWIN.mbid))

    assert outcome(found) == ("r2", "Medium")


@pytest.mark.parametrize("asked", [True, False])
def test_an_id_alone_is_medium(*, asked: bool) -> None:
    """AcoustID was not asked, or knows nothing."""
    piece = replace(piece_of(2, known=False), asked=asked, recording_mbid="r2")

    found = decided(piece)

    assert outcome(found) == ("r2", "Medium")
    assert found.recording
    assert found.recording.artists == ()


def test_an_id_of_another_song_is_low() -> None:
    """MusicBrainz says that it is called otherwise."""
    piece = replace(piece_of(2, known=False), recording_mbid="stranger")

    assert outcome(decided(piece, known=(STRANGER,))) == ("stranger", "Low")


def test_the_album_alone_is_medium() -> None:
    """Names, or the place, and the length; nothing was heard."""
    assert outcome(of_album(piece_of(2, known=False))) == ("r2", "Medium")
    bare = piece_of(2, tagged=False, known=False)
    assert outcome(of_album(bare)) == ("r2", "Medium")


def test_names_alone_are_low_and_a_file_name_is_nothing() -> None:
    """And neither is a recording."""
    piece = piece_of(2, known=False)

    assert outcome(decided(piece)) == (None, "Low")
    assert outcome(decided(replace(piece, tagged=False))) == (None, "None")


def test_a_live_recording_is_not_the_studios() -> None:
    """The file's title says which it is, or its album does."""
    both = hearing(piece_of(2), candidate(LIVE, sources=90), candidate(TRACK))
    said = replace(both, title="Blue Winter (Live)")
    known = (LIVE, TRACK.recording)
    concert = replace(both, album="Live at Leeds")

    assert outcome(decided(said, known=known)) == ("live", "High")
    assert outcome(decided(both, known=known)) == ("r2", "Medium")
    assert decided(concert, known=known).recording == LIVE
    only = hearing(said, candidate(TRACK))
    assert decided(only, known=known).confidence != "High"


def test_an_album_excuses_what_its_songs_do_not_say() -> None:
    """All that is on "Live at Leeds" is live."""
    album = release("concert", "Live at Leeds", prefix="c", note="live, 1992")
    track = album.tracks[1]
    piece = hearing(replace(piece_of(2), album=None), candidate(track))

    found = decided(piece, track=track, release=album)

    assert outcome(found) == ("c2", "High")


def test_a_faint_likeness_says_nothing() -> None:
    """It neither names a passage nor speaks against its album."""
    faint = hearing(piece_of(2), candidate(STRANGER, score=0.3))

    assert outcome(of_album(faint)) == outcome(of_album(hearing(faint)))
    assert outcome(decided(faint)) == (None, "Low")


def test_a_decision_explains_itself() -> None:
    """What was found, and why each of the others is not it."""
    piece = hearing(piece_of(2), candidate(TRACK), candidate(STRANGER))

    found = of_album(piece)

    assert set(found.evidence) == {"duration", "fingerprint", "names", "album"}
    assert "Night Flight" in found.evidence["album"]
    assert found.rejected == (
        "Anna Keller / Paper Wolf (stranger): other names, or another version",
    )


def test_the_order_of_candidates_does_not_matter() -> None:
    """The same evidence is the same decision."""
    some = [candidate(each) for each in (TRACK, TWIN, LIVE, STRANGER)]

    forth = decided(hearing(piece_of(2), *some))
    back = decided(hearing(piece_of(2), *reversed(some)))

    assert forth == back


def test_another_edition_with_another_recording_is_a_doubt() -> None:
    """Both are of the same album, and nothing says which of them this is."""
    piece = hearing(piece_of(2), candidate(TRACK), candidate(TWIN))
    elsewhere = replace(candidate(TWIN), release_groups=("a compilation",))
    named = replace(piece, release_mbid=ALBUM.mbid)

    assert outcome(of_album(piece)) == ("r2", "Medium")
    assert outcome(of_album(named)) == ("r2", "High")
    assert outcome(of_album(hearing(piece, candidate(TRACK), elsewhere)))[1] == "High"


SOME = st.sampled_from([TRACK.recording, TWIN, LIVE, STRANGER])
ANSWERS = st.lists(
    st.builds(
        candidate,
        SOME,
        score=st.floats(0, 1),
        sources=st.integers(0, 1000),
    ),
    max_size=5,
)
NAMED = st.sampled_from([None, "", "Blue Winter", "Blue Winter (Live)", "???"])


@given(
    answers=ANSWERS,
    title=NAMED,
    mbid=st.sampled_from([None, "r2", "a twin", "wrong"]),
    tagged=st.booleans(),
    seconds=st.floats(0, 400),
    in_album=st.booleans(),
)
def test_whatever_the_evidence_the_decision_holds_together(  # noqa: PLR0913
    *,
    answers: list[Candidate],
    title: str | None,
    mbid: str | None,
    tagged: bool,
    seconds: float,
    in_album: bool,
) -> None:
    """The band is the score's, High has a recording that was heard, None has none."""
    piece = replace(
        piece_of(2, tagged=tagged),
        title=title,
        recording_mbid=mbid,
        seconds=Seconds(seconds),
        candidates=tuple(answers),
    )

    found = of_album(piece) if in_album else decided(piece)

    assert 0 <= found.score <= 1
    assert found.confidence is band(found.score)
    assert found.reason
    heard = {each.recording_mbid for each in answers}
    if found.confidence == "High":
        assert found.recording
        assert found.recording.mbid in heard
    if found.confidence == "None":
        assert found.recording is None
