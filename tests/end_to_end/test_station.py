"""`contrib/liquidsoap/segued.liq`: a station that plays the library."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from tests.end_to_end.running_daemon import running_daemon
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS
from tests.web.web_client import WebClient

SCRIPT: Final = Path(__file__).parents[2] / "contrib" / "liquidsoap" / "segued.liq"

OUTPUT: Final = """
settings.init.allow_root.set(true)
%include "{script}"
clock.assign_new(sync="none", [station])
output.file(%wav(stereo=true, samplerate=44100), fallible=true, "{output}", station)
"""
"""As fast as the processor can, and into a file."""

RATE: Final = 44_100
HEADER_BYTES: Final = 44
HEARD_SECONDS: Final = 60.0
START_SECONDS: Final = 60.0

TONES: Final = {"low": 441.0, "middle": 1_470.0, "high": 4_410.0}
FADE_SECONDS: Final = 6.0
PLATEAU_SECONDS: Final = 5.0
SONG_SECONDS: Final = 2 * FADE_SECONDS + PLATEAU_SECONDS
PLATEAU_DB: Final = -10.0
FADE_DB: Final = 60.0
"""A fade goes so far down from the plateau, by the same step in each moment."""

STEP: Final = 441
"""Envelopes have a value each hundredth of a second; a period of each tone fits in."""

STEADY_STEPS: Final = 100

CROSSING_DB: Final = -15.0
"""The level, from the plateau, at which a fade is measured."""

SILENCE_DB: Final = -66.0
"""In the middle of an overlap, the two fades are at -60 dB; a gap has no samples."""

Envelope = npt.NDArray[np.float64]


def write_tone(path: Path, frequency: float, gain_db: float) -> None:
    """Write a tone that fades in and out."""
    time_points = np.arange(round(SONG_SECONDS * RATE)) / RATE
    edge = np.minimum(time_points, SONG_SECONDS - time_points)
    level = PLATEAU_DB + gain_db - FADE_DB * np.clip(1 - edge / FADE_SECONDS, 0, 1)
    tone = np.sin(2 * np.pi * frequency * time_points) * 10 ** (level / 20)
    soundfile.write(path, np.column_stack((tone, tone)), RATE)


def envelope_of(sound: Envelope, frequency: float) -> Envelope:
    """Return the amplitude of a tone in each hundredth of a second."""
    phase = np.exp(-2j * np.pi * frequency * np.arange(len(sound)) / RATE)
    steps = len(sound) // STEP
    product = (sound * phase)[: steps * STEP].reshape(steps, STEP)
    amplitude: Envelope = 2 * np.abs(product.mean(axis=1))
    return amplitude


def heard_songs(sound: Envelope) -> list[tuple[float, str, float]]:
    """Return start, name and plateau of each complete song, by its fade in.

    The start is that of the whole file, in seconds of the output.
    """
    found = []
    from_edge = (1 + CROSSING_DB / FADE_DB) * FADE_SECONDS
    for name, frequency in TONES.items():
        envelope = envelope_of(sound, frequency)
        plateau = float(np.percentile(envelope, 99))
        is_loud = envelope > plateau * 10 ** (CROSSING_DB / 20)
        edges = np.flatnonzero(np.diff(is_loud.astype(np.int8)))
        # A level may pass the threshold several times within some hundredths.
        is_new = np.diff(edges, prepend=-STEADY_STEPS) >= STEADY_STEPS
        edges = edges[is_new]
        if is_loud[0]:
            edges = edges[1:]
        for rise, _ in zip(edges[::2], edges[1::2], strict=False):
            start = float(rise + 1) * STEP / RATE - from_edge
            found.append((start, name, plateau))
    return sorted(found)


def hear_station(address: str, folder: Path, size: int) -> bytes:
    """Run the station until its output has this size; return the output.

    Liquidsoap sometimes hangs in its start on a busy machine, before its first request,
    and is then started anew.
    """
    output, script = folder / "heard.wav", folder / "test.liq"
    script.write_text(OUTPUT.format(script=SCRIPT, output=output))
    until = time.monotonic() + WAIT_SECONDS
    while True:
        output.unlink(missing_ok=True)
        with running_station(script, address, folder) as log:
            patience = time.monotonic() + START_SECONDS
            heard = 0
            while heard or time.monotonic() < patience:
                heard = output.stat().st_size if output.exists() else 0
                if heard >= size:
                    return output.read_bytes()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.05)


@contextmanager
def running_station(script: Path, address: str, folder: Path) -> Iterator[Path]:
    """Run Liquidsoap; its log is in the file."""
    log_path = folder / "log"
    with (
        log_path.open("wb") as log,
        subprocess.Popen(
            ("liquidsoap", str(script)),
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "SEGUED": address},
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            yield log_path
        finally:
            process.kill()


@pytest.mark.slow
def test_a_station_overlaps_songs_at_our_points(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Within 50 ms; each song has its gain, and silence is nowhere."""
    music = tmp_path / "music"
    music.mkdir()
    for number, (name, frequency) in enumerate(TONES.items()):
        write_tone(music / f"{name}.wav", frequency, gain_db=-4.0 * number)
    with running_daemon(segued, music, page=True, flavoring="sources = []") as daemon:
        daemon.wait_until_done(3)
        web_client = WebClient.for_daemon(daemon)
        rows = web_client.get_json("/api/passages")["passages"]
        ids = {row["name"].removesuffix(".wav"): row["passage"] for row in rows}
        options = {
            (name, Path(each["passage"]["path"]).stem): each
            for name, passage in ids.items()
            for each in web_client.get_json("/api/next", after=passage)["options"]
        }
        wanted = round(HEARD_SECONDS * RATE) * 4
        heard = hear_station(web_client.url, tmp_path, HEADER_BYTES + wanted)

    raw = heard[HEADER_BYTES : HEADER_BYTES + wanted]
    sound = np.frombuffer(raw, "<i2").reshape(-1, 2)[:, 0] / 32_768
    songs = heard_songs(sound)
    assert len(songs) >= 3
    cues = {one: option["passage"] for (_, one), option in options.items()}
    for (start, one, plateau), (next_start, other, _) in pairwise(songs):
        overlap = options[one, other]["overlap_seconds"]
        begins = next_start + cues[other]["cue_in_seconds"] - start
        assert overlap > 1
        assert begins == pytest.approx(cues[one]["cue_out_seconds"] - overlap, abs=0.05)
        number = list(TONES).index(one)
        level = PLATEAU_DB - 4.0 * number + cues[one]["gain_db"]
        assert 20 * np.log10(plateau) == pytest.approx(level, abs=0.3)
    first, last = songs[0][0] + FADE_SECONDS, songs[-1][0] + FADE_SECONDS
    whole = sound[round(first * RATE) : round(last * RATE)]
    parts = whole[: len(whole) // 2_205 * 2_205].reshape(-1, 2_205)
    loudest = 20 * np.log10(np.abs(parts).max(axis=1) + 1e-9)
    assert loudest.min() > SILENCE_DB
