"""What a node does with a job: run it in its own child processes, with its limits."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from segued.cluster.messages import (
    AnyJob,
    DecodeJob,
    FingerprintJob,
    Job,
    JobAnswer,
    JobPassage,
    PassageAnswer,
    encode,
)
from segued.cluster.remote_analysis import FILE_ERRORS
from segued.cluster.remote_decoding import DECODED_BYTES_MAX
from segued.compute.fork_server import remove_old_socket_folders
from segued.compute.pools import ProcessPools
from segued.errors import ElsewhereError, FileError, FileUnreadableError, SeguedError
from segued.media import file_analysis
from segued.media.analyzers import essentia, passage_analysis, quick_analysis
from segued.media.analyzers.passage_analysis import (
    AnalyzerSelection,
    PassageOutput,
    PassageRequest,
)
from segued.media.disk_calls import DISK_CALL_TIMEOUT, call_disk
from segued.model import Signature, Span
from segued.node.mounts import Mounts, local_signature
from segued.units import Seconds, Ticks

__all__ = ["JobRunner", "claim_spool"]

SPOOL_PREFIX: Final = "segued-flavor-"


def claim_spool(spool: Path) -> None:
    """Create the spool for this process alone, and remove what a killed node left.

    Raises:
        BlockingIOError: Another node uses it.
        OSError: It cannot be created or cleared.
    """
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Open until the process ends, and with it the lock.
    descriptor = os.open(spool, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for leftover in spool.glob(f"{SPOOL_PREFIX}*"):
        shutil.rmtree(leftover)
    remove_old_socket_folders(spool)


class JobRunner:
    """Runs the jobs that a daemon sends."""

    def __init__(
        self, pools: ProcessPools, mounts: Mounts, models: Path, spool: Path
    ) -> None:
        """Prepare.

        Args:
            pools: The child processes.
            mounts: The music folders.
            models: The folder of the tagging models.
            spool: The folder for temporary files; exists.
        """
        self._pools: Final = pools
        self._mounts: Final = mounts
        self._models: Final = str(models)
        self._spool: Final = spool

    async def run(self, job: AnyJob) -> JobAnswer:
        """Return the answer to a job, which also says why there is none."""
        try:
            path = self._mounts.local_path(job.path)
            signature = await call_disk(
                path, DISK_CALL_TIMEOUT, local_signature, path, job.size, job.mtime_ns
            )
            if not isinstance(job, Job):
                decoded = await self._decode(job, path, signature)
                return JobAnswer(job.id, decoded=decoded)
            outputs = await self._analyze(job, path, signature)
        except FileError as error:
            if error.code in FILE_ERRORS:
                return JobAnswer(job.id, error=error.code, detail=error.detail)
            return JobAnswer(job.id, elsewhere=error.detail)
        except (SeguedError, OSError) as error:
            return JobAnswer(job.id, elsewhere=str(error) or type(error).__name__)
        answers = (PassageAnswer(each.outputs, each.failures) for each in outputs)
        return JobAnswer(job.id, tuple(answers))

    async def _decode(
        self, job: DecodeJob | FingerprintJob, path: bytes, signature: Signature
    ) -> bytes:
        """Return the result of a decode as a message."""
        limit, run_long = Seconds(job.seconds), self._pools.run_long
        found: object
        if isinstance(job, DecodeJob):
            plan = replace(job.plan, spool=str(self._spool))
            found = await run_long(
                limit, file_analysis.analyze_file, path, signature, plan
            )
        else:
            found = await run_long(
                limit,
                file_analysis.fingerprints_of,
                path,
                signature,
                job.spans,
                job.whole,
            )
        decoded = encode(found)
        if len(decoded) > DECODED_BYTES_MAX:
            raise ElsewhereError(
                f"{len(decoded)} bytes of results are too many to send"
            )
        return decoded

    async def _analyze(
        self, job: Job, path: bytes, signature: Signature
    ) -> list[PassageOutput]:
        limit = Seconds(len(job.passages) * job.seconds)
        if job.is_quick:
            requests = [self._request(each, None) for each in job.passages]
            return await self._pools.run_idle(
                limit, quick_analysis.analyze_quickly, path, signature, requests
            )
        folder = await asyncio.to_thread(
            tempfile.mkdtemp, prefix=SPOOL_PREFIX, dir=self._spool
        )
        try:
            requests = [self._request(each, folder) for each in job.passages]
            outputs = await self._pools.run_idle(
                limit, passage_analysis.analyze_passages, path, signature, requests
            )
            await self._describe(path, requests, outputs, Seconds(job.seconds))
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        return outputs

    def _request(self, passage: JobPassage, folder: str | None) -> PassageRequest:
        wav_path = f"{folder}/{passage.start}.wav" if folder else None
        selection = AnalyzerSelection(
            self._models if passage.tags else None,
            wav_path if passage.descriptors else None,
            descriptors=passage.descriptors and folder is None,
        )
        return PassageRequest(Span(Ticks(passage.start), Ticks(passage.end)), selection)

    async def _describe(
        self,
        path: bytes,
        requests: Sequence[PassageRequest],
        outputs: Sequence[PassageOutput],
        limit: Seconds,
    ) -> None:
        """Add Essentia's descriptors to the outputs, or why they are missing."""
        for request, output in zip(requests, outputs, strict=True):
            wav_path = request.analyzers.wav_path
            if wav_path is None:
                continue
            try:
                output.outputs["essentia"] = await self._pools.run_idle(
                    limit, essentia.extract_low_level, path, wav_path
                )
            except FileUnreadableError as error:
                output.failures["essentia"] = error.detail
