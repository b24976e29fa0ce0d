"""Recovery from interruptions: copies, unplugged disks, Ctrl-C, locks."""

import json
import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sample_library import encode, song, tag

from tests.end_to_end.library_queries import dump_library, files_by_name, passages_of
from tests.end_to_end.segued_runner import (
    DEBUG_CONFIG,
    QUICK_CONFIG,
    SeguedRunner,
    interrupt,
)
from tests.limits import WAIT_SECONDS

RATE = 44_100


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """Four songs of 3 s each."""
    music = tmp_path / "music"
    music.mkdir()
    for seed, name in enumerate(("a", "b", "c", "d")):
        encode(music / f"{name}.mp3", song(seed, 3.0), RATE, "mp3")
        tag(music / f"{name}.mp3", {"title": name, "artist": "Somebody"})
    return music


def statuses_by_name(segued: SeguedRunner) -> dict[str, str]:
    """Return the status of every file, by name."""
    return {name: row["status"] for name, row in files_by_name(segued.database).items()}


def wait_for_event(process: subprocess.Popen[bytes], event: str, phase: int) -> None:
    """Read the log of a process until this event of this phase."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(b"{"):
            entry = json.loads(line)
            if entry["event"] == event and entry.get("phase") == phase:
                return
    raise AssertionError(event)


def wait_until_open(process: subprocess.Popen[bytes], path: Path) -> None:
    """Wait until a process has opened a file."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                if descriptor.readlink() == path:
                    return
        time.sleep(0.02)
    raise TimeoutError(path)


def test_a_duplicate_that_is_renamed_stays_one(
    segued: SeguedRunner, music: Path
) -> None:
    """The link with its original stays, also when the original is renamed."""
    shutil.copy(music / "a.mp3", music / "copy.mp3")
    segued.import_folders(music)
    before = files_by_name(segued.database)

    (music / "copy.mp3").rename(music / "renamed.mp3")
    first = segued.import_folders(music)
    (music / "a.mp3").rename(music / "z.mp3")
    second = segued.import_folders(music)

    after = files_by_name(segued.database)
    assert (first.code, second.code) == (0, 0)
    assert len(after) == 5
    assert after["renamed.mp3"]["file_id"] == before["copy.mp3"]["file_id"]
    assert after["z.mp3"]["file_id"] == before["a.mp3"]["file_id"]
    assert {"DUPLICATE HASH", "INGEST COMPLETE"} == set(
        statuses_by_name(segued).values()
    )
    one, other = after["z.mp3"], after["renamed.mp3"]
    assert json.loads(one["matching_hashes"]) == [other["file_id"]]
    assert json.loads(other["matching_hashes"]) == [one["file_id"]]


def test_copies_that_come_and_go_are_imported_once(
    segued: SeguedRunner, music: Path
) -> None:
    """Removed and restored in turn: one is complete, one a duplicate."""
    shutil.copy(music / "a.mp3", music / "copy.mp3")
    away = music.parent / "away"
    away.mkdir()
    segued.import_folders(music)

    for gone in (("copy.mp3",), ("copy.mp3", "a.mp3"), ("a.mp3",), ()):
        for name in ("a.mp3", "copy.mp3"):
            here, elsewhere = music / name, away / name
            if name in gone and here.exists():
                here.rename(elsewhere)
            elif name not in gone and elsewhere.exists():
                elsewhere.rename(here)
        assert segued.import_folders(music).code == 0

    rows = files_by_name(segued.database).values()
    both = sorted(
        row["status"] for row in rows if Path(row["path"]).name in ("a.mp3", "copy.mp3")
    )
    assert both == ["DUPLICATE HASH", "INGEST COMPLETE"]


def test_reverted_rule_change_leaves_nothing_pending(
    segued: SeguedRunner, music: Path
) -> None:
    """No file stays PENDING: the library is as before."""
    segued.import_folders(music)
    before = dump_library(segued.database)
    longer = QUICK_CONFIG + "[settings]\nlead_in_threshold_dB = 20\n"
    config = segued.write_config(longer.replace(QUICK_CONFIG, DEBUG_CONFIG))

    with segued.start_import(music, options=["--config", config]) as process:
        wait_for_event(process, "phase.started", 1)
        interrupt(process)
        process.wait(WAIT_SECONDS)
    back = segued.import_folders(music)

    assert back.code == 0
    assert set(statuses_by_name(segued).values()) == {"INGEST COMPLETE"}
    assert dump_library(segued.database) == before


def test_replaced_file_inherits_nothing(segued: SeguedRunner, music: Path) -> None:
    """Neither tags of another recording, nor passages of the old content."""
    segued.import_folders(music)
    encode(music / "a.mp3", song(50, 4.0), RATE, "mp3")
    (music / "b.mp3").write_text("shopping list" * 200)
    shutil.copy(music / "d.mp3", music / "c.mp3")

    segued.import_folders(music)

    (a,) = passages_of(segued.database, "a.mp3")
    assert (a["title"], a["artist"], a["confidence"]) == ("a", None, "None")
    assert statuses_by_name(segued)["b.mp3"] == "FAILED"
    assert passages_of(segued.database, "b.mp3") == []
    assert files_by_name(segued.database)["b.mp3"]["duration_ticks"] is None
    assert sorted(
        (statuses_by_name(segued)["c.mp3"], statuses_by_name(segued)["d.mp3"])
    ) == [
        "DUPLICATE HASH",
        "INGEST COMPLETE",
    ]


def test_sample_rate_is_part_of_the_audio_hash(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """The sample rate in the header is part of the audio hash."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "fast.wav", song(1, 4.0), RATE, "pcm")
    slow = bytearray((music / "fast.wav").read_bytes())
    offset = slow.index(b"fmt ") + 12
    slow[offset : offset + 4] = (RATE // 2).to_bytes(4, "little")
    (music / "slow.wav").write_bytes(slow)

    segued.import_folders(music, options=["--workers", "1"])

    files = files_by_name(segued.database)
    assert files["fast.wav"]["audio_hash"] != files["slow.wav"]["audio_hash"]
    assert (
        files["slow.wav"]["duration_ticks"] == 2 * files["fast.wav"]["duration_ticks"]
    )


def test_unmounted_disk_loses_no_file(segued: SeguedRunner, tmp_path: Path) -> None:
    """The other files stay PENDING, exit code 1; with the disk back they follow."""
    music = tmp_path / "music"
    music.mkdir()
    for seed in range(12):
        encode(music / f"{seed:02}.mp3", song(seed, 5.0), RATE, "mp3")

    with segued.start_import(music, options=["--workers", "1"]) as process:
        wait_for_event(process, "phase.saved", 4)
        music.rename(tmp_path / "unplugged")
        music.mkdir()
        assert process.stderr is not None
        log = process.stderr.read()
        code = process.wait(WAIT_SECONDS)
    middle = set(statuses_by_name(segued).values())
    music.rmdir()
    (tmp_path / "unplugged").rename(music)
    back = segued.import_folders(music)

    assert code == 1
    assert b"its disk went away" in log
    assert middle == {"INGEST COMPLETE", "PENDING"}
    assert back.json["files"] == {"INGEST COMPLETE": 12}
    assert back.code == 0


def test_a_folder_without_search_permission_loses_nothing(
    segued: SeguedRunner, music: Path
) -> None:
    """It can be listed but not searched: the state of its files is unknown."""
    deep = music / "deep"
    deep.mkdir()
    (music / "a.mp3").rename(deep / "a.mp3")
    segued.import_folders(music)
    deep.chmod(0o444)

    dropped = "-dac_override,-dac_read_search"
    setpriv = ("setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}")
    options = (
        "--database",
        segued.database,
        "--config",
        segued.write_config(QUICK_CONFIG),
    )
    ran = subprocess.run(
        (*setpriv, *segued.command("import", *options, music)),
        env=segued.environment(),
        capture_output=True,
        check=False,
    )
    deep.chmod(0o755)

    assert ran.returncode == 1
    assert b"deep: cannot be scanned: permission denied" in ran.stderr
    assert statuses_by_name(segued)["a.mp3"] == "INGEST COMPLETE"


def test_times_out_of_range_are_times(segued: SeguedRunner, music: Path) -> None:
    """Modification times before 1970 and after 2262; unchanged at the next import."""
    os.utime(music / "a.mp3", (-86_400, -86_400))
    os.utime(music / "b.mp3", (10_413_792_000, 10_413_792_000))

    first = segued.import_folders(music)
    second = segued.import_folders(music)

    assert first.json["files"] == {"INGEST COMPLETE": 4}
    assert second.json["work"]["1"] == {}


def test_foreign_spool_folder_is_not_cleared(segued: SeguedRunner, music: Path) -> None:
    """A folder named `spool` beside the library is not segued's."""
    foreign = segued.home / "spool" / "mail"
    foreign.mkdir(parents=True)
    (foreign / "letter").write_text("dear")
    stale = segued.home / "library.db.spool" / "segued-flavor-left"
    stale.mkdir(parents=True)

    segued.import_folders(music)

    assert (foreign / "letter").read_text() == "dear"
    assert not stale.exists()


@pytest.mark.parametrize("times", [1, 2, 5])
def test_ctrl_c_however_often(segued: SeguedRunner, sample: Path, times: int) -> None:
    """One message, one exit code and one JSON document, after any number of SIGINTs."""
    options = (
        "--database",
        segued.database,
        "--config",
        segued.write_config(DEBUG_CONFIG),
    )
    with subprocess.Popen(
        segued.command("import", "--json", *options, sample),
        env=segued.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        wait_for_event(process, "phase.started", 4)
        for _ in range(times):
            interrupt(process)
        out, err = process.communicate(timeout=WAIT_SECONDS)

    assert process.returncode == 130
    assert b"Traceback" not in err
    assert err.count(b"Cancelled.") == 1
    assert json.loads(out)["state"] == "CANCELLED"


def test_ctrl_c_while_the_library_is_locked(segued: SeguedRunner, music: Path) -> None:
    """Ctrl-C does not wait for the lock."""
    segued.import_folders(music)
    # Whoever waits for the lock waits longer than this test.
    patient = segued.write_config(QUICK_CONFIG + "[store]\nbusy_seconds = 600.0\n")
    with closing(sqlite3.connect(segued.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with segued.start_import(music, options=["--config", patient]) as process:
            wait_until_open(process, segued.home / "library.db-wal")
            interrupt(process)
            _, err = process.communicate(timeout=WAIT_SECONDS)

    assert process.returncode == 130
    assert b"Traceback" not in err
    assert b"Cancelled. The same command continues from here." in err


def test_json_output_on_every_error(
    segued: SeguedRunner, music: Path, tmp_path: Path
) -> None:
    """One JSON document, with an error code and a message."""
    segued.database.parent.mkdir(exist_ok=True)
    segued.database.write_text("shopping list" * 100)

    foreign = segued.import_folders(music)
    missing = segued.import_folders(tmp_path / "nowhere")

    assert (foreign.code, missing.code) == (3, 2)
    assert foreign.json["error"]["code"] == "store-corrupt"
    assert "there is no such folder" in missing.json["error"]["detail"]
