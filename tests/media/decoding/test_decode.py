"""Decoding files of every format: `segued.media.decoding.decode`."""

import os
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from mutagen.apev2 import APEv2
from mutagen.id3 import APIC, ID3
from mutagen.ogg import OggPage

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
    open_source,
    sample_blocks,
)
from segued.media.decoding.source import BLOCK_FRAMES
from segued.model import Signature
from tests.audio import Sound, encode_audio, length_by_ffmpeg, music, silence
from tests.media.formats import DELAY, FORMATS, make_format_file, signature

RATE = 44_100


class DecodedFile:
    """A decoded file: its samples, properties and warnings."""

    def __init__(self, path: Path | bytes, expected: Signature | None = None) -> None:
        with open_source(os.fsencode(path), expected) as source:
            # The arrays are reused by the next block, so they are copied.
            blocks = [
                (block.samples.mean(axis=0), block.peak)
                for block in sample_blocks(source)
            ]
            self.mono = np.concatenate([mono for mono, _ in blocks])
            self.peak = max(peak for _, peak in blocks)
            self.frames = len(self.mono)
            self.rate, self.channels = source.rate, source.channels
            self.decoder, self.codec = source.decoder, source.codec
            found = decode_warnings(source, self.frames)
        self.warnings = {warning.code: warning.detail for warning in found}


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
    """The result has the length that ffmpeg reports, and the original's samples."""
    path, form, sound = make_format_file(formats, name)

    found = DecodedFile(path, signature(path))

    assert (found.rate, found.channels) == (form.rate, form.channels)
    assert found.decoder == form.decoder
    assert found.warnings == {}
    assert abs(found.frames - length_by_ffmpeg(path)) <= DELAY
    if form.tolerance is not None:
        assert abs(found.frames - len(sound)) <= form.tolerance
        expected = sound.mean(axis=1)[: found.frames].astype(np.float32)
        assert correlation(found.mono, expected) > 0.98
    assert found.peak == pytest.approx(np.abs(sound).max(), rel=0.35)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("ending", "codec"),
    [
        ("wav", "pcm_s24le"),
        ("w64", "pcm_s24le"),
        ("wav", "pcm_s32le"),
        ("aiff", "pcm_s16be"),
        ("aiff", "pcm_s16le"),
        ("aiff", "pcm_s24be"),
        ("aiff", "pcm_s32be"),
        ("caf", "pcm_s24le"),
        ("au", "pcm_s24be"),
    ],
)
def test_no_bit_of_an_integer_is_lost(
    ending: str, codec: str, channels: int, tmp_path: Path
) -> None:
    """Samples of any width and byte order have the values that FFmpeg decodes."""
    # More than a block, not a whole number of blocks; and a soft end.
    frames = BLOCK_FRAMES + 12_344
    noise = np.random.default_rng(3).uniform(-1, 1, (frames, channels))
    noise[-99:] *= 1e-4
    path = tmp_path / f"noise.{ending}"
    encode_audio(path, noise.astype(np.float32), RATE, "-c:a", codec)

    with open_source(os.fsencode(path)) as source:
        decoder = source.decoder
        blocks = [block.copy() for block in source.blocks()]

    decoding = ("ffmpeg", "-loglevel", "error", "-i", path, "-f", "s32le", "-")
    done = subprocess.run(decoding, capture_output=True, check=True)
    expected = np.frombuffer(done.stdout, np.int32).reshape(-1, channels)
    found = np.concatenate(blocks, axis=1).T
    assert decoder == "libsndfile"
    assert len(expected) == frames
    shift = 8 * (expected.itemsize - found.itemsize)
    assert np.array_equal(found.astype(np.int32) << shift, expected)


def test_more_channels_than_a_speaker_layout(tmp_path: Path) -> None:
    """Twelve channels without names are decoded as twelve channels."""
    sound = np.concatenate([music(1.0, seed=seed) for seed in range(6)], axis=1)
    path = encode_audio(tmp_path / "twelve.ogg", sound, RATE, "-c:a", "libvorbis")

    found = DecodedFile(path)

    assert found.channels == 12
    assert correlation(found.mono, sound.mean(axis=1).astype(np.float32)) > 0.98


def correlation(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Return the correlation of two signals of shape (frames,); 1 if equal."""
    return float(np.corrcoef(one[: len(other)], other)[0, 1])


def test_vbr_without_a_header(tmp_path: Path) -> None:
    """The length of a VBR MP3 without a header is counted, not estimated."""
    sound = np.concatenate([silence(5.0), music(5.0)])
    options = ("-q:a", "0", "-write_xing", "0", "-id3v2_version", "0")
    path = encode_audio(tmp_path / "quiet first.mp3", sound, RATE, *options)

    with open_source(os.fsencode(path)) as source:
        estimated = source.estimated_frames

    found = DecodedFile(path)
    assert estimated is not None
    assert estimated > 2 * len(sound)
    assert abs(found.frames - len(sound)) <= DELAY
    assert found.warnings == {}


@pytest.mark.parametrize("factor", [1 / 3, 3], ids=["too few", "too many"])
def test_wrong_header_length(factor: float, mp3: bytes, tmp_path: Path) -> None:
    """An MP3 whose header declares a third, or three times, of its frames."""
    data = bytearray(mp3)
    at = max(mp3.find(b"Xing"), mp3.find(b"Info")) + 8
    declared = round(int.from_bytes(mp3[at : at + 4], "big") * factor)
    data[at : at + 4] = declared.to_bytes(4, "big")
    path = write_file(tmp_path, "wrong length.mp3", data)

    found = DecodedFile(path)

    assert abs(found.frames - 6 * RATE) <= DELAY
    assert abs(found.frames - length_by_ffmpeg(path)) <= DELAY
    assert list(found.warnings) == (["truncated"] if factor > 1 else [])


def test_truncated_file_is_a_warning(song: Sound, tmp_path: Path) -> None:
    """The rest is decoded; the warning names both lengths."""
    for ending in ("flac", "wav", "aiff", "mp3"):
        whole = encode_audio(tmp_path / f"whole.{ending}", song, RATE).read_bytes()
        found = DecodedFile(
            write_file(tmp_path, f"cut.{ending}", whole[: len(whole) // 2])
        )

        assert 2.7 < found.frames / RATE < 3.1
        assert found.warnings["truncated"] == (
            f"{found.frames / RATE:.1f} s decoded, the header declares 6.0 s"
        )


def test_wav_written_to_a_pipe(song: Sound, tmp_path: Path) -> None:
    """A WAV written to a pipe declares 4 GiB, or nothing; it is not truncated."""
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
    """The damage is a warning, and the decoder prints nothing."""
    whole = encode_audio(tmp_path / f"whole.{ending}", song, RATE).read_bytes()
    damaged = bytearray(whole)
    middle = len(damaged) // 2
    damaged[middle : middle + 600] = bytes(reversed(damaged[middle : middle + 600]))
    found = DecodedFile(write_file(tmp_path, f"damaged.{ending}", damaged))

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
    ids=["same format", "another rate", "other channels", "both"],
)
@pytest.mark.parametrize("ending", ["ogg", "opus"])
def test_streams_in_a_chain(
    ending: str, rate: int, channels: int, tmp_path: Path
) -> None:
    """Every stream of a chained file is decoded, at the rate of the first."""
    first = encode_audio(tmp_path / f"1.{ending}", music(1.0, RATE), RATE)
    other = encode_audio(tmp_path / f"2.{ending}", music(2.0, rate, channels, 2), rate)
    chain = first.read_bytes() + other.read_bytes() + first.read_bytes()
    path = write_file(tmp_path, f"chain.{ending}", chain)

    found = DecodedFile(path)

    assert found.frames / found.rate == pytest.approx(4.0, abs=0.05)
    assert found.warnings == {}


def test_nan_and_infinity_become_zero(song: Sound, tmp_path: Path) -> None:
    """The other samples of a WAV of floats are unchanged."""
    bad = song.copy()
    bad[1_000:1_100, 0], bad[5_000, 1], bad[5_001, 1] = np.nan, np.inf, -np.inf
    expected = np.nan_to_num(bad, nan=0.0, posinf=0.0, neginf=0.0)
    path = encode_audio(tmp_path / "nan.wav", bad, RATE, "-c:a", "pcm_f32le")

    found = DecodedFile(path)

    assert np.allclose(found.mono, expected.mean(axis=1), atol=1e-6)
    assert found.peak == pytest.approx(np.abs(expected).max())


def test_file_name_does_not_matter(mp3: bytes, tmp_path: Path) -> None:
    """A wrong extension, bytes that are not text, and names special to FFmpeg."""
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
    """Return the page that a failed download leaves."""
    return b"<!doctype html><title>404</title>" + b"<p>not found</p>" * 500


def playlist(folder: Path) -> bytes:
    """Return a playlist that names a good file."""
    return f"#EXTM3U\n#EXTINF:9,\n{folder}/good.mp3\n#EXT-X-ENDLIST\n".encode()


def concatenation(folder: Path) -> bytes:
    """Return FFmpeg's own kind of playlist."""
    return f"ffconcat version 1.0\nfile '{folder}/good.mp3'\n".encode()


def picture(folder: Path) -> bytes:
    """Return a JPEG picture."""
    command = ("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1")
    subprocess.run((*command, "-frames:v", "1", folder / "p.jpg"), check=True)
    return (folder / "p.jpg").read_bytes()


def silent_video(folder: Path) -> bytes:
    """Return a video without sound."""
    command = ("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1")
    subprocess.run((*command, "-c:v", "mpeg4", folder / "f.mp4"), check=True)
    return (folder / "f.mp4").read_bytes()


def noise(_: Path) -> bytes:
    """Return random bytes."""
    return np.random.default_rng(1).bytes(300_000)


def mp4_without_index(folder: Path) -> bytes:
    """Return an MP4 file without its end, where its index is."""
    whole = encode_audio(folder / "whole.m4a", music(3.0), RATE).read_bytes()
    return whole[: len(whole) // 2]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(html_page, NotAudioError, id="a web page"),
        pytest.param(playlist, NotAudioError, id="a playlist"),
        pytest.param(concatenation, NotAudioError, id="a concatenation"),
        pytest.param(picture, NotAudioError, id="a picture"),
        pytest.param(silent_video, NotAudioError, id="a silent video"),
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
    """The error names the file, and no other file is opened."""
    write_file(tmp_path, "good.mp3", mp3)
    path = write_file(tmp_path, "bad.mp3", content(tmp_path))

    with pytest.raises(kind) as caught:
        DecodedFile(path)

    assert type(caught.value) is kind
    assert caught.value.path == os.fsencode(path)


def test_file_without_audio_frames(tmp_path: Path) -> None:
    """A FLAC with only its header left is a DecodeError, not a NotAudioError."""
    whole = encode_audio(tmp_path / "whole.flac", music(3.0), RATE).read_bytes()
    path = write_file(tmp_path, "bad.flac", whole[:9_000][:8_300] + bytes(100_000))

    with pytest.raises(DecodeError, match="no audio could be decoded"):
        DecodedFile(path)


@pytest.mark.parametrize(
    ("offset", "width", "value", "message"),
    [
        pytest.param(22, 2, 1_024, "1,024 channels", id="channels"),
        pytest.param(24, 4, 541_633_604, "541,633,604 Hz", id="a high rate"),
        pytest.param(24, 4, 1_000, "1,000 Hz", id="a low rate"),
    ],
)
def test_implausible_headers_are_refused(
    offset: int, width: int, value: int, message: str, tmp_path: Path
) -> None:
    """Rates and channel counts that no recording has are refused."""
    header = bytearray(encode_audio(tmp_path / "a.wav", music(1.0), RATE).read_bytes())
    header[offset : offset + width] = value.to_bytes(width, "little")

    with pytest.raises(InvalidAudioFormatError, match=message):
        DecodedFile(write_file(tmp_path, "implausible.wav", header))


def test_changed_file_is_not_decoded(mp3: bytes, tmp_path: Path) -> None:
    """The signature is checked before decoding."""
    path = write_file(tmp_path, "song.mp3", mp3)
    found = signature(path)
    os.utime(path, (1, 1))

    with pytest.raises(FileChangedError):
        DecodedFile(path, found)


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_file_that_shrinks_while_decoding(ending: str, tmp_path: Path) -> None:
    """The error is that it changed, not that it is damaged."""
    path = encode_audio(tmp_path / f"song.{ending}", music(20.0), RATE)

    def decode_and_truncate() -> None:
        with open_source(os.fsencode(path), signature(path)) as source:
            for _ in sample_blocks(source):
                os.truncate(path, 100_000)

    with pytest.raises(FileChangedError):
        decode_and_truncate()


def test_change_is_reported_instead_of_damage(tmp_path: Path) -> None:
    """A file that was overwritten while it was decoded is not reported as damaged."""
    path = write_file(tmp_path, "song.mp3", b"something")
    before = signature(path)
    path.write_bytes(b"something else")

    with path.open("rb") as file, pytest.raises(FileChangedError):
        _raise_if_disk_or_file_changed(os.fsencode(path), file.fileno(), before)


@pytest.mark.parametrize(
    ("ending", "reads", "preads"),
    [
        pytest.param("wav", "6+", "2+", id="in a WAV's header"),
        pytest.param("wav", "20", "99", id="in a WAV's samples, once"),
        pytest.param("aiff", "13", "99", id="in an AIFF's samples, once"),
        pytest.param("mp3", "4+", "5+", id="in an MP3's frames"),
    ],
)
def test_disk_error_while_decoding(
    ending: str, reads: str, preads: str, song: Sound, tmp_path: Path
) -> None:
    """A read error in the middle of the file is a DiskReadError in both libraries."""
    path = encode_audio(tmp_path / f"song.{ending}", song, RATE, "-ab", "320k")
    program = (
        "import os, sys\n"
        "from segued.media.decoding.decode import sample_blocks, open_source\n"
        "with open_source(os.fsencode(sys.argv[1])) as source:\n"
        "    for _ in sample_blocks(source): pass\n"
    )
    # The libraries use read, segued uses pread.
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


@pytest.mark.parametrize("frames", [44_100, 51_200, 99_999, 100_000, 123_457])
def test_aac_ends_where_its_edit_list_ends(frames: int, tmp_path: Path) -> None:
    """It has the length of what was encoded, to the sample."""
    samples = np.zeros((frames, 1), np.float32) + music(3.0, RATE)[:frames, :1]
    path = encode_audio(tmp_path / "song.m4a", samples, RATE)

    decoded = DecodedFile(path)

    assert (decoded.frames, decoded.warnings) == (frames, {})


@pytest.mark.parametrize("milliseconds", [500, 1_234, 2_900])
def test_aac_ends_in_the_middle_of_its_sound(milliseconds: int, tmp_path: Path) -> None:
    """If the edit list says so; the rest of the sound is not played."""
    data = bytearray(
        encode_audio(tmp_path / "whole.m4a", music(3.0, RATE), RATE).read_bytes()
    )
    at = data.index(b"elst") + 12
    data[at : at + 4] = milliseconds.to_bytes(4, "big")
    path = tmp_path / "cut.m4a"
    path.write_bytes(data)

    decoded = DecodedFile(path)

    assert decoded.frames == pytest.approx(milliseconds * RATE / 1_000, abs=0.5)


def test_a_wrong_edit_list_of_fragments_cuts_nothing(tmp_path: Path) -> None:
    """A file that is much longer than declared is decoded to its end."""
    path = encode_audio(
        tmp_path / "song.mp4", music(3.0, RATE), RATE, "-movflags", "frag_keyframe"
    )

    assert DecodedFile(path).frames >= 3 * RATE


def lengthen_vorbis_setup(path: Path) -> None:
    """Append bytes to the third header of a Vorbis file, which FFmpeg does not skip."""
    pages = []
    with path.open("rb") as file:
        while file.tell() < path.stat().st_size:
            pages.append(OggPage(file))
    comments, setup = pages[1].packets
    pages[1].packets = [comments, setup + b"\1" * 20]
    path.write_bytes(b"".join(page.write() for page in pages))


def test_what_ffmpeg_refuses_is_tried_with_libsndfile(tmp_path: Path) -> None:
    """A Vorbis file with a header that is too long."""
    path = encode_audio(tmp_path / "song.ogg", music(3.0, RATE), RATE)
    whole = DecodedFile(path)
    lengthen_vorbis_setup(path)
    assert length_by_ffmpeg(path) == 0

    decoded = DecodedFile(path)

    assert (decoded.decoder, decoded.codec) == ("libsndfile", "vorbis")
    assert decoded.frames == pytest.approx(whole.frames, abs=2_048)
    assert decoded.peak == pytest.approx(whole.peak, rel=0.05)


def test_a_refusal_names_what_both_decoders_said(tmp_path: Path) -> None:
    """FFmpeg's reason and libsndfile's."""
    path = encode_audio(tmp_path / "song.ogg", music(1.0, RATE), RATE)
    path.write_bytes(path.read_bytes()[:28])

    with pytest.raises(NotAudioError) as caught:
        DecodedFile(path)

    assert "FFmpeg: not in a supported audio format" in caught.value.detail
    assert "; libsndfile: " in caught.value.detail


def test_joined_mp3_files_are_not_damaged(mp3: bytes, tmp_path: Path) -> None:
    """Tags with a picture between them are no sound that could not be decoded."""
    tag: Any = ID3()
    tag.add(APIC(0, "image/jpeg", 3, "", np.random.default_rng(1).bytes(60_000)))
    front = BytesIO()
    tag.save(front)
    ape: Any = APEv2()
    ape["Title"] = "x" * 5_000
    behind = BytesIO()
    ape.save(behind)
    v1 = b"TAG" + bytes(125)
    path = tmp_path / "joined.mp3"
    whole = front.getvalue() + mp3 + behind.getvalue() + v1
    path.write_bytes(whole + whole)

    joined = DecodedFile(path)

    assert joined.warnings == {}
    assert joined.frames >= 2 * 6 * RATE
    path.write_bytes(mp3 + np.random.default_rng(1).bytes(60_000) + mp3)
    assert set(DecodedFile(path).warnings) == {"damaged"}
