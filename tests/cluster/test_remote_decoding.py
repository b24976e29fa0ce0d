"""What is taken from a node that has decoded a file: only what agrees with itself."""

import asyncio
from dataclasses import replace

import pytest

from segued.cluster.messages import AnyJob, DecodeJob, FingerprintJob, JobAnswer, encode
from segued.cluster.nodes import Nodes
from segued.cluster.remote_decoding import DECODED_BYTES_MAX, RemoteDecoding
from segued.dsp.loudness import LoudnessCurve
from segued.dsp.segment import Hints, Rules
from segued.errors import DecodeError
from segued.media.file_analysis import Analysis, AnalysisPlan
from segued.model import (
    AudioFacts,
    Fingerprint,
    LevelCurve,
    PassageMark,
    Signature,
    Span,
    SpectrumCurve,
)
from segued.units import (
    TICKS_PER_SECOND,
    Dbfs,
    Frames,
    Hertz,
    Ticks,
)
from tests.cluster.test_nodes import ROOT, report

MAKEUP = {"segued": "1"}
PATH = ROOT + b"/\xff.mp3"
SIGNATURE = Signature(7, 8, 9)
RATE = Hertz(8_000)
WHOLE = Span(Ticks(0), Ticks(10 * TICKS_PER_SECOND))
PLAN = AnalysisPlan(
    Rules(Dbfs(-60.0), Ticks(TICKS_PER_SECOND), Ticks(TICKS_PER_SECOND)),
    Hints(leading_number=True, siblings=3, track=None, track_total=12),
    (PassageMark(Ticks(0), None, "J\u00f3ga"),),
    "/spool/of/the/daemon",
    loudness=True,
)
CURVE = LevelCurve(bytes(1_000), Frames(80), RATE, Frames(80_000))
LOUDNESS = LoudnessCurve(bytes(200), bytes(200), Frames(800), RATE, Frames(80_000))
ANALYSIS = Analysis(
    AudioFacts(Frames(80_000), RATE, 2, 0.5, "mp3float", "ffmpeg"),
    CURVE,
    (WHOLE,),
    (Fingerprint(WHOLE, ("AQAA",)),),
    (),
    LOUDNESS,
)


async def ask(answer: JobAnswer, *, prints: bool = False) -> tuple[object, AnyJob]:
    """Return what is taken of a node's answer, and the job that it got."""
    nodes, jobs = Nodes(), list[AnyJob]()
    nodes.makeups = {"decoding": MAKEUP}

    def take(address: str, job: AnyJob) -> None:
        jobs.append(job)
        asyncio.get_running_loop().call_soon(
            nodes.answer, address, JobAnswer(job.id, **fields)
        )

    fields = {name: getattr(answer, name) for name in ("elsewhere", "error", "decoded")}
    nodes.send_job, nodes.send_cancel = take, lambda _address, _job: None
    nodes.join("one", "one")
    nodes.report("one", report(makeup=MAKEUP))
    decoding = RemoteDecoding(nodes, 60.0)
    found: object
    if prints:
        found = await decoding.fingerprints_of(PATH, SIGNATURE, (WHOLE,), WHOLE)
    else:
        found = await decoding.analyze_file(PATH, SIGNATURE, PLAN)
    return found, jobs[0]


async def test_a_result_is_taken_as_it_is() -> None:
    """The node gets the plan, but no folder of this machine."""
    found, job = await ask(JobAnswer(1, decoded=encode(ANALYSIS)))
    prints, asked = await ask(
        JobAnswer(1, decoded=encode(ANALYSIS.fingerprints)), prints=True
    )

    assert found == ANALYSIS
    assert isinstance(job, DecodeJob)
    assert job.plan == replace(PLAN, spool="")
    assert (job.path, job.size, job.mtime_ns, job.seconds) == (PATH, 7, 8, 60.0)
    assert prints == ANALYSIS.fingerprints
    assert isinstance(asked, FingerprintJob)
    assert (asked.spans, asked.whole) == ((WHOLE,), WHOLE)


SIDE = Frames(300 * RATE)
HALF = Span(Ticks(0), Ticks(5 * TICKS_PER_SECOND))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"curve": replace(CURVE, levels=bytes(999))}, id="levels"),
        pytest.param({"curve": replace(CURVE, hop=Frames(0))}, id="hop"),
        pytest.param({"curve": replace(CURVE, frames=Frames(1))}, id="length"),
        pytest.param({"facts": replace(ANALYSIS.facts, rate=Hertz(0))}, id="rate"),
        pytest.param({"fingerprints": ()}, id="no fingerprint"),
        pytest.param({"spans": (HALF,)}, id="another fingerprint"),
        pytest.param(
            {"spans": (WHOLE, HALF), "fingerprints": (Fingerprint(WHOLE),) * 2},
            id="overlapping passages",
        ),
        pytest.param({"loudness": None}, id="no loudness"),
        pytest.param(
            {"loudness": replace(LOUDNESS, peaks=bytes(198))}, id="short loudness"
        ),
        pytest.param(
            {"spectrum": SpectrumCurve(bytes(20), Frames(1))}, id="spectrum of a song"
        ),
        pytest.param(
            {
                "facts": replace(ANALYSIS.facts, frames=SIDE),
                "curve": replace(CURVE, levels=bytes(SIDE // 80), frames=SIDE),
                "loudness": replace(
                    LOUDNESS,
                    levels=bytes(SIDE // 400),
                    peaks=bytes(SIDE // 400),
                    frames=SIDE,
                ),
            },
            id="a side without a spectrum",
        ),
    ],
)
async def test_a_result_that_contradicts_itself_is_dropped(
    changes: dict[str, object],
) -> None:
    """The file is decoded here."""
    wrong = replace(ANALYSIS, **changes)  # type: ignore[arg-type]

    found, _ = await ask(JobAnswer(1, decoded=encode(wrong)))

    assert found is None


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(JobAnswer(1), id="nothing"),
        pytest.param(JobAnswer(1, decoded=b"\xc1"), id="no message"),
        pytest.param(JobAnswer(1, decoded=encode({"a": 1})), id="another message"),
        pytest.param(JobAnswer(1, elsewhere="gone"), id="a refusal"),
        pytest.param(
            JobAnswer(1, error=DecodeError.code, decoded=encode(ANALYSIS)),
            id="an error of the file",
        ),
        pytest.param(JobAnswer(1, decoded=bytes(DECODED_BYTES_MAX + 1)), id="too much"),
    ],
)
@pytest.mark.parametrize("prints", [False, True])
async def test_only_this_machine_says_that_a_file_cannot_be_decoded(
    answer: JobAnswer, *, prints: bool
) -> None:
    """A node's error is no error of the file."""
    found, _ = await ask(answer, prints=prints)

    assert found is None


async def test_fingerprints_of_other_passages_are_dropped() -> None:
    """They would be stored for this audio."""
    others = encode((Fingerprint(HALF, ("AQAA",)),))

    found, _ = await ask(JobAnswer(1, decoded=others), prints=True)

    assert found is None
