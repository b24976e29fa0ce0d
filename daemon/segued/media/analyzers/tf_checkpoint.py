"""The arrays of a TensorFlow checkpoint, read without TensorFlow.

A checkpoint is two files. The index is a table as LevelDB writes it: blocks of
sorted names, in which what a name shares with the one before it is left out, and a
last block that says where the others are. To each name belongs a message that says
which stretch of the data file is its array.
"""

import math
import struct
from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.errors import ConfigError

__all__ = ["Array", "arrays"]

Array: TypeAlias = npt.NDArray[np.float32]

FOOTER: Final = 48
MAGIC: Final = struct.pack("<Q", 0xDB4775248B80FB57)
COMPRESSED: Final = slice(0, 1)
WORD: Final = 4

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FIXED: Final = {FIXED64: 8, FIXED32: 4}
VARINT_BITS_MAX: Final = 63

FLOAT32: Final = 1
DTYPE, SHAPE, SHARD, OFFSET, SIZE = 1, 2, 3, 4, 5
DIMENSION: Final = 2
LENGTH: Final = 1


def arrays(index: bytes, data: bytes) -> dict[str, Array]:
    """Return the arrays of a checkpoint by name: those of 32-bit numbers.

    They look into `data`, and cannot be written to. The checksums of the single
    arrays are not looked at: whoever has the files knows what they should be.

    Args:
        index: The file that ends in `.index`, whole.
        data: The only file of numbers, `.data-00000-of-00001`, whole.

    Raises:
        ConfigError: This is no such checkpoint, or a damaged one.
    """
    try:
        return dict(_arrays(index, data))
    except (IndexError, UnicodeDecodeError, ValueError, struct.error) as error:
        raise ConfigError(f"no whole TensorFlow checkpoint: {error}") from error


def _arrays(index: bytes, data: bytes) -> Iterator[tuple[str, Array]]:
    for name, said in _table(index):
        entry = _message(said)
        if not name or entry.get(DTYPE) != [FLOAT32]:
            continue  # The first says how the files were written.
        offset, size = _number(entry, OFFSET), _number(entry, SIZE)
        shape = tuple(
            _number(_message(_text(each)), LENGTH)
            for part in entry.get(SHAPE, [])
            for each in _message(_text(part)).get(DIMENSION, [])
        )
        if _number(entry, SHARD) or WORD * math.prod(shape) != size:
            raise ValueError(f"{name.decode()} has {size} bytes for {shape}")
        stretch = memoryview(data)[offset : offset + size]
        yield name.decode(), np.frombuffer(stretch, "<f4").reshape(shape)


def _table(index: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the names of a table in their order, each with what belongs to it."""
    footer = index[-FOOTER:]
    if len(footer) < FOOTER or not footer.endswith(MAGIC):
        raise ValueError("the index does not end as one")
    _, _, at = _handle(footer, 0)
    start, size, _ = _handle(footer, at)
    for _, place in _block(index, start, size):
        start, size, _ = _handle(place, 0)
        yield from _block(index, start, size)


def _handle(raw: bytes, at: int) -> tuple[int, int, int]:
    """Return where a block starts, how long it is, and where the next word is."""
    start, at = _varint(raw, at)
    size, at = _varint(raw, at)
    return start, size, at


def _block(index: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    block = index[start : start + size]
    if len(block) < size or index[start + size :][COMPRESSED] != b"\0":
        raise ValueError("a block of the index is cut short, or compressed")
    (restarts,) = struct.unpack("<I", block[-WORD:])
    end = size - WORD * (1 + restarts)
    at, name = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        more, at = _varint(block, at)
        length, at = _varint(block, at)
        if at + more + length > end or shared > len(name):
            raise ValueError("a name of the index reaches too far")
        name = name[:shared] + block[at : at + more]
        yield name, block[at + more : at + more + length]
        at += more + length


def _message(raw: bytes) -> dict[int, list[int | bytes]]:
    """Return the fields of a protocol buffer by number, each as often as it is."""
    fields: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        number, kind = key >> 3, key & 7
        value: int | bytes
        if kind == VARINT:
            value, at = _varint(raw, at)
        elif kind == BYTES or kind in FIXED:
            length, at = (FIXED[kind], at) if kind in FIXED else _varint(raw, at)
            value, at = raw[at : at + length], at + length
        else:
            raise ValueError(f"a field of the index is of kind {kind}")
        fields.setdefault(number, []).append(value)
    if at > len(raw):
        raise ValueError("a field of the index reaches too far")
    return fields


def _number(entry: dict[int, list[int | bytes]], field: int) -> int:
    """Return a number of a message; what is not said is 0."""
    value = entry.get(field, [0])[-1]
    if isinstance(value, bytes):
        raise ValueError(f"field {field} of the index is no number")  # noqa: TRY004
    return value


def _text(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a field of the index is no message")  # noqa: TRY004
    return value


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """Return a number of which each byte brings seven bits, and where it ends."""
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:  # noqa: PLR2004
            return value, at
        if shift > VARINT_BITS_MAX:
            raise ValueError("a number of the index is too large")
