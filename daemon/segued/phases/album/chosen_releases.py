"""The releases that a person chose, in place of what the tags name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from segued.matching.evidence import PassageEvidence
from segued.model import FileId

__all__ = ["with_chosen_releases"]


def with_chosen_releases(
    passages: Sequence[PassageEvidence], chosen: Mapping[FileId, str]
) -> tuple[PassageEvidence, ...]:
    """Return passages with the releases that are chosen for their files.

    Args:
        passages: The passages; the key of each begins with the id of its file.
        chosen: The id of the release, by file.
    """
    if not chosen:
        return tuple(passages)
    return tuple(
        replace(passage, release_mbid=release, release_by="", release_chosen=True)
        if (release := chosen.get(FileId(passage.key.partition(":")[0])))
        else passage
        for passage in passages
    )
