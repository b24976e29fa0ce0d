"""Where the folders of another program are: `segued.cli.path_maps`."""

import unicodedata

import pytest

from segued.cli.path_maps import PathMaps, parse_maps
from segued.errors import ConfigError


def test_the_longest_folder_counts_and_only_as_a_whole() -> None:
    """`/mnt/nas/music` is not the start of `/mnt/nas/musical`."""
    maps = PathMaps(parse_maps(["/mnt/nas=/a", "/mnt/nas/music/=/b/"]))

    assert maps.places(b"/mnt/nas/music/x.mp3") == [[b"/b/x.mp3"]]
    assert maps.places(b"/mnt/nas/musical/x.mp3") == [[b"/a/musical/x.mp3"]]
    assert maps.places(b"/other/x.mp3") == [[b"/other/x.mp3"]]


def test_paths_are_bytes() -> None:
    """A name that is not UTF-8 is kept as it is."""
    maps = PathMaps(parse_maps(["/there=/here"]))

    assert maps.places(b"/there/caf\xe9.mp3") == [[b"/here/caf\xe9.mp3"]]


def test_a_mac_writes_accents_apart() -> None:
    """Both spellings are tried, the own one first."""
    apart = unicodedata.normalize("NFD", "/m/Jóga.mp3").encode()

    assert PathMaps().places(apart) == [[apart, "/m/Jóga.mp3".encode()]]


def test_windows_folders_have_either_slash() -> None:
    """An XML library of iTunes has forward ones, its user types backward ones."""
    maps = PathMaps(parse_maps([r"C:\Users\me\Music=/srv/music"]))

    assert maps.places(b"C:/Users/me/Music/a/b.mp3") == [[b"/srv/music/a/b.mp3"]]


def test_relative_paths_are_below_each_music_folder_or_below_the_map() -> None:
    """A path that leaves the folder is normalized before it is compared."""
    roots = (b"/one", b"/two")

    assert PathMaps((), roots).places(b"a/b.mp3") == [
        [b"/one/a/b.mp3"],
        [b"/two/a/b.mp3"],
    ]
    mapped = PathMaps(parse_maps([".=/three"]), roots)
    assert mapped.places(b"../a.mp3") == [[b"/a.mp3"]]


@pytest.mark.parametrize("text", ["/there", "=/here", "/there="])
def test_a_map_without_both_folders_is_refused(text: str) -> None:
    """The message shows it and the right form."""
    with pytest.raises(ConfigError, match="not of the form THERE=HERE"):
        parse_maps([text])


def test_a_folder_cannot_be_in_two_places() -> None:
    """The second map of it is refused."""
    with pytest.raises(ConfigError, match="given twice"):
        parse_maps(["/a=/b", "/a/=/c"])
