"""Content and audio hashes of files: `segued.media.hashing`."""

import errno
import os
import struct
from io import BytesIO
from pathlib import Path

import av
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from segued.errors import DiskReadError, FileChangedError
from segued.media.containers.ogg import OggAudio
from segued.media.hashing import Hashes, hash_file
from segued.model import Signature
from tests.media.encoded_files import (
    ENCODERS,
    RETAGGERS,
    VORBIS,
    encoded_tone,
    write_file,
)


def hash_bytes(folder: Path, data: bytes) -> Hashes:
    """Return the hashes of a file of these bytes."""
    return hash_file(*write_file(folder, data))


@pytest.mark.parametrize("name", RETAGGERS)
def test_retagging_does_not_change_the_audio_hash(name: str, tmp_path: Path) -> None:
    """No tag, a small one, a huge one and none again give the same hash."""
    kind, retag = RETAGGERS[name]
    plain = encoded_tone(kind)
    small = retag(plain, "x")
    huge = retag(small, "y" * 100_000)
    files = [plain, small, huge, retag(huge, None)]

    found = [hash_bytes(tmp_path, data) for data in files]

    assert len({hashes.audio for hashes in found}) == 1
    assert len({hashes.content for hashes in found[:3]}) == 3
    assert found[2].audio != found[2].content


@pytest.mark.parametrize("kind", ENCODERS)
def test_other_audio_has_another_hash(kind: str, tmp_path: Path) -> None:
    """The hashes of two tones differ."""
    low, high = (
        hash_bytes(tmp_path, encoded_tone(kind)),
        hash_bytes(tmp_path, encoded_tone(kind, 660)),
    )

    assert low.audio != high.audio


@pytest.mark.parametrize("kind", ENCODERS)
def test_changed_last_audio_byte_changes_the_hash(kind: str, tmp_path: Path) -> None:
    """The hash covers the audio up to its last byte."""
    data = encoded_tone(kind)
    # MP4 and Matroska have their index at the end.
    until = {"m4a": b"moov", "alac": b"moov", "mka": b"\x1c\x53\xbb\x6b"}.get(kind)
    at = (data.rindex(until) - 5 if until else len(data)) - 1
    changed = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]

    assert hash_bytes(tmp_path, data).audio != hash_bytes(tmp_path, changed).audio


def test_tags_of_all_kinds_at_once_are_left_out(tmp_path: Path) -> None:
    """An MP3 can have ID3v2, APEv2 and ID3v1 together."""
    data = encoded_tone("mp3")
    tagged = RETAGGERS["mp3 APEv2"][1](data, "ape")
    tagged = RETAGGERS["mp3 ID3v2.3 and v1"][1](tagged, "id3")

    assert b"APETAGEX" in tagged
    assert tagged[-128:-125] == b"TAG"
    assert hash_bytes(tmp_path, tagged).audio == hash_bytes(tmp_path, data).audio


def test_block_boundaries_do_not_change_the_hash(tmp_path: Path) -> None:
    """Audio that begins and ends inside blocks is hashed to the byte."""
    audio = os.urandom(3_500_000)
    head = b"ID3\x04\x00\x00" + bytes((0, 70, 0, 0)) + bytes(70 << 14)
    tail = b"TAG" + bytes(125)

    found = hash_bytes(tmp_path, head + audio + tail)

    assert found.audio == blake3(audio).hexdigest()
    assert found.content == blake3(head + audio + tail).hexdigest()


def test_audio_in_several_places_is_hashed_together(tmp_path: Path) -> None:
    """A fragmented MP4 has many audio boxes, some in one block."""
    pieces = [os.urandom(length) for length in (10, 2_000_000, 30, 1)]
    boxes = (
        struct.pack(">I4s4xI4s", 12, b"free", 8 + len(piece), b"mdat") + piece
        for piece in pieces
    )

    found = hash_bytes(tmp_path, b"\0\0\0\x08ftyp" + b"".join(boxes))

    assert found.audio == blake3(b"".join(pieces)).hexdigest()


@pytest.mark.parametrize("kind", VORBIS)
def test_ogg_audio_is_what_a_demuxer_finds(kind: str, tmp_path: Path) -> None:
    """The hash covers the first packet and all packets after the headers."""
    data = encoded_tone(kind)
    body = 27 + data[26]
    first = data[body : body + sum(data[27:body])]
    # FLAC's first packet starts with the number of headers, tags included.
    first = first[9:] if first.startswith(b"\x7fFLAC") else first
    with av.open(BytesIO(data), "r") as file:
        packets = b"".join(bytes(packet) for packet in file.demux(audio=0))

    assert hash_bytes(tmp_path, data).audio == blake3(first + packets).hexdigest()


def test_a_file_of_unknown_format_is_all_audio(tmp_path: Path) -> None:
    """It is hashed as a whole, without an error."""
    found = hash_bytes(tmp_path, b"an unknown format")

    assert found.audio == found.content == blake3(b"an unknown format").hexdigest()


def test_a_truncated_ogg_file_is_all_audio(tmp_path: Path) -> None:
    """An incomplete page at the end makes the audio unknown."""
    found = hash_bytes(tmp_path, encoded_tone("ogg")[:-10])

    assert found.audio == found.content


def test_chained_streams_are_all_audio(tmp_path: Path) -> None:
    """The headers of every stream in a chain are excluded, the audio is hashed."""
    _, retag = RETAGGERS["ogg"]
    one, two = encoded_tone("ogg"), encoded_tone("ogg", 660)
    # Both streams have the same serial number; the first page starts a new stream.
    chain = hash_bytes(tmp_path, one + two)

    assert chain.audio != hash_bytes(tmp_path, one).audio
    assert chain.audio != hash_bytes(tmp_path, one + one).audio
    assert chain.audio == hash_bytes(tmp_path, retag(one, "x") + retag(two, "y")).audio


@pytest.mark.parametrize("kind", VORBIS)
@settings(max_examples=25, deadline=None)
@given(lengths=st.lists(st.integers(1, 5_000), min_size=1, max_size=5))
def test_ogg_may_come_in_pieces_of_any_length(kind: str, lengths: list[int]) -> None:
    """Any division into blocks gives the same audio."""
    data = encoded_tone(kind)
    whole: list[bytes] = []
    OggAudio(whole.append).update(data)
    pieces: list[bytes] = []
    reader = OggAudio(pieces.append)

    at = 0
    while at < len(data):
        length = lengths[at % len(lengths)]
        reader.update(memoryview(data)[at : at + length])
        at += length

    assert reader.has_audio
    assert b"".join(pieces) == b"".join(whole)
    assert 0 < len(b"".join(whole)) < len(data)


def test_shrinking_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with fewer bytes than its signature's size has changed."""
    path, signature = write_file(tmp_path, bytes(3_000_000))

    def shrunk(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        return real(descriptor, buffers, offset) if offset < 2_000_000 else 0

    real = os.preadv
    monkeypatch.setattr(os, "preadv", shrunk)

    with pytest.raises(FileChangedError):
        hash_file(path, signature)


def test_disk_error_while_hashing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read error in the middle of the file is a DiskReadError."""
    path, signature = write_file(tmp_path, bytes(3_000_000))

    def broken(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "preadv", broken)

    with pytest.raises(DiskReadError, match="Input/output error"):
        hash_file(path, signature)


def test_changed_file_is_not_hashed(tmp_path: Path) -> None:
    """The signature is checked before hashing."""
    path, signature = write_file(tmp_path, b"one")
    older = Signature(signature.size_bytes, signature.mtime_ns - 1, signature.inode)

    with pytest.raises(FileChangedError):
        hash_file(path, older)
