"""Read the arrays of a TensorFlow checkpoint without TensorFlow.

A checkpoint is two files. The index is a LevelDB table: blocks of sorted names, each
without the prefix it shares with the name before it, and a last block with the
positions of the others. The value of each name is a protocol buffer message with the
position of its array in the data file.
"""

import math
import struct
from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.errors import ConfigError

__all__ = ["WeightArray", "read_arrays"]

WeightArray: TypeAlias = npt.NDArray[np.float32]

FOOTER_BYTES: Final = 48
MAGIC: Final = struct.pack("<Q", 0xDB4775248B80FB57)
COMPRESSED: Final = slice(0, 1)
WORD_BYTES: Final = 4

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FIXED_BYTES: Final = {FIXED64: 8, FIXED32: 4}
VARINT_BITS_MAX: Final = 63

FLOAT32: Final = 1
DTYPE, SHAPE, SHARD, OFFSET, SIZE = 1, 2, 3, 4, 5
DIMENSION: Final = 2
LENGTH: Final = 1


def read_arrays(index: bytes, data: bytes) -> dict[str, WeightArray]:
    """Return the float32 arrays of a checkpoint by name.

    They are read-only views of `data`. The checksums of the arrays are not verified:
    the caller checks those of the files.

    Args:
        index: Content of the file that ends in `.index`.
        data: Content of the only data file, `.data-00000-of-00001`.

    Raises:
        ConfigError: It is not a TensorFlow checkpoint, or damaged.
    """
    try:
        return dict(_iterate_arrays(index, data))
    except (IndexError, UnicodeDecodeError, ValueError, struct.error) as error:
        raise ConfigError(f"not a valid TensorFlow checkpoint: {error}") from error


def _iterate_arrays(index: bytes, data: bytes) -> Iterator[tuple[str, WeightArray]]:
    for name, message in _table_entries(index):
        entry = _parse_message(message)
        if not name or entry.get(DTYPE) != [FLOAT32]:
            continue  # the entry without a name is the header of the checkpoint
        offset, size = _number_field(entry, OFFSET), _number_field(entry, SIZE)
        shape = tuple(
            _number_field(_parse_message(_require_bytes(each)), LENGTH)
            for part in entry.get(SHAPE, [])
            for each in _parse_message(_require_bytes(part)).get(DIMENSION, [])
        )
        if _number_field(entry, SHARD) or WORD_BYTES * math.prod(shape) != size:
            raise ValueError(f"{name.decode()} has {size} bytes for {shape}")
        raw = memoryview(data)[offset : offset + size]
        yield name.decode(), np.frombuffer(raw, "<f4").reshape(shape)


def _table_entries(index: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a table, name and value, in order of name."""
    footer = index[-FOOTER_BYTES:]
    if len(footer) < FOOTER_BYTES or not footer.endswith(MAGIC):
        raise ValueError("the index has no valid footer")
    _, _, at = _parse_block_handle(footer, 0)
    start, size, _ = _parse_block_handle(footer, at)
    for _, handle in _block_entries(index, start, size):
        start, size, _ = _parse_block_handle(handle, 0)
        yield from _block_entries(index, start, size)


def _parse_block_handle(raw: bytes, at: int) -> tuple[int, int, int]:
    """Return start and size of a block, and the position after the handle."""
    start, at = _parse_varint(raw, at)
    size, at = _parse_varint(raw, at)
    return start, size, at


def _block_entries(
    index: bytes, start: int, size: int
) -> Iterator[tuple[bytes, bytes]]:
    block = index[start : start + size]
    if len(block) < size or index[start + size :][COMPRESSED] != b"\0":
        raise ValueError("a block of the index is truncated or compressed")
    (restarts,) = struct.unpack("<I", block[-WORD_BYTES:])
    end = size - WORD_BYTES * (1 + restarts)
    at, name = 0, b""
    while at < end:
        shared, at = _parse_varint(block, at)
        more, at = _parse_varint(block, at)
        length, at = _parse_varint(block, at)
        if at + more + length > end or shared > len(name):
            raise ValueError("an entry of the index exceeds its block")
        name = name[:shared] + block[at : at + more]
        yield name, block[at + more : at + more + length]
        at += more + length


def _parse_message(raw: bytes) -> dict[int, list[int | bytes]]:
    """Return all values of a protocol buffer message by field number."""
    fields: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(raw):
        key, at = _parse_varint(raw, at)
        number, kind = key >> 3, key & 7
        value: int | bytes
        if kind == VARINT:
            value, at = _parse_varint(raw, at)
        elif kind == BYTES or kind in FIXED_BYTES:
            length, at = (
                (FIXED_BYTES[kind], at)
                if kind in FIXED_BYTES
                else _parse_varint(raw, at)
            )
            value, at = raw[at : at + length], at + length
        else:
            raise ValueError(f"a field of the index has the unknown type {kind}")
        fields.setdefault(number, []).append(value)
    if at > len(raw):
        raise ValueError("a field of the index exceeds its message")
    return fields


def _number_field(entry: dict[int, list[int | bytes]], field: int) -> int:
    """Return a number field of a message; 0 if it is missing."""
    value = entry.get(field, [0])[-1]
    if isinstance(value, bytes):
        raise ValueError(f"field {field} of the index is not a number")  # noqa: TRY004
    return value


def _require_bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a field of the index is not a message")  # noqa: TRY004
    return value


def _parse_varint(raw: bytes, at: int) -> tuple[int, int]:
    """Return a number stored as seven bits per byte, and the position after it."""
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:  # noqa: PLR2004
            return value, at
        if shift > VARINT_BITS_MAX:
            raise ValueError("a number of the index is too large")
