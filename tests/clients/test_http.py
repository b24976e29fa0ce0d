"""The decoded size of an answer is limited, whatever its compressed size is."""

import gzip

import pytest

from segued.clients.http import BodyError, BoundedDecoder


@pytest.mark.parametrize("size", [0, 1, 99, 100])
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_body_within_the_limit_is_complete(size: int, encoding: str) -> None:
    """A body is decoded piece by piece."""
    body = b"x" * size
    decoder = BoundedDecoder(encoding, 100)
    encoded = gzip.compress(body) if encoding else body
    for start in range(0, len(encoded), 7):
        decoder.feed(encoded[start : start + 7])

    assert decoder.finish() == body


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_body_over_the_limit_is_refused(encoding: str) -> None:
    """With and without compression."""
    body = b"x" * 101
    decoder = BoundedDecoder(encoding, 100)

    with pytest.raises(BodyError, match="larger than 100 bytes"):
        decoder.feed(gzip.compress(body) if encoding else body)


def test_unsupported_encodings_are_refused() -> None:
    """An unknown encoding, invalid gzip, two gzip streams, and a truncated one."""
    with pytest.raises(BodyError, match="unknown"):
        BoundedDecoder("br", 100)
    with pytest.raises(BodyError, match="not valid gzip"):
        BoundedDecoder("gzip", 100).feed(b"no gzip at all")
    with pytest.raises(BodyError, match="after its gzip stream"):
        BoundedDecoder("gzip", 100).feed(gzip.compress(b"x") * 2)
    half = BoundedDecoder("gzip", 100)
    half.feed(gzip.compress(b"x" * 50, 0)[:40])
    with pytest.raises(BodyError, match="truncated"):
        half.finish()
