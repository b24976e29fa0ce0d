"""Local analysis of passages: deferred to idle time, and stored."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sample_library import encode, song, tag

from tests import musicnn_models
from tests.end_to_end.library_queries import files_by_name, passages_of, query
from tests.end_to_end.running_daemon import running_daemon, write_noise_mp3
from tests.end_to_end.segued_runner import SeguedRunner
from tests.limits import WAIT_SECONDS

MINUTES = 1.0
"""Length of a noise file: the full analysis by Essentia needs some 3 s for it, and 3 s
to start."""

FULL = 'depth = "full"'


def flavoring_config(*sources: str, more: str = "") -> str:
    """Return a `[flavoring]` section with these sources; loudness is on by default."""
    folder = musicnn_models.installed_models()
    return f'sources = {json.dumps(sources)}\nmodels = "{folder}"\n{more}\n'


def analysis_options(segued: SeguedRunner, flavoring: str) -> list[str]:
    """Return the options for an import with this `[flavoring]` section."""
    return ["--config", segued.write_config(f"[flavoring]\n{flavoring}")]


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """A tagged song in Opus, which Essentia cannot read, and a file without tags."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "song.opus", song(1, 12.0), 48_000, "opus")
    tag(music / "song.opus", {"title": "Song", "artist": "Somebody"})
    encode(music / "noname.mp3", song(2, 12.0), 44_100, "mp3")
    return music


def stored_outputs(segued: SeguedRunner) -> dict[str, int]:
    """Return the number of stored outputs of each analyzer."""
    rows = query(
        segued.database,
        "SELECT source, count(*) AS n FROM analyzer_outputs GROUP BY source",
    )
    return {row["source"]: row["n"] for row in rows}


def test_each_analyzer_runs_once(music: Path, segued: SeguedRunner) -> None:
    """Results of two analyzers are stored, and reused after a rename or retag."""
    both = analysis_options(segued, flavoring_config("essentia", "musicnn"))

    first = segued.import_folders(music, options=both)
    stored = query(
        segued.database, "SELECT * FROM analyzer_outputs ORDER BY 1, 2, 3, 4"
    )

    assert first.code == 0
    assert first.json["work"]["9"] == {"essentia+musicnn": 2}
    assert stored_outputs(segued) == {"essentia": 2, "musicnn": 2}
    for name in ("song.opus", "noname.mp3"):
        (row,) = passages_of(segued.database, name)
        characteristics = json.loads(row["flavor"])["characteristics"]
        assert row["flavor_source"] == "essentia+musicnn"
        assert {"timbre", "tonal_atonal", "mood_happy", "genre_rosamerica"} <= set(
            characteristics
        )
        for shares in characteristics.values():
            assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
        assert 40 < row["bpm"] < 220
        assert row["scale"] in {"major", "minor"}
        assert -40 < row["loudness_lufs"] < -5
        assert row["true_peak_dbtp"] > row["loudness_lufs"]
        assert row["flavor_failure"] is None

    # Other sources, tags or name: the results are stored by audio hash.
    one = analysis_options(segued, flavoring_config("essentia"))
    tag(music / "song.opus", {"title": "Another", "artist": "Somebody"})
    (music / "noname.mp3").rename(music / "again.mp3")
    second = segued.import_folders(music, options=one)

    assert second.json["work"]["4"].get("decoded", 0) == 0
    assert (
        query(segued.database, "SELECT * FROM analyzer_outputs ORDER BY 1, 2, 3, 4")
        == stored
    )
    (row,) = passages_of(segued.database, "song.opus")
    assert row["title"] == "Another"
    assert row["bpm"] is not None


def output_versions(segued: SeguedRunner) -> dict[str, set[str]]:
    """Return the versions of the stored outputs by analyzer."""
    versions: dict[str, set[str]] = {}
    for row in query(segued.database, "SELECT source, version FROM analyzer_outputs"):
        versions.setdefault(row["source"], set()).add(row["version"])
    return versions


def test_depth_can_be_changed(music: Path, segued: SeguedRunner) -> None:
    """A full analysis replaces a quick one, and is never replaced by one."""
    (music / "noname.mp3").unlink()
    quick = analysis_options(segued, flavoring_config("essentia", "musicnn"))

    assert segued.import_folders(music, options=quick).code == 0
    quick_versions = output_versions(segued)
    (quick_row,) = passages_of(segued.database, "song.opus")
    more = flavoring_config("essentia", "musicnn", more=FULL)
    full = analysis_options(segued, more)
    assert segued.import_folders(music, options=full).code == 0
    full_versions = output_versions(segued)
    (full_row,) = passages_of(segued.database, "song.opus")
    quick = analysis_options(segued, flavoring_config("essentia", "musicnn"))
    again = segued.import_folders(music, options=quick)

    assert quick_versions == {
        name: {f"{version} quick 1" for version in versions}
        for name, versions in full_versions.items()
    }
    assert "quick" in quick_row["flavor_version"]
    assert "quick" not in full_row["flavor_version"]
    assert "dissonance" in json.loads(full_row["flavor"])["measures"]
    assert full_row["bpm"] == pytest.approx(quick_row["bpm"], rel=0.01)
    # The song has fewer patches than the quick analysis takes.
    one, other = (
        json.loads(row["flavor"])["characteristics"] for row in (quick_row, full_row)
    )
    assert one.keys() == other.keys()
    for name, shares in one.items():
        assert shares == pytest.approx(other[name], abs=0.03)
    assert again.code == 0
    assert output_versions(segued) == full_versions
    assert passages_of(segued.database, "song.opus") == [full_row]


def test_side_is_analyzed_per_passage(segued: SeguedRunner, tmp_path: Path) -> None:
    """Each passage has its own results, although the file is decoded once."""
    music = tmp_path / "music"
    music.mkdir()
    gap = np.zeros((4 * 44_100, 2), np.float32)
    parts = [song(number, 12.0 + number) * (0.2 * number) for number in (1, 2, 3)]
    samples = np.concatenate([each for part in parts for each in (part, gap)])
    encode(music / "side a.flac", samples, 44_100, "flac")
    tracks = (
        f'  TRACK {number:02} AUDIO\n    TITLE "Song {number}"\n'
        f'    PERFORMER "Marram"\n'
        f"    INDEX 01 {begins}\n"
        for number, begins in ((1, "00:00:00"), (2, "00:17:00"), (3, "00:35:00"))
    )
    cue = 'FILE "side a.flac" WAVE\n' + "".join(tracks)
    (music / "side a.cue").write_text(cue)

    ran = segued.import_folders(
        music, options=analysis_options(segued, flavoring_config("essentia", "musicnn"))
    )

    assert ran.code == 0
    rows = passages_of(segued.database, "side a.flac")
    assert len(rows) == 3
    assert stored_outputs(segued) == {"essentia": 3, "musicnn": 3}
    loudness = [row["loudness_lufs"] for row in rows]
    assert loudness[0] + 3 < loudness[1] < loudness[2]
    assert len({row["flavor"] for row in rows}) == 3


@pytest.mark.parametrize("damage", ["cut", "gone", "other"])
def test_broken_models_do_not_stop_other_analyzers(
    music: Path, segued: SeguedRunner, tmp_path: Path, damage: str
) -> None:
    """The other analyzers run, and the passage has the reason of the failure."""
    folder = tmp_path / "models"
    shutil.copytree(musicnn_models.installed_models(), folder)
    for path in folder.glob("*.onnx"):
        if damage == "gone":
            path.unlink()
        else:
            whole = path.read_bytes()
            path.write_bytes(whole[:-999] if damage == "cut" else b"none" * 999)
    broken = f'sources = ["essentia", "musicnn"]\nmodels = "{folder}"\n'

    ran = segued.import_folders(music, options=analysis_options(segued, broken))

    assert ran.code == 0
    assert ran.json["files"] == {"INGEST COMPLETE": 2}
    assert stored_outputs(segued) == {"essentia": 2}
    (row,) = passages_of(segued.database, "song.opus")
    assert row["flavor_source"] == "essentia"
    if damage == "gone":
        assert row["flavor_failure"] is None  # they are not installed
    else:
        assert "musicnn: the tagging models cannot be used" in row["flavor_failure"]


def test_broken_classifiers_are_reported(
    music: Path, segued: SeguedRunner, tmp_path: Path
) -> None:
    """The flavor is that of the other analyzers."""
    folder = tmp_path / "classifiers"
    folder.mkdir()
    (folder / "mood_sad.history").write_text("no history at all" * 99)
    more = f'classifiers = "{folder}"'

    ran = segued.import_folders(
        music, options=analysis_options(segued, flavoring_config("essentia", more=more))
    )

    assert ran.code == 0
    (row,) = passages_of(segued.database, "song.opus")
    assert row["flavor_source"] == "essentia"
    assert "essentia-svm: classifiers cannot be used" in row["flavor_failure"]


BUSY_SECONDS = 0.5


def idle_processes(segued: SeguedRunner) -> list[int]:
    """Return the child processes that run with a lower priority."""
    lowered = min(19, os.nice(0) + 1)  # see `niceness.c`
    processes = []
    for process in segued.leftover_processes():
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2]
        except OSError:
            continue
        if int(fields.split()[16]) == lowered:
            processes.append(process)
    return processes


def cpu_seconds_used(segued: SeguedRunner) -> float:
    """Return the CPU seconds of the idle process that used most."""
    used = [0.0]
    for process in idle_processes(segued):
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2]
        except OSError:
            continue
        ticks = sum(map(int, fields.split()[11:13]))
        used.append(ticks / os.sysconf("SC_CLK_TCK"))
    return max(used)


def test_killed_essentia_is_a_flavor_failure(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Killed twice it fails with the signal's name; loudness is kept, retry works."""
    music = tmp_path / "music"
    music.mkdir()
    write_noise_mp3(music / "noise.mp3", 2.5 * MINUTES)

    with running_daemon(
        segued, music, flavoring=flavoring_config("essentia", more=FULL)
    ) as daemon:
        for _ in range(2):
            # In the middle of the analysis.
            daemon.wait_for(lambda _status: cpu_seconds_used(segued) >= BUSY_SECONDS)
            killed = set(idle_processes(segued))
            for process in killed:
                os.kill(process, signal.SIGSEGV)
            daemon.wait_for(
                lambda _status, killed=killed: (  # type: ignore[misc]
                    not killed & set(idle_processes(segued))
                )
            )
        daemon.wait_for(lambda status: status["files_analysed"] == 1)
        (row,) = passages_of(segued.database, "noise.mp3")
        assert "SIGSEGV" in row["flavor_failure"]
        assert row["loudness_lufs"] is not None
        assert row["flavor"] is None
        assert (
            files_by_name(segued.database)["noise.mp3"]["status"] == "INGEST COMPLETE"
        )

        segued.control("retry", "flavor", client=daemon.client)

        daemon.wait_for(lambda _status: stored_outputs(segued).get("essentia"))
        daemon.wait_for(lambda status: status["files_analysed"] == 1)
        (row,) = passages_of(segued.database, "noise.mp3")
        assert row["flavor_failure"] is None
        assert row["flavor_source"] == "essentia"


@pytest.fixture(name="long_files", scope="module")
def _long_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files of a minute each, which take seconds to analyze."""
    music = tmp_path_factory.mktemp("long") / "music"
    music.mkdir()
    for number in range(3):
        write_noise_mp3(music / f"{number}.mp3", MINUTES + number / 100)
    return music


def test_new_files_preempt_analysis(
    segued: SeguedRunner, long_files: Path, tmp_path: Path
) -> None:
    """All workers analyze; one of them is preempted, and continues later."""
    music = tmp_path / "music"
    shutil.copytree(long_files, music)
    two = "[settings]\nai_processing_thread_count = 2\n[compute]\nprocesses = 2\n"
    with running_daemon(
        segued,
        music,
        flavoring=flavoring_config("essentia", more=FULL),
        extra_config=two,
    ) as daemon:
        daemon.wait_for(
            lambda status: status["files_done"] == 3 and len(status["workers"]) == 2
        )

        encode(music / "new.mp3", song(3, 11.0), 44_100, "mp3")
        status = daemon.wait_for(lambda status: status["files_done"] == 4)

        assert status["files_analysed"] < 3
        assert daemon.log_entries("analysis.preempted")
        daemon.wait_for(lambda status: status["files_analysed"] == 4)
        assert daemon.completion_counts() == {str(each): 1 for each in music.iterdir()}
    assert stored_outputs(segued)["essentia"] == 4


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_analysis_continues_after_restart(
    segued: SeguedRunner, long_files: Path, number: int
) -> None:
    """The files stay INGEST COMPLETE, and stored results are not computed again."""
    flavoring = flavoring_config("essentia", "musicnn", more=FULL)
    with running_daemon(segued, long_files, flavoring=flavoring) as daemon:
        daemon.wait_for(lambda _status: stored_outputs(segued).get("musicnn"))
        daemon.stop(number)
    assert {row["status"] for row in files_by_name(segued.database).values()} == {
        "INGEST COMPLETE"
    }
    before = query(
        segued.database, "SELECT * FROM analyzer_outputs WHERE source = 'musicnn'"
    )

    with running_daemon(segued, long_files, flavoring=flavoring) as daemon:
        daemon.wait_for(lambda status: status["files_analysed"] == 3)

    after = query(
        segued.database, "SELECT * FROM analyzer_outputs WHERE source = 'musicnn'"
    )
    assert all(row in after for row in before)
    assert stored_outputs(segued) == {"essentia": 3, "musicnn": 3}
    assert [row["flavor_source"] for row in passages_of(segued.database, "0.mp3")] == [
        "essentia+musicnn"
    ]


def test_pause_and_resume_analysis(
    segued: SeguedRunner, long_files: Path, tmp_path: Path
) -> None:
    """A pause does not wait for the end of an analysis."""
    music = tmp_path / "music"
    music.mkdir()
    shutil.copy(long_files / "0.mp3", music)
    with running_daemon(
        segued, music, flavoring=flavoring_config("essentia", more=FULL)
    ) as daemon:
        daemon.wait_for(lambda status: status["files_done"] == 1 and status["workers"])
        paused = daemon.client.request("POST", "/api/import/pause/current", {})
        assert paused["state"] == "PAUSED"
        daemon.wait_for(lambda status: not status["workers"])
        assert "essentia" not in stored_outputs(segued)

        daemon.client.request("POST", "/api/import/resume/current", {})

        daemon.wait_for(lambda status: status["files_analysed"] == 1)
        assert stored_outputs(segued)["essentia"] == 1


def hour_from_now(ahead: int) -> str:
    """Return an hour of the day, in half past, that starts `ahead` hours from now."""
    hour = (time.localtime().tm_hour + ahead) % 24
    return f"{hour:02}:30-{(hour + 1) % 24:02}:30"


def test_analysis_waits_for_active_hours(music: Path, segued: SeguedRunner) -> None:
    """Outside the active hours files are imported only; inside they are analyzed."""
    by_night = flavoring_config("essentia", more=f'hours = "{hour_from_now(8)}"')
    by_day = flavoring_config("essentia", more='hours = "00:00-00:00"')

    first = segued.import_folders(music, options=analysis_options(segued, by_night))
    assert first.code == 0
    assert first.json["files"] == {"INGEST COMPLETE": 2}
    assert first.json["deferred"]["idle"] == 2
    assert stored_outputs(segued) == {}

    second = segued.import_folders(music, options=analysis_options(segued, by_day))

    assert "idle" not in second.json["deferred"]
    assert stored_outputs(segued) == {"essentia": 2}


@pytest.fixture(name="two_songs")
def _two_songs(music: Path, segued: SeguedRunner) -> Iterator[sqlite3.Connection]:
    """A library with two songs and their flavors, open for changes."""
    tag(music / "noname.mp3", {"title": "Other", "artist": "Nobody"})
    imported = segued.import_folders(
        music, options=analysis_options(segued, flavoring_config("essentia"))
    )
    assert imported.code == 0
    with closing(sqlite3.connect(segued.database)) as library:
        library.execute("PRAGMA foreign_keys = ON")
        yield library


def test_flavor_of_several_songs_is_weighted_by_length(
    music: Path, segued: SeguedRunner, two_songs: sqlite3.Connection
) -> None:
    """The weighted shares sum to 1."""
    flavors = {
        title: json.loads(flavor)["characteristics"]
        for title, flavor in two_songs.execute("SELECT title, flavor FROM songs")
    }
    ids = dict(two_songs.execute("SELECT title, id FROM songs").fetchall())
    ((passage, file),) = two_songs.execute(
        "SELECT passage_id, file_id FROM library_passages WHERE title = 'Song'"
    ).fetchall()
    two_songs.execute(
        "UPDATE passage_songs SET length_ticks = 3 WHERE passage_id = ?", [passage]
    )
    two_songs.execute(
        "INSERT INTO passage_songs VALUES (?, ?, 1)", [passage, ids["Other"]]
    )
    two_songs.execute("DELETE FROM checkpoints WHERE file_id = ? AND phase > 8", [file])
    two_songs.execute("UPDATE files SET status = 'PENDING' WHERE id = ?", [file])
    two_songs.commit()

    imported = segued.import_folders(
        music, options=analysis_options(segued, flavoring_config("essentia"))
    )
    assert imported.code == 0

    (row,) = passages_of(segued.database, "song.opus")
    characteristics = json.loads(row["flavor"])["characteristics"]
    assert row["flavor_source"] == "essentia"
    for name, shares in characteristics.items():
        for each, share in shares.items():
            expected = (
                3 * flavors["Song"][name][each] + flavors["Other"][name][each]
            ) / 4
            assert share == pytest.approx(expected, abs=1e-5)
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)


def test_failed_passage_is_not_retried_forever(
    music: Path, segued: SeguedRunner
) -> None:
    """A passage without a decision: the failure is stored, and only retry repeats."""
    by_night = flavoring_config("essentia", more=f'hours = "{hour_from_now(8)}"')
    assert (
        segued.import_folders(music, options=analysis_options(segued, by_night)).code
        == 0
    )
    with closing(sqlite3.connect(segued.database)) as library:
        library.execute(
            "INSERT INTO passages (id, file_id, ordinal, start_ticks, end_ticks,"
            " confidence, score, status) SELECT 'stray', id, 2, 0, 9, 'None', 0.0,"
            " 'PENDING' FROM files WHERE path_text LIKE '%noname%'"
        )
        library.commit()

    first = segued.import_folders(
        music, options=analysis_options(segued, flavoring_config("essentia"))
    )
    second = segued.import_folders(
        music, options=analysis_options(segued, flavoring_config("essentia"))
    )

    assert stored_outputs(segued) == {"essentia": 1}
    for ran in (first, second):
        assert ran.json["files"] == {"INGEST COMPLETE": 2}
        assert "idle" not in ran.json["deferred"]
        assert [each["code"] for each in ran.json["warnings"]] == ["flavor"]
    rows = passages_of(segued.database, "noname.mp3")
    assert all("phase 9 failed" in row["flavor_failure"] for row in rows)


def test_disk_error_is_reported_as_such(music: Path, segued: SeguedRunner) -> None:
    """The file cannot be read, although its folder can."""
    by_night = flavoring_config("essentia", more=f'hours = "{hour_from_now(8)}"')
    assert (
        segued.import_folders(music, options=analysis_options(segued, by_night)).code
        == 0
    )
    (music / "song.opus").unlink()
    inject = ("-P", str(music / "noname.mp3"), "-e", "inject=read,pread64:error=EIO")
    strace = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=read,pread64")
    database = ("--database", str(segued.database))
    command = segued.command(
        "import",
        *database,
        *analysis_options(segued, flavoring_config("essentia")),
        str(music),
    )

    subprocess.run(
        (*strace, *inject, *command),
        env=segued.environment(),
        capture_output=True,
        check=False,
    )

    (row,) = passages_of(segued.database, "noname.mp3")
    assert "Input/output error" in row["flavor_failure"]
    assert files_by_name(segued.database)["noname.mp3"]["status"] == "INGEST COMPLETE"


def test_cancelled_analysis_leaves_a_complete_import(
    segued: SeguedRunner, long_files: Path
) -> None:
    """Exit code and session report a completed import."""
    database = ("--database", str(segued.database))
    flavoring = analysis_options(segued, flavoring_config("essentia", more=FULL))
    command = segued.command("import", "--json", *database, *flavoring, str(long_files))
    with subprocess.Popen(
        command,
        env=segued.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until and not has_stored_outputs(segued):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=WAIT_SECONDS)

    assert process.returncode == 0
    summary = json.loads(output)
    assert summary["state"] == "COMPLETED"
    assert summary["files"] == {"INGEST COMPLETE": 3}
    assert summary["deferred"]["idle"] > 0


def has_stored_outputs(segued: SeguedRunner) -> bool:
    """Return whether any result is stored; the library may not exist yet."""
    try:
        return bool(stored_outputs(segued))
    except sqlite3.Error:
        return False
