"""How a passage sounds, worked out here: by whoever is installed.

What each of them says is kept at once and for ever; so whoever is interrupted
goes on after the last one, and another rule is another look at what is kept.
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

from segued.config.config import Config
from segued.errors import (
    DiskReadError,
    FileUnreadableError,
    PhaseCrashedError,
    SpoolError,
)
from segued.media.analyzers import essentia, loudness, musicnn, passage_analysis
from segued.media.analyzers.passage_analysis import AnalyzerSelection, PassageRequest
from segued.model import Span
from segued.phases import p01_filename, p02_hash
from segued.phases.base import FileResults, PhaseContext
from segued.phases.flavor.results import (
    CLASSIFIERS,
    ESSENTIA,
    LOUDNESS,
    MUSICNN,
    AnalysisResults,
)
from segued.store import analysis_cache as kept_said
from segued.store.analysis_cache import StoredOutput
from segued.units import TICKS_PER_SECOND, Seconds, Ticks

__all__ = [
    "SPOOL_PREFIX",
    "installed_analyzers",
    "is_too_short",
    "open_file_analysis",
    "pending_analyzers",
    "stored_results",
]


LENGTH_MIN: Final = Ticks(3 * TICKS_PER_SECOND)
"""What is shorter than this is measured as nonsense."""

BATCH_PASSAGES_MAX: Final = 8
BATCH_LENGTH_MAX: Final = Ticks(40 * 60 * TICKS_PER_SECOND)
"""So many passages, and so much of them, are decoded at once: an album side in one
decoding and not in ten, and half a gigabyte in the spool at most."""

SPOOL_PREFIX: Final = "segued-flavor-"
"""What the names of our folders in the spool begin with."""

log: Final = structlog.get_logger()


def installed_analyzers(config: Config) -> dict[str, str]:
    """Return who can hear how a passage sounds, each with a version."""
    flavoring, analyzers = config.flavoring, {}
    if flavoring.loudness:
        analyzers[LOUDNESS] = loudness.VERSION
    if ESSENTIA in flavoring.sources and essentia.is_installed():
        analyzers[ESSENTIA] = essentia.installed_version()
        models = _classifiers_version(config)
        if models is not None:
            analyzers[CLASSIFIERS] = f"{analyzers[ESSENTIA]}-{models}"
    if MUSICNN in flavoring.sources and musicnn.is_installed(config.models_folder):
        analyzers[MUSICNN] = musicnn.VERSION
    return analyzers


def _classifiers_version(config: Config) -> str | None:
    """Return what tells a person's classifiers from others, if there are any."""
    if config.classifiers_folder is None:
        return None
    try:
        found = essentia.models_version(config.classifiers_folder)
        why = "no *.history files"
    except OSError as error:
        found, why = None, str(error)
    if found is None:
        log.warning(
            "classifiers.none", folder=str(config.classifiers_folder), reason=why
        )
    return found


async def stored_results(
    context: PhaseContext, file_results: FileResults, span: Span
) -> AnalysisResults:
    """Return what was heard of a passage before, by those who hear today."""
    found = await context.store.do(
        kept_said.load, file_results[p02_hash.PHASE].audio, span
    )
    current: dict[str, bytes] = {}
    outdated: dict[str, bytes] = {}
    for analyzer, each in found.items():
        is_current = context.analyzers.get(analyzer) == each.version
        (current if is_current else outdated)[analyzer] = each.payload
    return AnalysisResults(current, outdated)


def is_too_short(span: Span) -> bool:
    """Return whether a passage is too short to sound like anything."""
    return span.length < LENGTH_MIN


def pending_analyzers(
    context: PhaseContext, span: Span, results: AnalysisResults
) -> list[str]:
    """Return those who have yet to hear a passage."""
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
    """Have a file heard, passage by passage, within this context.

    Args:
        context: What there is.
        file_results: What is known of it.
        spans: All its passages, in the order of time.
    """
    async with AsyncExitStack() as stack:
        yield FileAnalysis(context, file_results, spans, stack)


@asynccontextmanager
async def _temporary_folder(context: PhaseContext) -> AsyncIterator[str]:
    # A folder of its own: a child that is killed cannot tidy up after itself.
    folder = await asyncio.to_thread(
        tempfile.mkdtemp, prefix=SPOOL_PREFIX, dir=context.spool
    )
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


class FileAnalysis:
    """A file that is being heard: decoded for some passages ahead at a time."""

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
        self._results: Final[dict[Span, AnalysisResults]] = {}

    async def analyze(self, span: Span, results: AnalysisResults) -> AnalysisResults:
        """Have a passage heard by those who have not heard it yet.

        Raises:
            DiskReadError: It cannot be read; its disk may be away.
            FileChangedError: It is not the file that was hashed.
            FileVanishedError: It is gone.
        """
        try:
            if not self._folder:
                spool = _temporary_folder(self._context)
                self._folder = await self._stack.enter_async_context(spool)
            if span not in self._results:
                await self._decode_batch(await self._batch_from(span, results))
        except (OSError, SpoolError) as error:
            # No fault of the sound: it stays to be heard.
            log.warning("spool.failed", detail=str(error))
            return results
        results = self._results.pop(span)
        if ESSENTIA in pending_analyzers(self._context, span, results):
            results = await self._run_essentia(span, results)
        if CLASSIFIERS in pending_analyzers(self._context, span, results):
            results = await self._run_classifiers(span, results)
        return results

    async def _batch_from(
        self, span: Span, results: AnalysisResults
    ) -> dict[Span, AnalysisResults]:
        """Return a passage and those after it to be decoded with it."""
        batch, length = {span: results}, span.length
        for each in self._spans[self._spans.index(span) + 1 :][
            : BATCH_PASSAGES_MAX - 1
        ]:
            length = Ticks(length + each.length)
            if length > BATCH_LENGTH_MAX:
                break
            batch[each] = await stored_results(self._context, self._file_results, each)
        return batch

    async def _decode_batch(self, batch: dict[Span, AnalysisResults]) -> None:
        """Decode some passages at once; one by one, if that ends badly."""
        self._results.update(batch)
        requests = [
            PassageRequest(span, ears)
            for span, heard in batch.items()
            if (ears := self._analyses_for(span, heard)) != AnalyzerSelection()
        ]
        if not requests:
            return
        try:
            await self._run_analyzers(requests)
        except (DiskReadError, SpoolError):
            raise  # no fault of the sound
        except FileUnreadableError as error:
            if len(requests) > 1:
                for each in requests:
                    await self._decode_batch({each.span: batch[each.span]})
                return
            (alone,) = requests
            if alone.analyzers.models_folder is not None:
                self._record_failure(alone.span, MUSICNN, error)
                await self._decode_batch({alone.span: self._results[alone.span]})
                return
            for analyzer in pending_analyzers(
                self._context, alone.span, self._results[alone.span]
            ):
                self._record_failure(alone.span, analyzer, error)

    def _analyses_for(self, span: Span, results: AnalysisResults) -> AnalyzerSelection:
        """Return who is to hear the sound itself of a passage."""
        pending = (
            set(pending_analyzers(self._context, span, results))
            - results.failures.keys()
        )
        models = str(self._context.config.models_folder) if MUSICNN in pending else None
        wav_path = self._wav_path(span) if ESSENTIA in pending else None
        return AnalyzerSelection(LOUDNESS in pending, models, wav_path)

    def _wav_path(self, span: Span) -> str:
        return f"{self._folder}/{span.start}.wav"

    async def _run_analyzers(self, requests: Sequence[PassageRequest]) -> None:
        file = self._file_results.file
        signature = self._file_results[p01_filename.PHASE].signature
        limit = Seconds(len(requests) * self._time_limit)
        run_idle = self._context.compute.run_idle
        outputs = await run_idle(
            limit, passage_analysis.analyze_passages, file.path, signature, requests
        )
        for each, found in zip(requests, outputs, strict=True):
            for who, why in found.failures.items():
                self._record_failure(each.span, who, PhaseCrashedError(file.path, why))
            for who, what in found.outputs.items():
                await self._store_output(each.span, who, what)

    async def _run_essentia(
        self, span: Span, results: AnalysisResults
    ) -> AnalysisResults:
        """Have Essentia measure a passage that was decoded."""
        if ESSENTIA in results.failures:
            return results
        self._results[span] = results
        path, wav_path = self._file_results.file.path, self._wav_path(span)
        try:
            measured = await self._context.compute.run_idle(
                self._time_limit, essentia.extract_low_level, path, wav_path
            )
        except FileUnreadableError as error:
            self._record_failure(span, ESSENTIA, error)
        else:
            await self._store_output(span, ESSENTIA, measured)
        await asyncio.to_thread(_remove_file, wav_path)
        return self._results.pop(span)

    async def _run_classifiers(
        self, span: Span, results: AnalysisResults
    ) -> AnalysisResults:
        """Have a person's classifiers say what they make of what was measured."""
        self._results[span] = results
        path, models = (
            self._file_results.file.path,
            str(self._context.config.classifiers_folder),
        )
        try:
            if ESSENTIA not in results.current:
                raise PhaseCrashedError(path, "nothing was measured")
            measured, place = results.current[ESSENTIA], self._folder
            classified = await self._context.compute.run_idle(
                self._time_limit, essentia.classify, path, measured, models, place
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
        await self._context.store.do(kept_said.save, audio, span, stored)
        results = self._results[span]
        self._results[span] = replace(
            results, current={**results.current, analyzer: output}
        )

    def _record_failure(
        self, span: Span, analyzer: str, error: FileUnreadableError
    ) -> None:
        log.info("flavor.failed", source=analyzer, code=error.code, detail=str(error))
        results = self._results[span]
        failures = {**results.failures, analyzer: error.detail}
        self._results[span] = replace(results, failures=failures)


def _remove_file(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
