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

from tests.end_to_end.library_queries import passages_of, query
from tests.end_to_end.segued_runner import SeguedRunner
from tests.end_to_end.service_catalog import ServiceCatalog, mbid
from tests.fake_services import FakeServices, services_in_background
from tests.fake_services.answers import high_level_path
from tests.fake_services.background import BackgroundServices
from tests.fake_services.network_faults import DelayFault

RECORDING = mbid("Marram", "Song")
OTHER = mbid("Marram", "Song, another id")
FLAVOR = {
    "danceability": {"danceable": 0.25, "not_danceable": 0.75},
    "genre_electronic": {
        **dict.fromkeys(("dnb", "house", "techno", "trance"), 0.1),
        "ambient": 0.6,
    },
}


def high_level_document(flavor: dict[str, dict[str, float]]) -> bytes:
    """Return a document as AcousticBrainz has it."""
    models = {
        name: {"all": shares, "value": "", "probability": 0.5}
        for name, shares in flavor.items()
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
def _catalogue(music: Path, tmp_path: Path) -> ServiceCatalog:
    """What AcoustID knows: the song, under two ids."""
    first = SeguedRunner(tmp_path / "first")
    first.import_folders(music, options=("--offline",))
    catalogue = ServiceCatalog(first.database)
    (row,) = catalogue.passages("song.flac")
    candidates = [
        (RECORDING, "Song", "Marram", 12, mbid("group")),
        (OTHER, "Song", "Marram", 3, mbid("group")),
    ]
    catalogue.add_candidates(row, candidates)
    return catalogue


@pytest.fixture(name="fake_services")
def _fake_services(catalogue: ServiceCatalog) -> Iterator[BackgroundServices]:
    """The services, without their limits."""
    with services_in_background(
        lambda: FakeServices(catalogue.in_memory_answers, limits=False)
    ) as background:
        yield background


def options_for(
    segued: SeguedRunner,
    fake_services: FakeServices,
    *sources: str,
    acousticbrainz: str | None = None,
) -> tuple[str, str]:
    """Return the options to use fake services, and these sources of flavor."""
    flavor_url = acousticbrainz or fake_services.acousticbrainz_url
    return (
        "--config",
        segued.write_config(
            f"[flavoring]\nsources = {json.dumps(sources)}\nloudness = false\n"
            "[services]\n"
            f'acoustid_url = "{fake_services.acoustid_url}"\n'
            f'musicbrainz_url = "{fake_services.musicbrainz_url}"\n'
            f'acousticbrainz_url = "{flavor_url}"\n'
            "acoustid_rate = 100.0\nmusicbrainz_rate = 100.0\n"
            "acousticbrainz_rate = 100.0\n"
            '[settings]\nacoustid_api_key = "test-key"\n'
        ),
    )


def flavor_sources(segued: SeguedRunner) -> dict[str, str | None]:
    """Return who says how each file sounds."""
    rows = passages_of(segued.database, "song.flac") + passages_of(
        segued.database, "unknown.flac"
    )
    return {Path(row["path"]).stem: row["flavor_source"] for row in rows}


def test_known_recordings_use_acousticbrainz(
    segued: SeguedRunner,
    music: Path,
    catalogue: ServiceCatalog,
    fake_services: BackgroundServices,
) -> None:
    """By the matched id; what it does not know is measured here, once each."""
    catalogue.answers[high_level_path(RECORDING)] = high_level_document(FLAVOR)
    options = options_for(segued, fake_services.services, "acousticbrainz", "essentia")

    summary = segued.import_folders(music, options=options).json

    said = flavor_sources(segued)
    assert said["song"] == "acousticbrainz"
    assert str(said["unknown"]).startswith("essentia")
    (row,) = passages_of(segued.database, "song.flac")
    flavor = json.loads(row["flavor"])
    assert flavor["characteristics"] == FLAVOR
    assert row["flavor_version"] == "2.1-beta1"
    assert summary["counters"]["9"]["acousticbrainz"] == 1
    assert not {"acousticbrainz", "essentia"} & set(summary["deferred"])
    (request,) = fake_services.services.requests_to("acousticbrainz")
    assert request.item_count == 2  # all candidates at once
    segued.import_folders(music, options=options)
    assert len(fake_services.services.requests_to("acousticbrainz")) == 1


def test_other_recording_of_the_same_fingerprint_is_used(
    segued: SeguedRunner,
    music: Path,
    catalogue: ServiceCatalog,
    fake_services: BackgroundServices,
) -> None:
    """Recordings that AcoustID takes for the same have one sound."""
    catalogue.answers[high_level_path(OTHER)] = high_level_document(FLAVOR)

    segued.import_folders(
        music, options=options_for(segued, fake_services.services, "acousticbrainz")
    )

    assert flavor_sources(segued)["song"] == "acousticbrainz"


def test_source_order_is_configurable(
    segued: SeguedRunner,
    music: Path,
    catalogue: ServiceCatalog,
    fake_services: BackgroundServices,
) -> None:
    """Measured here first, nobody is asked."""
    catalogue.answers[high_level_path(RECORDING)] = high_level_document(FLAVOR)

    segued.import_folders(
        music,
        options=options_for(
            segued, fake_services.services, "essentia", "acousticbrainz"
        ),
    )

    assert str(flavor_sources(segued)["song"]).startswith("essentia")
    assert fake_services.services.requests_to("acousticbrainz") == []


def test_unreachable_service_falls_back_quickly(
    segued: SeguedRunner, music: Path, fake_services: BackgroundServices
) -> None:
    """It is found to be dead once; all is measured here instead, and complete."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # nobody listens
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        options = options_for(
            *(segued, fake_services.services, "acousticbrainz", "essentia"),
            acousticbrainz=address,
        )
        ran = segued.import_folders(music, options=options)

    assert ran.code == 0
    assert all(
        str(each).startswith("essentia") for each in flavor_sources(segued).values()
    )
    assert ran.json["services"]["acousticbrainz"] == "away"
    assert not {"acousticbrainz", "essentia"} & set(ran.json["deferred"])
    assert ran.json["counters"]["9"]["essentia"] == 2


def test_a_slow_one_is_not_waited_for(
    segued: SeguedRunner,
    music: Path,
    catalogue: ServiceCatalog,
    fake_services: BackgroundServices,
) -> None:
    """It answers too late, is taken for away, and all is measured here."""
    catalogue.answers[high_level_path(RECORDING)] = high_level_document(FLAVOR)
    fake_services.services.add_fault("acousticbrainz", DelayFault(30), times=None)
    name, path = options_for(
        segued, fake_services.services, "acousticbrainz", "essentia"
    )
    hasty = (
        Path(path).read_text().replace("[services]", "[services]\ntotal_seconds = 0.5")
    )

    ran = segued.import_folders(music, options=(name, segued.write_config(hasty)))

    assert ran.code == 0
    assert all(
        str(each).startswith("essentia") for each in flavor_sources(segued).values()
    )
    assert ran.json["services"]["acousticbrainz"] == "away"


def test_invalid_flavor_is_rejected(
    segued: SeguedRunner,
    music: Path,
    catalogue: ServiceCatalog,
    fake_services: BackgroundServices,
) -> None:
    """Shares that make no sense are no flavor; then it is measured here."""
    nonsense = {"danceability": {"danceable": 7.0, "not_danceable": -6.0}}
    catalogue.answers[high_level_path(RECORDING)] = high_level_document(nonsense)

    segued.import_folders(
        music,
        options=options_for(
            segued, fake_services.services, "acousticbrainz", "essentia"
        ),
    )

    assert str(flavor_sources(segued)["song"]).startswith("essentia")


def write_archive(place: Path, entries: dict[str, bytes]) -> Path:
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


def test_archive_import_gives_flavor(
    segued: SeguedRunner,
    music: Path,
    catalogue: ServiceCatalog,
    fake_services: BackgroundServices,
    tmp_path: Path,
) -> None:
    """Of the recordings that are there; the best of what was submitted of each."""
    assert catalogue.answers
    fake_services.run(fake_services.services.stop("acousticbrainz"))
    options = options_for(segued, fake_services.services, "acousticbrainz")
    segued.import_folders(music, options=options)
    assert flavor_sources(segued)["song"] is None
    strange = mbid("of nobody")
    lies = {"danceability": {"danceable": 3.0, "not_danceable": -2.0}}
    dump = write_archive(
        tmp_path / "highlevel-0.tar.zst",
        {
            f"{OTHER}-0.json": b"[]",
            f"{OTHER}-1.json": high_level_document(lies),
            f"{RECORDING}-0.json": b"{",
            f"{RECORDING}-1.json": high_level_document(FLAVOR),
            f"{RECORDING}-2.json": high_level_document(lies),
            f"{strange}-0.json": high_level_document(FLAVOR),
            "README.txt": b"of no use",
        },
    )

    where = ("--database", segued.database)
    read = segued.run("flavor", "import-dump", *where, dump, "--json")
    again = segued.run("flavor", "import-dump", *where, dump, "--json")
    segued.import_folders(music, options=options)

    assert read.code == 0, read.err
    assert read.json == {"read": 6, "damaged": 3, "kept": 1, "taken_up": 1}
    assert again.json["kept"] == 0
    (row,) = passages_of(segued.database, "song.flac")
    assert row["flavor_source"] == "acousticbrainz"
    assert json.loads(row["flavor"])["characteristics"] == FLAVOR
    (kept,) = query(segued.database, "SELECT question FROM acousticbrainz_cache")
    assert json.loads(kept["question"]) == {
        "archive": "highlevel-0.tar.zst",
        "submissions": 3,
    }
    every = segued.run("flavor", "import-dump", *where, dump, "--json", "--all")
    assert every.json["kept"] == 2


@pytest.mark.parametrize("damage", ["cut", "not", "gone"])
def test_damaged_archive_is_reported(
    segued: SeguedRunner, music: Path, tmp_path: Path, damage: str
) -> None:
    """What came before the damage is kept."""
    segued.import_folders(music, options=("--offline",))
    entries = {
        f"{mbid(str(n))}-0.json": high_level_document(FLAVOR) for n in range(2_000)
    }
    dump = write_archive(tmp_path / "dump.tar.zst", entries)
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
    (kept,) = query(segued.database, "SELECT count(*) AS n FROM acousticbrainz_cache")
    assert (kept["n"] >= 500) is (damage == "cut")


def test_deferred_flavor_is_completed_later(
    segued: SeguedRunner,
    music: Path,
    catalogue: ServiceCatalog,
    fake_services: BackgroundServices,
) -> None:
    """Without any other source: complete at once, flavored when it is back."""
    catalogue.answers[high_level_path(RECORDING)] = high_level_document(FLAVOR)
    fake_services.run(fake_services.services.stop())
    before = segued.import_folders(
        music, options=options_for(segued, fake_services.services, "acousticbrainz")
    )
    fake_services.run(fake_services.services.start())
    after = segued.import_folders(
        music, options=options_for(segued, fake_services.services, "acousticbrainz")
    )

    assert before.json["files"] == {"INGEST COMPLETE": 2}
    assert after.json["files"] == {"INGEST COMPLETE": 2}
    assert flavor_sources(segued)["song"] == "acousticbrainz"
