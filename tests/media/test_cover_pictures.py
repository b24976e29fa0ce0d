"""Small pictures of covers, from music files and from pictures beside them."""

import os
import struct
import subprocess
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from mutagen.id3 import APIC, ID3

from segued.errors import FileError
from segued.media.cover_pictures import (
    Thumbnails,
    find_folder_picture,
    make_thumbnails,
)
from tests.media.encoded_files import encoded_tone


def picture(path: Path, color: str, size: str) -> bytes:
    """Write a picture of one color; return its bytes."""
    source = f"color=color={color}:size={size}"
    command = ("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source)
    subprocess.run((*command, "-frames:v", "1", str(path)), check=True)
    return path.read_bytes()


def bomb() -> bytes:
    """Return a PNG of 30,000 x 30,000 pixels in some kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(30_000 * (30_000 // 8 + 1)), 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


def of_picture(path: Path) -> Thumbnails | None:
    """Return the small pictures of a picture."""
    return make_thumbnails(os.fsencode(path), os.fsencode(path.parent), is_music=False)


def shape_and_color(jpeg: bytes) -> tuple[int, int, list[int]]:
    """Return width, height and the mean color of a JPEG."""
    command = ("ffmpeg", "-v", "error", "-i", "-", "-f", "rawvideo")
    raw = subprocess.run(
        (*command, "-pix_fmt", "rgb24", "-"),
        input=jpeg,
        capture_output=True,
        check=True,
    ).stdout
    at = jpeg.index(b"\xff\xc0")
    height, width = struct.unpack(">HH", jpeg[at + 5 : at + 9])
    return width, height, [round(sum(raw[n::3]) / len(raw[n::3])) for n in range(3)]


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_picture_becomes_two_small_ones(tmp_path: Path, ending: str) -> None:
    """Of at most 256 and 800 pixels, with the same shape and color."""
    path = tmp_path / f"cover.{ending}"
    picture(path, "red", "1000x500")

    made = of_picture(path)

    assert made is not None
    for jpeg, width in ((made.small, 256), (made.large, 800)):
        found_width, height, (red, green, blue) = shape_and_color(jpeg)
        assert (found_width, height) == (width, width // 2)
        assert red > 240
        assert max(green, blue) < 20
    assert len(made.small) < len(made.large)


def test_a_small_picture_is_not_enlarged(tmp_path: Path) -> None:
    """Both sizes are then the same."""
    path = tmp_path / "front.png"
    picture(path, "blue", "100x80")

    made = of_picture(path)

    assert made is not None
    assert shape_and_color(made.large)[:2] == (100, 80)
    assert made.small == made.large


def test_the_embedded_front_cover_comes_first(tmp_path: Path) -> None:
    """Before the back, in either order."""
    tag = ID3()
    back = picture(tmp_path / "back.png", "green", "300x300")
    front = picture(tmp_path / "front.jpg", "red", "300x300")
    tag.add(APIC(mime="image/png", type=4, desc="a", data=back))
    tag.add(APIC(mime="image/jpeg", type=3, desc="b", data=front))
    file = BytesIO()
    tag.save(file)
    path = tmp_path / "song.mp3"
    path.write_bytes(file.getvalue() + encoded_tone("mp3"))

    made = make_thumbnails(os.fsencode(path), os.fsencode(tmp_path), is_music=True)

    assert made is not None
    red, green, _ = shape_and_color(made.small)[2]
    assert red > 240
    assert green < 20


def test_a_picture_bomb_is_refused(tmp_path: Path) -> None:
    """By its size in pixels, before it is decoded; so is what is no picture."""
    large = tmp_path / "cover.png"
    large.write_bytes(bomb())
    other = tmp_path / "cover.jpg"
    other.write_bytes(b"\xff\xd8\xff" + b"no picture" * 100)
    text = tmp_path / "folder.jpg"
    text.write_text("no picture")

    assert large.stat().st_size < 1_000_000
    assert [of_picture(each) for each in (large, other, text)] == [None] * 3


def test_pictures_outside_of_the_music_are_not_read(tmp_path: Path) -> None:
    """A link out of the music folder is refused."""
    outside = tmp_path / "secret.jpg"
    picture(outside, "red", "64x64")
    music = tmp_path / "music"
    music.mkdir()
    (music / "cover.jpg").symlink_to(outside)

    with pytest.raises(FileError):
        of_picture(music / "cover.jpg")


def test_the_picture_of_a_folder_is_found_by_its_name(tmp_path: Path) -> None:
    """In upper or lower case; "cover" comes before "folder"."""
    folder = os.fsencode(tmp_path)
    nothing = find_folder_picture(folder)
    for name in ("back.jpg", "Folder.JPG", "cover.png", "cover.txt"):
        (tmp_path / name).touch()
    found = find_folder_picture(folder)

    assert nothing is None
    assert found is not None
    assert os.path.basename(found[0]) == b"cover.png"
