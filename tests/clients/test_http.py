"""An answer is never larger than agreed on, however small it is packed."""

import gzip

import pytest

from segued.clients.http import BodyError, BoundedDecoder


@pytest.mark.parametrize("size", [0, 1, 99, 100])
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_body_within_the_limit_is_complete(size: int, encoding: str) -> None:
    """In pieces of any size."""
    body = b"x" * size
    unpacking = BoundedDecoder(encoding, 100)
    packed = gzip.compress(body) if encoding else body
    for start in range(0, len(packed), 7):
        unpacking.feed(packed[start : start + 7])

    assert unpacking.finish() == body


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_body_over_the_limit_is_refused(encoding: str) -> None:
    """Packed or not."""
    body = b"x" * 101
    unpacking = BoundedDecoder(encoding, 100)

    with pytest.raises(BodyError, match="more than 100 bytes"):
        unpacking.feed(gzip.compress(body) if encoding else body)


def test_unsupported_encodings_are_refused() -> None:
    """Unknown, no gzip, more than one, or half of one."""
    with pytest.raises(BodyError, match="unknown"):
        BoundedDecoder("br", 100)
    with pytest.raises(BodyError, match="cannot be unpacked"):
        BoundedDecoder("gzip", 100).feed(b"no gzip at all")
    with pytest.raises(BodyError, match="more than it packed"):
        BoundedDecoder("gzip", 100).feed(gzip.compress(b"x") * 2)
    half = BoundedDecoder("gzip", 100)
    half.feed(gzip.compress(b"x" * 50, 0)[:40])
    with pytest.raises(BodyError, match="breaks off"):
        half.finish()
