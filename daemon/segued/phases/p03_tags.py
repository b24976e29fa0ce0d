"""Phase 3, extracting tags: what the file says of itself.

Tags are claims, not facts: they are kept, merged with what was read before,
and weighed in phase 6. Unreadable tags never fail a file; its name then has
to do.
"""

from dataclasses import dataclass
from typing import Final

from segued.errors import WorkCrashedError, WorkMemoryError, WorkTimedOutError
from segued.media.tags import cue, filename, reader
from segued.model import (
    FileWarning,
    PassageMark,
    PhaseNumber,
    Signature,
    Tags,
)
from segued.phases import p01_filename
from segued.phases.base import FileResults, Phase, PhaseContext
from segued.store import files
from segued.units import Seconds

__all__ = ["PHASE", "TagsRead"]


@dataclass(frozen=True, slots=True)
class TagsRead:
    """What the file, its name and the sheet beside it say.

    Attributes:
        tags: As merged with those read before, and kept on record.
        guessed: What its name and folder suggest; for where tags say nothing.
        marks: Where a CUE sheet or chapters say its passages are.
        leading_number: The track number that its name begins with.
    """

    tags: Tags
    guessed: Tags
    marks: tuple[PassageMark, ...]
    leading_number: int | None
    warnings: tuple[FileWarning, ...]

    @property
    def names(self) -> Tags:
        """The tags, with what they lack guessed from the file's name."""
        return self.guessed.merged_with(self.tags)


async def run(context: PhaseContext, file_results: FileResults) -> TagsRead:
    """Read the tags, and a CUE sheet beside the file.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: It cannot be read at all.
    """
    file = file_results.file
    signature = file_results[p01_filename.PHASE].signature
    reading = await _read_tags(context, file.path, signature)
    marks, warnings = await context.compute.run_short(
        None, cue.sidecar_marks, file.path
    )
    before = await context.store.do(files.tags_of, file.id)
    return TagsRead(
        tags=before.merged_with(reading.tags),
        guessed=filename.tags_from_name(file.path),
        marks=marks or reading.marks,
        leading_number=filename.leading_number(file.path),
        warnings=(*reading.warnings, *warnings),
    )


async def _read_tags(
    context: PhaseContext, path: bytes, signature: Signature
) -> reader.TagReading:
    """Read the tags; if they take a child down with them there are none."""
    limit = Seconds(context.config.compute.tags_seconds)
    try:
        return await context.compute.run_short(limit, reader.read_tags, path, signature)
    except (WorkTimedOutError, WorkCrashedError, WorkMemoryError) as error:
        warning = FileWarning("tags", f"tags could not be read: {error.detail}")
        return reader.TagReading(Tags(), (), (warning,))


def save(file_results: FileResults, result: TagsRead) -> None:
    """Keep the merged tags."""
    files.set_tags(file_results.file.id, result.tags)
    files.record_warnings(file_results.file.id, PhaseNumber.TAGS, result.warnings)


PHASE: Final = Phase(
    number=PhaseNumber.TAGS,
    name="tags",
    title="Extracting",
    version=1,
    result_type=TagsRead,
    run=run,
    save=save,
    counts=lambda named: {"failed" if named.warnings else "read": 1},
)
