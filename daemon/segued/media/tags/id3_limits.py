"""Check an ID3v2 tag before it is parsed, to reject tag bombs.

mutagen needs 21 s for 200,000 small frames, and 760 MB for a compressed frame of
300 kB. Real tags have tens of frames, none of them compressed.
"""

from collections.abc import Iterator
from typing import Final

from segued.media.containers.chunks import syncsafe

__all__ = ["tag_bomb_reason"]

FRAMES_MAX: Final = 5_000
COMPRESSED_BYTES_MAX: Final = 64 << 10

UNSYNCHRONIZED: Final = 0x80
EXTENDED_HEADER: Final = 0x40
V22, V23, V24 = 2, 3, 4
COMPRESSION_FLAG: Final = {V22: 0, V23: 0x80, V24: 0x08}


def tag_bomb_reason(tag: bytes) -> str | None:
    """Return why an ID3v2 tag must not be parsed; None if it can be."""
    version = tag[3]
    if version not in COMPRESSION_FLAG:
        return None
    if tag[5] & UNSYNCHRONIZED and version < V24:
        tag = tag[:10] + tag[10:].replace(b"\xff\x00", b"\xff")
    # Some programs wrote version 2.4 with the sizes of 2.3, so both are checked.
    for syncsafe_sizes in {version == V24, False}:
        compressed = 0
        for count, (size, flags) in enumerate(
            _frames(tag, version, syncsafe_sizes=syncsafe_sizes), 1
        ):
            if flags & COMPRESSION_FLAG[version]:
                compressed += size
            if count > FRAMES_MAX:
                return f"more than {FRAMES_MAX} ID3 frames"
            if compressed > COMPRESSED_BYTES_MAX:
                return "compressed ID3 frames"
    return None


def _frames(
    tag: bytes, version: int, *, syncsafe_sizes: bool
) -> Iterator[tuple[int, int]]:
    """Yield size and format flags of each frame, up to the padding."""
    header = 6 if version == V22 else 10
    at = 10 + _extended_header_bytes(tag, version)
    while at + header <= len(tag) and tag[at]:
        if version == V22:
            size, flags = int.from_bytes(tag[at + 3 : at + 6], "big"), 0
        else:
            raw = tag[at + 4 : at + 8]
            found = syncsafe(raw) if syncsafe_sizes else int.from_bytes(raw, "big")
            if found is None:
                return
            size, flags = found, tag[at + 9]
        yield size, flags
        at += header + size


def _extended_header_bytes(tag: bytes, version: int) -> int:
    if version == V22 or not tag[5] & EXTENDED_HEADER:
        return 0
    if version == V24:
        return syncsafe(tag[10:14]) or 0
    return 4 + int.from_bytes(tag[10:14], "big")
