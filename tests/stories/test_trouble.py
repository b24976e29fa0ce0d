"""Trouble that ends well: what people and disks do in the middle of things."""

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from sample_library import encode, song, tag

from tests.stories.dump import dump, files, passages
from tests.stories.program import DEBUG, QUICK, Segued, interrupt

RATE = 44_100


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """Four songs, short enough to be imported in no time."""
    music = tmp_path / "music"
    music.mkdir()
    for seed, name in enumerate(("a", "b", "c", "d")):
        encode(music / f"{name}.mp3", song(seed, 3.0), RATE, "mp3")
        tag(music / f"{name}.mp3", {"title": name, "artist": "Somebody"})
    return music


def statuses(segued: Segued) -> dict[str, str]:
    """Return the status of every file, by name."""
    return {name: row["status"] for name, row in files(segued.database).items()}


def wait_for(process: subprocess.Popen[bytes], event: str, phase: int) -> None:
    """Read what a process logs until a phase comes to something."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(b"{"):
            said = json.loads(line)
            if said["event"] == event and said.get("phase") == phase:
                return
    raise AssertionError(event)


def test_a_duplicate_that_is_renamed_stays_one(segued: Segued, music: Path) -> None:
    """And stays linked with its original, whichever of the two moves."""
    shutil.copy(music / "a.mp3", music / "copy.mp3")
    segued.imported(music)
    before = files(segued.database)

    (music / "copy.mp3").rename(music / "renamed.mp3")
    first = segued.imported(music)
    (music / "a.mp3").rename(music / "z.mp3")
    second = segued.imported(music)

    after = files(segued.database)
    assert (first.code, second.code) == (0, 0)
    assert len(after) == 5
    assert after["renamed.mp3"]["file_id"] == before["copy.mp3"]["file_id"]
    assert after["z.mp3"]["file_id"] == before["a.mp3"]["file_id"]
    assert {"DUPLICATE HASH", "INGEST COMPLETE"} == set(statuses(segued).values())
    one, other = after["z.mp3"], after["renamed.mp3"]
    assert json.loads(one["matching_hashes"]) == [other["file_id"]]
    assert json.loads(other["matching_hashes"]) == [one["file_id"]]


def test_copies_that_come_and_go_are_imported_once(segued: Segued, music: Path) -> None:
    """Away in turn and back in turn: one complete, one duplicate."""
    shutil.copy(music / "a.mp3", music / "copy.mp3")
    away = music.parent / "away"
    away.mkdir()
    segued.imported(music)

    for gone in (("copy.mp3",), ("copy.mp3", "a.mp3"), ("a.mp3",), ()):
        for name in ("a.mp3", "copy.mp3"):
            here, there = music / name, away / name
            if name in gone and here.exists():
                here.rename(there)
            elif name not in gone and there.exists():
                there.rename(here)
        assert segued.imported(music).code == 0

    kept = files(segued.database).values()
    both = sorted(
        row["status"] for row in kept if Path(row["path"]).name in ("a.mp3", "copy.mp3")
    )
    assert both == ["DUPLICATE HASH", "INGEST COMPLETE"]


def test_a_change_of_rules_that_is_cancelled_and_taken_back(
    segued: Segued, music: Path
) -> None:
    """Nothing waits for ever: the library is what it was."""
    segued.imported(music)
    before = dump(segued.database)
    longer = QUICK + "[settings]\nlead_in_threshold_dB = 20\n"
    config = segued.config(longer.replace(QUICK, DEBUG))

    with segued.importing(music, options=["--config", config]) as process:
        wait_for(process, "phase.started", 1)
        interrupt(process)
        process.wait(5)
    back = segued.imported(music)

    assert back.code == 0
    assert set(statuses(segued).values()) == {"INGEST COMPLETE"}
    assert dump(segued.database) == before


def test_new_bytes_take_nothing_over(segued: Segued, music: Path) -> None:
    """Neither tags of another recording, nor passages of what is gone."""
    segued.imported(music)
    encode(music / "a.mp3", song(50, 4.0), RATE, "mp3")
    (music / "b.mp3").write_text("shopping list" * 200)
    shutil.copy(music / "d.mp3", music / "c.mp3")

    segued.imported(music)

    (a,) = passages(segued.database, "a.mp3")
    assert (a["title"], a["artist"], a["confidence"]) == ("a", None, "None")
    assert statuses(segued)["b.mp3"] == "FAILED"
    assert [p["status"] for p in passages(segued.database, "b.mp3")] == ["PENDING"]
    assert files(segued.database)["b.mp3"]["duration_ticks"] is None
    assert sorted((statuses(segued)["c.mp3"], statuses(segued)["d.mp3"])) == [
        "DUPLICATE HASH",
        "INGEST COMPLETE",
    ]


def test_the_same_samples_at_another_rate_are_another_sound(
    segued: Segued, tmp_path: Path
) -> None:
    """What a header says of the samples is a part of the audio."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "fast.wav", song(1, 4.0), RATE, "pcm")
    slow = bytearray((music / "fast.wav").read_bytes())
    place = slow.index(b"fmt ") + 12
    slow[place : place + 4] = (RATE // 2).to_bytes(4, "little")
    (music / "slow.wav").write_bytes(slow)

    segued.imported(music, options=["--workers", "1"])

    found = files(segued.database)
    assert found["fast.wav"]["audio_hash"] != found["slow.wav"]["audio_hash"]
    assert (
        found["slow.wav"]["duration_ticks"] == 2 * found["fast.wav"]["duration_ticks"]
    )


def test_a_disk_that_goes_away_takes_no_file_with_it(
    segued: Segued, tmp_path: Path
) -> None:
    """What is left waits, exit code 1; with the disk back it goes on."""
    music = tmp_path / "music"
    music.mkdir()
    for seed in range(12):
        encode(music / f"{seed:02}.mp3", song(seed, 5.0), RATE, "mp3")

    with segued.importing(music, options=["--workers", "1"]) as process:
        wait_for(process, "phase.saved", 4)
        music.rename(tmp_path / "unplugged")
        music.mkdir()
        assert process.stderr is not None
        said = process.stderr.read()
        code = process.wait(30)
    middle = set(statuses(segued).values())
    music.rmdir()
    (tmp_path / "unplugged").rename(music)
    back = segued.imported(music)

    assert code == 1
    assert b"its disk went away" in said
    assert middle == {"INGEST COMPLETE", "PENDING"}
    assert back.json["files"] == {"INGEST COMPLETE": 12}
    assert back.code == 0


def test_a_folder_without_search_permission_loses_nothing(
    segued: Segued, music: Path
) -> None:
    """It can be listed, but what is in it cannot be seen: that is unknown."""
    deep = music / "deep"
    deep.mkdir()
    (music / "a.mp3").rename(deep / "a.mp3")
    segued.imported(music)
    deep.chmod(0o444)

    without = "-dac_override,-dac_read_search"
    less = ("setpriv", f"--bounding-set={without}", f"--inh-caps={without}")
    where = ("--database", segued.database, "--config", segued.config(QUICK))
    ran = subprocess.run(
        (*less, *segued.command("import", *where, music)),
        env=segued.environment(),
        capture_output=True,
        check=False,
    )
    deep.chmod(0o755)

    assert ran.returncode == 1
    assert b"deep: not looked into: permission denied" in ran.stderr
    assert statuses(segued)["a.mp3"] == "INGEST COMPLETE"


def test_times_out_of_range_are_times(segued: Segued, music: Path) -> None:
    """Before 1970 and after 2262: imported, and unchanged the next time."""
    os.utime(music / "a.mp3", (-86_400, -86_400))
    os.utime(music / "b.mp3", (10_413_792_000, 10_413_792_000))

    first = segued.imported(music)
    second = segued.imported(music)

    assert first.json["files"] == {"INGEST COMPLETE": 4}
    assert second.json["counters"]["1"] == {}


def test_other_peoples_folders_are_left_alone(segued: Segued, music: Path) -> None:
    """What is called spool beside the library is not ours to clear."""
    theirs = segued.home / "spool" / "mail"
    theirs.mkdir(parents=True)
    (theirs / "letter").write_text("dear")
    ours = segued.home / "library.db.spool" / "segued-flavor-left"
    ours.mkdir(parents=True)

    segued.imported(music)

    assert (theirs / "letter").read_text() == "dear"
    assert not ours.exists()


@pytest.mark.parametrize("times", [1, 2, 5])
def test_ctrl_c_however_often(segued: Segued, sample: Path, times: int) -> None:
    """One sentence and one exit code, and one JSON document if asked for."""
    where = ("--database", segued.database, "--config", segued.config(DEBUG))
    with subprocess.Popen(
        segued.command("import", "--json", *where, sample),
        env=segued.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        wait_for(process, "phase.started", 4)
        for _ in range(times):
            interrupt(process)
        out, err = process.communicate(timeout=3)

    assert process.returncode == 130
    assert b"Traceback" not in err
    assert err.count(b"Cancelled.") == 1
    assert json.loads(out)["state"] == "CANCELLED"


def test_ctrl_c_while_another_program_holds_the_library(
    segued: Segued, music: Path
) -> None:
    """Nobody waits for the other program; nothing is lost."""
    segued.imported(music)
    with closing(sqlite3.connect(segued.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with segued.importing(music) as process:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1.5)
            interrupt(process)
            _, err = process.communicate(timeout=3)

    assert process.returncode == 130
    assert b"Traceback" not in err
    assert b"Cancelled. The same command goes on from here." in err


def test_programs_get_json_also_when_nothing_works(
    segued: Segued, music: Path, tmp_path: Path
) -> None:
    """One document, with a code and a sentence."""
    segued.database.parent.mkdir(exist_ok=True)
    segued.database.write_text("shopping list" * 100)

    foreign = segued.imported(music)
    missing = segued.imported(tmp_path / "nowhere")

    assert (foreign.code, missing.code) == (3, 2)
    assert foreign.json["error"]["code"] == "store-corrupt"
    assert "there is no such folder" in missing.json["error"]["detail"]
