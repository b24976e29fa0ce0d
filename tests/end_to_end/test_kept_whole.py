"""A file with a long silence that is not cut says why."""

import wave
from pathlib import Path

import numpy as np

from tests.end_to_end.segued_runner import SeguedRunner

RATE = 8_000


def write_paused_song(path: Path) -> Path:
    """Write 30 s of noise, 4 s of silence, and 30 s of noise."""
    noise = np.random.default_rng(1).integers(-8_000, 8_000, 30 * RATE, dtype=np.int16)
    silence = np.zeros(4 * RATE, dtype=np.int16)
    path.parent.mkdir(parents=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.concatenate([noise, silence, noise]).tobytes())
    return path


def test_a_song_with_a_pause_says_why_it_is_whole(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Unless the silence is no silence by the settings of its import."""
    song = write_paused_song(tmp_path / "music" / "Paused.wav")
    segued.import_folders(song.parent)
    text = segued.run("explain", "--database", segued.database, song)
    found = segued.run("explain", "--json", "--database", segued.database, song).json

    reason = (
        "not cut at 1 silence of 4.0 s: so few and short silences, in a file as long as"
        " a song, are pauses"
    )
    assert f"    one passage   {reason}\n" in text.out
    assert found["kept_whole"] == reason

    options = ("--database", segued.database, "silence_seconds", "5")
    assert segued.run("settings", *options, module="segued.cli.control").code == 0
    segued.import_folders(song.parent)
    again = segued.run("explain", "--json", "--database", segued.database, song).json

    assert again["kept_whole"] == ""
