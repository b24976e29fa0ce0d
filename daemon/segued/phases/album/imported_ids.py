"""Ids from the libraries of other programs, where a file's tags have none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from segued.matching.evidence import PassageEvidence
from segued.model import FileId
from segued.store.imported_facts import FileIds

__all__ = ["with_imported_ids"]


def with_imported_ids(
    passages: Sequence[PassageEvidence], said: Mapping[FileId, Mapping[str, FileIds]]
) -> tuple[PassageEvidence, ...]:
    """Return passages with the ids that other programs name, as far as tags do not.

    Args:
        passages: The passages; the key of each begins with the id of its file.
        said: What each program says about the files, by file and program.
    """
    if not said:
        return tuple(passages)
    files = [FileId(passage.key.partition(":")[0]) for passage in passages]
    counts = Counter(files)
    return tuple(
        _with_ids(passage, said[file], alone=counts[file] == 1)
        if file in said
        else passage
        for passage, file in zip(passages, files, strict=True)
    )


def _with_ids(
    passage: PassageEvidence, by_program: Mapping[str, FileIds], *, alone: bool
) -> PassageEvidence:
    said = tuple((program, _text(ids)) for program, ids in by_program.items())
    changed = replace(passage, said=said)
    for program, ids in by_program.items():
        # A recording is one song: it says nothing about one of several passages.
        if alone and ids.recording_mbid and not changed.recording_mbid:
            changed = replace(
                changed, recording_mbid=ids.recording_mbid, recording_by=program
            )
        if ids.release_mbid and not changed.release_mbid:
            changed = replace(
                changed, release_mbid=ids.release_mbid, release_by=program
            )
    return changed


def _text(ids: FileIds) -> str:
    parts = (
        ("recording", ids.recording_mbid),
        ("release", ids.release_mbid),
        ("added", ids.added_at and ids.added_at[:10]),
    )
    return ", ".join(f"{name} {value}" for name, value in parts if value)
