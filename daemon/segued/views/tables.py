"""The library as tables for people."""

from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from segued.views import wording

__all__ = ["print_table"]

COLUMNS: Final = {
    "files": ("status", "duration_ticks", "codec", "failure_code", "path"),
    "passages": (
        "ordinal",
        "start_ticks",
        "end_ticks",
        "confidence",
        "artist",
        "title",
        "path",
    ),
    "failures": ("code", "detail"),
    "passed-over": ("reason", "path", "more"),
    "copies": ("path", "kind", "why", "codec", "bit_rate"),
    "review": ("urgency", "question", "text", "card_id"),
    "similar": ("distance", "artist", "title", "ordinal", "path"),
}
"""The columns of each topic's table; JSON output has every column."""

NOTHING: Final = {
    "passed-over": "nothing was passed over",
    "review": "no question is open",
    "copies": "no song is here twice",
}
"""What is printed instead of an empty table, for some topics."""

NUMERIC_COLUMNS: Final = (
    "distance",
    "ordinal",
    "start_ticks",
    "end_ticks",
    "duration_ticks",
    "more",
    "urgency",
    "bit_rate",
)


def print_table(console: Console, topic: str, rows: Iterable[dict[str, Any]]) -> None:
    """Print rows as a table; lengths and positions as minutes and seconds.

    Into a pipe, print tab-separated lines with untruncated values.
    """
    columns = COLUMNS[topic]
    titles = [name.removesuffix("_ticks") for name in columns]
    cells = [[_cell_text(name, row[name]) for name in columns] for row in rows]
    if not console.is_terminal:
        for line in (titles, *cells):
            print("\t".join(line))  # noqa: T201
        return
    if not cells:
        console.print(NOTHING.get(topic, f"no {topic} in the library"))
        return
    table = Table(box=None, pad_edge=False)
    for name, title in zip(columns, titles, strict=True):
        justify: JustifyMethod = "right" if name in NUMERIC_COLUMNS else "left"
        table.add_column(title, justify=justify, no_wrap=True, overflow="ellipsis")
    for line in cells:
        table.add_row(*map(Text, line))
    console.print(table)


def _cell_text(name: str, value: object) -> str:
    if value is None:
        return ""
    if name == "codec":
        return wording.codec_name(str(value))
    if name.endswith("_ticks") and isinstance(value, int):
        return wording.position(value)
    printable = str(value)
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in printable)
