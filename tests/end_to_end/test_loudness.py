"""Loudness of passages, measured in the decode of the import."""

import time
from pathlib import Path

import pytest
from sample_library import encode, song, tag

from tests.audio import loudness_by_ffmpeg
from tests.end_to_end.library_queries import passages_of, query
from tests.end_to_end.segued_runner import SeguedRunner

COLUMNS = ("loudness_lufs", "loudness_range_lu", "true_peak_dbtp")


def options_for(segued: SeguedRunner, *, loudness: bool, idle: bool) -> list[str]:
    """Return the options to measure loudness or not, with idle time or without."""
    hour = (time.localtime().tm_hour + 8) % 24
    hours = "00:00-00:00" if idle else f"{hour:02}:30-{(hour + 1) % 24:02}:30"
    flavoring = f'sources = []\nloudness = {str(loudness).lower()}\nhours = "{hours}"\n'
    return ["--config", segued.write_config(f"[flavoring]\n{flavoring}")]


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """A tagged song in a folder."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "song.opus", song(1, 11.0), 48_000, "opus")
    tag(music / "song.opus", {"title": "Song", "artist": "Somebody"})
    return music


def loudness_of(segued: SeguedRunner, name: str) -> list[dict[str, float | None]]:
    """Return the loudness of a file's passages."""
    rows = passages_of(segued.database, name)
    return [{each: row[each] for each in COLUMNS} for row in rows]


def test_imported_file_has_its_loudness_at_once(
    music: Path, segued: SeguedRunner
) -> None:
    """No idle time is needed; AcoustID need not have answered."""
    options = options_for(segued, loudness=True, idle=False)

    ran = segued.import_folders(music, options=options)

    assert ran.json["files"] == {"INGEST COMPLETE": 1}
    assert ran.json["deferred"].keys() == {"acoustid"}
    (found,) = loudness_of(segued, "song.opus")
    expected = loudness_by_ffmpeg(music / "song.opus")
    for column, tolerance in zip(COLUMNS, (0.05, 0.3, 0.1), strict=True):
        assert found[column] == pytest.approx(expected[column], abs=tolerance)


def test_file_imported_without_loudness_is_measured_in_idle_time(
    music: Path, segued: SeguedRunner
) -> None:
    """With the same result as in the import, and only once."""
    segued.import_folders(
        music, options=options_for(segued, loudness=False, idle=False)
    )
    (without,) = loudness_of(segued, "song.opus")

    waiting = segued.import_folders(
        music, options=options_for(segued, loudness=True, idle=False)
    )
    measured = segued.import_folders(
        music, options=options_for(segued, loudness=True, idle=True)
    )

    assert set(without.values()) == {None}
    assert waiting.json["deferred"].keys() == {"acoustid", "idle"}
    assert measured.json["deferred"].keys() == {"acoustid"}
    assert measured.json["work"]["4"] == {}
    fresh = SeguedRunner(segued.home.with_name("fresh"))
    fresh.import_folders(music, options=options_for(fresh, loudness=True, idle=False))
    found = loudness_of(segued, "song.opus")
    assert found == loudness_of(fresh, "song.opus")
    assert None not in found[0].values()


def test_passages_cut_anew_have_their_loudness(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """A CUE sheet that is added later needs no decode, and no idle time."""
    music = tmp_path / "music"
    music.mkdir()
    loud = song(1, 12.0)
    encode(music / "side.flac", loud, 44_100, "flac")
    options = options_for(segued, loudness=True, idle=False)
    segued.import_folders(music, options=options)
    (whole,) = loudness_of(segued, "side.flac")

    tracks = (
        f'  TRACK {number:02} AUDIO\n    TITLE "Song {number}"\n    INDEX 01 {begins}\n'
        for number, begins in ((1, "00:00:00"), (2, "00:07:00"))
    )
    (music / "side.cue").write_text('FILE "side.flac" WAVE\n' + "".join(tracks))
    ran = segued.import_folders(music, options=options)

    assert ran.json["work"]["4"] == {"passages": 2, "decoded": 0}
    assert "idle" not in ran.json["deferred"]
    first, second = loudness_of(segued, "side.flac")
    for each in (first, second):
        assert None not in each.values()
        assert each != whole
    peaks = [each["true_peak_dbtp"] or 0.0 for each in (first, second)]
    assert max(peaks) == whole["true_peak_dbtp"]
    assert len(query(segued.database, "SELECT * FROM loudness_curves")) == 1
    assert query(segued.database, "SELECT * FROM analyzer_outputs") == []
