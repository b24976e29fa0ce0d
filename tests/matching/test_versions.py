"""Version words: `segued.matching.versions`."""

import pytest

from segued.matching.versions import album_version, noted, titled, without


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
    """And the title without them is the song."""
    assert titled(title).words == words
    assert without(title) == "Jóga"


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
    """A song may be called "Live and Let Die"."""
    assert titled(title).words == set()


def test_a_note_names_a_version_anywhere() -> None:
    """MusicBrainz's notes are no names."""
    assert noted("live, 1992-05-01: Wembley").words == {"live"}
    assert noted("early demo, take 3").words == {"demo"}
    assert noted("remastered, mono").words == set()


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
    """All that is on it is live, or remixed."""
    assert album_version(album).words == words


def test_two_of_a_kind_may_be_different() -> None:
    """A remix by another, or another evening."""
    assert titled("Jóga (Moby Remix)").contradicts(titled("Jóga (Empire Remix)"))
    assert titled("Jóga (Live at Leeds)").contradicts(noted("live, 1999: Rome"))
    assert not titled("Jóga (Live)").contradicts(noted("live, 1999: Rome"))
    assert not titled("Jóga (Live in Rome)").contradicts(noted("live, 1999: Rome"))
    assert not titled("Jóga").contradicts(titled("Jóga (Live)"))
