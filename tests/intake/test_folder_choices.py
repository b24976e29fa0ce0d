"""What the picker of music folders shows."""

import os
from pathlib import Path

from segued.intake import folder_choices
from segued.intake.folder_choices import FolderChoices


def listed(path: Path | str) -> FolderChoices:
    """Return the folders in a folder of which MP3s are music."""
    return folder_choices.list_folder(os.fsencode(path), {"mp3"}, in_container=False)


def test_folders_are_listed_and_music_is_counted(tmp_path: Path) -> None:
    """By name, regardless of case; hidden folders and files are left out."""
    for name in ("beta", "Alpha", ".hidden"):
        (tmp_path / name).mkdir()
    for name in ("1.mp3", "2.MP3", "cover.jpg", ".3.mp3"):
        (tmp_path / name).touch()
    (tmp_path / "Gamma").symlink_to(tmp_path / "beta")

    found = listed(f"{tmp_path}/beta/..")

    assert [each.name for each in found.folders] == ["Alpha", "beta", "Gamma"]
    assert all(each.is_readable for each in found.folders)
    assert (found.path, found.parent) == (str(tmp_path), str(tmp_path.parent))
    assert (found.music_files, found.is_complete) == (2, True)


def test_what_is_no_folder_has_a_reason(tmp_path: Path) -> None:
    """A file, and a path that does not exist."""
    (tmp_path / "file").touch()

    assert listed(tmp_path / "none").problem == "there is no such folder"
    assert listed(tmp_path / "file").problem == "not a folder but a file"


def test_names_that_are_not_text_are_said_to_be_missing(tmp_path: Path) -> None:
    """JSON has no place for them."""
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    (tmp_path / "tea").mkdir()

    found = listed(tmp_path)

    assert [each.name for each in found.folders] == ["tea"]
    assert not found.is_complete


def test_a_long_list_ends(tmp_path: Path) -> None:
    """And says that it is not complete."""
    for number in range(folder_choices.FOLDERS_MAX + 1):
        (tmp_path / f"{number:03}").mkdir()

    found = listed(tmp_path)

    assert len(found.folders) == folder_choices.FOLDERS_MAX
    assert not found.is_complete


def test_the_top_of_the_machine_has_no_system_folders() -> None:
    """Nobody keeps music in them; the way up leads back to the places."""
    top = listed("/")
    places = {each.path for each in folder_choices.list_places().folders}

    assert not {"/proc", "/sys", "/dev"} & {each.path for each in top.folders}
    assert (top.parent, top.path) == ("", "/")
    assert os.path.expanduser("~") in places
