"""Text that explains how the passages of a file were identified."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from segued.paths import shown
from segued.views import wording

__all__ = ["as_text", "copy_lines", "printable"]


def as_text(
    path: bytes,
    passages: Sequence[Mapping[str, Any]],
    remembered: Mapping[str, Mapping[str, Any]],
    kept_whole: str = "",
) -> Iterator[str]:
    """Yield the lines about a file: each passage's name, confidence and evidence.

    Args:
        path: The file.
        passages: As `segued.store.reading.reports.passages_with_reasons` returns them.
        remembered: As `segued.store.reading.reports.remembered_tags` returns them.
        kept_whole: Why its long silences do not cut the file; empty if it has none.
    """
    yield shown(path)
    for each in passages:
        start, end = each["start_ticks"], each["end_ticks"]
        where = f"{wording.position(start)} to {wording.position(end)}"
        names = [name for name in (each["artist"], each["title"]) if name]
        yield ""
        yield f"Passage {each['ordinal']} of {len(passages)}, {where}"
        yield f"  {printable(' - '.join(names) or 'unknown')}"
        reason = printable(each["reason"])
        yield f"  {each['confidence']}, {each['score']:.2f}: {reason}"
        if kept_whole:
            yield f"    one passage   {printable(kept_whole)}"
        for kind in ("album", "recording_mbid", "release_mbid"):
            if each[kind]:
                yield f"    {kind.removesuffix('_mbid'):<14}{printable(each[kind])}"
        for kind, text in each["evidence"].items():
            yield f"    {kind:<14}{printable(text)}"
        for text in each["rejected"]:
            yield f"    rejected      {printable(text)}"
    if remembered:
        yield ""
        yield "Remembered tags, which the file does not hold any more (no evidence)"
    for name, each in remembered.items():
        value = each["value"]
        text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
        date = (
            f", last read {wording.local_time(each['read_at'])[:10]}"
            if each["read_at"]
            else ""
        )
        yield f"    {name.replace('_', ' '):<18}{printable(text)}{date}"


def copy_lines(path: bytes, copies: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the other files with the sound of a file, and which is the best.

    Args:
        path: The file.
        copies: As `segued.store.reading.copies.copies_of_file` returns them.
    """
    if not copies:
        return
    own = shown(path)
    best = copies[0]["path"]
    yield ""
    if best == own:
        yield "The best of several files with this sound"
    else:
        (this,) = (each for each in copies if each["path"] == own)
        yield f"A copy of {printable(best)}"
        yield f"    {this['kind']}: {this['why']}"
    for each in copies:
        if each["path"] not in (own, best):
            yield f"    also {printable(each['path'])}: {each['kind']}"


def printable(raw: str) -> str:
    """Return text with control characters escaped, which a terminal would obey."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in raw)
