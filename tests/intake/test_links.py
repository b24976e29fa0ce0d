"""Following symbolic links: `segued.intake.links`, as walks use it."""

import os
from pathlib import Path

from segued.config.sections import ScanningSection
from segued.intake.filters import Filters
from segued.intake.links import FollowedLinks
from segued.intake.walk import walk
from segued.model import FolderListing, PassedOver
from tests.intake.test_walk import make_files

FILTERS = Filters.of(ScanningSection(follow_links=True))


def listings(
    root: Path, links: FollowedLinks, place: str | None = None
) -> list[FolderListing]:
    """Return what a walk with links lists."""
    start = os.fsencode(root / place) if place else None
    steps = walk(os.fsencode(root), FILTERS, start, links=links)
    return [each for each in steps if isinstance(each, FolderListing)]


def names(root: Path, found: list[FolderListing]) -> list[str]:
    """Return the relative paths of the listed files."""
    return [
        os.path.relpath(os.fsdecode(file.path), root)
        for folder in found
        for file in folder.files
    ]


def passed_over(found: list[FolderListing]) -> list[tuple[PassedOver, bytes]]:
    """Return the names that were passed over."""
    return [each for folder in found for each in folder.passed_over]


def test_links_out_of_the_music_folder_are_followed(tmp_path: Path) -> None:
    """To folders and to files, with the signature of the target."""
    root = tmp_path / "music"
    make_files(root, "own.mp3")
    make_files(tmp_path / "nas", "album/a.mp3", "album/deep/b.mp3", "single.mp3")
    (root / "album").symlink_to(tmp_path / "nas" / "album")
    (root / "one.mp3").symlink_to(tmp_path / "nas" / "single.mp3")

    found = listings(root, FollowedLinks([os.fsencode(root)]))

    assert sorted(names(root, found)) == [
        "album/a.mp3",
        "album/deep/b.mp3",
        "one.mp3",
        "own.mp3",
    ]
    assert [each.is_linked for each in found] == [False, True, True]
    (link,) = (f for f in found[0].files if f.path.endswith(b"one.mp3"))
    target = (tmp_path / "nas" / "single.mp3").stat()
    assert link.signature.inode == target.st_ino
    assert passed_over(found) == []


def test_links_into_a_music_folder_are_not_followed(tmp_path: Path) -> None:
    """Neither into this one nor into another: the targets are scanned there."""
    root, other = tmp_path / "music", tmp_path / "other"
    make_files(root, "real/a.mp3")
    make_files(other, "b.mp3")
    (root / "again").symlink_to(root / "real")
    (root / "a.mp3").symlink_to(root / "real" / "a.mp3")
    (root / "other").symlink_to(other)
    (root / "b.mp3").symlink_to(other / "b.mp3")
    (root / "nowhere.mp3").symlink_to(tmp_path / "nowhere")

    found = listings(root, FollowedLinks([os.fsencode(root), os.fsencode(other)]))

    assert names(root, found) == ["real/a.mp3"]
    assert sorted(passed_over(found)) == [
        (PassedOver.LINK, name)
        for name in (b"a.mp3", b"again", b"b.mp3", b"nowhere.mp3", b"other")
    ]


def test_a_link_to_a_folder_above_lists_nothing_twice(tmp_path: Path) -> None:
    """It leads to the folder's neighbors, but not to the folder itself."""
    root = tmp_path / "all" / "music"
    make_files(root, "a.mp3")
    make_files(tmp_path / "all", "books/b.mp3")
    (root / "up").symlink_to(tmp_path / "all")
    (root / "self").symlink_to("self")

    found = listings(root, FollowedLinks([os.fsencode(root)]))

    assert names(root, found) == ["a.mp3", "up/books/b.mp3"]


def test_a_circle_of_links_outside_ends(tmp_path: Path) -> None:
    """Each folder of it is listed once."""
    root = tmp_path / "music"
    root.mkdir()
    make_files(tmp_path, "one/a.mp3", "two/b.mp3")
    (tmp_path / "one" / "next").symlink_to(tmp_path / "two")
    (tmp_path / "two" / "next").symlink_to(tmp_path / "one")
    (root / "start").symlink_to(tmp_path / "one")

    found = listings(root, FollowedLinks([os.fsencode(root)]))

    assert names(root, found) == ["start/a.mp3", "start/next/b.mp3"]


def test_of_two_links_to_one_target_one_is_followed(tmp_path: Path) -> None:
    """The same one by a scan of a part, until it is gone."""
    root = tmp_path / "music"
    root.mkdir()
    make_files(tmp_path, "nas/sub/a.mp3", "nas/b.mp3")
    (root / "first").symlink_to(tmp_path / "nas" / "sub")
    (root / "second").symlink_to(tmp_path / "nas")
    links = FollowedLinks([os.fsencode(root)])

    found = listings(root, links)
    assert sorted(names(root, found)) == ["first/a.mp3", "second/b.mp3"]
    assert names(root, listings(root, links, "second/sub")) == []
    assert names(root, listings(root, links, "first")) == ["first/a.mp3"]

    (root / "first").unlink()
    assert names(root, listings(root, links, "second")) == [
        "second/b.mp3",
        "second/sub/a.mp3",
    ]


def test_names_count_behind_links_as_well(tmp_path: Path) -> None:
    """A link with an ignored or hidden name is not followed."""
    root = tmp_path / "music"
    root.mkdir()
    make_files(tmp_path, "nas/a.mp3", "nas/.hidden/b.mp3", "nas/@eaDir/c.mp3")
    (root / ".nas").symlink_to(tmp_path / "nas")
    (root / "#recycle").symlink_to(tmp_path / "nas")
    (root / "a.txt").symlink_to(tmp_path / "nas" / "a.mp3")
    (root / "nas").symlink_to(tmp_path / "nas")

    found = listings(root, FollowedLinks([os.fsencode(root)]))

    assert names(root, found) == ["nas/a.mp3"]
