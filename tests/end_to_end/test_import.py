"""The one-shot import of a folder, with real audio."""

import json
import os
import shlex
import shutil
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from segued.units import TICKS_PER_SECOND
from tests.audio import fpcalc, length_by_ffmpeg
from tests.end_to_end.library_queries import dump_library, files_by_name, passages_of
from tests.end_to_end.running_daemon import write_noise_wav
from tests.end_to_end.segued_runner import (
    DEBUG_CONFIG,
    QUICK_CONFIG,
    SeguedRunner,
    interrupt,
)
from tests.limits import WAIT_SECONDS


@pytest.fixture(name="imported", scope="module")
def _imported(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> SeguedRunner:
    """The sample music, imported once for the tests that only read."""
    segued = SeguedRunner(tmp_path_factory.mktemp("imported"))
    assert segued.import_folders(sample).code == 1
    return segued


def test_every_file_gets_a_final_status(imported: SeguedRunner) -> None:
    """Good files are complete; copies, silence and other data have their status."""
    files = files_by_name(imported.database)
    statuses = {name: row["status"] for name, row in files.items()}

    assert statuses == {
        "01 - First Light.mp3": "INGEST COMPLETE",
        "02 - Salt and Rope.mp3": "INGEST COMPLETE",
        "03 - Undertow.mp3": "INGEST COMPLETE",
        "04 - The Last Ferry.mp3": "INGEST COMPLETE",
        "The Lanterns - Night Bus.ogg": "INGEST COMPLETE",
        "The Lanterns - Glasshouse.opus": "INGEST COMPLETE",
        "The Lanterns - Copper Wire.m4a": "INGEST COMPLETE",
        "The Lanterns - Lossless Heart.m4a": "INGEST COMPLETE",
        "The Lanterns - Plain Speech.wav": "INGEST COMPLETE",
        "track.mp3": "INGEST COMPLETE",
        "Side A.flac": "INGEST COMPLETE",
        "Side B.flac": "INGEST COMPLETE",
        "cut short.flac": "INGEST COMPLETE",
        "Caf\ufffd - Chanson.mp3": "INGEST COMPLETE",
        "silence.flac": "NO AUDIO",
        "not music.mp3": "FAILED",
        # The copy comes first in path order, so it is the one imported.
        "01 - First Light (copy).mp3": "INGEST COMPLETE",
    } | {"01 - First Light.mp3": "DUPLICATE HASH"}
    assert files["not music.mp3"]["failure_code"] == "not-audio"
    assert files["cut short.flac"]["failure_code"] == "truncated"


def test_copies_are_linked_both_ways(imported: SeguedRunner) -> None:
    """Each row has the other's id; a retagged copy has only the same audio hash."""
    files = files_by_name(imported.database)
    first = files["01 - First Light.mp3"]
    copy = files["01 - First Light (copy).mp3"]

    assert json.loads(first["matching_hashes"]) == [copy["file_id"]]
    assert json.loads(copy["matching_hashes"]) == [first["file_id"]]
    ferry, retagged = files["04 - The Last Ferry.mp3"], files["track.mp3"]
    assert ferry["audio_hash"] == retagged["audio_hash"]
    assert ferry["content_hash"] != retagged["content_hash"]
    assert json.loads(retagged["matching_hashes"]) == []


def test_the_same_match_again_leaves_what_follows_from_it(
    imported: SeguedRunner, tmp_path: Path
) -> None:
    """Row for row; after the match, only the phase that ends a file runs again."""
    again = SeguedRunner(tmp_path)
    again.database.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(imported.database, again.database)

    config = again.write_config(DEBUG_CONFIG)
    paths = ("--database", str(again.database), "--config", config)
    result = again.run("rematch", *paths)

    assert result.code in (0, 1), result.err
    lines = [line for line in result.err.splitlines() if line.startswith("{")]
    started = Counter(
        event["phase"]
        for event in map(json.loads, lines)
        if event["event"] == "phase.started"
    )
    assert started.keys() == {1, 6, 10}
    assert started[6] == started[10] > 10
    assert dump_library(again.database) == dump_library(imported.database)


def test_lengths_are_those_that_ffmpeg_decodes(
    sample: Path, imported: SeguedRunner
) -> None:
    """For each format, and for a truncated file."""
    files = files_by_name(imported.database)
    for path in sorted(sample.rglob("*.*")):
        row = files.get(os.fsencode(path.name).decode("utf-8", "replace"))
        if row is None or row["duration_ticks"] is None:
            continue
        frames = row["duration_ticks"] * row["sample_rate"] // TICKS_PER_SECOND
        assert abs(frames - length_by_ffmpeg(path)) <= 1_200, path


def test_fingerprints_are_those_that_fpcalc_prints(
    sample: Path, imported: SeguedRunner
) -> None:
    """Exactly, for a lossless file with one song."""
    path = next(sample.rglob("*Plain Speech.wav"))

    (passage,) = passages_of(imported.database, path.name)

    assert passage["fingerprint"] == fpcalc(path)


def test_a_song_is_one_passage_with_its_names(imported: SeguedRunner) -> None:
    """From the first frame to the last, named by tags alone: confidence Low."""
    row = files_by_name(imported.database)["02 - Salt and Rope.mp3"]

    (passage,) = passages_of(imported.database, "02 - Salt and Rope.mp3")

    assert (passage["start_ticks"], passage["end_ticks"]) == (0, row["duration_ticks"])
    assert passage["title"] == "Salt and Rope"
    assert passage["artist"] == "Marram"
    assert passage["album"] == "Harbour Lights"
    assert (passage["confidence"], passage["status"]) == ("Low", "INGEST COMPLETE")
    assert passage["recording_mbid"] is None
    # The song starts at once, and fades out over its last 1.5 s.
    assert passage["lead_in_ticks"] == 0
    tail = passage["end_ticks"] - passage["lead_out_ticks"]
    assert 0 < tail < 2 * TICKS_PER_SECOND


def test_an_album_side_is_cut(imported: SeguedRunner) -> None:
    """At the CUE sheet's marks, exactly; without one at silences, without titles."""
    by_sheet = passages_of(imported.database, "Side A.flac")
    by_silence = passages_of(imported.database, "Side B.flac")

    assert [each["title"] for each in by_sheet] == ["Kettle", "Lino", "Back Door"]
    starts = [each["start_ticks"] for each in by_sheet]
    assert starts == [n * 25 * TICKS_PER_SECOND for n in range(3)]
    assert by_sheet[0]["end_ticks"] == 22 * TICKS_PER_SECOND
    assert [each["title"] for each in by_silence] == [None] * 3
    for number, each in enumerate(by_silence):
        assert abs(each["start_ticks"] / TICKS_PER_SECOND - 25 * number) < 1
        assert abs(each["end_ticks"] / TICKS_PER_SECOND - 25 * number - 22) < 1
        assert each["fingerprint"]


def test_a_second_run_does_nothing(sample: Path, imported: SeguedRunner) -> None:
    """No file is hashed or decoded; the failed one is still listed."""
    before = dump_library(imported.database)

    ran = imported.import_folders(sample)

    assert ran.code == 1
    assert ran.json["files_done"] == ran.json["files_total"] == 17
    assert ran.json["work"]["1"] == {}
    assert dump_library(imported.database) == before


def test_summary_lists_problems(sample: Path, imported: SeguedRunner) -> None:
    """As text, with every failed file, its code and the reason."""
    paths = (
        "--database",
        imported.database,
        "--config",
        imported.write_config(QUICK_CONFIG),
    )
    ran = imported.run("import", *paths, sample)

    assert "17 files" in ran.out
    assert "not-audio" in ran.out
    assert "not music.mp3: " in ran.out
    assert "14 complete, 1 duplicate, 1 without audio, 1 failed" in ran.out
    assert str(imported.database) in ran.out
    hint = next(line for line in ran.out.splitlines() if "To list" in line)
    listing = subprocess.run(
        shlex.split(hint.partition(":")[2].partition("[")[0]),
        check=True,
        env=imported.environment(),
        capture_output=True,
    )
    assert b"Salt and Rope" in listing.stdout


def test_library_command_lists_the_library(imported: SeguedRunner) -> None:
    """As tables and as JSON lines, without a daemon."""
    database = ("--database", imported.database)

    table = imported.run("library", "passages", *database)
    lines = imported.run("library", "files", "--json", *database)
    failures = imported.run("library", "failures", *database)

    assert "Salt and Rope" in table.out
    rows = [json.loads(line) for line in lines.out.splitlines()]
    assert len(rows) == 17
    assert {"file_id", "path_bytes", "matching_hashes"} <= rows[0].keys()
    assert "not-audio" in failures.out
    assert table.code == lines.code == failures.code == 0


def test_the_number_of_workers_changes_nothing(sample: Path, tmp_path: Path) -> None:
    """One worker and four give the same library."""
    one, four = SeguedRunner(tmp_path / "one"), SeguedRunner(tmp_path / "four")
    one.import_folders(sample, options=["--workers", "1"])
    four.import_folders(sample, options=["--workers", "4"])

    assert dump_library(one.database) == dump_library(four.database)


def test_music_files_are_never_modified(
    sample: Path, segued: SeguedRunner, tmp_path: Path
) -> None:
    """Nothing in the folder is opened for writing, created, moved or deleted."""
    music = tmp_path / "music"
    shutil.copytree(sample, music)
    trace = tmp_path / "trace"
    before = _stats(music)
    paths = (
        "--database",
        segued.database,
        "--config",
        segued.write_config(QUICK_CONFIG),
    )
    command = ("strace", "-f", "-qq", "-y", "-o", str(trace), "-e")
    calls = "trace=open,openat,openat2,creat,rename,renameat,renameat2,unlink,unlinkat"
    calls += ",mkdir,mkdirat,chmod,fchmodat,chown,fchownat,truncate,utimensat,link"

    subprocess.run(
        (
            *command,
            calls,
            *segued.command("import", *paths, music),
        ),
        check=False,
        env=segued.environment(),
        capture_output=True,
    )

    touching = [line for line in trace.read_text().splitlines() if str(music) in line]
    writing = [
        line
        for line in touching
        if "resumed>" not in line  # the call's arguments are on an earlier line
        and not ("open" in line and "O_RDONLY" in line and "O_CREAT" not in line)
    ]
    assert touching
    assert writing == []
    assert _stats(music) == before


def _stats(folder: Path) -> dict[str, tuple[int, int, int]]:
    stats = {}
    for path in folder.rglob("*"):
        stat = path.lstat()
        stats[os.fsencode(path).hex()] = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
    return stats


def test_new_tags_are_read_without_decoding(
    sample: Path, segued: SeguedRunner, tmp_path: Path
) -> None:
    """The audio hash is the same, so the ids of file and passage stay."""
    from sample_library import tag  # noqa: PLC0415

    music = tmp_path / "music"
    shutil.copytree(sample / "Marram", music)
    segued.import_folders(music)
    before = passages_of(segued.database, "03 - Undertow.mp3")
    tag(next(music.rglob("03*")), {"title": "Overtow", "artist": "Marram"})

    ran = segued.import_folders(music)

    (after,) = passages_of(segued.database, "03 - Undertow.mp3")
    assert ran.json["work"]["4"] == {"passages": 1, "decoded": 0}
    assert after["title"] == "Overtow"
    assert after["album"] == "Harbour Lights"  # kept, although gone from the tags
    assert after["passage_id"] == before[0]["passage_id"]


def test_new_tags_with_the_old_time_are_read(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """The ctime shows them; nothing is decoded, and the file is hashed again.

    A change of the mode costs a look at the tags.
    """
    from sample_library import RATE, encode, song, tag  # noqa: PLC0415

    music = tmp_path / "music"
    music.mkdir()
    path = music / "x.flac"
    encode(path, song(1, 4.0), RATE, "flac")
    tag(path, {"title": "Celine", "artist": "A"})
    config = '[logging]\nlevel = "debug"\nformat = "json"\n'
    options = ("--config", segued.write_config(config))
    segued.import_folders(music, options=options)
    before = path.stat()

    path.chmod(0o600)
    moded = segued.import_folders(music, options=options)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Celine", b"Celena"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    hashes = [files_by_name(segued.database)["x.flac"]["content_hash"]]
    retagged = segued.import_folders(music, options=options)
    again = segued.import_folders(music, options=options)

    assert phases_in(moded.err) == [1, 10]
    assert phases_in(retagged.err) == list(range(1, 11))
    assert retagged.json["work"]["4"] == {"passages": 1, "decoded": 0}
    assert phases_in(again.err) == []
    assert passages_of(segued.database, "x.flac")[0]["title"] == "Celena"
    assert files_by_name(segued.database)["x.flac"]["content_hash"] not in hashes
    (music / "y").mkdir()
    path.rename(music / "y" / "z.flac")
    moved = segued.import_folders(music, options=options)
    assert moved.json["work"].get("4", {}).get("decoded", 0) == 0
    assert files_by_name(segued.database)["z.flac"]["status"] == "INGEST COMPLETE"


def phases_in(log: str) -> list[int]:
    """Return the numbers of the phases that ran, in order."""
    entries = [json.loads(line) for line in log.splitlines() if line[:1] == "{"]
    return [each["phase"] for each in entries if each["event"] == "phase.started"]


def test_removed_tags_are_remembered_until_forgotten(
    sample: Path, segued: SeguedRunner, tmp_path: Path
) -> None:
    """They are shown as such, and a removed recording id matches nothing any more."""
    from sample_library import tag  # noqa: PLC0415

    music = tmp_path / "music"
    music.mkdir()
    song = music / "x.mp3"
    shutil.copy(next((sample / "Marram").rglob("03*.mp3")), song)
    wrong = "0a0b0c0d-0000-4000-8000-000000000001"
    tag(song, {"title": "Right", "artist": "A", "musicbrainz_trackid": wrong})
    segued.import_folders(music)
    ((before,), tagged) = passages_of(segued.database, "x.mp3"), ("title", "artist")
    tag(song, {"artist": "B"})

    segued.import_folders(music)

    (after,) = passages_of(segued.database, "x.mp3")
    assert (before["recording_mbid"], after["recording_mbid"]) == (wrong, None)
    assert [after[name] for name in tagged] == ["Right", "B"]
    explained = segued.run("explain", "--json", "--database", segued.database, song)
    remembered = explained.json["remembered_tags"]
    assert {name: each["value"] for name, each in remembered.items()} == {
        "title": "Right",
        "recording_mbid": wrong,
    }
    assert all(each["read_at"] for each in remembered.values())
    assert files_by_name(segued.database)["x.mp3"]["remembered_tags"]

    forgot = segued.run("forget-tags", "--json", "--database", segued.database, song)

    assert forgot.json == {"forgotten": 2}
    (row,) = passages_of(segued.database, "x.mp3")
    assert (row["title"], row["artist"]) == ("x", "B")
    assert files_by_name(segued.database)["x.mp3"]["remembered_tags"] is None


def test_removed_tags_can_be_dropped(
    sample: Path, segued: SeguedRunner, tmp_path: Path
) -> None:
    """By a setting: nothing is remembered."""
    from sample_library import tag  # noqa: PLC0415

    music = tmp_path / "music"
    music.mkdir()
    song = music / "x.mp3"
    shutil.copy(next((sample / "Marram").rglob("03*.mp3")), song)
    config = segued.write_config('[importing]\nremoved_tags = "drop"\n')
    segued.import_folders(music, options=("--config", config))
    tag(song, {"artist": "B"})

    segued.import_folders(music, options=("--config", config))

    (row,) = passages_of(segued.database, "x.mp3")
    assert (row["title"], row["artist"]) == ("x", "B")
    assert files_by_name(segued.database)["x.mp3"]["remembered_tags"] is None


def sheet_of(*titles: str) -> str:
    """Return a sheet of `Side B.flac` with a track every 25 s."""
    tracks = "".join(
        f'TRACK {number + 1:02} AUDIO\nTITLE "{title}"\n'
        f"INDEX 01 00:{25 * number:02}:00\n"
        for number, title in enumerate(titles)
    )
    return f'FILE "Side B.wav" WAVE\n{tracks}'


def test_a_sheet_may_come_later(
    sample: Path, segued: SeguedRunner, tmp_path: Path
) -> None:
    """Added, changed or removed, it divides the file anew; nothing is decoded."""
    music = tmp_path / "music"
    music.mkdir()
    (music / "Side B.flac").write_bytes(next(sample.rglob("Side B.flac")).read_bytes())
    segued.import_folders(music)
    titles: list[list[object]] = []

    for text in (sheet_of("One", "Too"), sheet_of("One", "Two"), None):
        if text is None:
            (music / "The Album.CUE").unlink(missing_ok=True)
        else:
            (music / "The Album.CUE").write_text(text)
        ran = segued.import_folders(music)
        assert ran.json["work"]["2"] == {}
        assert ran.json["work"]["4"].get("decoded", 0) == 0
        passages = passages_of(segued.database, "Side B.flac")
        titles.append([each["title"] for each in passages])
    last = segued.import_folders(music)

    assert titles == [["One", "Too"], ["One", "Two"], [None] * 3]
    assert last.json["work"]["1"] == {}


def test_tracks_of_a_sheet_that_are_not_there_are_named(
    sample: Path, segued: SeguedRunner, tmp_path: Path
) -> None:
    """A broken download, or the sheet of another edition."""
    music = tmp_path / "music"
    music.mkdir()
    (music / "Side B.flac").write_bytes(next(sample.rglob("Side B.flac")).read_bytes())
    text = sheet_of("One", "Two").replace(":25:", ":30:") + "TRACK 03 AUDIO\n"
    (music / "x.cue").write_text(f'{text}TITLE "Three"\nINDEX 01 59:00:00\n')

    ran = segued.import_folders(music)

    (warning,) = ran.json["warnings"]
    assert "1 of the 3 passages" in str(warning)
    assert "3 (Three)" in str(warning)
    assert len(passages_of(segued.database, "Side B.flac")) == 2


def test_a_moved_folder_keeps_everything(
    sample: Path, segued: SeguedRunner, tmp_path: Path
) -> None:
    """Ids, passages and status: files are found by content, nothing is decoded."""
    music = tmp_path / "music"
    shutil.copytree(sample / "Marram", music / "here")
    segued.import_folders(music)
    before = files_by_name(segued.database)
    (music / "here").rename(music / "there")

    ran = segued.import_folders(music)

    after = files_by_name(segued.database)
    assert ran.code == 0
    assert ran.json["work"]["4"]["decoded"] == 0
    assert len(after) == len(before)
    for name, row in after.items():
        assert row["file_id"] == before[name]["file_id"]
        assert row["status"] == "INGEST COMPLETE"
        assert "/there/" in row["path"]


def test_renamed_file_gets_its_new_name(segued: SeguedRunner, tmp_path: Path) -> None:
    """Without tags the title is the file name; nothing is decoded again."""
    music = tmp_path / "music"
    write_noise_wav(music / "Old Name.wav", 1)
    segued.import_folders(music)
    (music / "Old Name.wav").rename(music / "New Name.wav")

    ran = segued.import_folders(music)

    assert ran.json["work"]["4"]["decoded"] == 0
    (passage,) = passages_of(segued.database, "New Name.wav")
    assert passage["title"] == "New Name"


def test_a_deleted_file_is_missing_and_comes_back(
    sample: Path, segued: SeguedRunner, tmp_path: Path
) -> None:
    """Its rows are kept; a file that comes back unchanged needs no work."""
    music = tmp_path / "music"
    shutil.copytree(sample / "Marram", music)
    segued.import_folders(music)
    song = next(music.rglob("02*"))
    away = tmp_path / "away.mp3"

    song.rename(away)
    without = segued.import_folders(music)
    status = files_by_name(segued.database)["02 - Salt and Rope.mp3"]["status"]
    passages = passages_of(segued.database, "02 - Salt and Rope.mp3")
    away.rename(song)
    restored = segued.import_folders(music)

    assert (without.code, status, len(passages)) == (0, "MISSING", 1)
    assert without.json["files_total"] == 3
    assert restored.json["work"]["1"] == {}
    row = files_by_name(segued.database)["02 - Salt and Rope.mp3"]
    assert row["status"] == "INGEST COMPLETE"


def test_more_workers_than_the_computer_uses_earn_a_warning(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """They are started all the same."""
    write_noise_wav(tmp_path / "music" / "song.wav", 1)

    imported = segued.import_folders(tmp_path / "music", options=["--workers", "999"])

    assert imported.code == 0
    assert "segued: 999 workers are more than this computer uses" in imported.err


def test_empty_folder_counts_as_offline(
    sample: Path, segued: SeguedRunner, tmp_path: Path
) -> None:
    """If all files are gone at once, none becomes MISSING."""
    music = tmp_path / "music"
    shutil.copytree(sample / "Marram", music)
    segued.import_folders(music)
    music.rename(tmp_path / "unmounted")
    music.mkdir()

    ran = segued.import_folders(music)

    statuses = {row["status"] for row in files_by_name(segued.database).values()}
    assert statuses == {"INGEST COMPLETE"}
    assert "is its disk away?" in ran.err


def test_changed_settings_resegment_without_decoding(
    sample: Path, segued: SeguedRunner
) -> None:
    """From the stored level curve; only new passages are fingerprinted."""
    side = sample / "Kitchen Tapes" / "Side B"
    segued.import_folders(side)
    longer = 4 * TICKS_PER_SECOND
    setting = f"[settings]\nsilence_min_duration_ticks = {longer}\n"

    ran = segued.import_folders(
        side, options=["--config", segued.write_config(QUICK_CONFIG + setting)]
    )

    assert ran.json["work"]["4"] == {"passages": 1, "decoded": 0}
    assert ran.json["work"]["5"] == {
        "fingerprints": 1,
        "none": 0,
        "deferred": 1,
        "cached": 0,
    }
    (passage,) = passages_of(segued.database, "Side B.flac")
    assert passage["start_ticks"] == 0
    assert passage["fingerprint"] == fpcalc(side / "Side B.flac")


def test_ctrl_c_stops_quickly_and_next_run_continues(
    sample: Path, segued: SeguedRunner
) -> None:
    """During a decode, in under two seconds, with exit code 130."""
    with segued.start_import(sample) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if b'"phase.started"' in line and b'"phase": 4' in line:
                break
        interrupt(process)
        output = process.stderr.read()
        code = process.wait(WAIT_SECONDS)
    middle = files_by_name(segued.database)

    last = segued.import_folders(sample)

    assert code == 130
    assert b"Cancelled. The same command continues from here." in output
    assert b"Traceback" not in output
    assert {"PENDING"} <= {row["status"] for row in middle.values()}
    assert "PROCESSING" not in {row["status"] for row in middle.values()}
    assert last.json["files_done"] == 17
    with closing(sqlite3.connect(segued.database)) as library:
        states = library.execute(
            "SELECT state FROM import_sessions ORDER BY started_at"
        ).fetchall()
    assert states == [("CANCELLED",), ("COMPLETED",)]
    segued.assert_no_process_left()


def test_failed_files_are_tried_again_on_request(
    sample: Path, segued: SeguedRunner
) -> None:
    """Without `retry` they are skipped until their content changes."""
    database = ("--database", segued.database)
    segued.import_folders(sample / "Oddities")

    again = segued.run(
        "retry", "not-audio", "--json", *database, module="segued.cli.control"
    )
    ran = segued.import_folders(sample / "Oddities")

    assert again.json == {"reopened": 1}
    assert ran.json["work"]["files complete"] == {"FAILED": 1}
