"""How a song sounds, by AcousticBrainz: over real HTTP, real audio, real Essentia."""

import io
import json
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from sample_library import encode, song, tag

from tests.stories.catalogue import Catalogue, mbid
from tests.stories.dump import ask, passages
from tests.stories.program import Segued
from tests.world import World, in_background
from tests.world.answers import high_level_path
from tests.world.background import Background
from tests.world.wire import Stall

RECORDING = mbid("Marram", "Song")
OTHER = mbid("Marram", "Song, another id")
SAID = {
    "danceability": {"danceable": 0.25, "not_danceable": 0.75},
    "genre_electronic": {
        **dict.fromkeys(("dnb", "house", "techno", "trance"), 0.1),
        "ambient": 0.6,
    },
}


def document(said: dict[str, dict[str, float]]) -> bytes:
    """Return a document as AcousticBrainz has it."""
    models = {
        name: {"all": shares, "value": "", "probability": 0.5}
        for name, shares in said.items()
    }
    versions = {"highlevel": {"essentia": "2.1-beta1"}}
    return json.dumps({"highlevel": models, "metadata": {"version": versions}}).encode()


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """One song that AcoustID knows, and one that nobody does."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "song.flac", song(1, 20.0), 44_100, "flac")
    tag(music / "song.flac", {"title": "Song", "artist": "Marram"})
    encode(music / "unknown.flac", song(2, 20.0), 44_100, "flac")
    return music


@pytest.fixture(name="catalogue")
def _catalogue(music: Path, tmp_path: Path) -> Catalogue:
    """What AcoustID knows: the song, under two ids."""
    first = Segued(tmp_path / "first")
    first.imported(music, options=("--offline",))
    catalogue = Catalogue(first.database)
    (row,) = catalogue.passages("song.flac")
    candidates = [
        (RECORDING, "Song", "Marram", 12, mbid("group")),
        (OTHER, "Song", "Marram", 3, mbid("group")),
    ]
    catalogue.add_candidates(row, candidates)
    return catalogue


@pytest.fixture(name="world")
def _world(catalogue: Catalogue) -> Iterator[Background]:
    """The services, without their limits."""
    with in_background(lambda: World(catalogue.tree, limits=False)) as background:
        yield background


def asking(
    segued: Segued, world: World, *sources: str, acousticbrainz: str | None = None
) -> tuple[str, str]:
    """Return the options to ask a world, and these sources of flavor."""
    return (
        "--config",
        segued.config(
            f"[flavoring]\nsources = {json.dumps(sources)}\nloudness = false\n"
            "[services]\n"
            f'acoustid_url = "{world.acoustid_url}"\n'
            f'musicbrainz_url = "{world.musicbrainz_url}"\n'
            f'acousticbrainz_url = "{acousticbrainz or world.acousticbrainz_url}"\n'
            "acoustid_rate = 100.0\nmusicbrainz_rate = 100.0\n"
            "acousticbrainz_rate = 100.0\n"
            '[settings]\nacoustid_api_key = "test-key"\n'
        ),
    )


def sources(segued: Segued) -> dict[str, str | None]:
    """Return who says how each file sounds."""
    rows = passages(segued.database, "song.flac") + passages(
        segued.database, "unknown.flac"
    )
    return {Path(row["path"]).stem: row["flavor_source"] for row in rows}


def test_what_it_knows_is_taken_from_it(
    segued: Segued, music: Path, catalogue: Catalogue, world: Background
) -> None:
    """By the matched id; what it does not know is measured here, once each."""
    catalogue.answers[high_level_path(RECORDING)] = document(SAID)
    options = asking(segued, world.world, "acousticbrainz", "essentia")

    summary = segued.imported(music, options=options).json

    said = sources(segued)
    assert said["song"] == "acousticbrainz"
    assert str(said["unknown"]).startswith("essentia")
    (row,) = passages(segued.database, "song.flac")
    flavor = json.loads(row["flavor"])
    assert flavor["characteristics"] == SAID
    assert row["flavor_version"] == "2.1-beta1"
    assert summary["counters"]["9"]["acousticbrainz"] == 1
    assert not {"acousticbrainz", "essentia"} & set(summary["deferred"])
    (request,) = world.world.asked("acousticbrainz")
    assert request.pieces == 2  # all candidates at once
    segued.imported(music, options=options)
    assert len(world.world.asked("acousticbrainz")) == 1


def test_another_id_of_the_same_sound_will_do(
    segued: Segued, music: Path, catalogue: Catalogue, world: Background
) -> None:
    """Recordings that AcoustID takes for the same have one sound."""
    catalogue.answers[high_level_path(OTHER)] = document(SAID)

    segued.imported(music, options=asking(segued, world.world, "acousticbrainz"))

    assert sources(segued)["song"] == "acousticbrainz"


def test_the_order_is_that_of_the_configuration(
    segued: Segued, music: Path, catalogue: Catalogue, world: Background
) -> None:
    """Measured here first, nobody is asked."""
    catalogue.answers[high_level_path(RECORDING)] = document(SAID)

    segued.imported(
        music, options=asking(segued, world.world, "essentia", "acousticbrainz")
    )

    assert str(sources(segued)["song"]).startswith("essentia")
    assert world.world.asked("acousticbrainz") == []


def test_a_dead_one_costs_hardly_anything(
    segued: Segued, music: Path, world: Background
) -> None:
    """It is found to be dead once; all is measured here instead, and complete."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        options = asking(
            *(segued, world.world, "acousticbrainz", "essentia"),
            acousticbrainz=address,
        )
        ran = segued.imported(music, options=options)

    assert ran.code == 0
    assert all(str(each).startswith("essentia") for each in sources(segued).values())
    assert ran.json["services"]["acousticbrainz"] == "away"
    assert not {"acousticbrainz", "essentia"} & set(ran.json["deferred"])
    assert ran.json["counters"]["9"]["essentia"] == 2


def test_a_slow_one_is_not_waited_for(
    segued: Segued, music: Path, catalogue: Catalogue, world: Background
) -> None:
    """It answers too late, is taken for away, and all is measured here."""
    catalogue.answers[high_level_path(RECORDING)] = document(SAID)
    world.world.fail("acousticbrainz", Stall(30), times=None)
    name, path = asking(segued, world.world, "acousticbrainz", "essentia")
    hasty = (
        Path(path).read_text().replace("[services]", "[services]\ntotal_seconds = 0.5")
    )

    ran = segued.imported(music, options=(name, segued.config(hasty)))

    assert ran.code == 0
    assert all(str(each).startswith("essentia") for each in sources(segued).values())
    assert ran.json["services"]["acousticbrainz"] == "away"


def test_what_lies_is_not_believed(
    segued: Segued, music: Path, catalogue: Catalogue, world: Background
) -> None:
    """Shares that make no sense are no flavor; then it is measured here."""
    nonsense = {"danceability": {"danceable": 7.0, "not_danceable": -6.0}}
    catalogue.answers[high_level_path(RECORDING)] = document(nonsense)

    segued.imported(
        music, options=asking(segued, world.world, "acousticbrainz", "essentia")
    )

    assert str(sources(segued)["song"]).startswith("essentia")


def archive(place: Path, entries: dict[str, bytes]) -> Path:
    """Return an archive as AcousticBrainz makes them: a tar file, in zstd."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, raw in entries.items():
            where = (
                f"acousticbrainz-highlevel-json-20220623/highlevel/{name[:2]}/{name}"
            )
            member = tarfile.TarInfo(where)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
    place.write_bytes(zstandard.compress(plain.getvalue()))
    return place


def test_an_archive_says_it_as_well(
    segued: Segued, music: Path, catalogue: Catalogue, world: Background, tmp_path: Path
) -> None:
    """Of the recordings that are there; the best of what was submitted of each."""
    assert catalogue.answers
    world.wait_for(world.world.off("acousticbrainz"))
    options = asking(segued, world.world, "acousticbrainz")
    segued.imported(music, options=options)
    assert sources(segued)["song"] is None
    strange = mbid("of nobody")
    lies = {"danceability": {"danceable": 3.0, "not_danceable": -2.0}}
    dump = archive(
        tmp_path / "highlevel-0.tar.zst",
        {
            f"{OTHER}-0.json": b"[]",
            f"{OTHER}-1.json": document(lies),
            f"{RECORDING}-0.json": b"{",
            f"{RECORDING}-1.json": document(SAID),
            f"{RECORDING}-2.json": document(lies),
            f"{strange}-0.json": document(SAID),
            "README.txt": b"of no use",
        },
    )

    where = ("--database", segued.database)
    read = segued.run("flavor", "import-dump", *where, dump, "--json")
    again = segued.run("flavor", "import-dump", *where, dump, "--json")
    segued.imported(music, options=options)

    assert read.code == 0, read.err
    assert read.json == {"read": 6, "damaged": 3, "kept": 1, "taken_up": 1}
    assert again.json["kept"] == 0
    (row,) = passages(segued.database, "song.flac")
    assert row["flavor_source"] == "acousticbrainz"
    assert json.loads(row["flavor"])["characteristics"] == SAID
    (kept,) = ask(segued.database, "SELECT question FROM acousticbrainz_cache")
    assert json.loads(kept["question"]) == {
        "archive": "highlevel-0.tar.zst",
        "submissions": 3,
    }
    every = segued.run("flavor", "import-dump", *where, dump, "--json", "--all")
    assert every.json["kept"] == 2


@pytest.mark.parametrize("damage", ["cut", "not", "gone"])
def test_an_archive_that_is_none_is_named(
    segued: Segued, music: Path, tmp_path: Path, damage: str
) -> None:
    """What came before the damage is kept."""
    segued.imported(music, options=("--offline",))
    entries = {f"{mbid(str(n))}-0.json": document(SAID) for n in range(2_000)}
    dump = archive(tmp_path / "dump.tar.zst", entries)
    if damage == "cut":
        dump.write_bytes(dump.read_bytes()[:-400])
    elif damage == "not":
        dump.write_text("no archive at all" * 100)
    else:
        dump.unlink()
    where = ("--database", segued.database)

    ran = segued.run("flavor", "import-dump", *where, dump, "--all")

    assert ran.code == 2
    assert str(dump) in ran.err
    (kept,) = ask(segued.database, "SELECT count(*) AS n FROM acousticbrainz_cache")
    assert (kept["n"] >= 500) is (damage == "cut")


def test_what_waited_for_it_follows(
    segued: Segued, music: Path, catalogue: Catalogue, world: Background
) -> None:
    """Without any other source: complete at once, flavored when it is back."""
    catalogue.answers[high_level_path(RECORDING)] = document(SAID)
    world.wait_for(world.world.off())
    before = segued.imported(
        music, options=asking(segued, world.world, "acousticbrainz")
    )
    world.wait_for(world.world.on())
    after = segued.imported(
        music, options=asking(segued, world.world, "acousticbrainz")
    )

    assert before.json["files"] == {"INGEST COMPLETE": 2}
    assert after.json["files"] == {"INGEST COMPLETE": 2}
    assert sources(segued)["song"] == "acousticbrainz"
