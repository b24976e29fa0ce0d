"""What a node does with a job, in real child processes."""

import asyncio
import os
import resource
import shutil
import signal
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from sample_library import encode, song

from segued.cluster.makeup import collect_makeup
from segued.cluster.messages import DecodeJob, FingerprintJob, Job, JobPassage, decode
from segued.compute.pools import ProcessPools
from segued.config.cluster_sections import MusicFolder
from segued.dsp.segment import Hints, Rules
from segued.media.file_analysis import (
    Analysis,
    AnalysisPlan,
    analyze_file,
    fingerprints_of,
)
from segued.media.safe_open import signature_of
from segued.model import Fingerprint, Span
from segued.node.jobs import JobRunner, claim_spool
from segued.node.mounts import Mounts
from segued.units import TICKS_PER_SECOND, Dbfs, Seconds, Ticks
from tests.limits import WAIT_SECONDS
from tests.musicnn_models import installed_models

pytestmark = pytest.mark.slow

PLAN = AnalysisPlan(
    Rules(Dbfs(-60.0), Ticks(TICKS_PER_SECOND), Ticks(TICKS_PER_SECOND)),
    Hints(leading_number=False, siblings=2, track=None, track_total=None),
    (),
    "/spool/of/the/daemon",
    loudness=True,
)


@pytest.fixture(name="pools")
async def _pools() -> AsyncIterator[ProcessPools]:
    pools = ProcessPools(
        processes=1, memory_mib=2_048, file_limit=Seconds(WAIT_SECONDS)
    )
    yield pools
    pools.close()


@pytest.fixture(name="runner")
def _runner(tmp_path: Path, pools: ProcessPools) -> JobRunner:
    """A node with a folder of music and without models."""
    music = tmp_path / "music"
    music.mkdir()
    (tmp_path / "spool").mkdir()
    encode(music / "song.mp3", song(1, 8.0), 44_100, "mp3")
    (music / "text.mp3").write_text("no music at all" * 100)
    mounts = Mounts([MusicFolder("/srv/m", str(music))])
    return JobRunner(pools, mounts, tmp_path / "models", tmp_path / "spool")


def job(folder: Path, name: str, **more: object) -> Job:
    """Return a job on a file as it is on the disk."""
    path = folder / "music" / name
    status = path.stat()
    passage = JobPassage(0, 8 * TICKS_PER_SECOND, tags=False, descriptors=True)
    fields: dict[str, object] = {
        "id": 1,
        "path": os.fsencode(f"/srv/m/{name}"),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "is_quick": True,
        "seconds": WAIT_SECONDS,
        "passages": (passage,),
        **more,
    }
    return Job(**fields)  # type: ignore[arg-type]


async def test_quick_and_full_analyses_are_one_job(
    runner: JobRunner, tmp_path: Path
) -> None:
    """The full one has all descriptors, and leaves nothing in the spool."""
    quick = await runner.run(job(tmp_path, "song.mp3"))
    full = await runner.run(job(tmp_path, "song.mp3", is_quick=False))

    assert [quick.elsewhere, quick.error, full.elsewhere, full.error] == [""] * 4
    assert list(quick.passages[0].outputs) == list(full.passages[0].outputs)
    assert b'"lowlevel.dissonance.mean"' not in quick.passages[0].outputs["essentia"]
    assert b'"lowlevel.dissonance.mean"' in full.passages[0].outputs["essentia"]
    assert list((tmp_path / "spool").iterdir()) == []


async def test_a_file_is_decoded_as_the_daemon_decodes_it(
    runner: JobRunner, tmp_path: Path
) -> None:
    """Byte for byte, with the node's own spool; a message brings back all of it."""
    # Shorter ones have no fingerprint.
    encode(tmp_path / "music" / "print.mp3", song(2, 30.0), 22_050, "mp3")
    wanted = job(tmp_path, "print.mp3")
    path = bytes(tmp_path / "music" / "print.mp3")
    signature = signature_of(os.stat(path))
    plan = replace(PLAN, spool=str(tmp_path))
    here = analyze_file(path, signature, plan)
    place = (wanted.path, wanted.size, wanted.mtime_ns)

    there = await runner.run(
        DecodeJob(1, *place, WAIT_SECONDS, replace(plan, spool="/nowhere"))
    )
    spans = (Span(Ticks(TICKS_PER_SECOND), Ticks(29 * TICKS_PER_SECOND)),)
    whole = here.spans[0]
    prints = await runner.run(FingerprintJob(2, *place, WAIT_SECONDS, spans, whole))
    slow = await runner.run(DecodeJob(3, *place, 0.001, plan))

    assert (there.elsewhere, there.error) == ("", "")
    assert decode(there.decoded, Analysis) == here
    assert here.loudness is not None
    assert len(here.fingerprints[0].encoded) == 1
    expected = fingerprints_of(path, signature, spans, whole)
    assert decode(prints.decoded, tuple[Fingerprint, ...]) == expected
    assert len(expected[0].encoded) > 1
    assert slow.error == "timeout"


async def test_what_any_machine_would_find_is_an_error(
    runner: JobRunner, tmp_path: Path
) -> None:
    """A file that is no music, and one that takes too long."""
    broken = await runner.run(job(tmp_path, "text.mp3"))
    slow = await runner.run(job(tmp_path, "song.mp3", seconds=0.001, is_quick=False))

    assert (broken.error, broken.elsewhere) == ("not-audio", "")
    assert slow.error in {"timeout", ""}
    assert slow.error or "more than 0.001 s" in slow.passages[0].failures["essentia"]


async def test_what_only_this_machine_finds_is_done_elsewhere(
    runner: JobRunner, tmp_path: Path
) -> None:
    """A missing file, another version, a folder that is not here, no spool."""
    changed = await runner.run(job(tmp_path, "song.mp3", size=1))
    gone = await runner.run(job(tmp_path, "song.mp3", path=b"/srv/m/gone.mp3"))
    stray = await runner.run(job(tmp_path, "song.mp3", path=b"/srv/x/song.mp3"))
    (tmp_path / "spool").rmdir()
    spool = await runner.run(job(tmp_path, "song.mp3", is_quick=False))

    answers = (changed, gone, stray, spool)
    assert [each.error for each in answers] == [""] * 4
    assert "its size differs" in changed.elsewhere
    assert "No such file" in gone.elsewhere
    assert "in no folder" in stray.elsewhere
    assert "No such file" in spool.elsewhere


async def test_a_cancelled_job_kills_its_child(
    runner: JobRunner, pools: ProcessPools, tmp_path: Path
) -> None:
    """The next job gets a new one, and succeeds."""
    await runner.run(job(tmp_path, "song.mp3"))
    (child,) = pools._idle_pool._free
    running = asyncio.create_task(runner.run(job(tmp_path, "song.mp3")))
    async with asyncio.timeout(WAIT_SECONDS):
        while not pools._idle_pool._busy:  # noqa: ASYNC110 - a set, which has no event
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running})

    assert not child.is_free
    assert (await runner.run(job(tmp_path, "song.mp3"))).passages


async def test_a_crash_costs_the_file_and_not_the_node(
    runner: JobRunner, pools: ProcessPools, tmp_path: Path
) -> None:
    """Twice, as with a file that crashes its decoder; the next file is analyzed."""
    running = asyncio.create_task(runner.run(job(tmp_path, "song.mp3", is_quick=False)))
    killed: set[int] = set()
    async with asyncio.timeout(WAIT_SECONDS):
        while len(killed) < 2 and not running.done():
            for child in pools._idle_pool._busy:
                if child._job_has_begun and child._process.pid not in killed:
                    killed.add(child._process.pid or 0)
                    os.kill(child._process.pid or 0, signal.SIGSEGV)
            await asyncio.sleep(0)
    answer = await running

    assert len(killed) == 2
    assert (answer.error, answer.elsewhere) == ("crashed", "")
    assert "SIGSEGV" in answer.detail
    assert list((tmp_path / "spool").iterdir()) == []
    assert (await runner.run(job(tmp_path, "song.mp3"))).passages


async def test_a_hog_and_a_hang_cost_the_file_and_not_the_node(
    runner: JobRunner, pools: ProcessPools, tmp_path: Path
) -> None:
    """Jobs beside them finish, and so does the next one in the same place."""
    write_silence(tmp_path / "music" / "hog.wav", 600)
    length = JobPassage(0, 600 * TICKS_PER_SECOND, tags=False, descriptors=True)
    hog_job = job(tmp_path, "hog.wav", passages=(length,))
    song_job = job(tmp_path, "song.mp3")
    place = (song_job.path, song_job.size, song_job.mtime_ns)
    decode_job = DecodeJob(3, *place, WAIT_SECONDS, PLAN)
    await asyncio.gather(runner.run(song_job), runner.run(decode_job))  # starts both
    (analyzer,), (decoder,) = pools._idle_pool._free, pools._long_pool._free

    with memory_limited(analyzer._process.pid, 40):
        hog, beside = await asyncio.gather(runner.run(hog_job), runner.run(decode_job))
    hanging = asyncio.create_task(
        runner.run(msgspec.structs.replace(decode_job, seconds=2.0))
    )
    await asyncio.sleep(0)
    os.kill(decoder._process.pid or 0, signal.SIGSTOP)
    hang, song_beside = await asyncio.gather(hanging, runner.run(song_job))

    assert (hog.error, hog.elsewhere) == ("memory", "")
    assert (hang.error, hang.elsewhere) == ("timeout", "")
    assert beside.decoded
    assert song_beside.passages[0].outputs.keys() == {"essentia"}
    assert (await runner.run(decode_job)).decoded == beside.decoded


@contextmanager
def memory_limited(process: int | None, more_mib: int) -> Iterator[None]:
    """Let a process have only so much more memory than it has now."""
    assert process is not None
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (more_mib << 20)
    before = resource.prlimit(process, resource.RLIMIT_AS)
    resource.prlimit(process, resource.RLIMIT_AS, (limit, before[1]))
    yield
    with suppress(ProcessLookupError):
        resource.prlimit(process, resource.RLIMIT_AS, before)


def write_silence(path: Path, seconds: int) -> None:
    """Write a WAV file of silence, which takes no room on the disk."""
    size, rate = 2 * 44_100 * seconds, 44_100
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    head = struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + form
    path.write_bytes(head + struct.pack("<4sI", b"data", size))
    os.truncate(path, 44 + size)


def test_a_spool_is_of_one_node_and_cleared_at_its_start(tmp_path: Path) -> None:
    """A second one does not remove what the first one works on."""
    spool = tmp_path / "spool"
    claim_spool(spool)
    (spool / "segued-flavor-x").mkdir()
    with pytest.raises(BlockingIOError):
        claim_spool(spool)

    assert (spool / "segued-flavor-x").is_dir()


async def test_tagging_models_run_on_a_node(
    runner: JobRunner, pools: ProcessPools, tmp_path: Path
) -> None:
    """Together with Essentia, in quick and in full; its own folder of models counts."""
    mounts = Mounts([MusicFolder("/srv/m", str(tmp_path / "music"))])
    models = installed_models()
    tagging = JobRunner(pools, mounts, models, tmp_path / "spool")
    passage = JobPassage(0, 8 * TICKS_PER_SECOND, tags=True, descriptors=True)
    wanted = job(tmp_path, "song.mp3", passages=(passage,))

    for is_quick in (True, False):
        answer = await tagging.run(msgspec.structs.replace(wanted, is_quick=is_quick))
        assert answer.passages[0].outputs.keys() == {"essentia", "musicnn"}
        assert answer.passages[0].failures == {}
    without = await runner.run(wanted)
    assert without.passages[0].outputs.keys() == {"essentia"}
    assert "models cannot be used" in without.passages[0].failures["musicnn"]


async def test_the_makeup_names_what_results_depend_on(
    pools: ProcessPools, tmp_path: Path
) -> None:
    """Other models are another makeup, wherever they are."""
    models = shutil.copytree(installed_models(), tmp_path / "models")
    makeups = []
    for _ in range(2):
        folder = str(models)
        makeups.append(await pools.run_short(None, collect_makeup, b"/", folder))
        changed = next(models.glob("MSD*.onnx"))
        changed.write_bytes(changed.read_bytes() + b"x")
    here = collect_makeup(b"/", str(installed_models()))

    assert makeups[0] == here
    names = {"segued", "libavcodec", "soxr", "numpy", "Chromaprint", "Essentia"}
    assert names < here.keys()
    differing = {name for name in here if here[name] != makeups[1][name]}
    assert differing == {"musicnn's models"}
