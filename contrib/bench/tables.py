"""Figures as a table, for the terminal and for README.md."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Target", "print_table", "print_targets"]


@dataclass(frozen=True, slots=True)
class Target:
    """Something to reach, and how far it was.

    Attributes:
        expected: The figure to reach, with its unit.
        found: The figure that was found.
        is_reached: Whether that will do.
    """

    what: str
    expected: str
    found: str
    is_reached: bool


def print_targets(targets: Iterable[Target]) -> None:
    """Print what was to be reached, and what was."""
    rows = [
        (each.what, each.expected, each.found, "ok" if each.is_reached else "missed")
        for each in targets
    ]
    print_table(("to reach", "wanted", "found", ""), rows)


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table; all but the first column are ranged right."""
    lines = [tuple(heads), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for line in (lines[0], tuple(rule), *lines[1:]):
        first, *others = zip(line, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(text.rjust(wide) for text, wide in others)]
        print("|", " | ".join(cells), "|")
    print()
