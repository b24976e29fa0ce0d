"""Version words: `segued.matching.versions`."""

import pytest

from segued.matching.versions import (
    asides_differ,
    from_album_title,
    from_note,
    from_title,
    strip_version,
)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Jóga (Live)", {"live"}),
        ("Jóga - Live", {"live"}),
        ("Jóga (Live at Leeds)", {"live"}),
        ("Jóga [live, 1992]", {"live"}),
        ("Jóga (Alec Empire Remix)", {"remix"}),
        ("Jóga (Howie B Mix)", {"mix"}),
        ("Jóga (Acoustic Version)", {"acoustic"}),
        ("Jóga (Instrumental)", {"instrumental"}),
        ("Jóga (Demo)", {"demo"}),
        ("Jóga (Karaoke Version)", {"karaoke"}),
        ("Jóga (Radio Edit)", {"edit"}),
        ("Jóga (Extended Mix)", {"extended"}),
        ("Jóga (MTV Unplugged)", {"unplugged", "live"}),
        ("Jóga (A Cappella)", {"a cappella"}),
        ("Jóga (Cover)", {"cover"}),
        ("Jóga (Acoustic) - Live", {"acoustic", "live"}),
    ],
)
def test_brackets_and_dashes_name_versions(title: str, words: set[str]) -> None:
    """Without them, the title is the song's."""
    assert from_title(title).words == words
    assert strip_version(title) == "Jóga"


@pytest.mark.parametrize(
    "title",
    [
        "Live and Let Die",
        "Wings - Live and Let Die",
        "Live Forever",
        "Demo",
        "Jóga (The Way We Live)",
        "Jóga (Turn Up the Radio)",
        "Jóga - 2011 Remaster",
        "Jóga (Mono)",
        "Jóga (Stereo Version)",
        "Jóga (Album Version)",
        "Jóga (Single Version)",
        "Jóga [Bonus Track]",
        "Jóga (Explicit)",
        "Jóga (Original Mix)",
    ],
)
def test_names_and_editions_are_no_versions(title: str) -> None:
    """Such as a song named "Live and Let Die"."""
    assert from_title(title).words == set()


def test_a_note_names_a_version_anywhere() -> None:
    """MusicBrainz's notes contain no names of songs."""
    assert from_note("live, 1992-05-01: Wembley").words == {"live"}
    assert from_note("early demo, take 3").words == {"demo"}
    assert from_note("remastered, mono").words == set()


@pytest.mark.parametrize(
    ("album", "words"),
    [
        ("Live at Leeds", {"live"}),
        ("MTV Unplugged in New York", {"unplugged", "live"}),
        ("Paris: Live", {"live"}),
        ("The Remixes", {"remix"}),
        ("Live Through This", set()),
        ("Live and Dangerous", set()),
        ("Homogenic", set()),
    ],
)
def test_an_album_gives_its_songs_a_version(album: str, words: set[str]) -> None:
    """All its songs are live, or remixed."""
    assert from_album_title(album).words == words


def test_two_of_a_kind_may_be_different() -> None:
    """By another remixer, or of another concert."""
    assert from_title("Jóga (Moby Remix)").contradicts(
        from_title("Jóga (Empire Remix)")
    )
    assert from_title("Jóga (Live at Leeds)").contradicts(from_note("live, 1999: Rome"))
    assert not from_title("Jóga (Live)").contradicts(from_note("live, 1999: Rome"))
    assert not from_title("Jóga (Live in Rome)").contradicts(
        from_note("live, 1999: Rome")
    )
    assert not from_title("Jóga").contradicts(from_title("Jóga (Live)"))


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Jóga (acoustic duet)", "Jóga"),
        ("Jóga [take 2]", "Jóga"),
        ("MK 2 (take 2)", "MK 2"),
        ("Jóga (underscore)", "Jóga (full)"),
        ("Jóga - early version", "Jóga"),
    ],
)
def test_asides_of_any_words_differ(title: str, other: str) -> None:
    """No list has them all."""
    assert asides_differ(title, other)


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Jóga (2011 Remaster)", "Jóga"),
        ("Jóga - 2015 - Remastered", "Jóga"),
        ("Jóga (Album Verson)", "Jóga"),
        ("Jóga (feat. Nobody)", "Jóga"),
        ("Jóga (acoustic duet)", "Jóga - Acoustic Duet"),
        ("Jóga (acoustic duet)", "Jóga Acoustic Duett"),
        ("Jóga (NinaNuñez remix)", "Jóga (Nina Nuñez Remix)"),
    ],
)
def test_asides_about_the_issue_or_of_the_same_words_do_not(
    title: str, other: str
) -> None:
    """Also if they are misspelled."""
    assert not asides_differ(title, other)
