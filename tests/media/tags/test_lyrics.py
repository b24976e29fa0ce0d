"""Lyrics in tags and beside the file: `segued.media.tags.lyrics`."""

from pathlib import Path

from mutagen.id3 import SYLT, TIT2, USLT

from segued.media.tags.lyrics import LYRICS_MAX
from segued.media.tags.reader import read_tags
from tests.media.encoded_files import encoded_tone, write_file
from tests.media.tags.tagged_files import id3_of, read_tags_of


def test_times_of_lyrics_are_kept(tmp_path: Path) -> None:
    """In the form LRC, unless the text without times is longer."""
    lines = [("Low tide", 1_230), ("turns", 61_000)]
    timed = SYLT(encoding=3, lang="eng", format=2, type=1, desc="", text=lines)
    plain = USLT(lang="eng", desc="", text="Low")

    found = read_tags_of(tmp_path, id3_of(timed, plain) + encoded_tone("mp3"))

    assert found.tags.lyrics == "[00:01.23]Low tide\n[01:01.00]turns"


def test_lyrics_beside_the_file_are_read(tmp_path: Path) -> None:
    """Those in its tags come first; other line ends and encodings are converted."""
    data = id3_of(TIT2(text=["Title"])) + encoded_tone("mp3")
    path, signature = write_file(tmp_path, data, "song.mp3")
    beside = tmp_path / "song.lrc"
    beside.write_bytes("[00:01.00]Björk\r\nzwei\r\n".encode("latin-1"))

    found = read_tags(path, signature)
    with_own = id3_of(USLT(lang="eng", desc="", text="own")) + encoded_tone("mp3")
    own = read_tags(*write_file(tmp_path, with_own, "song.mp3"))
    beside.unlink()
    beside.mkdir()
    folder = read_tags(*write_file(tmp_path, data, "song.mp3"))

    assert found.tags.lyrics == "[00:01.00]Björk\nzwei"
    assert (own.tags.lyrics, folder.tags.lyrics) == ("own", None)
    assert found.warnings == folder.warnings == ()


def test_long_lyrics_are_cut(tmp_path: Path) -> None:
    """An hour of text does not fill the library."""
    text = "la " * LYRICS_MAX
    frame = USLT(lang="eng", desc="", text=text)

    found = read_tags_of(tmp_path, id3_of(frame) + encoded_tone("mp3"))

    assert found.tags.lyrics is not None
    assert len(found.tags.lyrics) in range(LYRICS_MAX - 1, LYRICS_MAX + 1)
