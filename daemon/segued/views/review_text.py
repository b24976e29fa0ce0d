"""Text for the questions about matches, their answers and their history."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from segued.views import wording
from segued.views.explanation import printable

__all__ = ["card_lines", "history_lines", "list_lines"]


def list_lines(page: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each card of a page, as the API returns it, and the total."""
    for card in page["cards"]:
        yield f"{printable(card_title(card))}: {printable(card['text'])}"
        yield f"    {card['card']}"
    total, shown = page["total"], len(page["cards"])
    if total > shown:
        yield f"and {total - shown:,} more"
    if not total:
        yield "Nothing needs you."


def card_title(card: Mapping[str, Any]) -> str:
    """Return the name of a card: the album, or the song or file."""
    album = card["album"]
    if album is not None:
        title = album["title"] or "untitled"
        return f"{album['artist']} - {title}" if album["artist"] else title
    first = card["passages"][0]
    names = [name for name in (first["artist"], first["title"]) if name]
    return " - ".join(names) or first["name"]


def card_lines(card: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a card: each question with its numbered candidates."""
    yield printable(card_title(card))
    if card["missing"]:
        yield f"  {printable(missing_text(card['missing']))}"
    passages: Sequence[Mapping[str, Any]] = card["passages"]
    for number, each in enumerate(passages, start=1):
        mark = f"Song {number}: " if len(passages) > 1 else ""
        names = [name for name in (each["artist"], each["title"]) if name]
        yield f"  {mark}{printable(' - '.join(names) or each['name'])}"
        yield f"    {printable(each['text'])}"
        yield f"    {each['confidence']}: {printable(each['reason'])}"
        for key, candidate in enumerate(each["candidates"], start=1):
            yield from _candidate_lines(key, candidate)


def missing_text(missing: Sequence[Sequence[int]]) -> str:
    """Return which tracks an album lacks, in a sentence."""
    has_discs = len({disc for disc, _ in missing}) > 1
    names = [f"{disc}-{track}" if has_discs else f"{track}" for disc, track in missing]
    if len(names) == 1:
        return f"Track {names[0]} is missing."
    return f"Tracks {', '.join(names)} are missing."


def _candidate_lines(key: int, candidate: Mapping[str, Any]) -> Iterator[str]:
    names = [name for name in (candidate["artist"], candidate["title"]) if name]
    length = candidate["seconds"]
    time = "" if length is None else f", {wording.duration(length)}"
    now = "  (now)" if candidate["is_current"] else ""
    yield f"    {key}  {printable(' - '.join(names) or 'unnamed')}{time}{now}"
    if candidate["evidence_for"]:
        yield f"         for: {printable('; '.join(candidate['evidence_for']))}"
    if candidate["evidence_against"]:
        yield f"         against: {printable('; '.join(candidate['evidence_against']))}"


def history_lines(answers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each answer: number, time, who, what, and about what."""
    for each in answers:
        names = [passage["name"] for passage in each["passages"]]
        about = printable(names[0]) if names else "nothing"
        if len(names) > 1:
            about += f" and {len(names) - 1} more"
        what = each["action"]
        if each["undoes"] is not None:
            what = f"undo {each['undoes']}"
        undone = ", undone" if each["is_undone"] else ""
        who = f"{each['person']}, {each['program']} {each['version']}".strip()
        yield (
            f"{each['answer']:>5}  {wording.local_time(each['at'])}  {what}{undone}:"
            f" {about}  ({printable(who)})"
        )
    if not answers:
        yield "No answers yet."
