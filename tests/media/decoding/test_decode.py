"""A file's sound, whatever its format: `segued.media.decoding.decode`."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from segued.errors import (
    DecodeError,
    EmptyFileError,
    FileChangedError,
    FileUnreadableError,
    InvalidAudioFormatError,
    NotAudioError,
)
from segued.media.decoding.decode import (
    _raise_if_disk_or_file_changed,
    decode_warnings,
    mono_blocks,
    open_source,
)
from segued.model import Signature
from tests.audio import Sound, encode_audio, length_by_ffmpeg, music, silence
from tests.media.formats import DELAY, FORMATS, make_format_file, signature

RATE = 44_100


class DecodedFile:
    """All that decoding a file tells."""

    def __init__(self, path: Path | bytes, expected: Signature | None = None) -> None:
        with open_source(os.fsencode(path), expected) as source:
            # A block's memory is used again, so what is kept is copied.
            blocks = [
                (h.mono.copy(), h.downmix.copy(), h.peak) for h in mono_blocks(source)
            ]
            self.mono = np.concatenate([mono for mono, _, _ in blocks])
            self.peak = max(peak for _, _, peak in blocks)
            self.frames = len(self.mono)
            self.rate, self.channels = source.rate, source.channels
            self.decoder, self.codec = source.decoder, source.codec
            found = decode_warnings(source, self.frames)
        self.warnings = {warned.code: warned.detail for warned in found}


@pytest.fixture(name="song", scope="module")
def _song() -> Sound:
    return music(6.0, RATE, seed=5)


@pytest.fixture(name="mp3", scope="module")
def _mp3(song: Sound, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("mp3") / "song.mp3"
    return encode_audio(path, song, RATE, "-q:a", "2").read_bytes()


def write_file(folder: Path, name: str, content: bytes | bytearray) -> Path:
    """Write a file; return its path."""
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_whole_file_is_decoded(name: str, formats: Path) -> None:
    """As long as ffmpeg says, as long as it was made, and sounding like it."""
    path, form, sound = make_format_file(formats, name)

    found = DecodedFile(path, signature(path))

    assert (found.rate, found.channels) == (form.rate, form.channels)
    assert found.decoder == form.decoder
    assert found.warnings == {}
    assert abs(found.frames - length_by_ffmpeg(path)) <= DELAY
    if form.tolerance is not None:
        assert abs(found.frames - len(sound)) <= form.tolerance
        wanted = sound.mean(axis=1)[: found.frames]
        assert correlation(found.mono, wanted) > 0.98
    assert found.peak == pytest.approx(np.abs(sound).max(), rel=0.35)


def test_more_channels_than_loudspeakers(tmp_path: Path) -> None:
    """Twelve channels that have no names are twelve channels."""
    sound = np.concatenate([music(1.0, seed=seed) for seed in range(6)], axis=1)
    path = encode_audio(tmp_path / "twelve.ogg", sound, RATE, "-c:a", "libvorbis")

    found = DecodedFile(path)

    assert found.channels == 12
    assert correlation(found.mono, sound.mean(axis=1)) > 0.98


def correlation(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Return how alike two sounds are, sample by sample: 1 is the same."""
    return float(np.corrcoef(one[: len(other)], other)[0, 1])


def test_vbr_without_a_header(tmp_path: Path) -> None:
    """A VBR MP3 without a header is as long as it sounds, not as it looks."""
    sound = np.concatenate([silence(5.0), music(5.0)])
    options = ("-q:a", "0", "-write_xing", "0", "-id3v2_version", "0")
    path = encode_audio(tmp_path / "quiet first.mp3", sound, RATE, *options)

    with open_source(os.fsencode(path)) as source:
        guessed = source.estimated_frames

    found = DecodedFile(path)
    assert guessed is not None
    assert guessed > 2 * len(sound)
    assert abs(found.frames - len(sound)) <= DELAY
    assert found.warnings == {}


@pytest.mark.parametrize("factor", [1 / 3, 3], ids=["too few", "too many"])
def test_wrong_header_length(factor: float, mp3: bytes, tmp_path: Path) -> None:
    """An MP3 that says it has a third, or thrice, of the frames it has."""
    lying = bytearray(mp3)
    at = max(mp3.find(b"Xing"), mp3.find(b"Info")) + 8
    claim = round(int.from_bytes(mp3[at : at + 4], "big") * factor)
    lying[at : at + 4] = claim.to_bytes(4, "big")
    path = write_file(tmp_path, "lying.mp3", lying)

    found = DecodedFile(path)

    assert abs(found.frames - 6 * RATE) <= DELAY
    assert abs(found.frames - length_by_ffmpeg(path)) <= DELAY
    assert list(found.warnings) == (["truncated"] if factor > 1 else [])


def test_truncated_file_is_a_warning(song: Sound, tmp_path: Path) -> None:
    """What there is is heard; the warning states both lengths."""
    for ending in ("flac", "wav", "aiff", "mp3"):
        whole = encode_audio(tmp_path / f"whole.{ending}", song, RATE).read_bytes()
        found = DecodedFile(
            write_file(tmp_path, f"cut.{ending}", whole[: len(whole) // 2])
        )

        assert 2.7 < found.frames / RATE < 3.1
        words = found.warnings["truncated"]
        assert words.startswith(f"{found.frames / RATE:.1f} s of sound")
        assert words.endswith("promises 6.0 s")


def test_wav_written_to_a_pipe(song: Sound, tmp_path: Path) -> None:
    """A WAV written into a pipe claims four gigabytes, or nothing; none is missing."""
    whole = encode_audio(tmp_path / "whole.wav", song, RATE).read_bytes()
    at = whole.find(b"data") + 4
    for size in (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x00\xf0\xff\x7f"):
        streamed = whole[:at] + size + whole[at + 4 :]
        found = DecodedFile(write_file(tmp_path, "streamed.wav", streamed))

        assert found.frames == len(song)
        assert found.warnings == {}


@pytest.mark.parametrize("ending", ["mp3", "flac", "m4a"])
def test_decoding_continues_after_damage(
    ending: str, song: Sound, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Decoding goes on behind it, says so, and prints nothing."""
    whole = encode_audio(tmp_path / f"whole.{ending}", song, RATE).read_bytes()
    hurt = bytearray(whole)
    middle = len(hurt) // 2
    hurt[middle : middle + 600] = bytes(reversed(hurt[middle : middle + 600]))
    found = DecodedFile(write_file(tmp_path, f"hurt.{ending}", hurt))

    assert "could not be decoded" in found.warnings["damaged"]
    assert 5.0 < found.frames / RATE <= 6.1
    tail = song.mean(axis=1)[-RATE:]
    assert np.sqrt(np.square(found.mono[-RATE:]).mean()) == pytest.approx(
        np.sqrt(np.square(tail).mean()), rel=0.1
    )
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("rate", "channels"),
    [(44_100, 2), (48_000, 2), (44_100, 1), (22_050, 1)],
    ids=["alike", "another rate", "other channels", "both"],
)
@pytest.mark.parametrize("ending", ["ogg", "opus"])
def test_streams_in_a_chain(
    ending: str, rate: int, channels: int, tmp_path: Path
) -> None:
    """One after the other in one file: each is heard, in the time of the first."""
    first = encode_audio(tmp_path / f"1.{ending}", music(1.0, RATE), RATE)
    other = encode_audio(tmp_path / f"2.{ending}", music(2.0, rate, channels, 2), rate)
    chain = first.read_bytes() + other.read_bytes() + first.read_bytes()
    path = write_file(tmp_path, f"chain.{ending}", chain)

    found = DecodedFile(path)

    assert found.frames / found.rate == pytest.approx(4.0, abs=0.05)
    assert found.warnings == {}


def test_what_is_not_a_number_is_silent(song: Sound, tmp_path: Path) -> None:
    """NaN and infinity in a WAV of floats leave the rest as it is."""
    hurt = song.copy()
    hurt[1_000:1_100, 0], hurt[5_000, 1], hurt[5_001, 1] = np.nan, np.inf, -np.inf
    wanted = np.nan_to_num(hurt, nan=0.0, posinf=0.0, neginf=0.0)
    path = encode_audio(tmp_path / "nan.wav", hurt, RATE, "-c:a", "pcm_f32le")

    found = DecodedFile(path)

    assert np.allclose(found.mono, wanted.mean(axis=1), atol=1e-6)
    assert found.peak == pytest.approx(np.abs(wanted).max())


def test_what_a_file_is_called_does_not_matter(mp3: bytes, tmp_path: Path) -> None:
    """Not the ending, nor bytes that are no text, nor what means something."""
    for name in (
        b"a.flac",
        b"b.txt",
        b"\xff\xfe.mp3",
        b"concat:a|b",
        b"-i",
        b"c%d.mp3",
    ):
        path = os.path.join(os.fsencode(tmp_path), name)
        with open(path, "wb") as file:
            file.write(mp3)

        assert DecodedFile(path).codec == "mp3float"


def html_page(_: Path) -> bytes:
    """Return what a download leaves that has failed."""
    return b"<!doctype html><title>404</title>" + b"<p>not found</p>" * 500


def playlist(folder: Path) -> bytes:
    """Return a playlist that names a good file."""
    return f"#EXTM3U\n#EXTINF:9,\n{folder}/good.mp3\n#EXT-X-ENDLIST\n".encode()


def concatenation(folder: Path) -> bytes:
    """Return FFmpeg's own kind of playlist."""
    return f"ffconcat version 1.0\nfile '{folder}/good.mp3'\n".encode()


def picture(folder: Path) -> bytes:
    """Return a photograph."""
    command = ("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1")
    subprocess.run((*command, "-frames:v", "1", folder / "p.jpg"), check=True)
    return (folder / "p.jpg").read_bytes()


def silent_video(folder: Path) -> bytes:
    """Return a film without sound."""
    command = ("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1")
    subprocess.run((*command, "-c:v", "mpeg4", folder / "f.mp4"), check=True)
    return (folder / "f.mp4").read_bytes()


def noise(_: Path) -> bytes:
    """Return bytes without any sense."""
    return np.random.default_rng(1).bytes(300_000)


def mp4_without_index(folder: Path) -> bytes:
    """Return an MP4 file that lacks its end, where its index is."""
    whole = encode_audio(folder / "whole.m4a", music(3.0), RATE).read_bytes()
    return whole[: len(whole) // 2]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(html_page, NotAudioError, id="a web page"),
        pytest.param(playlist, NotAudioError, id="a playlist"),
        pytest.param(concatenation, NotAudioError, id="a concatenation"),
        pytest.param(picture, NotAudioError, id="a picture"),
        pytest.param(silent_video, NotAudioError, id="a silent film"),
        pytest.param(noise, NotAudioError, id="noise"),
        pytest.param(mp4_without_index, NotAudioError, id="half an MP4"),
        pytest.param(lambda _: bytes(300_000), NotAudioError, id="zeros"),
        pytest.param(lambda _: b"x", NotAudioError, id="a byte"),
        pytest.param(lambda _: b"", EmptyFileError, id="nothing"),
    ],
)
def test_non_music_is_refused(
    content: Callable[[Path], bytes],
    kind: type[FileUnreadableError],
    mp3: bytes,
    tmp_path: Path,
) -> None:
    """It is refused by name, and never leads to another file."""
    write_file(tmp_path, "good.mp3", mp3)
    path = write_file(tmp_path, "bad.mp3", content(tmp_path))

    with pytest.raises(kind) as caught:
        DecodedFile(path)

    assert type(caught.value) is kind
    assert caught.value.path == os.fsencode(path)


def test_file_without_audio_frames(tmp_path: Path) -> None:
    """A FLAC of which nothing but the header is left is music, but none comes out."""
    whole = encode_audio(tmp_path / "whole.flac", music(3.0), RATE).read_bytes()
    path = write_file(tmp_path, "bad.flac", whole[:9_000][:8_300] + bytes(100_000))

    with pytest.raises(DecodeError, match="no sound could be decoded"):
        DecodedFile(path)


@pytest.mark.parametrize(
    ("offset", "width", "value", "words"),
    [
        pytest.param(22, 2, 1_024, "1,024 channels", id="channels"),
        pytest.param(24, 4, 541_633_604, "541,633,604 Hz", id="a high rate"),
        pytest.param(24, 4, 1_000, "1,000 Hz", id="a low rate"),
    ],
)
def test_implausible_headers_are_refused(
    offset: int, width: int, value: int, words: str, tmp_path: Path
) -> None:
    """What no recording has is refused before anything is calculated with it."""
    header = bytearray(encode_audio(tmp_path / "a.wav", music(1.0), RATE).read_bytes())
    header[offset : offset + width] = value.to_bytes(width, "little")

    with pytest.raises(InvalidAudioFormatError, match=words):
        DecodedFile(write_file(tmp_path, "absurd.wav", header))


def test_changed_file_is_not_decoded(mp3: bytes, tmp_path: Path) -> None:
    """It is not decoded at all."""
    path = write_file(tmp_path, "song.mp3", mp3)
    found = signature(path)
    os.utime(path, (1, 1))

    with pytest.raises(FileChangedError):
        DecodedFile(path, found)


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_file_that_shrinks_while_decoding(ending: str, tmp_path: Path) -> None:
    """It has changed: that is what is said, not that it is damaged."""
    path = encode_audio(tmp_path / f"song.{ending}", music(20.0), RATE)

    def listen() -> None:
        with open_source(os.fsencode(path), signature(path)) as source:
            for _ in mono_blocks(source):
                os.truncate(path, 100_000)

    with pytest.raises(FileChangedError):
        listen()


def test_change_is_reported_instead_of_damage(tmp_path: Path) -> None:
    """What could not be decoded because it was overwritten is not called damaged."""
    path = write_file(tmp_path, "song.mp3", b"something")
    before = signature(path)
    path.write_bytes(b"something else")

    with path.open("rb") as file, pytest.raises(FileChangedError):
        _raise_if_disk_or_file_changed(os.fsencode(path), file.fileno(), before)


@pytest.mark.parametrize(
    ("ending", "reads", "preads"),
    [
        pytest.param("wav", "6+", "2+", id="in a WAV's header"),
        pytest.param("wav", "20", "99", id="in a WAV's sound, once"),
        pytest.param("mp3", "4+", "5+", id="in an MP3's sound"),
    ],
)
def test_disk_error_while_decoding(
    ending: str, reads: str, preads: str, song: Sound, tmp_path: Path
) -> None:
    """An error in the middle of the file is the disk's, whichever library reads."""
    path = encode_audio(tmp_path / f"song.{ending}", song, RATE, "-ab", "320k")
    program = (
        "import os, sys\n"
        "from segued.media.decoding.decode import decoded, heard\n"
        "with decoded(os.fsencode(sys.argv[1])) as source:\n"
        "    for _ in heard(source): pass\n"
    )
    # The libraries read on from where they are; we say where.
    faults = (f"read:error=EIO:when={reads}", f"pread64:error=EIO:when={preads}")
    inject = [part for fault in faults for part in ("-e", f"inject={fault}")]
    strace = ("strace", "-f", "-o", "/dev/null", "-P", str(path), *inject)
    done = subprocess.run(
        (*strace, sys.executable, "-c", program, str(path)),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert "DiskReadError" in done.stderr.splitlines()[-1]
