"""The analysis of passages by the installed analyzers.

The output of each analyzer is stored as soon as it is complete, and never deleted:
an interrupted analysis continues after the last one, and new rules need no new
analysis. Loudness follows from the loudness curve that phase 4 stored; only files that
were imported without it are decoded for it.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

import structlog

from segued.errors import (
    DiskReadError,
    FileUnreadableError,
    PhaseCrashedError,
    SpoolError,
)
from segued.media import file_analysis
from segued.media.analyzers import essentia, passage_analysis, quick_analysis
from segued.media.analyzers.passage_analysis import (
    AnalyzerSelection,
    PassageOutput,
    PassageRequest,
)
from segued.model import Span
from segued.phases import p01_filename, p02_hash
from segued.phases.base import FileResults, PhaseContext
from segued.phases.flavor.results import (
    CLASSIFIERS,
    ESSENTIA,
    FLAVOR_ANALYZERS,
    LOUDNESS,
    MUSICNN,
    AnalysisResults,
    is_quick,
)
from segued.phases.flavor.stored_results import stored_results
from segued.store import analysis_cache, loudness_cache
from segued.store.analysis_cache import StoredOutput
from segued.units import TICKS_PER_SECOND, Seconds, Ticks

__all__ = [
    "SPOOL_PREFIX",
    "is_too_short",
    "open_file_analysis",
    "pending_analyzers",
]


LENGTH_MIN: Final = Ticks(3 * TICKS_PER_SECOND)
"""Shorter passages, in ticks, give meaningless results."""

BATCH_PASSAGES_MAX: Final = 8
BATCH_LENGTH_MAX: Final = Ticks(40 * 60 * TICKS_PER_SECOND)
"""The number of passages that are decoded together, and their total length in ticks:
an album side takes one decode instead of ten, and half a gigabyte of the spool at
most."""

SPOOL_PREFIX: Final = "segued-flavor-"
"""The prefix of the names of segued's folders in the spool."""

log: Final = structlog.get_logger()


def is_too_short(span: Span) -> bool:
    """Return whether a passage is too short for a flavor; loudness needs no length."""
    return span.length < LENGTH_MIN


def pending_analyzers(
    context: PhaseContext, span: Span, results: AnalysisResults
) -> list[str]:
    """Return the analyzers without current output for a passage."""
    is_short_span = is_too_short(span)
    return [
        each
        for each in context.analyzers
        if each not in results.current and (each == LOUDNESS or not is_short_span)
    ]


@asynccontextmanager
async def open_file_analysis(
    context: PhaseContext, file_results: FileResults, spans: Sequence[Span]
) -> AsyncIterator["FileAnalysis"]:
    """Open the analysis of a file; its temporary files are deleted on exit.

    Args:
        context: The resources.
        file_results: The file, with the results of phases 1 and 2.
        spans: The spans of all its passages, in order.
    """
    async with AsyncExitStack() as stack:
        # Another worker may store results meanwhile: they are read again.
        yield FileAnalysis(context, file_results.with_prefetched({}), spans, stack)


@asynccontextmanager
async def _temporary_folder(context: PhaseContext) -> AsyncIterator[str]:
    # A separate folder: a child process that is killed leaves its files behind.
    folder = await asyncio.to_thread(
        tempfile.mkdtemp, prefix=SPOOL_PREFIX, dir=context.spool
    )
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


class FileAnalysis:
    """The analysis of a file; it decodes several passages ahead at a time."""

    def __init__(
        self,
        context: PhaseContext,
        file_results: FileResults,
        spans: Sequence[Span],
        stack: AsyncExitStack,
    ) -> None:
        self._context: Final = context
        self._file_results: Final = file_results
        self._spans: Final = spans
        self._stack: Final = stack
        self._folder = ""
        self._loudness_failure: FileUnreadableError | None = None
        self._results: Final[dict[Span, AnalysisResults]] = {}

    async def analyze(self, span: Span, results: AnalysisResults) -> AnalysisResults:
        """Run the pending analyzers on a passage, and return all results.

        Raises:
            DiskReadError: It cannot be read; its disk may be offline.
            FileChangedError: It is not the file that was hashed.
            FileVanishedError: It is gone.
        """
        try:
            if not self._folder and not self._is_quick:
                spool = _temporary_folder(self._context)
                self._folder = await self._stack.enter_async_context(spool)
            if span not in self._results:
                results = await self._with_loudness(span, results)
                await self._decode_batch(await self._batch_from(span, results))
        except (OSError, SpoolError) as error:
            # Not the fault of the file: its analysis stays pending.
            log.warning("spool.failed", detail=str(error))
            return results
        results = self._results.pop(span)
        if not self._is_quick and ESSENTIA in pending_analyzers(
            self._context, span, results
        ):
            results = await self._run_essentia(span, results)
        if CLASSIFIERS in pending_analyzers(self._context, span, results):
            results = await self._run_classifiers(span, results)
        return results

    async def _batch_from(
        self, span: Span, results: AnalysisResults
    ) -> dict[Span, AnalysisResults]:
        """Return a passage, and those after it that are decoded with it."""
        batch, length = {span: results}, span.length
        for each in self._spans[self._spans.index(span) + 1 :][
            : BATCH_PASSAGES_MAX - 1
        ]:
            length = Ticks(length + each.length)
            if length > BATCH_LENGTH_MAX:
                break
            found = await stored_results(self._context, self._file_results, each)
            batch[each] = await self._with_loudness(each, found)
        return batch

    async def _with_loudness(
        self, span: Span, results: AnalysisResults
    ) -> AnalysisResults:
        """Return results with the passage's loudness, or with the reason why not.

        The file is decoded for all its passages, once.
        """
        if LOUDNESS not in pending_analyzers(self._context, span, results):
            return results
        if self._loudness_failure is None:
            try:
                await self._measure_loudness()
            except DiskReadError:
                raise  # Not the fault of the file.
            except FileUnreadableError as error:
                self._loudness_failure = error
            else:
                return await stored_results(self._context, self._file_results, span)
        return _with_failure(results, LOUDNESS, self._loudness_failure)

    async def _measure_loudness(self) -> None:
        """Decode the file for its loudness curve, and store it."""
        path = self._file_results.file.path
        signature = self._file_results[p01_filename.PHASE].signature
        limit = Seconds(len(self._spans) * self._time_limit)
        run_idle = self._context.compute.run_idle
        curve = await run_idle(limit, file_analysis.loudness_curve_of, path, signature)
        audio = self._file_results[p02_hash.PHASE].audio
        await self._context.store.do(loudness_cache.save, audio, curve)

    async def _decode_batch(self, batch: dict[Span, AnalysisResults]) -> None:
        """Decode and analyze some passages together; one by one if that fails."""
        self._results.update(batch)
        requests = [
            PassageRequest(span, selection)
            for span, results in batch.items()
            if (selection := self._analyses_for(span, results)) != AnalyzerSelection()
        ]
        if requests:
            await self._try_analyzers(requests)

    async def _try_analyzers(self, requests: Sequence[PassageRequest]) -> None:
        """Run analyzers; if that fails, passage by passage, then one by one."""
        try:
            await self._run_analyzers(requests)
        except (DiskReadError, SpoolError):
            raise  # Not the fault of the file.
        except FileUnreadableError as error:
            request = requests[0]
            parts = requests if len(requests) > 1 else _one_by_one(request)
            if len(parts) > 1:
                for each in parts:
                    await self._try_analyzers([each])
            else:
                has_models = request.analyzers.models_folder is not None
                analyzer = MUSICNN if has_models else ESSENTIA
                self._record_failure(request.span, analyzer, error)

    @property
    def _is_quick(self) -> bool:
        analyzers = self._context.analyzers
        return any(is_quick(analyzers.get(each, "")) for each in FLAVOR_ANALYZERS)

    def _analyses_for(self, span: Span, results: AnalysisResults) -> AnalyzerSelection:
        """Return the pending analyzers that work on the samples of a passage."""
        pending = (
            set(pending_analyzers(self._context, span, results))
            - results.failures.keys()
        )
        models = str(self._context.config.models_folder) if MUSICNN in pending else None
        has_essentia = ESSENTIA in pending
        if self._is_quick:
            return AnalyzerSelection(models, descriptors=has_essentia)
        return AnalyzerSelection(models, self._wav_path(span) if has_essentia else None)

    def _wav_path(self, span: Span) -> str:
        return f"{self._folder}/{span.start}.wav"

    async def _run_analyzers(self, requests: Sequence[PassageRequest]) -> None:
        file = self._file_results.file
        outputs = await self._outputs(file.path, requests)
        for each, found in zip(requests, outputs, strict=True):
            for analyzer, reason in found.failures.items():
                failure = PhaseCrashedError(file.path, reason)
                self._record_failure(each.span, analyzer, failure)
            for analyzer, output in found.outputs.items():
                await self._store_output(each.span, analyzer, output)

    async def _outputs(
        self, path: bytes, requests: Sequence[PassageRequest]
    ) -> list[PassageOutput]:
        """Run analyzers on this machine or on another; there, Essentia as well."""
        signature = self._file_results[p01_filename.PHASE].signature
        if self._context.remote is not None:
            return await self._context.remote.analyze(
                path,
                signature,
                requests,
                is_quick=self._is_quick,
                seconds=self._time_limit,
            )
        limit = Seconds(len(requests) * self._time_limit)
        analyze = (
            quick_analysis.analyze_quickly
            if self._is_quick
            else passage_analysis.analyze_passages
        )
        run_idle = self._context.compute.run_idle
        return await run_idle(limit, analyze, path, signature, requests)

    async def _run_essentia(
        self, span: Span, results: AnalysisResults
    ) -> AnalysisResults:
        """Run Essentia's descriptors on a decoded passage."""
        if ESSENTIA in results.failures:
            return results
        self._results[span] = results
        path, wav_path = self._file_results.file.path, self._wav_path(span)
        try:
            descriptors = await self._context.compute.run_idle(
                self._time_limit, essentia.extract_low_level, path, wav_path
            )
        except FileUnreadableError as error:
            self._record_failure(span, ESSENTIA, error)
        else:
            await self._store_output(span, ESSENTIA, descriptors)
        await asyncio.to_thread(_remove_file, wav_path)
        return self._results.pop(span)

    async def _run_classifiers(
        self, span: Span, results: AnalysisResults
    ) -> AnalysisResults:
        """Run the person's own classifiers on Essentia's descriptors."""
        self._results[span] = results
        path, models = (
            self._file_results.file.path,
            str(self._context.config.classifiers_folder),
        )
        try:
            if ESSENTIA not in results.current:
                raise PhaseCrashedError(path, "there are no descriptors to classify")
            descriptors, folder = results.current[ESSENTIA].payload, self._folder
            classified = await self._context.compute.run_idle(
                self._time_limit, essentia.classify, path, descriptors, models, folder
            )
        except FileUnreadableError as error:
            self._record_failure(span, CLASSIFIERS, error)
        else:
            await self._store_output(span, CLASSIFIERS, classified)
        return self._results.pop(span)

    @property
    def _time_limit(self) -> Seconds:
        return Seconds(self._context.config.compute.flavor_seconds)

    async def _store_output(self, span: Span, analyzer: str, output: bytes) -> None:
        stored = StoredOutput(analyzer, self._context.analyzers[analyzer], output)
        audio = self._file_results[p02_hash.PHASE].audio
        await self._context.store.do(analysis_cache.save, audio, span, stored)
        results = self._results[span]
        self._results[span] = replace(
            results, current={**results.current, analyzer: stored}
        )

    def _record_failure(
        self, span: Span, analyzer: str, error: FileUnreadableError
    ) -> None:
        self._results[span] = _with_failure(self._results[span], analyzer, error)


def _one_by_one(request: PassageRequest) -> list[PassageRequest]:
    """Return a request for each analyzer of a request."""
    selection = request.analyzers
    parts = (
        AnalyzerSelection(models_folder=selection.models_folder),
        AnalyzerSelection(wav_path=selection.wav_path),
        AnalyzerSelection(descriptors=selection.descriptors),
    )
    return [
        PassageRequest(request.span, each)
        for each in parts
        if each != AnalyzerSelection()
    ]


def _with_failure(
    results: AnalysisResults, analyzer: str, error: FileUnreadableError
) -> AnalysisResults:
    """Log the failure of an analyzer, and return the results with its reason."""
    log.info("flavor.failed", source=analyzer, code=error.code, detail=str(error))
    return replace(results, failures={**results.failures, analyzer: error.detail})


def _remove_file(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
