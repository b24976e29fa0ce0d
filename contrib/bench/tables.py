"""Print results as Markdown tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Target", "print_table", "print_targets"]


@dataclass(frozen=True, slots=True)
class Target:
    """A target, and the measured value.

    Attributes:
        what: The measured quantity, with its unit.
        expected: The limit.
        found: The measured value.
        is_reached: Whether the value is within the limit.
    """

    what: str
    expected: str
    found: str
    is_reached: bool


def print_targets(targets: Iterable[Target]) -> None:
    """Print a table of targets and measured values."""
    rows = [
        (each.what, each.expected, each.found, "ok" if each.is_reached else "missed")
        for each in targets
    ]
    print_table(("target", "limit", "measured", ""), rows)


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table; all columns but the first are aligned right."""
    lines = [tuple(heads), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for line in (lines[0], tuple(rule), *lines[1:]):
        first, *others = zip(line, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(text.rjust(wide) for text, wide in others)]
        print("|", " | ".join(cells), "|")
    print()
