"""Tags from file and folder names: `segued.media.tags.filename`."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segued.media.tags.filename import is_side_title, leading_number, tags_from_name
from segued.model import Tags


def tags_of(path: str) -> Tags:
    """Return the tags in a path."""
    return tags_from_name(os.fsencode(path))


NAMES = {
    "/m/x/Can - Tago Mago - 03 - Oh Yeah.mp3": Tags(
        artist="Can", album="Tago Mago", track=3, title="Oh Yeah"
    ),
    "/m/x/Can - Tago Mago - 2-03 - Oh Yeah.mp3": Tags(
        artist="Can", album="Tago Mago", disc=2, track=3, title="Oh Yeah"
    ),
    "/m/Tago Mago/Can - 03 - Oh Yeah.mp3": Tags(
        artist="Can", album="Tago Mago", track=3, title="Oh Yeah"
    ),
    "/m/Tago Mago/03 - Oh Yeah.mp3": Tags(album="Tago Mago", track=3, title="Oh Yeah"),
    "/m/Tago Mago/03. Oh Yeah.flac": Tags(album="Tago Mago", track=3, title="Oh Yeah"),
    "/m/Tago Mago/03 Oh Yeah.flac": Tags(album="Tago Mago", track=3, title="Oh Yeah"),
    "/m/Tago Mago/03-Oh Yeah.flac": Tags(album="Tago Mago", track=3, title="Oh Yeah"),
    "/m/Tago Mago/03_-_Oh_Yeah.flac": Tags(album="Tago Mago", track=3, title="Oh Yeah"),
    "/m/Hits/03 - Can - Oh Yeah.mp3": Tags(
        artist="Can", album="Hits", track=3, title="Oh Yeah"
    ),
    "/m/Tago Mago/2-03 Oh Yeah.mp3": Tags(
        album="Tago Mago", disc=2, track=3, title="Oh Yeah"
    ),
    "/m/Tago Mago/CD 2/03 Oh Yeah.mp3": Tags(
        album="Tago Mago", disc=2, track=3, title="Oh Yeah"
    ),
    "/m/Tago Mago/CD 2/1-03 Oh Yeah.mp3": Tags(
        album="Tago Mago", disc=1, track=3, title="Oh Yeah"
    ),
    "/m/Various - Hits/Can - 03 - Oh Yeah.mp3": Tags(
        artist="Can", album="Hits", track=3, title="Oh Yeah"
    ),
    "/m/Can - Tago Mago (1971)/03 Oh Yeah.mp3": Tags(
        artist="Can", album="Tago Mago", date="1971", track=3, title="Oh Yeah"
    ),
    "/m/Can - 1971 - Tago Mago/03 Oh Yeah.mp3": Tags(
        artist="Can", album="Tago Mago", date="1971", track=3, title="Oh Yeah"
    ),
    "/m/1971 - Tago Mago/03 Oh Yeah.mp3": Tags(
        album="Tago Mago", date="1971", track=3, title="Oh Yeah"
    ),
    "/m/Can/1971 - Tago Mago/03 Oh Yeah.mp3": Tags(
        artist="Can", album="Tago Mago", date="1971", track=3, title="Oh Yeah"
    ),
    "/m/Can/Tago Mago (1971)/CD2/03 Oh Yeah.mp3": Tags(
        artist="Can", album="Tago Mago", date="1971", disc=2, track=3, title="Oh Yeah"
    ),
    "/m/music/1971 - Tago Mago/03 Oh Yeah.mp3": Tags(
        album="Tago Mago", date="1971", track=3, title="Oh Yeah"
    ),
    "/m/Can/1971 - Tago Mago/Oh Yeah.mp3": Tags(
        artist="Can", album="Tago Mago", date="1971", title="Oh Yeah"
    ),
    "/m/Can - Tago Mago/A1 - Oh Yeah.mp3": Tags(
        artist="Can", album="Tago Mago", title="Oh Yeah"
    ),
    "/m/Can - Tago Mago/B2. Oh Yeah.mp3": Tags(
        artist="Can", album="Tago Mago", title="Oh Yeah"
    ),
    "/m/x/A1 Oh Yeah.mp3": Tags(title="A1 Oh Yeah"),
    "/m/Tago Mago/Track 03.mp3": Tags(album="Tago Mago", track=3, title="Track 03"),
    "/m/music/03 Oh Yeah.mp3": Tags(track=3, title="Oh Yeah"),
    "/m/x/Can - Oh Yeah.mp3": Tags(artist="Can", title="Oh Yeah"),
    "/m/x/Can \u2013 Oh Yeah.mp3": Tags(artist="Can", title="Oh Yeah"),
    "/m/x/Can - Oh Yeah - Live.mp3": Tags(artist="Can", title="Oh Yeah - Live"),
    "/m/x/Jay-Z - 99 Problems.mp3": Tags(artist="Jay-Z", title="99 Problems"),
    "/m/x/50 Cent - In da Club.mp3": Tags(artist="50 Cent", title="In da Club"),
    "/m/x/10cc - Donna.mp3": Tags(artist="10cc", title="Donna"),
    "/m/x/Oh Yeah.mp3": Tags(title="Oh Yeah"),
    "/m/x/Oh_Yeah.mp3": Tags(title="Oh Yeah"),
    "/m/x/Mr. Mister.mp3": Tags(title="Mr. Mister"),
    "/m/x/1979.mp3": Tags(title="1979"),
    "/m/Tago Mago/03.mp3": Tags(album="Tago Mago", track=3),
    "/m/x/00 - Hidden.mp3": Tags(title="Hidden"),
}


@pytest.mark.parametrize("path", NAMES)
def test_common_file_names_are_parsed(path: str) -> None:
    """Artist, album, numbers and title are found if the name has them."""
    assert tags_of(path) == NAMES[path]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("03 - Oh Yeah", 3),
        ("03", 3),
        ("3.Oh Yeah", 3),
        ("103 Oh Yeah", 103),
        ("2-03 Oh Yeah", 3),
        ("03 Can - Oh Yeah", 3),
        ("1979 - Oh Yeah", None),
        ("10cc", None),
        ("50 Cent - In da Club", None),
        ("Can - 03 - Oh Yeah", None),
        ("Oh Yeah", None),
    ],
)
def test_a_leading_number_is_a_track(name: str, number: int | None) -> None:
    """A year, or a number in an artist's name, is not a track."""
    assert leading_number(f"/music/{name}.mp3".encode()) == number


def test_invalid_utf_8_is_replaced() -> None:
    """No file fails because of its name."""
    assert tags_from_name(b"/m/x/03 - Bj\xf6rk.mp3").title == "Bj\ufffdrk"


@given(
    path=st.lists(st.binary() | st.sampled_from([b" - ", b"/", b"01"])).map(b"".join)
)
def test_any_name_is_parsed(path: bytes) -> None:
    """The tags of any name are valid, stripped text."""
    tags = tags_from_name(path)

    for text in (tags.title, tags.artist, tags.album):
        assert text is None or text.encode().strip() == text.encode() != b""
    assert leading_number(path) in {None, *range(1, 1_000)}


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Side A", True),
        ("Meddle (side 2)", True),
        ("Seite 1 - Live", True),
        ("album_side_b", True),
        ("Lado A - Lado B", True),
        ("SIDE ONE", True),
        ("Side by Side", False),
        ("Sister (B-side)", False),
        ("Face 2 Face", False),
        ("Cara a Cara", False),
        ("The Dark Side of the Moon", False),
        ("Inside A", False),
        ("", False),
        (None, False),
    ],
)
def test_side_titles_are_detected(title: str | None, *, expected: bool) -> None:
    """Songs named after any other side, and B-sides, are not album sides."""
    assert is_side_title(title) == expected
