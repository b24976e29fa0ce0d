"""Phase 3, extracting tags: title, artist, ids and passage marks from the file.

Tags are claims, not facts: they are stored, and compared with other evidence in phase
6. A value that the file held before is remembered, but it is no evidence. Unreadable
tags never fail a file; the names are then guessed from its path.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from segued.errors import WorkCrashedError, WorkMemoryError, WorkTimedOutError
from segued.media.tags import filename, reader, sheets
from segued.media.tags.passage_marks import doubt_about
from segued.media.tags.sheets import SheetReading
from segued.model import (
    AudioFile,
    FileId,
    FileWarning,
    PassageMark,
    PhaseNumber,
    Signature,
    Tags,
)
from segued.phases import p01_filename
from segued.phases.base import FileResults, Phase, PhaseContext
from segued.store import beside_files, file_tags, files
from segued.store.file_tags import RememberedValue, StoredTags
from segued.units import Seconds

__all__ = ["PHASE", "TagsRead"]


@dataclass(frozen=True, slots=True)
class TagsRead:
    """The names and marks from a file's tags, its path and the CUE sheet beside it.

    Attributes:
        tags: The tags that the file holds.
        guessed: Names for missing tags: from the CUE sheet, or guessed from file and
            folder name.
        marks: The passages by a CUE sheet or chapters.
        leading_number: The track number at the start of the file name.
        remembered: Tags that the file held before, by field.
    """

    tags: Tags
    guessed: Tags
    marks: tuple[PassageMark, ...]
    leading_number: int | None
    warnings: tuple[FileWarning, ...]
    remembered: dict[str, RememberedValue] = field(default_factory=dict)

    @property
    def shown(self) -> "TagsRead":
        """The same, with remembered tags in place of guesses: to be shown, only."""
        if not self.remembered:
            return self
        remembered = StoredTags(remembered=self.remembered).remembered_tags
        return replace(self, guessed=self.guessed.merged_with(remembered))

    @property
    def names(self) -> Tags:
        """The tags, with missing ones guessed from the file's path."""
        return self.guessed.merged_with(self.tags)


async def run(context: PhaseContext, file_results: FileResults) -> TagsRead:
    """Read the tags, and the CUE sheet in the folder that names the file.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: It cannot be read at all.
    """
    file = file_results.file
    signature = file_results[p01_filename.PHASE].signature
    reading = await _read_tags(context, file.path, signature)
    sheets_version, before = await file_results.read(
        context.store, _read_known, file.id
    )
    sheet = await _read_sheet(context, file, sheets_version)
    doubt = None
    if sheet.marks and not sheet.named:
        doubt = doubt_about(sheet.marks, reading.tags, reading.length, sheet.length)
    if doubt is not None:
        sheet = SheetReading(warnings=(FileWarning("cue", f"CUE sheet {doubt}"),))
    known = before.updated(reading.tags, complete=_is_complete(reading.warnings))
    keep = context.config.importing.removed_tags == "keep"
    return TagsRead(
        tags=known.tags,
        guessed=filename.tags_from_name(file.path).merged_with(sheet.names),
        marks=sheet.marks or reading.marks,
        leading_number=filename.leading_number(file.path),
        warnings=(*reading.warnings, *sheet.warnings),
        remembered=dict(known.remembered) if keep else {},
    )


def _is_complete(warnings: tuple[FileWarning, ...]) -> bool:
    """Return whether all tags were read: a tag that is not there was removed."""
    return all(warning.code != "tags" for warning in warnings)


def _read_known(file: FileId) -> tuple[str | None, StoredTags]:
    """Return the version of the folder's CUE sheets, and the tags known so far."""
    return beside_files.sheets_of(file), file_tags.load(file)


async def _read_sheet(
    context: PhaseContext, file: AudioFile, version: str | None
) -> SheetReading:
    """Read the CUE sheets of the folder, if the scan found any."""
    if version is None:
        return SheetReading()
    limit = Seconds(context.config.compute.tags_seconds)
    try:
        return await context.compute.run_short(
            limit, sheets.sidecar_marks, file.path, version
        )
    except (WorkTimedOutError, WorkCrashedError, WorkMemoryError) as error:
        warning = FileWarning("cue", f"CUE sheets could not be read: {error.detail}")
        return SheetReading(warnings=(warning,))


async def _read_tags(
    context: PhaseContext, path: bytes, signature: Signature
) -> reader.TagReading:
    """Read the tags; if they crash the child process, return none and a warning."""
    limit = Seconds(context.config.compute.tags_seconds)
    try:
        return await context.compute.run_short(limit, reader.read_tags, path, signature)
    except (WorkTimedOutError, WorkCrashedError, WorkMemoryError) as error:
        warning = FileWarning("tags", f"tags could not be read: {error.detail}")
        return reader.TagReading(Tags(), (), (warning,))


def save(file_results: FileResults, result: TagsRead) -> None:
    """Store the tags, and those that the file held before."""
    file_tags.save(
        file_results.file.id,
        result.tags,
        result.remembered,
        complete=_is_complete(result.warnings),
    )
    files.record_warnings(file_results.file.id, PhaseNumber.TAGS, result.warnings)


PHASE: Final = Phase(
    number=PhaseNumber.TAGS,
    name="tags",
    title="Extracting",
    version=4,
    result_type=TagsRead,
    run=run,
    reads=lambda results: ((_read_known, (results.file.id,)),),
    save=save,
    counts=lambda tags_read: {"failed" if tags_read.warnings else "read": 1},
)
