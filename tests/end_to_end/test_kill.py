"""An import that is killed at any moment continues where it was."""

import itertools
import json
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_library import Codec, encode, song, tag

from tests.end_to_end.library_queries import dump_library
from tests.end_to_end.segued_runner import SeguedRunner

KILLS = 20
EVENTS_MAX = 24  # the kills hit every phase, but do not get to the end of the library
FILES = 20

Event = dict[str, object]


@pytest.fixture(name="music", scope="module")
def _music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty files in four folders, in five codecs, with a pair of copies."""
    folder = tmp_path_factory.mktemp("music")
    codecs: tuple[tuple[Codec, str], ...] = (
        ("mp3", "mp3"),
        ("flac", "flac"),
        ("vorbis", "ogg"),
        ("opus", "opus"),
        ("aac", "m4a"),
    )
    for number in range(FILES - 2):
        codec, suffix = codecs[number % len(codecs)]
        path = folder / f"disc {number % 4}" / f"{number:02} song.{suffix}"
        path.parent.mkdir(exist_ok=True)
        encode(path, song(number, 4.0), 44_100, codec)
        tag(path, {"title": f"Song {number}", "artist": f"Artist {number % 3}"})
    copied = folder / "disc 0" / "00 song.mp3"
    (folder / "disc 1" / "copy.mp3").write_bytes(copied.read_bytes())
    (folder / "disc 2" / "broken.mp3").write_text("not music at all" * 100)
    return folder


def log_events(process: subprocess.Popen[bytes]) -> Iterator[Event]:
    """Yield the log entries of a process as they are written."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(b"{"):
            event: Event = json.loads(line)
            yield event


def test_library_after_twenty_kills_equals_an_undisturbed_run(
    music: Path, tmp_path: Path
) -> None:
    """Row for row; only the phase that was killed runs twice."""
    undisturbed = SeguedRunner(tmp_path / "undisturbed")
    assert undisturbed.import_folders(music).code == 1  # one file is broken

    disturbed = SeguedRunner(tmp_path / "disturbed")
    rng = random.Random(20_261_123)  # noqa: S311
    saved: Counter[tuple[object, object]] = Counter()
    repeated: list[tuple[object, object]] = []

    def follow(stream: Iterator[Event]) -> None:
        for event in stream:
            file_and_phase = (event.get("file"), event.get("phase"))
            if event["event"] == "phase.saved" and not event["stood"]:
                saved[file_and_phase] += 1
            # Phase 1 only stats the file, and always runs.
            elif event["event"] == "phase.started" and saved[file_and_phase]:
                repeated.extend([file_and_phase] * (event["phase"] != 1))

    kills = 0
    for _ in range(KILLS):
        with disturbed.start_import(music, options=("--offline",)) as process:
            stream = log_events(process)
            follow(itertools.islice(stream, rng.randrange(1, EVENTS_MAX)))
            try:
                process.wait(rng.uniform(0, 0.03))
            except subprocess.TimeoutExpired:
                kills += 1
            process.kill()
            follow(stream)
        assert process.wait() in (-9, 1)
    last = disturbed.import_folders(music)

    assert kills == KILLS
    assert last.code == 1
    assert repeated == []
    assert max(saved.values()) == 1
    assert dump_library(disturbed.database) == dump_library(undisturbed.database)
    disturbed.assert_no_process_left()
