"""The language of searches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.errors import QueryError
from segued.matching.library_query import (
    ConfidenceTerm,
    KeyTerm,
    NumberTerm,
    ShareTerm,
    TextTerm,
    parse_query,
)
from segued.matching.query_values import AddedRange, Bounds, KeyName


@pytest.mark.parametrize(
    "query",
    ["AC/DC - Live!", "re:stacks", '12" mix', "a+b=c", "-bells", "3:15", "!!! >", ""],
)
def test_what_names_no_field_is_words(query: str) -> None:
    """Searches of titles with signs in them are what they were."""
    parsed = parse_query(query)

    assert (parsed.words, parsed.terms) == (query, ())


def test_a_quoted_condition_is_words() -> None:
    """So a title that looks like a condition can be found."""
    assert parse_query('blue "key: c"').words == "blue key: c"
    assert parse_query('blue "key: c"').terms == ()


def test_conditions_and_words_are_told_apart() -> None:
    """A value in quotes may have blanks; a minus sign reverses a condition."""
    parsed = parse_query('blue artist:"Joni Mitchell" -album:live Year:1971')

    assert parsed.words == "blue"
    assert parsed.terms == (
        TextTerm("artist", "Joni Mitchell"),
        TextTerm("album", "live", is_reversed=True),
        NumberTerm("year", Bounds(1971, 1971)),
    )


@pytest.mark.parametrize(
    ("query", "bounds"),
    [
        ("bpm:100-120", Bounds(100, 120)),
        ("bpm:100..120.5", Bounds(100, 120.5)),
        ("bpm:100..", Bounds(100, None)),
        ("bpm:..120", Bounds(None, 120)),
        ("bpm:120", Bounds(119.5, 120.5, is_high_open=True)),
        ("bpm>120", Bounds(120, None, is_low_open=True)),
        ("bpm<=120", Bounds(None, 120)),
        ("loudness:-20..-14", Bounds(-20, -14)),
        ("loudness:-20--14", Bounds(-20, -14)),
        ("loudness<-14", Bounds(None, -14, is_high_open=True)),
        ("length:2:30-1:00:00", Bounds(150, 3_600)),
        ("length>=90", Bounds(90, None)),
    ],
)
def test_numbers_have_bounds(query: str, bounds: Bounds) -> None:
    """Ranges in both notations, open ones, and comparisons."""
    (term,) = parse_query(query).terms

    assert isinstance(term, NumberTerm)
    assert term.bounds == bounds


def test_any_characteristic_of_a_flavor_is_compared() -> None:
    """A mood by its name; others by the class."""
    assert parse_query("mood_relaxed>0.7 timbre.Dark<=0.5").terms == (
        ShareTerm("mood_relaxed", "relaxed", Bounds(0.7, None, is_low_open=True)),
        ShareTerm("timbre", "dark", Bounds(None, 0.5)),
    )


def test_keys_have_several_names() -> None:
    """Sharps, flats, minor, and the Camelot wheel."""
    (term,) = parse_query('key:F#,Gb,"x"'[:9] + ",Am,8A,8B,1A").terms

    assert isinstance(term, KeyTerm)
    assert term.keys == (
        KeyName(6, None),
        KeyName(6, None),
        KeyName(9, "minor"),
        KeyName(9, "minor"),
        KeyName(0, "major"),
        KeyName(8, "minor"),
    )


def test_confidence_is_a_list() -> None:
    """Regardless of case."""
    assert parse_query("confidence:high,Medium").terms == (
        ConfidenceTerm(("High", "Medium")),
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7d", AddedRange(seconds=604_800)),
        ("12h", AddedRange(seconds=43_200)),
        ("2026-11", AddedRange(first="2026-11", last="2026-11~")),
        ("2026..2026-06-30", AddedRange(first="2026", last="2026-06-30~")),
        ("2026-01-01..", AddedRange(first="2026-01-01")),
    ],
)
def test_added_is_an_age_or_dates(value: str, expected: AddedRange) -> None:
    """The end of a range of dates is in it."""
    (term,) = parse_query(f"added:{value}").terms

    assert not isinstance(term, NumberTerm)
    assert getattr(term, "range", None) == expected


@pytest.mark.parametrize(
    ("query", "place", "reason"),
    [
        ("blue artst:x", (5, 12), "did you mean artist?"),
        ("bpm:fast", (0, 8), "a range such as 100-120"),
        ("x bpm:120-100 y", (2, 13), "ends before it begins"),
        ("bpm:-120", (0, 8), "at most 120 is ..120"),
        ("mood_relaxed>7", (0, 14), "from 0 to 1"),
        ("mood_relaxd>0.5", (0, 15), "did you mean mood_relaxed?"),
        ("timbre>0.5", (0, 10), "timbre.bright, timbre.dark"),
        ("timbre.warm>0.5", (0, 15), "timbre.bright, timbre.dark"),
        ("key:H", (0, 5), "Camelot"),
        ("confidence:sure", (0, 15), "high, medium, low, none"),
        ("added:soon", (0, 10), "12h, 7d"),
        ("year:", (0, 5), "needs a value"),
        ('a artist:"Joni', (2, 14), "closing quote"),
        ("artist>b", (0, 8), "write artist:b"),
        ("bpm>1 " * 20 + "bpm>2", (120, 125), "at most 20 conditions"),
    ],
)
def test_errors_point_at_the_place(
    query: str, place: tuple[int, int], reason: str
) -> None:
    """With the characters of the condition, and what is possible instead."""
    with pytest.raises(QueryError) as caught:
        parse_query(query)

    assert (caught.value.start, caught.value.end) == place
    assert f"at character {place[0] + 1}, " in str(caught.value)
    assert reason in str(caught.value)


@given(
    st.text(
        alphabet=st.sampled_from('ab:<>=".-0179 ~keympb_ratis\u00e9\0'), max_size=40
    )
)
def test_any_text_is_a_query_or_an_error_inside_it(query: str) -> None:
    """Nothing else is raised."""
    try:
        parse_query(query)
    except QueryError as error:
        assert 0 <= error.start < error.end <= len(query)  # noqa: PT017
