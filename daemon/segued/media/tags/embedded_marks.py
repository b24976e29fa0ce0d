"""Choose the passage marks of a file among those in its tags and its container."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from segued.media.containers.detect import Container
from segued.media.decoding.container_chapters import ContainerChapters
from segued.media.tags.chapters import timed_chapters
from segued.media.tags.cue import file_stem, marks_in_sheet, parse_sheet
from segued.media.tags.formats import TagData
from segued.media.tags.passage_marks import doubt_about, plausible_marks
from segued.model import FileWarning, PassageMark, Tags
from segued.units import Ticks

__all__ = ["EmbeddedMarks", "choose_marks"]

ALWAYS_READ: Final = frozenset((Container.MATROSKA, Container.ASF))
"""Containers whose chapters only FFmpeg reads."""

CHAPTERS: Final = "chapters"


@dataclass(frozen=True, slots=True)
class EmbeddedMarks:
    """The marks in a file.

    Attributes:
        marks: None or at least two, ascending.
        length: The length that the file declares, if it was read.
        warnings: Marks that are not used, and why.
    """

    marks: tuple[PassageMark, ...] = ()
    length: Ticks | None = None
    warnings: tuple[FileWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Marks of one source; None if they are implausible."""

    source: str
    marks: tuple[PassageMark, ...] | None
    declared: Ticks | None = None
    named: bool = False

    @property
    def code(self) -> str:
        """The code of a warning about them."""
        return "chapters" if self.source == CHAPTERS else "cue"

    @property
    def implausible(self) -> str:
        """Why they are not used if they are implausible."""
        whose = "their" if self.source == CHAPTERS else "its"
        return f"not used: {whose} times are implausible"


class _Header:
    """What FFmpeg reads of a file, once it is needed."""

    def __init__(self, read: Callable[[], ContainerChapters]) -> None:
        self._read = read

    @cached_property
    def content(self) -> ContainerChapters:
        try:
            return self._read()
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - decoding the file reports the reason
            return ContainerChapters()


def choose_marks(
    path: bytes,
    container: Container,
    found: Sequence[TagData],
    tags: Tags,
    read_container: Callable[[], ContainerChapters],
) -> EmbeddedMarks:
    """Return the marks of the first CUE sheet or chapter list that may be right.

    Args:
        path: Path of the file.
        container: Its container.
        found: The content of its tags, by precedence.
        tags: All its tags, merged.
        read_container: Reads its chapters and length with FFmpeg. It is called only
            if the file has marks, or may have chapters that no tag holds.
    """
    header = _Header(read_container)
    length = next((each.length for each in found if each.length is not None), None)
    stem = file_stem(os.path.basename(path).decode("utf-8", "replace"))
    warnings: dict[FileWarning, None] = {}
    for each in _candidates(found, container, stem, header):
        if each.marks == ():
            continue
        doubt: str | None = each.implausible
        if each.marks is not None:
            length = header.content.length if length is None else length
            doubt = (
                None
                if each.named
                else doubt_about(each.marks, tags, length, each.declared)
            )
        if each.marks is not None and doubt is None:
            return EmbeddedMarks(each.marks, length, tuple(warnings))
        warnings[FileWarning(each.code, f"{each.source} {doubt}")] = None
    return EmbeddedMarks((), length, tuple(warnings))


def _candidates(
    found: Sequence[TagData], container: Container, stem: str, header: _Header
) -> Iterator[_Candidate]:
    """Yield the marks of each tag, a CUE sheet first, and those of the container."""
    for each in found:
        if each.cue:
            sheet = parse_sheet(each.cue)
            yield _Candidate(
                "embedded CUE sheet",
                marks_in_sheet(sheet, frozenset([stem])),
                sheet.length,
                stem in sheet.stems,
            )
        block = each.marks_length is not None
        yield _Candidate(
            "CUESHEET block" if block else CHAPTERS,
            plausible_marks(each.marks),
            each.marks_length,
        )
    if container in ALWAYS_READ or any(each.more_chapters for each in found):
        marks = timed_chapters(header.content.chapters)
        yield _Candidate(CHAPTERS, plausible_marks(marks))
