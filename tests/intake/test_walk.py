"""Which folders and files a walk lists: `segued.intake.walk`."""

import os
from pathlib import Path

import pytest

from segued.config.sections import ScanningSection
from segued.errors import ConfigError
from segued.intake.filters import Filters
from segued.intake.walk import UnreadableFolder, existing_roots, walk
from segued.model import FolderListing


def walked_files(root: Path, scanning: ScanningSection | None = None) -> list[str]:
    """Return the relative paths of the files that a walk lists, in its order."""
    filters = Filters.of(scanning or ScanningSection())
    place = os.fsencode(root)
    return [
        os.fsdecode(os.path.relpath(file.path, place))
        for folder in walk(place, filters)
        if isinstance(folder, FolderListing)
        for file in folder.files
    ]


def make_files(root: Path, *names: str) -> None:
    """Create empty files, with their folders."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_music_is_recognized_by_its_extension(tmp_path: Path) -> None:
    """In upper or lower case; other files are not listed."""
    make_files(tmp_path, "a.mp3", "b.FLAC", "c.txt", "d", "e.mp3.txt", "f.m4b")

    assert sorted(walked_files(tmp_path)) == ["a.mp3", "b.FLAC", "f.m4b"]


def test_hidden_and_partial_files_are_ignored(tmp_path: Path) -> None:
    """Hidden names and partial downloads, but not names that merely contain these."""
    make_files(tmp_path, ".a.mp3", "b.mp3.part", "c.crdownload", "d.mp3~", "e.!qB")
    make_files(tmp_path, "part.mp3", "The .part Song.mp3")

    assert sorted(walked_files(tmp_path)) == ["The .part Song.mp3", "part.mp3"]


def test_excluded_folders_are_not_walked(tmp_path: Path) -> None:
    """By their whole name: a folder whose name merely starts like one is walked."""
    make_files(tmp_path, "@eaDir/a.mp3", ".stversions/b.mp3", ".Trash-1000/c.mp3")
    make_files(tmp_path, "lost+found/d.mp3", "#recycle/e.mp3", ".git/f.mp3")
    make_files(tmp_path, "lost+found songs/g.mp3")

    assert walked_files(tmp_path) == ["lost+found songs/g.mp3"]


def test_names_that_begin_with_two_dots_are_titles(tmp_path: Path) -> None:
    """Of albums and of songs; one dot hides a name."""
    make_files(tmp_path, "...And Justice/01 a.mp3", "..b.mp3", "...Baby.flac")
    make_files(tmp_path, ".hidden.mp3", ".trash/c.mp3", "...And Justice/.d.mp3")

    assert sorted(walked_files(tmp_path)) == [
        "...And Justice/01 a.mp3",
        "...Baby.flac",
        "..b.mp3",
    ]


@pytest.mark.parametrize(
    "folder",
    [
        "$RECYCLE.BIN",
        "$Recycle.Bin",
        "RECYCLER",
        "@Recycle",
        "#Recycle",
        "@Recently-Snapshot",
        "#snapshot",
        "@eadir",
        "System Volume Information",
        ".zfs",
        "LOST+FOUND",
        "Network Trash Folder",
    ],
)
def test_bins_and_snapshots_are_not_walked(tmp_path: Path, folder: str) -> None:
    """In any case; they contain what was deleted, or everything once more."""
    make_files(tmp_path, f"{folder}/a.mp3", "recycled songs/b.mp3")

    assert walked_files(tmp_path) == ["recycled songs/b.mp3"]


@pytest.mark.parametrize(
    "ending",
    [
        *("aifc", "mp2", "m4r", "webm", "weba", "mkv", "spx", "ac3", "eac3", "dts"),
        *("3gp", "dff", "mpa", "wave", "snd", "ra"),
    ],
)
def test_endings_that_can_be_decoded_are_music(tmp_path: Path, ending: str) -> None:
    """As `segued.media.decoding.libav` lists their formats."""
    make_files(tmp_path, f"a.{ending}", f"b.{ending.upper()}")

    assert sorted(walked_files(tmp_path)) == [f"a.{ending}", f"b.{ending.upper()}"]


def test_ignore_marker_excludes_a_folder(tmp_path: Path) -> None:
    """If it is empty; one that contains rules is for another program."""
    make_files(tmp_path, "closed/.seguedignore", "closed/a.mp3", "closed/deep/b.mp3")
    make_files(tmp_path, "also/.ignore", "also/c.mp3", "open/.ignore", "open/d.mp3")
    (tmp_path / "open" / ".ignore").write_text("*.log\n")

    assert walked_files(tmp_path) == ["open/d.mp3"]


def test_the_sheets_of_a_folder_are_listed(tmp_path: Path) -> None:
    """In any case, without hidden ones; they are no music files."""
    for name in ("a.cue", "B.CUE", "._a.cue", "a.cue.txt", "a.flac"):
        (tmp_path / name).write_text(name)

    (listing,) = walk(bytes(tmp_path), Filters.of(ScanningSection()))

    assert isinstance(listing, FolderListing)
    assert [Path(each.path.decode()).name for each in listing.files] == ["a.flac"]
    names = sorted(Path(each.path.decode()).name for each in listing.sheets)
    assert names == ["B.CUE", "a.cue"]
    assert listing.sheets_digest


def test_lyrics_belong_to_the_file_of_their_name(tmp_path: Path) -> None:
    """Without a file they belong to none; they are no music files."""
    for name in ("a.lrc", "a.flac", "B.LRC", "B.mp3", "c.lrc", "._a.lrc", "d.mp3"):
        (tmp_path / name).write_text(name)

    (listing,) = walk(bytes(tmp_path), Filters.of(ScanningSection()))

    assert isinstance(listing, FolderListing)
    found = {
        Path(file.decode()).name: Path(each.path.decode()).name
        for file, each in listing.lyrics.items()
    }
    assert found == {"a.flac": "a.lrc", "B.mp3": "B.LRC"}
    assert len(listing.files) == 3


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Neither to files nor to folders, so that no walk is endless."""
    make_files(tmp_path, "real/a.mp3")
    (tmp_path / "real" / "again").symlink_to(tmp_path)
    (tmp_path / "b.mp3").symlink_to(tmp_path / "real" / "a.mp3")

    assert walked_files(tmp_path) == ["real/a.mp3"]


def test_a_folder_that_is_called_like_a_file_is_a_folder(tmp_path: Path) -> None:
    """An extension does not make it a file."""
    make_files(tmp_path, "album.mp3/a.mp3")

    assert walked_files(tmp_path) == ["album.mp3/a.mp3"]


def test_walk_is_ordered_and_not_recursive(tmp_path: Path) -> None:
    """A tree of 900 levels does not exceed Python's recursion limit."""
    deep = "/".join("d" * 1 for _ in range(900))
    make_files(tmp_path, "b/2.mp3", "a/1.mp3", f"{deep}/3.mp3")

    assert walked_files(tmp_path) == ["a/1.mp3", "b/2.mp3", f"{deep}/3.mp3"]


def test_a_folder_that_goes_away_is_reported(tmp_path: Path) -> None:
    """With the reason; the walk continues."""
    make_files(tmp_path, "a/1.mp3", "b/2.mp3")
    steps = walk(os.fsencode(tmp_path), Filters.of(ScanningSection()))
    next(steps)
    (tmp_path / "a" / "1.mp3").unlink()
    (tmp_path / "a").rmdir()

    rest = list(steps)

    assert rest[0] == UnreadableFolder(
        os.fsencode(tmp_path / "a"), "No such file or directory"
    )
    assert isinstance(rest[1], FolderListing)


def test_nested_roots_are_merged(tmp_path: Path) -> None:
    """By their real paths; a folder whose name merely starts the same stays."""
    for name in ("music", "music/deep", "music2"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "music")

    given = [str(tmp_path / n) for n in ("music/deep", "link", "music2", "music/")]

    place = os.fsencode(tmp_path)
    assert existing_roots(given) == [place + b"/music", place + b"/music2"]


def test_unreadable_roots_are_reported(tmp_path: Path) -> None:
    """A missing folder and a file have different messages."""
    make_files(tmp_path, "file.mp3")

    with pytest.raises(ConfigError, match=r"nowhere: there is no such folder"):
        existing_roots([str(tmp_path / "nowhere")])
    with pytest.raises(ConfigError, match=r"file\.mp3: not a folder but a file"):
        existing_roots([str(tmp_path / "file.mp3")])
