"""The recording of a passage: `segued.matching.confidence.decide`."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.matching.confidence import Decision, decide
from segued.matching.evidence import (
    Candidate,
    PassageEvidence,
    Recording,
    Release,
    Track,
)
from segued.matching.tag_evidence import confidence_band
from segued.units import Seconds
from tests.matching.sample_evidence import (
    ALBUM,
    ARTIST,
    candidate,
    passage_of,
    recording,
    release,
)

TRACK = ALBUM.tracks[1]
STRANGER = recording("stranger", "Paper Wolf", 214, artist="Anna Keller")
TWIN = recording("a twin", "Blue Winter", 214)
"""The same song under another id."""

LIVE = recording("live", "Blue Winter", 214, note="live, 1992: Leeds")


def decide_passage(
    passage: PassageEvidence,
    *,
    track: Track | None = None,
    release: Release | None = None,
    known: tuple[Recording, ...] = (),
) -> Decision:
    """Decide about a passage, with some recordings described by MusicBrainz."""
    recordings = {each.mbid: each for each in known}
    return decide(passage, track=track, release=release, recordings=recordings)


def decide_on_album(passage: PassageEvidence) -> Decision:
    """Decide about song 2 of the folder's album."""
    return decide_passage(passage, track=TRACK, release=ALBUM)


def with_candidates(
    passage: PassageEvidence, *candidates: Candidate
) -> PassageEvidence:
    """Return a passage with these candidates of AcoustID."""
    return replace(passage, candidates=candidates)


def mbid_and_band(decision: Decision) -> tuple[str | None, str]:
    """Return the id and the confidence of a decision."""
    mbid = decision.recording.mbid if decision.recording else None
    return mbid, decision.confidence.value


def test_agreeing_fingerprint_and_names_are_high() -> None:
    """With an album or without."""
    assert mbid_and_band(decide_passage(passage_of(2))) == ("r2", "High")
    assert mbid_and_band(decide_on_album(passage_of(2))) == ("r2", "High")


def test_fingerprint_alone_is_medium() -> None:
    """It is one strong kind of evidence; a file name adds nothing to it."""
    bare = passage_of(2, tagged=False)

    assert mbid_and_band(decide_passage(bare)) == ("r2", "Medium")
    guessed = replace(bare, title=TRACK.title, artist=ALBUM.artist)
    assert mbid_and_band(decide_passage(guessed)) == ("r2", "Medium")


def test_album_position_and_length_replace_tags() -> None:
    """If both are right, and no names contradict them."""
    bare = passage_of(2, tagged=False)

    assert mbid_and_band(decide_on_album(bare)) == ("r2", "High")
    assert mbid_and_band(decide_on_album(replace(bare, order=4))) == ("r2", "Medium")
    longer = replace(bare, seconds=Seconds(bare.seconds + 8))
    assert mbid_and_band(decide_on_album(longer)) == ("r2", "Medium")


def test_names_that_disagree_are_never_high() -> None:
    """Neither the fingerprint nor the album makes up for them."""
    wrong = replace(passage_of(2), title="Something Else")

    assert mbid_and_band(decide_on_album(wrong)) == ("r2", "Medium")
    assert decide_passage(wrong).confidence != "High"


def test_other_names_and_another_length_are_low() -> None:
    """Of a single fingerprint, also if only the file's name has the names."""
    wrong = replace(passage_of(2), title="Something Else", seconds=Seconds(340))

    assert mbid_and_band(decide_passage(wrong)) == ("r2", "Low")
    assert decide_passage(replace(wrong, tagged=False)).confidence == "Low"


def test_placeholder_names_are_ignored() -> None:
    """Track 02 by Unknown Artist is treated like a file without tags."""
    filled = replace(passage_of(2), title="Track 02", artist="Unknown Artist")

    assert mbid_and_band(decide_on_album(filled)) == ("r2", "High")


def test_the_expected_recording_need_not_be_first() -> None:
    """A later candidate is chosen over one with a higher score and more sources."""
    first = replace(
        candidate(TWIN, score=0.99, sources=900), release_groups=("a compilation",)
    )
    passage = with_candidates(
        passage_of(2), first, candidate(TRACK, score=0.93, sources=1)
    )

    assert mbid_and_band(decide_on_album(passage)) == ("r2", "High")
    named = replace(passage, recording_mbid="r2")
    assert mbid_and_band(decide_passage(named)) == ("r2", "High")


def test_a_collision_in_an_album_is_never_a_wrong_high() -> None:
    """Whatever names the tags have."""
    collision = candidate(STRANGER, score=1.0, sources=900)
    tagged = with_candidates(passage_of(2), collision)
    bare = with_candidates(passage_of(2, tagged=False), collision)
    theirs = replace(tagged, title=STRANGER.title, artist=STRANGER.artist)

    assert mbid_and_band(decide_on_album(tagged)) == ("r2", "Medium")
    assert mbid_and_band(decide_on_album(bare)) == ("r2", "Low")
    assert mbid_and_band(decide_on_album(theirs)) == ("stranger", "Medium")


def test_the_same_song_under_another_id_is_the_albums_track() -> None:
    """With Medium confidence."""
    passage = with_candidates(passage_of(2), candidate(TWIN))

    assert mbid_and_band(decide_on_album(passage)) == ("r2", "Medium")


def test_song_not_on_the_named_album_is_not_high() -> None:
    """The passage fits none of the album's tracks."""
    passage = with_candidates(passage_of(2), candidate(TWIN))

    assert mbid_and_band(decide_passage(passage, release=ALBUM)) == ("a twin", "Medium")
    elsewhere = replace(passage, album="Another Album")
    assert mbid_and_band(decide_passage(elsewhere, release=ALBUM)) == ("a twin", "High")


def test_recordings_that_differ_only_in_sources_are_not_high() -> None:
    """The one with more sources is chosen; of equals, the one with the smaller id."""
    passage = with_candidates(
        passage_of(2), candidate(TRACK, sources=90), candidate(TWIN, sources=3)
    )
    equal = with_candidates(passage_of(2), candidate(TRACK), candidate(TWIN))

    assert mbid_and_band(decide_passage(passage)) == ("r2", "Medium")
    assert mbid_and_band(decide_passage(equal)) == ("a twin", "Medium")


def test_recording_without_names_is_no_rival() -> None:
    """MusicBrainz no longer has it; one that it describes is weighed by its names."""
    nameless = replace(candidate(STRANGER), title=None, artist=None)
    passage = with_candidates(passage_of(2), candidate(TRACK), nameless)

    assert mbid_and_band(decide_passage(passage)) == ("r2", "High")
    assert mbid_and_band(decide_passage(passage, known=(TWIN,))) == ("r2", "High")
    twin = replace(candidate(TWIN), title=None, artist=None)
    both = with_candidates(passage_of(2), candidate(TRACK), twin)
    assert mbid_and_band(decide_passage(both, known=(TWIN,)))[1] == "Medium"


def test_recording_on_many_albums_has_no_rare_duplicate_as_a_rival() -> None:
    """MusicBrainz has many songs several times; sources alone do not decide."""
    groups = tuple(f"group {nth}" for nth in range(14))
    usual = replace(candidate(TRACK), release_groups=groups)
    rare = replace(candidate(TWIN), release_groups=groups[:1])
    other_length = replace(rare, seconds=Seconds(190))

    def band(*candidates: Candidate) -> str:
        return mbid_and_band(
            decide_passage(with_candidates(passage_of(2), *candidates))
        )[1]

    assert band(usual, rare) == "High"
    assert band(usual, replace(rare, release_groups=groups[:4])) == "Medium"
    assert band(usual, replace(rare, title="Blue Winter (demo)")) == "Medium"
    assert band(usual, other_length) == "High"
    assert band(usual, replace(rare, seconds=None)) == "High"
    few = replace(rare, seconds=None, release_groups=groups[:4])
    assert band(usual, few) == "Medium"


def test_rare_entry_with_another_form_of_the_credit_is_not_preferred() -> None:
    """The usual recording is chosen, though its credit has more than the file's."""
    groups = tuple(f"group {nth}" for nth in range(14))
    full = recording("r2", "Blue Winter", 214, artist=f"{ARTIST} & Anna Keller")
    usual = replace(candidate(full), release_groups=groups)
    rare = replace(candidate(TWIN, sources=1), release_groups=groups[:1])

    found = decide_passage(with_candidates(passage_of(2), usual, rare))

    assert mbid_and_band(found) == ("r2", "High")
    other = replace(rare, title="Blue Winters")
    named = replace(with_candidates(passage_of(2), usual, other), title="Blue Winters")
    assert mbid_and_band(decide_passage(named))[0] == "a twin"


def test_guest_as_artist_agrees_with_the_credit() -> None:
    """On the guest's album, files have the guest as artist."""
    song = recording("r2", "Blue Winter", 214, artist=f"Anna Keller feat. {ARTIST}")
    passage = with_candidates(passage_of(2), candidate(song))

    assert mbid_and_band(decide_passage(passage)) == ("r2", "High")
    stranger = replace(passage, artist="Somebody Else")
    assert mbid_and_band(decide_passage(stranger)) == ("r2", "Medium")


def test_title_that_lost_its_brackets_names_the_same_version() -> None:
    """As titles in names of files do; without the words, it is another version."""
    edit = recording("edit", "Blue Winter (radio edit)", 214)
    passage = with_candidates(passage_of(2), candidate(TRACK), candidate(edit))
    named = replace(passage, title="blue winter radio edit")

    assert mbid_and_band(decide_passage(named)) == ("edit", "High")
    assert mbid_and_band(decide_passage(passage))[0] == "r2"


@pytest.mark.parametrize(
    "title",
    ["Blue Winter (acoustic duet)", "Blue Winter [take 2]", "Blue Winter (live)"],
)
def test_title_with_another_aside_is_not_high(title: str) -> None:
    """Whether or not its word is known to name a version; and either way round."""
    named = replace(passage_of(2), title=title)
    assert decide_on_album(named).confidence != "High"
    assert decide_passage(named).confidence != "High"

    version = with_candidates(passage_of(2), candidate(recording("v", title, 214)))
    assert decide_passage(version).confidence != "High"


def test_number_of_a_take_is_not_that_of_the_album() -> None:
    """The take is another recording, whatever number the album's title has."""
    numbered = replace(ALBUM, title="Night Flight no. 2")
    take = replace(passage_of(2), title="Blue Winter (take 2)", album=numbered.title)

    found = decide_passage(take, track=TRACK, release=numbered)

    assert found.confidence != "High"


def test_version_printed_on_the_release_needs_no_word_in_the_tags() -> None:
    """MusicBrainz's note tells recordings apart, not titles of files."""
    noted = release(note="original studio stereo mix")
    found = decide_passage(passage_of(2), track=noted.tracks[1], release=noted)

    assert mbid_and_band(found) == ("r2", "High")
    other_album = replace(passage_of(2), album="Another Album")
    alone = decide_passage(other_album, known=(noted.tracks[1].recording,))
    assert alone.confidence == "Medium"


@pytest.mark.parametrize("words", ["(instrumental)", "[rough mix]", "- Live"])
def test_another_version_in_the_tags_makes_a_fingerprint_uncertain(words: str) -> None:
    """Not if the recording is that version, by MusicBrainz's note for example."""
    passage = replace(passage_of(2), title=f"{passage_of(2).title} {words}")
    noted = replace(TRACK.recording, note=words.strip("()[]- ").lower())

    assert mbid_and_band(decide_passage(passage)) == ("r2", "Low")
    assert mbid_and_band(decide_on_album(passage)) == ("r2", "Low")
    assert mbid_and_band(decide_passage(passage, known=(noted,))) == ("r2", "High")


def test_own_names_and_fingerprint_win_over_the_album() -> None:
    """The file says that it is a version which the album does not have."""
    duet = recording("duet", "Blue Winter (acoustic duet)", 214)
    passage = replace(
        with_candidates(passage_of(2), candidate(TRACK), candidate(duet)),
        title=duet.title,
    )

    assert mbid_and_band(decide_on_album(passage)) == ("duet", "Medium")


def test_id_with_names_stands_against_an_album_that_the_tags_do_not_name() -> None:
    """With the fingerprint or with the length; not if they name the folder's album."""
    again = recording("again", "Blue Winter", 216)
    other = replace(
        passage_of(2),
        recording_mbid="again",
        release_mbid="another album",
        album="Thirty Years On",
    )
    heard = with_candidates(other, candidate(TRACK), candidate(again))
    unheard = with_candidates(other)

    for passage in (heard, unheard):
        found = decide_passage(passage, track=TRACK, release=ALBUM, known=(again,))
        assert found.recording == again
    named = replace(unheard, release_mbid=ALBUM.mbid, album=ALBUM.title)
    found = decide_passage(named, track=TRACK, release=ALBUM, known=(again,))
    assert found.recording == TRACK.recording


def test_low_fingerprint_score_is_enough_with_album_and_names() -> None:
    """Three kinds of evidence agree."""
    faint = with_candidates(passage_of(2), candidate(TRACK, score=0.55))

    assert mbid_and_band(decide_on_album(faint)) == ("r2", "High")
    assert mbid_and_band(decide_passage(faint))[1] != "High"


def test_title_in_a_file_name_places_a_song_on_its_album() -> None:
    """Without a number, and without a fingerprint; another title is no evidence."""
    named = replace(
        passage_of(2, tagged=False, known=False),
        title="Blue Winter",
        artist=ALBUM.artist,
        in_order=False,
    )

    assert mbid_and_band(decide_on_album(named)) == ("r2", "Medium")
    other = replace(named, title="Something Else")
    assert mbid_and_band(decide_on_album(other)) == (None, "None")
    heard = with_candidates(named, candidate(TRACK))
    assert mbid_and_band(decide_on_album(heard)) == ("r2", "High")


def test_various_artists_are_no_artist() -> None:
    """The artist may be in the title."""
    various = replace(passage_of(2), artist="Various Artists", album_artist="VA")
    assert mbid_and_band(decide_on_album(various)) == ("r2", "High")

    both = replace(various, title=f"{ALBUM.artist} - Blue Winter")
    assert mbid_and_band(decide_on_album(both)) == ("r2", "High")
    assert decide_on_album(replace(both, title="Nobody - Other")).confidence != "High"


def test_composer_as_artist_agrees_with_the_album() -> None:
    """If the tags have the artist of the release as well."""
    composed = replace(passage_of(2), artist="J. Composer", album_artist=ALBUM.artist)

    assert mbid_and_band(decide_on_album(composed)) == ("r2", "High")
    alone = replace(composed, album_artist=None)
    assert decide_on_album(alone).confidence == "Medium"


def test_single_file_weighs_a_far_more_common_recording() -> None:
    """One or two files are no album that makes up for it."""
    passage = with_candidates(
        passage_of(2),
        candidate(TRACK, sources=3),
        replace(candidate(TWIN, sources=21), release_groups=()),
    )

    def band(*, is_album: bool) -> str:
        return decide(
            passage, track=TRACK, release=ALBUM, recordings={}, is_album=is_album
        ).confidence.value

    assert (band(is_album=True), band(is_album=False)) == ("High", "Medium")


def test_length_tells_recordings_apart() -> None:
    """If only one of them has the right length."""
    longer = replace(TWIN, seconds=Seconds(240))
    passage = with_candidates(
        passage_of(2), candidate(TRACK, sources=3), candidate(longer)
    )

    assert mbid_and_band(decide_passage(passage)) == ("r2", "High")


def test_embedded_id_is_confirmed_by_fingerprint() -> None:
    """It decides between equals; without names the match is Medium."""
    passage = with_candidates(
        passage_of(2), candidate(TRACK, sources=1), candidate(TWIN)
    )
    named = replace(passage, recording_mbid="r2")
    bare = replace(named, title=None, artist=None, tagged=False)

    assert mbid_and_band(decide_passage(named)) == ("r2", "High")
    assert mbid_and_band(decide_passage(bare)) == ("r2", "Medium")


def test_embedded_id_contradicted_by_fingerprint_is_rejected() -> None:
    """With the reason; the match is Medium, unless the album confirms it."""
    wrong = replace(passage_of(2), recording_mbid="wrong")

    found = decide_passage(wrong)

    assert mbid_and_band(found) == ("r2", "Medium")
    assert "wrong" in found.rejected[-1]
    assert "not among the candidates" in found.rejected[-1]
    assert mbid_and_band(decide_on_album(wrong)) == ("r2", "High")


def test_ambiguous_embedded_id_is_doubted_against_the_album() -> None:
    """Both recordings are among the candidates."""
    passage = with_candidates(passage_of(2), candidate(TRACK), candidate(TWIN))

    found = decide_on_album(replace(passage, recording_mbid=TWIN.mbid))

    assert mbid_and_band(found) == ("r2", "Medium")


@pytest.mark.parametrize("answered", [True, False])
def test_an_id_alone_is_medium(*, answered: bool) -> None:
    """If AcoustID has not answered, or knows no recording."""
    passage = replace(
        passage_of(2, known=False), acoustid_answered=answered, recording_mbid="r2"
    )

    found = decide_passage(passage)

    assert mbid_and_band(found) == ("r2", "Medium")
    assert found.recording
    assert found.recording.artists == ()


def test_an_id_of_another_song_is_low() -> None:
    """MusicBrainz has other names for the recording."""
    passage = replace(passage_of(2, known=False), recording_mbid="stranger")

    assert mbid_and_band(decide_passage(passage, known=(STRANGER,))) == (
        "stranger",
        "Low",
    )


def test_the_album_alone_is_medium() -> None:
    """By names or place, and length, without a fingerprint match."""
    assert mbid_and_band(decide_on_album(passage_of(2, known=False))) == (
        "r2",
        "Medium",
    )
    bare = passage_of(2, tagged=False, known=False)
    assert mbid_and_band(decide_on_album(bare)) == ("r2", "Medium")


def test_tag_names_are_low_and_file_name_is_none() -> None:
    """Neither identifies a recording."""
    passage = passage_of(2, known=False)

    assert mbid_and_band(decide_passage(passage)) == (None, "Low")
    assert mbid_and_band(decide_passage(replace(passage, tagged=False))) == (
        None,
        "None",
    )


def test_live_recording_does_not_match_studio() -> None:
    """The file's title or its album names the version."""
    both = with_candidates(passage_of(2), candidate(LIVE, sources=90), candidate(TRACK))
    titled = replace(both, title="Blue Winter (Live)")
    known = (LIVE, TRACK.recording)
    concert = replace(both, album="Live at Leeds")

    assert mbid_and_band(decide_passage(titled, known=known)) == ("live", "High")
    assert mbid_and_band(decide_passage(both, known=known)) == ("r2", "Medium")
    assert decide_passage(concert, known=known).recording == LIVE
    only = with_candidates(titled, candidate(TRACK))
    assert decide_passage(only, known=known).confidence != "High"


def test_live_album_implies_live_songs() -> None:
    """All songs of "Live at Leeds" are live."""
    album = release("concert", "Live at Leeds", prefix="c", note="live, 1992")
    track = album.tracks[1]
    passage = with_candidates(replace(passage_of(2), album=None), candidate(track))

    found = decide_passage(passage, track=track, release=album)

    assert mbid_and_band(found) == ("c2", "High")


def test_low_fingerprint_score_is_ignored() -> None:
    """It neither identifies a passage nor contradicts its album."""
    faint = with_candidates(passage_of(2), candidate(STRANGER, score=0.3))

    assert mbid_and_band(decide_on_album(faint)) == mbid_and_band(
        decide_on_album(with_candidates(faint))
    )
    assert mbid_and_band(decide_passage(faint)) == (None, "Low")


def test_decision_has_reasons() -> None:
    """Evidence by kind, and a sentence for each rejected candidate."""
    passage = with_candidates(passage_of(2), candidate(TRACK), candidate(STRANGER))

    found = decide_on_album(passage)

    assert set(found.evidence) == {"duration", "fingerprint", "names", "album"}
    assert "Night Flight" in found.evidence["album"]
    assert found.rejected == (
        "Anna Keller / Paper Wolf (stranger): other names, or another version",
    )


@pytest.mark.parametrize(
    ("passage", "advice"),
    [
        (replace(passage_of(2, known=False), acoustid_answered=False), "set a key"),
        (passage_of(2, tagged=False), "title, artist and album in the tags"),
        (passage_of(2, known=False), "a fingerprint that AcoustID knows"),
        (
            with_candidates(passage_of(2), candidate(TRACK), candidate(TWIN)),
            "MusicBrainz id",
        ),
    ],
)
def test_decision_names_what_would_make_it_surer(
    passage: PassageEvidence, advice: str
) -> None:
    """A sure one names nothing."""
    assert advice in decide_passage(passage).evidence["surer by"]
    assert "surer by" not in decide_on_album(passage_of(2)).evidence


def test_reasons_are_true_of_the_case() -> None:
    """A file that was not looked up is not unknown."""
    known = passage_of(2, known=False)
    asked = decide_on_album(known).reason
    unasked = decide_on_album(replace(known, acoustid_answered=False)).reason
    assert "does not know" in asked
    assert "has not been asked" in unasked

    nameless = replace(candidate(STRANGER), title=None, artist=None)
    found = decide_passage(with_candidates(passage_of(2), nameless))
    assert "the recording has no names" in found.reason
    bare = decide_passage(passage_of(2, tagged=False))
    assert "the file has no names" in bare.reason


def test_album_is_not_said_to_have_a_recording_that_it_has_not() -> None:
    """The place is named, and that it is another recording's."""
    duet = recording("duet", "Blue Winter (acoustic duet)", 214)
    passage = replace(with_candidates(passage_of(2), candidate(duet)), title=duet.title)

    found = decide_on_album(passage)

    assert found.recording == replace(duet, note="")
    assert found.evidence["album"] == (
        "Night Flight, disc 1, track 2, which is another recording"
    )


def test_the_order_of_candidates_does_not_matter() -> None:
    """The same evidence gives the same decision."""
    some = [candidate(each) for each in (TRACK, TWIN, LIVE, STRANGER)]

    forth = decide_passage(with_candidates(passage_of(2), *some))
    back = decide_passage(with_candidates(passage_of(2), *reversed(some)))

    assert forth == back


def test_edition_with_another_recording_is_a_doubt() -> None:
    """Both are on the same album, and the tags do not name the edition."""
    passage = with_candidates(passage_of(2), candidate(TRACK), candidate(TWIN))
    elsewhere = replace(candidate(TWIN), release_groups=("a compilation",))
    named = replace(passage, release_mbid=ALBUM.mbid)

    assert mbid_and_band(decide_on_album(passage)) == ("r2", "Medium")
    assert mbid_and_band(decide_on_album(named)) == ("r2", "High")
    assert (
        mbid_and_band(
            decide_on_album(with_candidates(passage, candidate(TRACK), elsewhere))
        )[1]
        == "High"
    )


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
def test_decision_is_consistent_for_any_evidence(  # noqa: PLR0913
    *,
    answers: list[Candidate],
    title: str | None,
    mbid: str | None,
    tagged: bool,
    seconds: float,
    in_album: bool,
) -> None:
    """The band is the score's; High needs a fingerprint, None has no match."""
    passage = replace(
        passage_of(2, tagged=tagged),
        title=title,
        recording_mbid=mbid,
        seconds=Seconds(seconds),
        candidates=tuple(answers),
    )

    found = decide_on_album(passage) if in_album else decide_passage(passage)

    assert 0 <= found.score <= 1
    assert found.confidence is confidence_band(found.score)
    assert found.reason
    mbids = {each.recording_mbid for each in answers}
    if found.confidence == "High":
        assert found.recording
        assert found.recording.mbid in mbids
    if found.confidence == "None":
        assert found.recording is None


def test_the_credit_of_the_track_agrees_as_well() -> None:
    """MusicBrainz credits the recording to the performer, the track to the composer."""
    recording_ = replace(TRACK.recording, artist="Berliner Philharmoniker")
    track = replace(TRACK, recording=recording_, artist="Ludwig van Beethoven")
    album = replace(
        ALBUM,
        artist="Karajan",
        tracks=(ALBUM.tracks[0], track, *ALBUM.tracks[2:]),
    )
    for artist in ("Ludwig van Beethoven", "Berliner Philharmoniker"):
        passage = replace(passage_of(2), artist=artist)
        decision = decide_passage(passage, track=track, release=album)
        assert mbid_and_band(decision) == ("r2", "High")
