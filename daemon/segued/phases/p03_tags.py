"""Phase 3, extracting tags: what the file says of itself.

Tags are claims, not facts: they are kept, merged with what was read before,
and weighed in phase 6. Unreadable tags never fail a file; its name then has
to do.
"""

from dataclasses import dataclass
from typing import Final

from segued.errors import WorkCrashedError, WorkMemoryError, WorkTimedOutError
from segued.media.tags import cue, filename, reader
from segued.model import Mark, Signature, Tags, Warned
from segued.phases import p01_filename
from segued.phases.base import Dossier, Phase, Tools
from segued.store import files
from segued.units import Seconds

__all__ = ["PHASE", "Named"]


@dataclass(frozen=True, slots=True)
class Named:
    """What the file, its name and the sheet beside it say.

    Attributes:
        tags: As merged with those read before, and kept on record.
        guessed: What its name and folder suggest; for where tags say nothing.
        marks: Where a CUE sheet or chapters say its passages are.
        leading_number: The track number that its name begins with.
    """

    tags: Tags
    guessed: Tags
    marks: tuple[Mark, ...]
    leading_number: int | None
    warnings: tuple[Warned, ...]

    @property
    def names(self) -> Tags:
        """The tags, with what they lack guessed from the file's name."""
        return self.guessed.merged_with(self.tags)


async def run(tools: Tools, dossier: Dossier) -> Named:
    """Read the tags, and a CUE sheet beside the file.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileUnreadableError: It cannot be read at all.
    """
    file = dossier.file
    signature = dossier[p01_filename.PHASE].signature
    reading = await _read(tools, file.path, signature)
    marks, warnings = await tools.compute.short(None, cue.sidecar_marks, file.path)
    before = await tools.store.do(files.tags_of, file.id)
    return Named(
        tags=before.merged_with(reading.tags),
        guessed=filename.tags_from_name(file.path),
        marks=marks or reading.marks,
        leading_number=filename.leading_number(file.path),
        warnings=(*reading.warnings, *warnings),
    )


async def _read(tools: Tools, path: bytes, signature: Signature) -> reader.TagReading:
    """Read the tags; if they take a child down with them there are none."""
    limit = Seconds(tools.config.compute.tags_seconds)
    try:
        return await tools.compute.short(limit, reader.read_tags, path, signature)
    except (WorkTimedOutError, WorkCrashedError, WorkMemoryError) as error:
        warning = Warned("tags", f"tags could not be read: {error.detail}")
        return reader.TagReading(Tags(), (), (warning,))


def save(dossier: Dossier, result: Named) -> None:
    """Keep the merged tags."""
    files.keep_tags(dossier.file.id, result.tags)
    files.warn(dossier.file.id, 3, result.warnings)


PHASE: Final = Phase(
    number=3,
    name="tags",
    title="Extracting",
    version=1,
    result=Named,
    run=run,
    save=save,
    tally=lambda named: {"failed" if named.warnings else "read": 1},
)
