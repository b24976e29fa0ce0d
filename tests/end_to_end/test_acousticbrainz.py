"""Flavor from AcousticBrainz, over real HTTP, with real audio and Essentia."""

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
from tests.limits import WAIT_SECONDS

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
    """Return a high-level document as AcousticBrainz sends it."""
    models = {
        name: {"all": shares, "value": "", "probability": 0.5}
        for name, shares in flavor.items()
    }
    versions = {"highlevel": {"essentia": "2.1-beta1"}}
    return json.dumps({"highlevel": models, "metadata": {"version": versions}}).encode()


@pytest.fixture(name="music")
def _music(tmp_path: Path) -> Path:
    """One song that AcoustID has, and one that it has not."""
    music = tmp_path / "music"
    music.mkdir()
    encode(music / "song.flac", song(1, 20.0), 44_100, "flac")
    tag(music / "song.flac", {"title": "Song", "artist": "Marram"})
    encode(music / "unknown.flac", song(2, 20.0), 44_100, "flac")
    return music


@pytest.fixture(name="catalogue")
def _catalogue(music: Path, tmp_path: Path) -> ServiceCatalog:
    """AcoustID's answer for the song: two recordings."""
    first = SeguedRunner(tmp_path / "first")
    first.import_folders(music)
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
    """The fake services, without rate limits."""
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
    """Return the options to use the fake services and these flavor sources."""
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
    """Return the flavor source of each file, by the stem of its name."""
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
    """By the matched recording; other files are analyzed locally, once each."""
    catalogue.answers[high_level_path(RECORDING)] = high_level_document(FLAVOR)
    options = options_for(segued, fake_services.services, "acousticbrainz", "essentia")

    summary = segued.import_folders(music, options=options).json

    sources_by_stem = flavor_sources(segued)
    assert sources_by_stem["song"] == "acousticbrainz"
    assert str(sources_by_stem["unknown"]).startswith("essentia")
    (row,) = passages_of(segued.database, "song.flac")
    flavor = json.loads(row["flavor"])
    assert flavor["characteristics"] == FLAVOR
    assert row["flavor_version"] == "2.1-beta1"
    assert summary["work"]["9"]["acousticbrainz"] == 1
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
    """Recordings with the same fingerprint share their flavor."""
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
    """With Essentia first, AcousticBrainz gets no request."""
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
    """The first failure is enough: all files are analyzed locally and complete."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but not listening
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        options = options_for(
            segued,
            fake_services.services,
            "acousticbrainz",
            "essentia",
            acousticbrainz=address,
        )
        ran = segued.import_folders(music, options=options)

    assert ran.code == 0
    assert all(
        str(each).startswith("essentia") for each in flavor_sources(segued).values()
    )
    assert ran.json["services"]["acousticbrainz"] == "away"
    assert not {"acousticbrainz", "essentia"} & set(ran.json["deferred"])
    assert ran.json["work"]["9"]["essentia"] == 2


def test_a_slow_one_is_not_waited_for(
    segued: SeguedRunner,
    music: Path,
    catalogue: ServiceCatalog,
    fake_services: BackgroundServices,
) -> None:
    """It exceeds the time limit and counts as away: files are analyzed locally."""
    catalogue.answers[high_level_path(RECORDING)] = high_level_document(FLAVOR)
    fake_services.services.add_fault("acousticbrainz", DelayFault(3_600), times=None)
    name, path = options_for(
        segued, fake_services.services, "acousticbrainz", "essentia"
    )
    impatient = (
        Path(path).read_text().replace("[services]", "[services]\ntotal_seconds = 0.5")
    )

    ran = segued.import_folders(music, options=(name, segued.write_config(impatient)))

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
    """Shares outside 0..1 are rejected; the file is analyzed locally."""
    nonsense = {"danceability": {"danceable": 7.0, "not_danceable": -6.0}}
    catalogue.answers[high_level_path(RECORDING)] = high_level_document(nonsense)

    segued.import_folders(
        music,
        options=options_for(
            segued, fake_services.services, "acousticbrainz", "essentia"
        ),
    )

    assert str(flavor_sources(segued)["song"]).startswith("essentia")


def write_archive(path: Path, entries: dict[str, bytes]) -> Path:
    """Write an archive like AcousticBrainz's: a tar file, compressed with zstd."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, raw in entries.items():
            member_name = (
                f"acousticbrainz-highlevel-json-20220623/highlevel/{name[:2]}/{name}"
            )
            member = tarfile.TarInfo(member_name)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
    path.write_bytes(zstandard.compress(plain.getvalue()))
    return path


def test_archive_import_gives_flavor(
    segued: SeguedRunner,
    music: Path,
    catalogue: ServiceCatalog,
    fake_services: BackgroundServices,
    tmp_path: Path,
) -> None:
    """Only for recordings in the library; each gets its best submission."""
    assert catalogue.answers
    fake_services.run(fake_services.services.stop("acousticbrainz"))
    options = options_for(segued, fake_services.services, "acousticbrainz")
    segued.import_folders(music, options=options)
    assert flavor_sources(segued)["song"] is None
    unused = mbid("in no library")
    invalid = {"danceability": {"danceable": 3.0, "not_danceable": -2.0}}
    dump = write_archive(
        tmp_path / "highlevel-0.tar.zst",
        {
            f"{OTHER}-0.json": b"[]",
            f"{OTHER}-1.json": high_level_document(invalid),
            f"{RECORDING}-0.json": b"{",
            f"{RECORDING}-1.json": high_level_document(FLAVOR),
            f"{RECORDING}-2.json": high_level_document(invalid),
            f"{unused}-0.json": high_level_document(FLAVOR),
            "README.txt": b"not a submission",
        },
    )

    database = ("--database", segued.database)
    first = segued.run("flavor", "import-dump", *database, dump, "--json")
    second = segued.run("flavor", "import-dump", *database, dump, "--json")
    segued.import_folders(music, options=options)

    assert first.code == 0, first.err
    assert first.json == {"read": 6, "damaged": 3, "kept": 1, "taken_up": 1}
    assert second.json["kept"] == 0
    (row,) = passages_of(segued.database, "song.flac")
    assert row["flavor_source"] == "acousticbrainz"
    assert json.loads(row["flavor"])["characteristics"] == FLAVOR
    (cached,) = query(segued.database, "SELECT question FROM acousticbrainz_cache")
    assert json.loads(cached["question"]) == {
        "archive": "highlevel-0.tar.zst",
        "submissions": 3,
    }
    all_entries = segued.run(
        "flavor", "import-dump", *database, dump, "--json", "--all"
    )
    assert all_entries.json["kept"] == 2


@pytest.mark.parametrize("damage", ["cut", "not", "gone"])
def test_damaged_archive_is_reported(
    segued: SeguedRunner, music: Path, tmp_path: Path, damage: str
) -> None:
    """Submissions before the damage are stored."""
    segued.import_folders(music)
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
    database = ("--database", segued.database)

    ran = segued.run("flavor", "import-dump", *database, dump, "--all")

    assert ran.code == 2
    assert str(dump) in ran.err
    (cached,) = query(segued.database, "SELECT count(*) AS n FROM acousticbrainz_cache")
    assert (cached["n"] >= 500) is (damage == "cut")


def test_deferred_flavor_is_completed_later(
    segued: SeguedRunner,
    music: Path,
    catalogue: ServiceCatalog,
    fake_services: BackgroundServices,
) -> None:
    """Without another source the file is complete, and gets its flavor later."""
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


@pytest.mark.parametrize(
    ("sources", "limit_seconds"),
    [(("acousticbrainz",), WAIT_SECONDS), (("acousticbrainz", "essentia"), 0.5)],
    ids=["acoustid slow, no local flavor", "acoustid away, essentia instead"],
)
def test_files_waiting_for_acoustid_are_not_requeued_in_a_loop(
    segued: SeguedRunner,
    music: Path,
    fake_services: BackgroundServices,
    sources: tuple[str, ...],
    limit_seconds: float,
) -> None:
    """A file is imported, and again for its folder, an answer, and a fallback."""
    fake_services.services.add_fault("acoustid", DelayFault(1.5), times=None)
    name, path = options_for(segued, fake_services.services, *sources)
    config = (
        Path(path)
        .read_text()
        .replace("loudness = false", "loudness = true")
        .replace("[services]", f"[services]\ntotal_seconds = {limit_seconds}")
    )

    ran = segued.import_folders(music, options=(name, segued.write_config(config)))

    assert ran.code == 0
    assert ran.json["files"] == {"INGEST COMPLETE": 2}
    assert ran.json["work"]["1"]["looked up"] <= 2 * 4
    assert "acousticbrainz" not in ran.json["deferred"]
    loudness = passages_of(segued.database, "song.flac")[0]["loudness_lufs"]
    assert loudness is not None
