"""An import with the outside world, over real audio and real HTTP."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import mutagen
import numpy as np
import pytest

from tests import audio
from tests.stories.catalogue import Catalogue, mbid
from tests.stories.dump import ask, passages
from tests.stories.program import QUICK, Segued
from tests.world import World, in_background
from tests.world.background import Background

FOLDER = "Harbour Lights (1990)"
SONGS = ("First Light", "Salt and Rope", "Undertow", "The Last Ferry")


@pytest.fixture(name="music")
def _music(sample: Path, tmp_path: Path) -> Path:
    """An album of four songs, each in a file, and one song that is on none."""
    music = tmp_path / "music"
    shutil.copytree(sample / "Marram" / FOLDER, music / FOLDER)
    shutil.copytree(sample / "Singles", music / "Singles")
    return music


@pytest.fixture(name="catalogue")
def _catalogue(music: Path, tmp_path: Path) -> Catalogue:
    """What the services know of it."""
    first = Segued(tmp_path / "first")
    assert first.imported(music, options=("--offline",)).code == 0
    catalogue = Catalogue(first.database)
    catalogue.add_album(FOLDER, "Marram", "Harbour Lights", *SONGS)
    return catalogue


@pytest.fixture(name="world")
def _world(catalogue: Catalogue) -> Iterator[Background]:
    """The services, without their limits: those have tests of their own."""
    with in_background(lambda: World(catalogue.tree, limits=False)) as background:
        yield background


def asking(segued: Segued, world: World, key: str | None = "test-key") -> str:
    """Return a configuration that asks a world, as fast as it will answer."""
    text = QUICK + (
        "[services]\n"
        f'acoustid_url = "{world.acoustid_url}"\n'
        f'musicbrainz_url = "{world.musicbrainz_url}"\n'
        "acoustid_rate = 100.0\nmusicbrainz_rate = 100.0\n"
        'contact = "stories@example.org"\n'
    )
    if key:
        text += f'[settings]\nacoustid_api_key = "{key}"\n'
    return segued.config(text)


def imported(segued: Segued, music: Path, config: str) -> dict[str, object]:
    """Import, and return the summary."""
    ran = segued.imported(music, options=("--config", config))
    assert ran.code == 0, ran.err
    summary: dict[str, object] = ran.json
    return summary


def album(segued: Segued) -> list[dict[str, object]]:
    """Return the album's passages as the library has them."""
    rows = ask(segued.database, "SELECT * FROM library_passages ORDER BY path")
    return [row for row in rows if FOLDER in row["path"]]


def test_an_album_is_known_by_its_sound(
    segued: Segued, music: Path, world: Background
) -> None:
    """High, with recording, release, artist and work; and never asked again."""
    config = asking(segued, world.world)

    summary = imported(segued, music, config)

    rows = album(segued)
    assert [row["confidence"] for row in rows] == ["High"] * 4
    assert [row["recording_mbid"] for row in rows] == [
        mbid("Marram", name) for name in SONGS
    ]
    release = mbid("Marram", "Harbour Lights")
    assert {row["release_mbid"] for row in rows} == {release}
    works = ask(segued.database, "SELECT title FROM works ORDER BY title")
    assert [row["title"] for row in works] == sorted(SONGS)
    assert "acoustid" not in summary["deferred"]  # type: ignore[operator]
    assert "musicbrainz" not in summary["deferred"]  # type: ignore[operator]

    # Nine fingerprints in a batch or a few, the album in one or two questions.
    assert len(world.world.asked("acoustid")) <= 5
    assert world.world.keys_in_urls == []
    asked = len(world.world.requests)
    imported(segued, music, config)
    assert len(world.world.requests) == asked


def test_no_answer_fails_no_file(
    segued: Segued, music: Path, world: Background
) -> None:
    """Without the services all is complete; with them, the rest follows."""
    config = asking(segued, world.world)
    world.wait_for(world.world.off())

    summary = imported(segued, music, config)
    assert summary["files"] == {"INGEST COMPLETE": 9}
    assert summary["deferred"]["acoustid"] == 9  # type: ignore[index]
    assert {row["confidence"] for row in album(segued)} == {"Low"}

    world.wait_for(world.world.on())
    again = imported(segued, music, config)
    assert [row["confidence"] for row in album(segued)] == ["High"] * 4
    counters = again["counters"]
    assert counters["4"].get("decoded", 0) == 0  # type: ignore[index]


def test_a_key_that_comes_later_is_enough(
    segued: Segued, music: Path, world: Background
) -> None:
    """Without one AcoustID is not asked; MusicBrainz is, by the album's name."""
    imported(segued, music, asking(segued, world.world, key=None))
    assert world.world.asked("acoustid") == []
    assert {row["confidence"] for row in album(segued)} == {"Medium"}

    imported(segued, music, asking(segued, world.world))
    assert {row["confidence"] for row in album(segued)} == {"High"}


def test_a_key_that_is_refused_is_said_and_not_repeated(
    segued: Segued, music: Path, world: Background
) -> None:
    """One request finds out; the import goes on without."""
    config = asking(segued, world.world, key="wrong-key")

    ran = segued.run(
        *("import", "--database", segued.database, "--config", config, music)
    )

    assert ran.code == 0
    assert len(world.world.asked("acoustid")) <= 2
    assert "wrong-key" not in ran.out + ran.err
    assert "does not take the API key" in ran.out


def test_another_fingerprint_inside_an_album_is_no_high(
    segued: Segued, music: Path, catalogue: Catalogue
) -> None:
    """AcoustID takes one song for a stranger's: the album knows better."""
    row = catalogue.passages(FOLDER)[2]
    stranger = mbid("Somebody", "Undertow")
    elsewhere = mbid("group", "elsewhere")
    catalogue.add_candidates(
        row, [(stranger, "Undertow", "Marram", 900, elsewhere)], score=0.99
    )
    with in_background(lambda: World(catalogue.tree, limits=False)) as world:
        imported(segued, music, asking(segued, world.world))

    third = album(segued)[2]
    assert third["recording_mbid"] == mbid("Marram", "Undertow")
    assert third["confidence"] == "Medium"


def test_explain_tells_why(segued: Segued, music: Path, world: Background) -> None:
    """For a person in words, for a program in JSON."""
    imported(segued, music, asking(segued, world.world))
    song = next((music / FOLDER).glob("*First Light*"))
    where = ("--database", segued.database)

    told = segued.run("explain", *where, song)
    data = segued.run("explain", "--json", *where, song).json

    assert told.code == 0
    assert "First Light" in told.out
    assert "High" in told.out
    assert "heard, and its names agree" in told.out
    (passage,) = data["passages"]
    assert passage["recording_mbid"] == mbid("Marram", "First Light")
    assert passage["reason"] in told.out
    assert segued.run("explain", *where, music / "none.mp3").code == 2


def test_a_side_is_cut_by_the_lengths_of_its_release(
    segued: Segued, tmp_path: Path
) -> None:
    """Where hiss hides the silences, and AcoustID knows nothing of it."""
    lengths, rate = (95.0, 120.0, 80.0, 105.0), 11_025
    songs = [audio.music(s, rate, 1, seed) for seed, s in enumerate(lengths, start=7)]
    gap = audio.silence(2.5, rate, 1)
    sound = np.concatenate([part for song in songs for part in (song, gap)])
    hiss = np.random.default_rng(3).standard_normal(sound.shape, np.float32)
    path = tmp_path / "music" / "Old Record" / "side.flac"
    path.parent.mkdir(parents=True)
    audio.encoded(path, 0.7 * sound + np.float32(0.004) * hiss, rate)
    tags = mutagen.File(path)
    tags["album"], tags["artist"], tags["title"] = "Old Record", "The Hiss", "Side A"
    tags.save()
    catalogue = Catalogue(segued.database)
    names = ("One", "Two", "Three", "Four")
    catalogue.add_release("The Hiss", "Old Record", names, lengths)

    with in_background(lambda: World(catalogue.tree, limits=False)) as world:
        imported(segued, tmp_path / "music", asking(segued, world.world))

    rows = ask(segued.database, "SELECT * FROM library_passages ORDER BY ordinal")
    assert [row["title"] for row in rows] == list(names)
    assert [row["recording_mbid"] for row in rows] == [
        mbid("The Hiss", name) for name in names
    ]
    assert {row["confidence"] for row in rows} == {"Medium"}
    starts = [row["start_ticks"] / 28_224_000 for row in rows]
    expected = [0.0, 97.5, 220.0, 302.5]
    assert starts == pytest.approx(expected, abs=1.0)
    for row in rows:
        assert (
            row["lead_out_ticks"] is None
            or row["lead_in_ticks"] is None
            or (row["start_ticks"] <= row["lead_in_ticks"] <= row["lead_out_ticks"])
        )


def test_what_a_person_says_holds(
    segued: Segued, music: Path, world: Background
) -> None:
    """Through new tags, rescans and rematching; and not once it is taken back."""
    config = asking(segued, world.world)
    imported(segued, music, config)
    song = next((music / FOLDER).glob("*First Light*"))
    where = ("--json", "--database", segued.database, "--config", config)
    another = mbid("a person", "knows better")

    said = segued.run("decide", *where, "--recording", another, "--title", "X", song)
    tags = mutagen.File(song, easy=True)
    tags["title"] = "Something Else"
    tags.save()
    imported(segued, music, config)
    segued.run("rematch", *where)

    assert said.json["passages"][0]["reason"] == "a person says so"
    first = album(segued)[0]
    assert (first["recording_mbid"], first["title"]) == (another, "X")
    assert (first["confidence"], first["status"]) == ("High", "INGEST COMPLETE")
    assert album(segued)[1]["recording_mbid"] == mbid("Marram", SONGS[1])

    assert segued.run("decide", *where, "--no-song", song).code == 0
    first = album(segued)[0]
    assert (first["recording_mbid"], first["confidence"]) == (None, "None")

    assert segued.run("decide", *where, "--clear", song).code == 0
    assert album(segued)[0]["recording_mbid"] == mbid("Marram", "First Light")
    assert segued.run("decide", *where, "--passage", "2", "--clear", song).code == 2


def test_rematching_asks_nobody(segued: Segued, music: Path, world: Background) -> None:
    """All answers are kept, so new rules are tried without the network."""
    config = asking(segued, world.world)
    imported(segued, music, config)
    before = album(segued)
    asked = len(world.world.requests)

    ran = segued.run(
        "rematch", "--json", "--database", segued.database, "--config", config
    )

    assert ran.code == 0, ran.err
    assert len(world.world.requests) == asked
    assert json.loads(ran.out)["files"] == {"INGEST COMPLETE": 9}
    kept = [{**row, "passage_id": None} for row in album(segued)]
    assert kept == [{**row, "passage_id": None} for row in before]
    assert passages(segued.database, "none") == []
