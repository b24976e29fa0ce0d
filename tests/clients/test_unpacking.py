"""An answer is never larger than agreed on, however small it is packed."""

import gzip

import pytest

from segued.clients.unpacking import Unpacking, UnpackingError


@pytest.mark.parametrize("size", [0, 1, 99, 100])
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_what_fits_comes_whole(size: int, encoding: str) -> None:
    """In pieces of any size."""
    body = b"x" * size
    unpacking = Unpacking(encoding, 100)
    packed = gzip.compress(body) if encoding else body
    for start in range(0, len(packed), 7):
        unpacking.add(packed[start : start + 7])

    assert unpacking.whole() == body


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_one_byte_more_is_too_much(encoding: str) -> None:
    """Packed or not."""
    body = b"x" * 101
    unpacking = Unpacking(encoding, 100)

    with pytest.raises(UnpackingError, match="more than 100 bytes"):
        unpacking.add(gzip.compress(body) if encoding else body)


def test_what_is_packed_otherwise() -> None:
    """Unknown, no gzip, more than one, or half of one."""
    with pytest.raises(UnpackingError, match="unknown"):
        Unpacking("br", 100)
    with pytest.raises(UnpackingError, match="cannot be unpacked"):
        Unpacking("gzip", 100).add(b"no gzip at all")
    with pytest.raises(UnpackingError, match="more than it packed"):
        Unpacking("gzip", 100).add(gzip.compress(b"x") * 2)
    half = Unpacking("gzip", 100)
    half.add(gzip.compress(b"x" * 50, 0)[:40])
    with pytest.raises(UnpackingError, match="breaks off"):
        half.whole()
