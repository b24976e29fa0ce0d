"""Rows of the library as JSON, for programs."""

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["json_line"]


def json_line(row: Mapping[str, Any]) -> str:
    """Return a row as one line of JSON; bytes as hex."""
    return json.dumps(
        {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in row.items()
        }
    )
