"""Names as they compare: `segued.matching.normalize`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.matching.normalize import (
    comparison_key,
    is_placeholder,
    similarity,
    strip_guests_and_notes,
)


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
    """The same song is the same, however it is written."""
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
    """However alike they look."""
    assert similarity(a, b) <= 0.5


def test_brackets_that_are_part_of_the_name_stay() -> None:
    """Without them it is nearly the same name."""
    assert (
        strip_guests_and_notes("(I Can't Get No) Satisfaction")
        == "(I Can't Get No) Satisfaction"
    )
    assert 0.85 < similarity("(I Can't Get No) Satisfaction", "Satisfaction") < 1


def test_punctuation_only_names_compare_verbatim() -> None:
    """They are compared as they are."""
    assert similarity("!!!", "!!!") == 1
    assert similarity("!!!", "???") == 0


def test_a_name_is_never_stripped_to_nothing() -> None:
    """A song may be called like a note on how it was issued."""
    assert comparison_key("The The") == "the"
    assert comparison_key("(Remastered)")
    assert similarity("Mono", "Mono") == 1


def test_placeholder_names_are_recognized() -> None:
    """A track without a name is called by its number."""
    assert all(map(is_placeholder, ("Track 01", "track 7", "Unknown Artist")))
    assert not any(map(is_placeholder, ("Tracks of My Tears", "99", "Jóga")))


@given(st.text(max_size=30), st.text(max_size=30))
def test_similarity_is_a_share(a: str, b: str) -> None:
    """Between nothing and all, whichever comes first, and all for itself."""
    assert 0 <= similarity(a, b) <= 1
    assert similarity(a, b) == pytest.approx(similarity(b, a))
    assert similarity(a, a) == 1
