"""Finding the CUE sheet of a music file: `segued.media.tags.sheets`."""

import os
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from segued.media.safe_open import signature_of
from segued.media.tags.sheets import (
    SheetReading,
    is_sheet_name,
    sheets_digest,
    sidecar_marks,
)
from segued.model import FileEntry, Tags
from segued.units import TICKS_PER_SECOND


def sheet_text(*files: str, titles: str = "One Two Three") -> str:
    """Return a sheet with tracks of 60 s in each file."""
    lines = ['PERFORMER "Can"', 'TITLE "Soon"']
    for file in files:
        lines.append(f'FILE "{file}" WAVE')
        for number, title in enumerate(titles.split()):
            lines += [f"TRACK {number + 1:02} AUDIO", f'TITLE "{title}"']
            lines.append(f"INDEX 01 {number:02}:00:00")
    return "\n".join(lines)


def titles_of(
    folder: Path, music: str | bytes, sheets: dict[str, str | bytes], others: str = ""
) -> list[str | None]:
    """Write sheets, return the titles that a music file gets from them."""
    return [mark.title for mark in read(folder, music, sheets, others).marks]


def read(
    folder: Path, music: str | bytes, sheets: dict[str, str | bytes], others: str = ""
) -> SheetReading:
    """Write sheets and empty files; return what the sheets say about a music file."""
    for name, text in sheets.items():
        data = text if isinstance(text, bytes) else text.encode()
        (folder / name).write_bytes(data)
    path = os.path.join(os.fsencode(folder), os.fsencode(music))
    for other in (path, *(os.fsencode(folder / name) for name in others.split())):
        with open(other, "wb"):
            pass
    return sidecar_marks(path, os.fsdecode(path))


ALL = ["One", "Two", "Three"]


@pytest.mark.parametrize(
    ("sheet", "named"),
    [
        ("Can - Soon.cue", "image.flac"),
        ("Can - Soon.CUE", "image.wav"),
        ("image FLAC.Cue", "IMAGE.APE"),
        ("x.cue", "C:\\Rips\\image.wav"),
        ("image.cue", "CDImage.wav"),
        ("image.flac.cue", "CDImage.wav"),
        ("IMAGE.cue", "image"),
    ],
)
def test_a_sheet_is_found_by_what_it_says(
    sheet: str, named: str, tmp_path: Path
) -> None:
    """By its FILE line, with any extension and in any case; else by its own name."""
    assert titles_of(tmp_path, "image.flac", {sheet: sheet_text(named)}) == ALL


@pytest.mark.parametrize(
    ("sheets", "others"),
    [
        ({"image.cue": sheet_text("CDImage.wav")}, "CDImage.flac"),
        ({"image.cue": sheet_text("1.wav", "2.wav")}, ""),
        ({"soon.cue": sheet_text("other.wav")}, ""),
        ({"._image.cue": sheet_text("image.wav")}, ""),
    ],
)
def test_a_sheet_of_another_file_is_not_used(
    sheets: dict[str, str | bytes], others: str, tmp_path: Path
) -> None:
    """Not even if it has the file's own name."""
    assert read(tmp_path, "image.flac", sheets, others) == SheetReading()


def test_the_sheet_with_the_own_name_comes_first(tmp_path: Path) -> None:
    """Of two that name the file; one without times at all comes last."""
    sheets: dict[str, str | bytes] = {
        "a.cue": sheet_text("image.wav", titles="A B"),
        "image.cue": sheet_text("image.wav", titles="C D"),
    }

    assert titles_of(tmp_path, "image.flac", sheets) == ["C", "D"]
    (tmp_path / "image.cue").write_text('FILE "image.wav" WAVE\n')
    assert titles_of(tmp_path, "./image.flac", {}) == ["A", "B"]


def test_one_sheet_for_several_files(tmp_path: Path) -> None:
    """Each file gets the tracks of its FILE line; one track names the whole file.

    The album is that of the sheet.
    """
    text = sheet_text("Disc 1.wav") + "\n" + sheet_text("Disc 2.wav", titles="Four")

    assert titles_of(tmp_path, "Disc 1.flac", {"all.cue": text}) == ALL
    single = read(tmp_path, "Disc 2.flac", {})
    assert single.marks == ()
    album = Tags(album="Soon", album_artist="Can")
    assert single.names == replace(album, title="Four", artist="Can")
    assert read(tmp_path, "Disc 1.flac", {}).names == album


NOT_ON_DISK = {"utf-8-sig", "utf-16", "utf-16-le", "cp1250"}
"""Names are not in these, or nothing tells that they are."""


@pytest.mark.parametrize(
    ("encoding", "name", "titles"),
    [
        ("utf-8", "Ölberg", "Zwölf Čas"),
        ("utf-8-sig", "Ölberg", "Zwölf Čas"),
        ("utf-16", "Ölberg", "Zwölf Čas"),
        ("utf-16-le", "Ölberg", "Zwölf Čas"),
        ("cp1252", "Ölberg", "Zwölf Café"),
        ("cp1250", "Černý", "Čas Žluť"),
        ("cp1251", "Кино - Группа крови", "Война Легенда"),
        ("cp932", "椎名 - 無罪モラトリアム", "正しい街 幸福論"),
        ("gb18030", "周华健 - 最后圆舞曲", "平凡的感觉 夜深人静"),
        ("cp949", "서태지", "난 알아요"),
        ("big5", "張學友", "吻別 月亮"),
    ],
)
@pytest.mark.parametrize("on_disk", ["as it is", "decomposed", "in the code page"])
def test_the_code_page_is_that_of_the_name(
    encoding: str, name: str, titles: str, on_disk: str, tmp_path: Path
) -> None:
    """The FILE line names a file that exists only if it is decoded correctly."""
    text = sheet_text(f"{name}.wav", titles=titles).encode(encoding)
    music: str | bytes = f"{name}.flac"
    if on_disk == "decomposed":
        music = unicodedata.normalize("NFD", f"{name}.flac")
    elif on_disk == "in the code page" and encoding not in NOT_ON_DISK:
        music = f"{name}.flac".encode(encoding)

    assert titles_of(tmp_path, music, {"x.cue": text}) == titles.split()


@pytest.mark.parametrize(
    ("encoding", "titles"),
    [
        ("cp1252", "Zwölf Café"),
        ("cp1251", "Война Легенда"),
        ("cp932", "正しい街 丸の内サディスティック"),
        ("gb18030", "平凡的感觉 夜深人静"),
        ("cp949", "난 알아요"),
        ("big5", "吻別 月亮代表我的心"),
    ],
)
def test_an_ascii_name_leaves_the_code_page_to_the_letters(
    encoding: str, titles: str, tmp_path: Path
) -> None:
    """Many images are called CDImage."""
    text = sheet_text("CDImage.wav", titles=titles).encode(encoding)

    assert titles_of(tmp_path, "CDImage.flac", {"x.cue": text}) == titles.split()


def test_a_missing_or_empty_sheet_is_normal(tmp_path: Path) -> None:
    """It is not a warning."""
    assert read(tmp_path, "x.flac", {}) == SheetReading()
    assert read(tmp_path, "y.flac", {"y.cue": b""}) == SheetReading()
    assert sidecar_marks(b"/nowhere/x.flac", "") == SheetReading()


def test_an_unusable_sheet_is_a_warning(tmp_path: Path) -> None:
    """The reason is named: times, size, or what is no file."""
    text = sheet_text("a.wav").replace("01:00:00", "00:00:00")
    os.mkfifo(tmp_path / "c.cue")  # opening it would block
    sheets: dict[str, str | bytes] = {"a.cue": text, "b.cue": bytes((1 << 20) + 1)}

    warnings = [
        read(tmp_path, name, sheets).warnings for name in ("a.mp3", "b.mp3", "c.mp3")
    ]

    assert [each[0].detail for each in warnings] == [
        "CUE sheet a.cue not used: its times are implausible",
        "CUE sheet b.cue not used: larger than 1 MiB",
        "CUE sheet c.cue not used: not a regular file",
    ]
    assert {each[0].code for each in warnings} == {"cue"}


def test_sheets_are_read_once_for_each_version(tmp_path: Path) -> None:
    """A folder of a thousand files with a thousand sheets takes no million reads."""
    path = os.fsencode(tmp_path / "image.flac")
    (tmp_path / "x.cue").write_text(sheet_text("image.wav"))
    before = sidecar_marks(path, "1")
    (tmp_path / "x.cue").unlink()

    assert sidecar_marks(path, "1") == before
    assert sidecar_marks(path, "2") == SheetReading()


def test_the_digest_follows_the_sheets(tmp_path: Path) -> None:
    """It changes with their names and bytes, and not with the folder."""

    def digest() -> str | None:
        return sheets_digest(
            [
                FileEntry(os.fsencode(path), signature_of(os.stat(path)))
                for path in sorted(folder.iterdir())
            ]
        )

    folder = tmp_path / "a"
    folder.mkdir()
    seen = [digest()]
    (folder / "x.cue").write_text("a")
    seen.append(digest())
    (folder / "y.cue").write_text("b")
    seen.append(digest())
    (folder / "y.cue").write_text("bc")
    seen.append(digest())
    (folder / "y.cue").rename(folder / "z.cue")
    seen.append(digest())
    folder = folder.rename(tmp_path / "b")

    assert seen[0] is None
    assert len(set(seen)) == len(seen)
    assert digest() == seen[-1]


def test_hidden_files_are_no_sheets() -> None:
    """As `._name.cue`, which macOS writes; `...And Justice` is a name."""
    assert is_sheet_name(b"x.CuE")
    assert is_sheet_name(b"...And Justice.cue")
    assert not is_sheet_name(b"._x.cue")
    assert not is_sheet_name(b"x.cue.txt")


def test_the_times_of_a_sheet_are_exact(tmp_path: Path) -> None:
    """In ticks from the beginning of the file."""
    reading = read(tmp_path, "image.flac", {"x.cue": sheet_text("image.wav")})

    starts = [mark.start for mark in reading.marks]
    assert starts == [0, 60 * TICKS_PER_SECOND, 120 * TICKS_PER_SECOND]
    assert reading.named
