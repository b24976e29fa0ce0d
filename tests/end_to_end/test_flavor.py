"""Flavor from Essentia."""

import json
from pathlib import Path

import pytest
from sample_library import encode, song, tag

from tests.end_to_end.library_queries import passages_of
from tests.end_to_end.running_daemon import running_daemon
from tests.end_to_end.segued_runner import SeguedRunner

ESSENTIA = '[flavoring]\nsources = ["essentia"]\n'


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """A tagged song, and a file without tags."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "song.opus", song(1, 11.0), 48_000, "opus")
    tag(music / "song.opus", {"title": "Song", "artist": "Somebody"})
    encode(music / "noname.mp3", song(2, 11.0), 44_100, "mp3")
    return music


def test_deferred_flavor_is_computed_when_possible(
    music: Path, segued: SeguedRunner
) -> None:
    """Imported without Essentia, then with it: one analysis, no phase 4 decode."""
    without = segued.import_folders(music)
    before = passages_of(segued.database, "song.opus")
    essentia = ["--config", segued.write_config(ESSENTIA)]

    first = segued.import_folders(music, options=essentia)
    second = segued.import_folders(music, options=essentia)

    assert without.json["deferred"].keys() == {"acoustid"}
    assert first.code == 0
    assert first.json["deferred"].keys() == {"acoustid"}
    assert first.json["work"]["9"] == {"essentia": 2}
    assert first.json["work"]["4"] == {}
    assert second.json["work"]["9"] == {}
    for name in ("song.opus", "noname.mp3"):  # flavor of the song, and of the passage
        (passage,) = passages_of(segued.database, name)
        flavor = json.loads(passage["flavor"])
        assert passage["flavor_source"] == "essentia"
        assert passage["flavor_version"].startswith("2.1")
        assert len(flavor["characteristics"]) == 3
        for shares in flavor["characteristics"].values():
            assert sum(shares.values()) == pytest.approx(1)
        assert 40 < flavor["measures"]["bpm"] < 220
    assert before[0]["flavor"] is None
    assert list((segued.home / "library.db.spool").iterdir()) == []


def test_similar_passages_are_found(music: Path, segued: SeguedRunner) -> None:
    """Nearest first, among passages of the same source, by either metric."""
    encode(music / "again.flac", song(1, 11.0), 44_100, "flac")
    tag(music / "again.flac", {"title": "Again", "artist": "Nobody"})
    options = ("--config", segued.write_config(ESSENTIA))
    assert segued.import_folders(music, options=options).code == 0
    database = ("--database", segued.database)

    for metric in ("squares", "variation"):
        result = segued.run(
            "similar", *database, music / "song.opus", "--metric", metric, "--json"
        )
        near, far = result.json["similar"]
        assert (near["title"], near["path"]) == ("Again", str(music / "again.flac"))
        assert far["path"] == str(music / "noname.mp3")
        assert near["distance"] < far["distance"]
    table = segued.run("similar", *database, music / "song.opus", "-n", "1")
    assert table.out.splitlines()[1].split("\t")[1:3] == ["Nobody", "Again"]
    unknown = segued.run("similar", *database, music / "song.opus", "--passage", "2")
    assert unknown.code == 2
    assert "the library has no flavor of its passage 2" in unknown.err


def test_playlists_sound_alike(music: Path, segued: SeguedRunner) -> None:
    """From one song, and from one to another; the daemon gives the same."""
    for seed in range(3, 6):
        path = music / f"{seed}.mp3"
        encode(path, song(seed, 11.0), 44_100, "mp3")
        tag(path, {"title": f"Song {seed}", "artist": f"Band {seed}"})
    options = ("--config", segued.write_config(ESSENTIA))
    assert segued.import_folders(music, options=options).code == 0
    database = ("--database", segued.database)
    one, other = music / "song.opus", music / "5.mp3"

    like = segued.run("playlist", *database, "--like", one, "--length", "40s")
    way = segued.run(
        "playlist", *database, "--like", one, "--path-to", other, "--format", "jsonl"
    )
    none = segued.run("playlist", *database, "--like", music / "none.mp3")
    with running_daemon(segued, music) as daemon:
        asked = b"".join(
            daemon.client.download(
                "/api/playlist/m3u8",
                {"like": json.loads(way.out.split("\n")[0])["passage_id"]}
                | {"length_seconds": "40"},
            )
        )

    files = [line for line in like.out.splitlines() if not line.startswith("#")]
    assert len(files) == len(set(files)) == 4
    assert files[0] == str(one)
    assert asked.decode() == "".join(
        line
        for line in like.out.splitlines(keepends=True)
        if not line.startswith("#EXTALBUMART")
    )
    songs = [json.loads(line)["path"] for line in way.out.splitlines()]
    assert (songs[0], songs[-1]) == (str(one), str(other))
    assert len(songs) == len(set(songs))
    assert none.code == 2
    assert "none.mp3: the library has no flavor of its passage 1" in none.err


def test_song_without_essentia_result_is_complete(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """The analysis fails, the file does not."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "song.mp3", song(1, 11.0), 44_100, "mp3")
    tag(music / "song.mp3", {"title": "Song", "artist": "Somebody"})
    impatient = ESSENTIA + "[compute]\nflavor_seconds = 0.05\n"

    ran = segued.import_folders(
        music, options=["--config", segued.write_config(impatient)]
    )

    assert ran.code == 0
    assert ran.json["files"] == {"INGEST COMPLETE": 1}
    assert ran.json["work"]["9"] == {"failed": 1}
    assert list((segued.home / "library.db.spool").iterdir()) == []
    segued.assert_no_process_left()
