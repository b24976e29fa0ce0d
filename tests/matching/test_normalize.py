"""Normalized names: `segued.matching.normalize`."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.matching.normalize import (
    comparison_key,
    is_placeholder,
    name_key,
    normalize_name,
    similarity,
    spelled_alike,
    strip_disc,
    strip_guests_and_notes,
)


def test_normalized_names_lose_case_accents_and_punctuation() -> None:
    """Spacing, too."""
    assert normalize_name("  The BEATLES ") == normalize_name("the beatles")
    assert normalize_name("Sigur Rós") == "sigur ros"
    assert normalize_name("AC/DC") == "ac dc"


def test_name_key_of_punctuation_is_the_punctuation() -> None:
    """Two bands named by punctuation alone are two bands."""
    assert name_key("!!!", "Me and Giuliani") != name_key("???", "Me and Giuliani")


def test_capitals_from_a_decomposition_are_folded() -> None:
    """Compatibility characters can decompose into capitals."""
    assert normalize_name("Mötör™") == "motortm"
    assert normalize_name("\N{MATHEMATICAL ITALIC THETA SYMBOL}") == "θ"
    assert normalize_name("\N{MATHEMATICAL ITALIC SMALL FINAL SIGMA}") == (
        "\N{GREEK SMALL LETTER SIGMA}"
    )
    assert normalize_name("\N{DOUBLE-STRUCK CAPITAL R}") == "r"


def test_normalizing_is_idempotent_for_all_of_unicode() -> None:
    """Each code point alone, unassigned ones and surrogates included."""
    unstable = [
        hex(point)
        for point in range(sys.maxunicode + 1)
        if normalize_name(once := normalize_name(chr(point))) != once
    ]

    assert unstable == []


@given(st.text(max_size=40))
def test_normalizing_is_idempotent(name: str) -> None:
    """A normalized name is its own normal form."""
    assert normalize_name(normalize_name(name)) == normalize_name(name)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param("Simon & Garfunkel", "Simon and Garfunkel", id="and"),
        pytest.param("The Beatles", "Beatles", id="the"),
        pytest.param("Beatles, The", "the beatles", id="the, last"),
        pytest.param("Jóga feat. Nobody", "Jóga", id="a guest"),
        pytest.param("Jóga (ft. Nobody)", "Jóga", id="a guest in brackets"),
        pytest.param("Jóga [featuring Nobody]", "Joga", id="a guest, spelled out"),
        pytest.param("Jóga - 2011 Remaster", "Jóga", id="a remaster"),
        pytest.param("Jóga (Remastered 2009)", "Jóga", id="remastered"),
        pytest.param("Jóga (Mono) [Bonus Track]", "Jóga", id="mono, bonus"),
        pytest.param("Jóga (Album Version)", "Jóga [Explicit]", id="as issued"),
        pytest.param("Echoes Pt. 2", "Echoes, Part 2", id="an abbreviation"),
        pytest.param("Echoes, Part Two", "Echoes (Part II)", id="ii"),
    ],
)
def test_typography_does_not_matter(a: str, b: str) -> None:
    """Guests, notes on the edition and spellings do not change the song."""
    assert similarity(a, b) == 1


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Shine On (Part 1)", "Shine On (Part 2)"),
        ("Symphony No. 5", "Symphony No. 6"),
        ("Untitled II", "Untitled III"),
    ],
)
def test_another_number_is_another_song(a: str, b: str) -> None:
    """The similarity is at most 0.5, however similar the letters are."""
    assert similarity(a, b) <= 0.5


def test_brackets_that_are_part_of_the_name_stay() -> None:
    """The name without them is similar, but not equal."""
    assert (
        strip_guests_and_notes("(I Can't Get No) Satisfaction")
        == "(I Can't Get No) Satisfaction"
    )
    assert 0.85 < similarity("(I Can't Get No) Satisfaction", "Satisfaction") < 1


def test_punctuation_only_names_compare_verbatim() -> None:
    """They have no normalized form."""
    assert similarity("!!!", "!!!") == 1
    assert similarity("!!!", "???") == 0


def test_a_name_is_never_stripped_to_nothing() -> None:
    """A song may be named like a note on its issue."""
    assert comparison_key("The The") == "the"
    assert comparison_key("(Remastered)")
    assert similarity("Mono", "Mono") == 1


def test_placeholder_names_are_recognized() -> None:
    """Programs number tracks whose titles are unknown."""
    assert all(map(is_placeholder, ("Track 01", "track 7", "Unknown Artist")))
    assert not any(map(is_placeholder, ("Tracks of My Tears", "99", "Jóga")))


@given(st.text(max_size=30), st.text(max_size=30))
def test_similarity_is_symmetric_and_at_most_one(a: str, b: str) -> None:
    """It is at least 0, and 1 for a name and itself."""
    assert 0 <= similarity(a, b) <= 1
    assert similarity(a, b) == pytest.approx(similarity(b, a))
    assert similarity(a, a) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Waltz in A-flat", "Waltz in E-flat"),
        ("Waltz in A-flat major, slow", "Waltz in A-flat major, grand"),
        ("Symphony in C major", "Symphony in D major"),
        ("Concerto in D minor: Allegro", "Concerto in D minor: Andante"),
    ],
)
def test_names_that_differ_in_a_word_are_others(one: str, other: str) -> None:
    """However long the rest of them is."""
    assert similarity(one, other) == 0.5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Waltz in A-flat", "Waltz in A flat"),
        ("Rock and Roll Music", "Rock n Roll Music"),
        ("The Colour of Love", "The Color of Love"),
        ("Harbour Lights", "Harbour Ligths"),
        ("Nothing Compares 2 U", "Nothing Compares 2 You"),
    ],
)
def test_words_may_be_misspelled(one: str, other: str) -> None:
    """Or be spelled in two ways."""
    assert similarity(one, other) >= 0.8


@pytest.mark.parametrize(
    "disc", [" (Disc 2)", " [CD2]", " CD 1", ", Disc 1", " - Disc One"]
)
def test_disc_is_stripped_from_a_title(disc: str) -> None:
    """A title that is nothing else is kept."""
    assert strip_disc(f"In Rainbows{disc}") == "In Rainbows"
    assert strip_disc("Disc 2") == "Disc 2"
    assert strip_disc("Compact Disc") == "Compact Disc"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("lets go radio edit", "Let's Go (radio edit)"),
        ("heaven", "Heave(n)"),
        ("h a m", "H.A.M."),
        ("New Day Explicit", "New Day"),
        ("Move On Up Remastered", "Move On Up"),
        ("Move On Up 2011 Remaster", "Move On Up [Remastered Version]"),
        ("Talk album version", "Talk"),
    ],
)
def test_titles_without_their_punctuation_are_spelled_alike(a: str, b: str) -> None:
    """Also with notes on the issue, in brackets or without."""
    assert spelled_alike(a, b)
    assert spelled_alike(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Let's Go", "Let's Go (radio edit)"),
        ("Bounce Version", "Bounce"),
        ("Every Single", "Every"),
        ("Explicit", "Remastered"),
        ("!!!", "???"),
    ],
)
def test_other_words_are_not_spelled_alike(a: str, b: str) -> None:
    """A version, a word that may belong to the title, or no word at all."""
    assert not spelled_alike(a, b)
