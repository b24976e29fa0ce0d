"""Files with the same sound: same bytes, other tags, other encodings."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import mutagen
import numpy as np
import pytest
from sample_library import encode, song, tag

from segued.units import TICKS_PER_SECOND
from tests.end_to_end.library_queries import query
from tests.end_to_end.segued_runner import SeguedRunner

SECONDS = 20.0
RATE = 44_100
RECORDING = "0a0b0c0d-0000-4000-8000-000000000001"
RELEASE = "0a0b0c0d-0000-4000-8000-000000000002"


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """An album of three songs; four copies of the first, and an edit of it."""
    music = tmp_path / "music"
    album, downloads = music / "Marram" / "Tide", music / "Downloads"
    album.mkdir(parents=True)
    downloads.mkdir()
    for track in (1, 2, 3):
        path = album / f"{track:02}.flac"
        encode(path, song(track, SECONDS), RATE, "flac")
        tags = {"artist": "Marram", "album": "Tide", "title": f"Tide {track}"}
        tag(path, tags | {"tracknumber": f"{track}"})
    first = album / "01.flac"
    shutil.copy(first, album / "01 (copy).flac")
    retagged = downloads / "found.flac"
    shutil.copy(first, retagged)
    tags = mutagen.File(retagged, easy=True)
    tags["title"] = "Something"
    tags.save()
    samples = song(1, SECONDS)
    encode(downloads / "01.mp3", samples, RATE, "mp3")
    encode(downloads / "01.opus", samples, RATE, "opus")
    edited = np.concatenate((samples[: 6 * RATE], samples[11 * RATE :]))
    encode(downloads / "edit.mp3", edited, RATE, "mp3")
    return music


def copies(segued: SeguedRunner, music: Path) -> dict[str, tuple[str, str]]:
    """Return kind and reason of each copy, by its path in the music folder."""
    rows = query(segued.database, "SELECT * FROM library_copies")
    assert len({row["copy_id"] for row in rows}) <= 1
    return {
        str(Path(row["path"]).relative_to(music)): (row["kind"], row["why"])
        for row in rows
    }


def test_copies_are_found_and_the_best_is_named(
    segued: SeguedRunner, music: Path
) -> None:
    """The album's own file; the edit is another recording."""
    imported = segued.import_folders(music)
    assert imported.code == 0, imported.err
    paths = ("--database", segued.database)

    found = copies(segued, music)
    listed = segued.run("library", "copies", *paths).out
    duplicate = segued.run("explain", *paths, music / "Marram/Tide/01 (copy).flac")
    encoded = segued.run("explain", *paths, music / "Downloads/01.mp3")
    best = segued.run("explain", *paths, music / "Marram/Tide/01.flac")

    assert found == {
        "Marram/Tide/01.flac": ("best", ""),
        "Marram/Tide/01 (copy).flac": ("same file", "named as a copy"),
        "Downloads/found.flac": ("same sound, other tags", "among downloads"),
        "Downloads/01.mp3": ("other encoding", "lossy"),
        "Downloads/01.opus": ("other encoding", "lossy"),
    }
    own = music / "Marram/Tide/01.flac"
    assert f"A copy of {own}" in duplicate.out
    assert "same file: named as a copy" in duplicate.out
    assert "other encoding: lossy" in encoded.out
    assert "The best of several files with this sound" in best.out
    assert len(listed.splitlines()) == 6

    own.unlink()
    assert segued.import_folders(music).code == 0
    left = copies(segued, music)
    assert left["Downloads/found.flac"] == ("best", "")
    named = ("same sound, other tags", "named as a copy")
    assert left["Marram/Tide/01 (copy).flac"] == named
    assert left["Downloads/01.opus"] == ("other encoding", "lossy")


def test_a_better_copy_inherits_decisions(segued: SeguedRunner, tmp_path: Path) -> None:
    """At its own place, with who decided; it can be undone, and stays undone."""
    music = tmp_path / "music"
    downloads, album = music / "Downloads", music / "Marram"
    downloads.mkdir(parents=True)
    album.mkdir()
    samples = song(1, SECONDS)
    lossy, lossless = downloads / "tide.mp3", album / "Tide.flac"
    encode(lossy, samples, RATE, "mp3")
    other = album / "Other.flac"
    encode(other, song(2, SECONDS), RATE, "flac")
    assert segued.import_folders(music).code == 0
    paths = ("--database", segued.database)
    decided = ("--recording", RECORDING, "--title", "Low Tide")
    assert segued.run("decide", *paths, *decided, lossy).code == 0
    assert segued.run("decide", *paths, "--release", RELEASE, lossy).code == 0
    with closing(sqlite3.connect(segued.database)) as library, library:
        library.execute(
            "UPDATE passages SET fade_in_ticks = ?, fade_out_curve = 'cosine' WHERE"
            " file_id = (SELECT id FROM files WHERE path_text = ?)",
            [3 * TICKS_PER_SECOND, str(lossy)],
        )
    silence = np.zeros((2 * RATE, *samples.shape[1:]), samples.dtype)
    encode(lossless, np.concatenate((silence, samples)), RATE, "flac")
    assert segued.import_folders(music).code == 0

    def recordings() -> dict[str, str | None]:
        rows = query(segued.database, "SELECT * FROM library_passages")
        return {Path(row["path"]).name: row["recording_mbid"] for row in rows}

    assert recordings() == {
        "tide.mp3": RECORDING,
        "Tide.flac": RECORDING,
        "Other.flac": None,
    }
    releases = query(segued.database, "SELECT * FROM library_chosen_releases")
    assert {Path(row["path"]).name: row["release_mbid"] for row in releases} == {
        "tide.mp3": RELEASE,
        "Tide.flac": RELEASE,
    }
    faded = query(
        segued.database, "SELECT * FROM passages WHERE fade_out_curve = 'cosine'"
    )
    fades = sorted(row["fade_in_ticks"] / TICKS_PER_SECOND for row in faded)
    assert fades == pytest.approx([3.0, 5.0], abs=0.1)
    answers = segued.run("review", *paths, "--history", "--json").json
    actions = [each["action"] for each in answers]
    assert actions == ["release", "recording", "release", "recording"]
    assert len({each["person"] for each in answers}) == 1
    copied = [each["program"] == "copied from tide.mp3" for each in answers]
    assert copied == [True, True, False, False]
    last = segued.run("review", *paths, "--undo", "--json")
    assert last.json["undone"] == answers[2]["answer"], last.out
    assert segued.run("decide", *paths, *decided, lossy).code == 0
    assert segued.run("review", *paths, "--undo", str(answers[1]["answer"])).code == 0
    for _ in range(2):
        assert segued.import_folders(music).code == 0
        assert recordings()["Tide.flac"] is None
    assert recordings()["tide.mp3"] == RECORDING
