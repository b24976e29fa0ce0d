"""The analysis of passages by other machines, as phase 9 asks for it."""

from collections.abc import Sequence
from typing import Final

from segued import errors
from segued.cluster.messages import Job, JobAnswer, JobPassage
from segued.cluster.nodes import Nodes
from segued.errors import ElsewhereError, FileUnreadableError
from segued.media.analyzers.passage_analysis import PassageOutput, PassageRequest
from segued.model import Signature
from segued.paths import shown
from segued.units import Seconds

__all__ = ["FILE_ERRORS", "RemoteAnalysis"]

FILE_ERRORS: Final[dict[str, type[FileUnreadableError]]] = {
    kind.code: kind
    for kind in (
        errors.NotAudioError,
        errors.DecodeError,
        errors.InvalidAudioFormatError,
        errors.WorkCrashedError,
        errors.WorkMemoryError,
        errors.WorkTimedOutError,
        errors.PhaseCrashedError,
    )
}
"""Errors that the bytes of a file cause on any machine, by code; all others are a
matter of the node."""

PATIENCE: Final = 25
"""A node ends a job itself after twenty times its limit on processor time."""


class RemoteAnalysis:
    """Has passages analyzed by the nodes."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes: Final = nodes

    async def analyze(
        self,
        path: bytes,
        signature: Signature,
        requests: Sequence[PassageRequest],
        *,
        is_quick: bool,
        seconds: float,
    ) -> list[PassageOutput]:
        """Return the output for each passage; of Essentia as well, in one job.

        Args:
            path: The file.
            signature: Its signature when it was scanned.
            requests: Passages in order of time that do not overlap.
            is_quick: Whether only what a flavor needs is wanted.
            seconds: The time limit for each passage and each analyzer.

        Raises:
            ElsewhereError: No node can do it; this machine has to.
            FileUnreadableError: The file cannot be analyzed, wherever it is read.
        """
        passages = tuple(
            JobPassage(
                each.span.start,
                each.span.end,
                each.analyzers.models_folder is not None,
                each.analyzers.descriptors or each.analyzers.wav_path is not None,
            )
            for each in requests
        )
        job = Job(
            self.nodes.next_id(),
            path,
            signature.size_bytes,
            signature.mtime_ns,
            is_quick,
            seconds,
            passages,
        )
        limit = Seconds(PATIENCE * 2 * len(passages) * seconds)
        answer = await self.nodes.run(job, limit)
        if answer.error in FILE_ERRORS:
            raise FILE_ERRORS[answer.error](path, answer.detail)
        if answer.error:
            raise ElsewhereError(f"{shown(path)}: a node reports {answer.error!r}")
        return _outputs(job, answer)


def _outputs(job: Job, answer: JobAnswer) -> list[PassageOutput]:
    if len(answer.passages) != len(job.passages):
        counts = f"{len(answer.passages)} results for {len(job.passages)} passages"
        raise ElsewhereError(f"{shown(job.path)}: a node returned {counts}")
    return [
        PassageOutput(dict(each.outputs), dict(each.failures))
        for each in answer.passages
    ]
