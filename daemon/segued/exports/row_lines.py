"""CSV and JSON Lines: all columns of passages or albums, for other programs."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["write_csv", "write_json_lines"]


class _Parts:
    """A file for the CSV writer; it keeps what was written until it is taken."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, text: str) -> None:
        """Keep a part."""
        self._parts.append(text)

    def take(self) -> str:
        """Return what was written since the last time."""
        text = "".join(self._parts)
        self._parts.clear()
        return text


def write_csv(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the rows by RFC 4180, after a line with the names of the columns."""
    parts = _Parts()
    writer = csv.writer(parts, lineterminator="\r\n")
    is_first = True
    for row in rows:
        if is_first:
            writer.writerow(row)
            is_first = False
        writer.writerow(map(_plain, row.values()))
        yield parts.take()


def write_json_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the rows as one line of JSON each; bytes as hex."""
    for row in rows:
        values = {name: _plain(value) for name, value in row.items()}
        yield json.dumps(values) + "\n"


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value
