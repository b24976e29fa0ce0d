"""Files whose audio does not begin at their first byte."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
import pytest
from mutagen.id3 import APIC, TIT2

from segued.errors import NotAudioError
from segued.media.decoding.decode import decode_warnings, open_source, sample_blocks
from segued.media.file_analysis import fingerprints_of
from segued.media.hashing import hash_file
from segued.model import Span
from segued.units import Ticks, frames_to_ticks
from tests.audio import encode_audio, music
from tests.media.encoded_files import ENCODERS, encoded_tone
from tests.media.formats import FORMATS, make_format_file, signature
from tests.media.tags.tagged_files import id3_of

RATE: Final = 44_100
SEARCH_SECONDS: Final = 5


def noise(count: int) -> bytes:
    """Return random bytes."""
    return Random(3).randbytes(count)  # noqa: S311


def id3(picture_bytes: int) -> bytes:
    """Return a tag with a title and a cover."""
    picture = b"\xff\xd8\xff" + noise(picture_bytes)
    return id3_of(TIT2(text=["front"]), APIC(mime="image/jpeg", type=3, data=picture))


FRONTS: Final = {
    "a tag": id3(30_001),
    "three tags": id3(1_000) * 3,
    "a tag of 3 MB": id3(3_000_000),
    "APEv2 and ID3": b"APETAGEX"
    + (2_000).to_bytes(4, "little")
    + (32).to_bytes(4, "little")
    + bytes(16)
    + b"APETAGEX".ljust(32, b"\0")
    + id3(1_000),
}


class Sound:
    """What is decoded from a file."""

    def __init__(self, path: Path) -> None:
        name = os.fsencode(path)
        with open_source(name, signature(path)) as source:
            blocks = [block.downmix.copy() for block in sample_blocks(source)]
            self.samples = np.concatenate(blocks)
            self.properties = (source.rate, source.channels)
            self.declared_frames = source.declared_frames
            self.warnings = decode_warnings(source, len(self.samples))
        self.audio_hash = hash_file(name, signature(path)).audio


def decoded(folder: Path, data: bytes, name: str = "file.mp3") -> Sound:
    """Write a file and decode it."""
    path = folder / name
    path.write_bytes(data)
    return Sound(path)


@pytest.mark.parametrize("kind", [*ENCODERS, "chain"])
def test_tags_in_front_of_any_format_change_nothing(kind: str, tmp_path: Path) -> None:
    """The samples, the audio hash and the declared length are those without them."""
    if kind == "chain":
        data = encoded_tone("ogg") + encoded_tone("opus") + encoded_tone("ogg", 330)
    else:
        data = encoded_tone(kind)
    expected = decoded(tmp_path, data)

    for front in FRONTS.values():
        found = decoded(tmp_path, front + data)

        assert found.properties == expected.properties
        assert np.array_equal(found.samples, expected.samples)
        assert found.audio_hash == expected.audio_hash
        assert found.warnings == expected.warnings
        if expected.declared_frames is not None:
            assert found.declared_frames == expected.declared_frames


@pytest.mark.parametrize("ending", ["wav", "aiff", "m4a", "wma", "wv", "mp3"])
def test_fingerprint_is_that_without_the_tag(ending: str, formats: Path) -> None:
    """A tag in front gives the same fingerprint."""
    name = next(name for name, form in FORMATS.items() if form.ending == ending)
    path, _, _ = make_format_file(formats, name)
    tagged = path.with_name(f"tagged.{ending}")
    tagged.write_bytes(FRONTS["a tag"] + path.read_bytes())
    sound = Sound(path)
    span = Span(Ticks(0), frames_to_ticks(len(sound.samples), sound.properties[0]))

    plain, found = (
        fingerprints_of(os.fsencode(each), signature(each), (span,), span)
        for each in (path, tagged)
    )

    assert plain == found
    assert plain[0].missing_reason is None


@pytest.mark.parametrize("ending", ["wav", "aiff", "flac", "m4a"])
def test_truncated_file_with_a_tag_in_front(ending: str, tmp_path: Path) -> None:
    """The declared length is compared with what follows the tag."""
    options = ("-movflags", "+faststart") if ending == "m4a" else ()
    path = encode_audio(tmp_path / f"a.{ending}", music(6.0, RATE), RATE, *options)
    whole = path.read_bytes()
    found = decoded(tmp_path, FRONTS["a tag"] + whole[: len(whole) // 2])

    assert [warning.code for warning in found.warnings][:1] == ["truncated"]


@pytest.fixture(name="songs", scope="module")
def _songs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return a song as sequences of frames."""
    folder = tmp_path_factory.mktemp("songs")
    song = music(8.0, RATE, seed=5)
    no_tag = ("-id3v2_version", "0")
    encodings = {
        "mp3": ("mp3", *no_tag),
        "mp3 without a header": ("mp3", "-q:a", "2", "-write_xing", "0", *no_tag),
        "mp3 of MPEG 2": ("mp3", "-ar", "22050", "-b:a", "32k", *no_tag),
        "mp2": ("mp2",),
        "aac": ("aac",),
        "flac": ("flac",),
    }
    found = {
        name: encode_audio(
            folder / f"{name}.{ending}", song, RATE, *options
        ).read_bytes()
        for name, (ending, *options) in encodings.items()
    }
    return {**found, "flac frames": flac_frames(found["flac"])}


def flac_frames(flac: bytes) -> bytes:
    """Return a FLAC file without its header."""
    at, last = 4, False
    while not last:
        last = flac[at] >= 0x80
        at += 4 + int.from_bytes(flac[at + 1 : at + 4], "big")
    return flac[at:]


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(noise(7), id="7 bytes"),
        pytest.param(noise(1_000), id="1 kB"),
        pytest.param(noise(100_000), id="100 kB"),
        pytest.param(noise(900_000), id="900 kB"),
        pytest.param(bytes(100_000), id="zeros"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" * 500, id="text"),
        pytest.param(id3(1_000) + noise(5_000), id="after a tag"),
    ],
)
def test_junk_before_the_first_frame(
    junk: bytes, songs: dict[str, bytes], tmp_path: Path
) -> None:
    """Nothing of it is decoded, and no sample is lost."""
    for name, song in songs.items():
        expected = decoded(tmp_path, song)
        found = decoded(tmp_path, junk + song)

        assert found.properties == expected.properties, name
        assert np.array_equal(found.samples, expected.samples), name
        assert found.warnings == (), name


def test_stream_recorded_from_the_middle_of_a_frame(
    songs: dict[str, bytes], tmp_path: Path
) -> None:
    """The rest of the first frame is lost, and what it has in store."""
    for name, song in songs.items():
        if name != "flac":
            found = decoded(tmp_path, song[len(song) // 2 + 11 :])

            assert len(found.samples) / found.properties[0] > 3, name
            assert found.warnings == (), name


def page(_: dict[str, bytes]) -> bytes:
    """Return a long text."""
    return b"<p>A line of text, and nothing else.</p>\n" * 300_000


def few_frames(songs: dict[str, bytes]) -> bytes:
    """Return random bytes with nine good frames in them."""
    return noise(50_000) + songs["mp3"][: 9 * 418] + noise(50_000)


def program(_: dict[str, bytes]) -> bytes:
    """Return tables of a program, whose rows look like frames of MPEG layer I."""
    row = b"\xff\xff\x14\0" + bytes(60)
    return b"\x7fELF" + noise(30_000) + row * 500 + b"fLaC\0\0\0\x22" + noise(100_000)


def frame_heads(_: dict[str, bytes]) -> bytes:
    """Return heads of frames without the frames."""
    return b"MZ" + b"\xff\xfb\x90\0" * 400_000


def flac_heads(_: dict[str, bytes]) -> bytes:
    """Return heads of FLAC frames whose checksums are wrong."""
    return b"MZ" + b"\xff\xf8\xc9\xa8\0\0" * 200_000


@pytest.mark.parametrize(
    "content",
    [
        page,
        few_frames,
        program,
        frame_heads,
        flac_heads,
        pytest.param(lambda _: noise(3_000_000), id="noise"),
        pytest.param(lambda _: bytes(3_000_000), id="zeros"),
        pytest.param(lambda _: b"\xff" * 3_000_000, id="ones"),
        pytest.param(lambda _: FRONTS["a tag"] + b"text\n" * 300_000, id="a tag"),
    ],
)
def test_no_other_file_is_taken_for_music(
    content: Callable[[dict[str, bytes]], bytes],
    songs: dict[str, bytes],
    tmp_path: Path,
) -> None:
    """It is refused within a bounded time."""
    started = time.process_time()

    with pytest.raises(NotAudioError, match="not in a supported audio format"):
        decoded(tmp_path, content(songs))

    assert time.process_time() - started < SEARCH_SECONDS


@pytest.mark.parametrize(
    ("magic", "at", "kind"),
    [
        (b"IMPM", 0, "a tracker module (Impulse Tracker)"),
        (b"Extended Module: x", 0, "a tracker module (FastTracker 2)"),
        (b"SCRM", 44, "a tracker module (Scream Tracker 3)"),
        (b"M.K.", 1_080, "a tracker module (MOD)"),
        (b"M!K!", 1_080, "a tracker module (MOD)"),
        (b"FLT4", 1_080, "a tracker module (MOD)"),
        (b"4CHN", 1_080, "a tracker module (MOD)"),
        (b"16CH", 1_080, "a tracker module (MOD)"),
        (b"MThd\0\0\0\x06", 0, "a MIDI file"),
        (b"RIFF\0\1\0\0RMIDdata", 0, "a MIDI file"),
    ],
)
def test_kinds_that_hold_no_sound_are_named(
    magic: bytes, at: int, kind: str, tmp_path: Path
) -> None:
    """Tracker modules and MIDI files are never decoded, and the error says why."""
    with pytest.raises(NotAudioError) as caught:
        decoded(tmp_path, bytes(at) + magic + bytes(2_000) + encoded_tone("mp3"))

    assert caught.value.detail == f"{kind}, which is not supported"
