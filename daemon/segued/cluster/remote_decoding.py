"""The decoding of files by other machines, as phases 4 and 5 ask for it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

import msgspec
import structlog

from segued.cluster.messages import AnyJob, DecodeJob, FingerprintJob, decode
from segued.cluster.nodes import Nodes
from segued.dsp.loudness import LoudnessCurve
from segued.errors import ElsewhereError
from segued.media.file_analysis import SIDE_MIN, Analysis, AnalysisPlan
from segued.model import Fingerprint, LevelCurve, Signature, Span, SpectrumCurve
from segued.paths import shown
from segued.units import Seconds, Ticks, frames_to_ticks

__all__ = ["DECODED_BYTES_MAX", "RemoteDecoding"]

log: Final = structlog.get_logger()

ResultT = TypeVar("ResultT")

DECODED_BYTES_MAX: Final = 64 << 20
"""The largest result that is sent: four days of sound. A song has 40 kB."""

PATIENCE: Final = 3
"""A node ends a job itself after its limit; before that, it may wait for another."""


class RemoteDecoding:
    """Has files decoded by the nodes.

    If a node fails to decode a file, this machine decodes it: only this machine
    decides that a file cannot be imported.
    """

    def __init__(self, nodes: Nodes, seconds: float) -> None:
        """Prepare.

        Args:
            nodes: The nodes.
            seconds: The time limit of a file.
        """
        self._nodes: Final = nodes
        self._seconds: Final = seconds

    async def analyze_file(
        self, path: bytes, signature: Signature, plan: AnalysisPlan
    ) -> Analysis | None:
        """Return what `analyze_file` would; None if this machine has to do it."""
        job = DecodeJob(
            self._nodes.next_id(),
            path,
            signature.size_bytes,
            signature.mtime_ns,
            self._seconds,
            replace(plan, spool=""),  # the node has one of its own
        )
        analysis = await self._result(job, Analysis)
        if analysis is None or _is_consistent(analysis, plan):
            return analysis
        _log_refusal(path, "a node returned a result that contradicts itself")
        return None

    async def fingerprints_of(
        self, path: bytes, signature: Signature, spans: Sequence[Span], whole: Span
    ) -> tuple[Fingerprint, ...] | None:
        """Return what `fingerprints_of` would; None if this machine has to do it."""
        job = FingerprintJob(
            self._nodes.next_id(),
            path,
            signature.size_bytes,
            signature.mtime_ns,
            self._seconds,
            tuple(spans),
            whole,
        )
        prints = await self._result(job, tuple[Fingerprint, ...])
        if prints is None or [each.span for each in prints] == list(spans):
            return prints
        _log_refusal(path, "a node returned fingerprints of other passages")
        return None

    async def _result(self, job: AnyJob, kind: type[ResultT]) -> ResultT | None:
        if not self._nodes.places_for(job.path, job.WORK):
            return None  # as for every file while no node is there
        try:
            answer = await self._nodes.run(job, Seconds(PATIENCE * self._seconds))
            reason = answer.detail or answer.error
            if len(answer.decoded) > DECODED_BYTES_MAX:
                reason = "a node returned too much"
            if not reason:
                return decode(answer.decoded, kind)
        except ElsewhereError as error:
            log.info("decoding.elsewhere", reason=str(error))
            return None
        except msgspec.MsgspecError as error:
            reason = f"a node returned no result: {error}"
        _log_refusal(job.path, reason)
        return None


def _log_refusal(path: bytes, reason: str) -> None:
    log.info("decoding.elsewhere", reason=f"{shown(path)}: {reason}")


def _is_consistent(analysis: Analysis, plan: AnalysisPlan) -> bool:
    """Return whether the parts of a result have the lengths that belong together."""
    facts, curve = analysis.facts, analysis.curve
    if facts.rate <= 0 or (curve.rate, curve.frames) != (facts.rate, facts.frames):
        return False
    whole = Span(Ticks(0), frames_to_ticks(facts.frames, facts.rate))
    return (
        _is_whole_curve(curve)
        and _are_passages(analysis, whole)
        and _is_loudness(analysis.loudness, curve, is_wanted=plan.loudness)
        and _is_spectrum(analysis.spectrum, is_wanted=whole.length >= SIDE_MIN)
    )


def _is_whole_curve(curve: LevelCurve) -> bool:
    return curve.hop > 0 and len(curve.levels) == -(-curve.frames // curve.hop)


def _are_passages(analysis: Analysis, whole: Span) -> bool:
    spans = analysis.spans
    bounds = [tick for span in spans for tick in (span.start, span.end)]
    is_ordered = all(0 <= each <= whole.end for each in bounds) and bounds == sorted(
        bounds
    )
    return is_ordered and tuple(each.span for each in analysis.fingerprints) == spans


def _is_loudness(
    loudness: LoudnessCurve | None, curve: LevelCurve, *, is_wanted: bool
) -> bool:
    if loudness is None or not is_wanted:
        return loudness is None and not is_wanted
    if (loudness.rate, loudness.frames) != (curve.rate, curve.frames):
        return False
    size = 2 * -(-loudness.frames // loudness.block) if loudness.block > 0 else -1
    return len(loudness.levels) == len(loudness.peaks) == size


def _is_spectrum(spectrum: SpectrumCurve | None, *, is_wanted: bool) -> bool:
    if spectrum is None or not is_wanted:
        return spectrum is None and not is_wanted
    return spectrum.interval > 0 and len(spectrum.values) % SpectrumCurve.VALUES == 0
