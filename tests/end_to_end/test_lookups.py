"""An import with lookups, with real audio and over real HTTP."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import mutagen
import numpy as np
import pytest

from tests import audio
from tests.end_to_end.library_queries import dump_library, passages_of, query
from tests.end_to_end.segued_runner import QUICK_CONFIG, SeguedRunner
from tests.end_to_end.service_catalog import ServiceCatalog, mbid
from tests.fake_services import (
    FakeServices,
    fingerprint_path,
    services_in_background,
)
from tests.fake_services.answers import musicbrainz_path
from tests.fake_services.background import BackgroundServices

FOLDER = "Harbour Lights (1990)"
SONGS = ("First Light", "Salt and Rope", "Undertow", "The Last Ferry")


@pytest.fixture(name="music")
def _music(sample: Path, tmp_path: Path) -> Path:
    """An album of four songs, each in a file, and single songs."""
    music = tmp_path / "music"
    shutil.copytree(sample / "Marram" / FOLDER, music / FOLDER)
    shutil.copytree(sample / "Singles", music / "Singles")
    return music


@pytest.fixture(name="catalogue")
def _catalogue(music: Path, tmp_path: Path) -> ServiceCatalog:
    """The services' answers for the album."""
    first = SeguedRunner(tmp_path / "first")
    assert first.import_folders(music).code == 0
    catalogue = ServiceCatalog(first.database)
    catalogue.add_album(FOLDER, "Marram", "Harbour Lights", *SONGS)
    return catalogue


@pytest.fixture(name="fake_services")
def _fake_services(catalogue: ServiceCatalog) -> Iterator[BackgroundServices]:
    """The fake services, without rate limits: those have tests of their own."""
    with services_in_background(
        lambda: FakeServices(catalogue.in_memory_answers, limits=False)
    ) as background:
        yield background


def config_for(
    segued: SeguedRunner, fake_services: FakeServices, key: str | None = "test-key"
) -> str:
    """Return a configuration for the fake services, with no pause between requests."""
    text = QUICK_CONFIG + (
        "[services]\n"
        f'acoustid_url = "{fake_services.acoustid_url}"\n'
        f'musicbrainz_url = "{fake_services.musicbrainz_url}"\n'
        "acoustid_rate = 100.0\nmusicbrainz_rate = 100.0\n"
        'contact = "tests@example.org"\n'
    )
    if key:
        text += f'[settings]\nacoustid_api_key = "{key}"\n'
    return segued.write_config(text)


def import_summary(segued: SeguedRunner, music: Path, config: str) -> dict[str, object]:
    """Import, and return the summary."""
    ran = segued.import_folders(music, options=("--config", config))
    assert ran.code == 0, ran.err
    summary: dict[str, object] = ran.json
    return summary


def album_passages(segued: SeguedRunner) -> list[dict[str, object]]:
    """Return the rows of the album's passages, ordered by path."""
    rows = query(segued.database, "SELECT * FROM library_passages ORDER BY path")
    return [row for row in rows if FOLDER in row["path"]]


def test_album_is_identified_by_fingerprints(
    segued: SeguedRunner, music: Path, fake_services: BackgroundServices
) -> None:
    """High, with recording, release, artist and work; a second import sends nothing."""
    config = config_for(segued, fake_services.services)

    summary = import_summary(segued, music, config)

    rows = album_passages(segued)
    assert [row["confidence"] for row in rows] == ["High"] * 4
    assert [row["recording_mbid"] for row in rows] == [
        mbid("Marram", name) for name in SONGS
    ]
    release = mbid("Marram", "Harbour Lights")
    assert {row["release_mbid"] for row in rows} == {release}
    works = query(segued.database, "SELECT title FROM works ORDER BY title")
    assert [row["title"] for row in works] == sorted(SONGS)
    assert "acoustid" not in summary["deferred"]  # type: ignore[operator]
    assert "musicbrainz" not in summary["deferred"]  # type: ignore[operator]

    # Nine fingerprints in a few batches; the album in one or two requests.
    assert len(fake_services.services.requests_to("acoustid")) <= 5
    assert fake_services.services.keys_in_urls == []
    request_count = len(fake_services.services.requests)
    import_summary(segued, music, config)
    assert len(fake_services.services.requests) == request_count


def test_the_number_of_workers_changes_no_match(
    tmp_path: Path, music: Path, fake_services: BackgroundServices
) -> None:
    """One worker and four give the same library, in any order of the answers."""
    libraries = []
    for workers in ("1", "4"):
        segued = SeguedRunner(tmp_path / f"with-{workers}")
        options = ("--config", config_for(segued, fake_services.services))
        ran = segued.import_folders(music, options=(*options, "--workers", workers))
        assert ran.code == 0, ran.err
        libraries.append(dump_library(segued.database))

    assert '"High"' in libraries[0]
    assert libraries[0] == libraries[1]


@pytest.mark.parametrize("favorites", ["A favorites", "Z favorites"])
def test_a_copy_elsewhere_leaves_the_song_in_its_album(
    segued: SeguedRunner,
    music: Path,
    fake_services: BackgroundServices,
    favorites: str,
) -> None:
    """Whichever of the two is found first; the other songs of the album keep theirs."""
    folder = music / favorites
    folder.mkdir()
    shutil.copy(next((music / FOLDER).glob("02*")), folder / "best of all.mp3")
    for other in (music / "Singles").iterdir():
        shutil.copy(other, folder)
    options = ("--config", config_for(segued, fake_services.services), "--workers", "1")

    assert segued.import_folders(music, options=options).code == 0

    rows = query(
        segued.database,
        "SELECT path, release_mbid, confidence FROM library_passages"
        " WHERE confidence = 'High' ORDER BY path",
    )
    release = mbid("Marram", "Harbour Lights")
    assert [row["release_mbid"] for row in rows] == [release] * len(SONGS), rows
    assigned = query(
        segued.database, "SELECT assignment FROM files WHERE assignment LIKE '% 1._'"
    )
    assert sorted(row["assignment"] for row in assigned) == [
        f"{release} 1.{track}" for track in range(1, len(SONGS) + 1)
    ]


def test_no_answer_fails_no_file(
    segued: SeguedRunner, music: Path, fake_services: BackgroundServices
) -> None:
    """Files are complete without the services; matches follow when they are back."""
    config = config_for(segued, fake_services.services)
    fake_services.run(fake_services.services.stop())

    summary = import_summary(segued, music, config)
    assert summary["files"] == {"INGEST COMPLETE": 9}
    assert summary["deferred"]["acoustid"] == 9  # type: ignore[index]
    assert {row["confidence"] for row in album_passages(segued)} == {"Low"}

    fake_services.run(fake_services.services.start())
    again = import_summary(segued, music, config)
    assert [row["confidence"] for row in album_passages(segued)] == ["High"] * 4
    work = again["work"]
    assert work["4"].get("decoded", 0) == 0  # type: ignore[index]


def test_a_key_that_comes_later_is_enough(
    segued: SeguedRunner, music: Path, fake_services: BackgroundServices
) -> None:
    """Without a key only MusicBrainz is queried, by the album's name."""
    import_summary(segued, music, config_for(segued, fake_services.services, key=None))
    assert fake_services.services.requests_to("acoustid") == []
    assert {row["confidence"] for row in album_passages(segued)} == {"Medium"}

    import_summary(segued, music, config_for(segued, fake_services.services))
    assert {row["confidence"] for row in album_passages(segued)} == {"High"}


def test_refused_api_key_is_reported_once(
    segued: SeguedRunner, music: Path, fake_services: BackgroundServices
) -> None:
    """After one or two requests the import continues without AcoustID."""
    config = config_for(segued, fake_services.services, key="wrong-key")

    ran = segued.run("import", "--database", segued.database, "--config", config, music)

    assert ran.code == 0
    assert len(fake_services.services.requests_to("acoustid")) <= 2
    assert "wrong-key" not in ran.out + ran.err
    assert "rejects the API key" in ran.out


def test_foreign_fingerprint_in_an_album_is_not_high(
    segued: SeguedRunner, music: Path, catalogue: ServiceCatalog
) -> None:
    """AcoustID matches one song to a foreign recording; the album outweighs it."""
    row = catalogue.passages(FOLDER)[2]
    foreign_recording = mbid("Somebody", "Undertow")
    elsewhere = mbid("group", "elsewhere")
    catalogue.add_candidates(
        row, [(foreign_recording, "Undertow", "Marram", 900, elsewhere)], score=0.99
    )
    with services_in_background(
        lambda: FakeServices(catalogue.in_memory_answers, limits=False)
    ) as fake_services:
        import_summary(segued, music, config_for(segued, fake_services.services))

    third = album_passages(segued)[2]
    assert third["recording_mbid"] == mbid("Marram", "Undertow")
    assert third["confidence"] == "Medium"


def test_explain_command(
    segued: SeguedRunner, music: Path, fake_services: BackgroundServices
) -> None:
    """As text, and as JSON."""
    import_summary(segued, music, config_for(segued, fake_services.services))
    song = next((music / FOLDER).glob("*First Light*"))
    database = ("--database", segued.database)

    text_result = segued.run("explain", *database, song)
    data = segued.run("explain", "--json", *database, song).json

    assert text_result.code == 0
    assert "First Light" in text_result.out
    assert "High" in text_result.out
    assert "matched by fingerprint, and its names agree" in text_result.out
    (passage,) = data["passages"]
    assert passage["recording_mbid"] == mbid("Marram", "First Light")
    assert passage["reason"] in text_result.out
    assert segued.run("explain", *database, music / "none.mp3").code == 2


def test_a_side_is_cut_by_the_lengths_of_its_release(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """Where hiss hides the silences, and AcoustID has no match."""
    lengths, rate = (95.0, 120.0, 80.0, 105.0), 11_025
    songs = [audio.music(s, rate, 1, seed) for seed, s in enumerate(lengths, start=7)]
    gap = audio.silence(2.5, rate, 1)
    samples = np.concatenate([part for song in songs for part in (song, gap)])
    hiss = np.random.default_rng(3).standard_normal(samples.shape, np.float32)
    path = tmp_path / "music" / "Old Record" / "side.flac"
    path.parent.mkdir(parents=True)
    audio.encode_audio(path, 0.7 * samples + np.float32(0.004) * hiss, rate)
    tags = mutagen.File(path)
    tags["album"], tags["artist"], tags["title"] = "Old Record", "The Hiss", "Side A"
    tags.save()
    catalogue = ServiceCatalog(segued.database)
    names = ("One", "Two", "Three", "Four")
    catalogue.add_release("The Hiss", "Old Record", names, lengths)

    with services_in_background(
        lambda: FakeServices(catalogue.in_memory_answers, limits=False)
    ) as fake_services:
        import_summary(
            segued, tmp_path / "music", config_for(segued, fake_services.services)
        )

    rows = query(segued.database, "SELECT * FROM library_passages ORDER BY ordinal")
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


def test_override_persists(
    segued: SeguedRunner, music: Path, fake_services: BackgroundServices
) -> None:
    """Through new tags, rescans and a rematch, until it is cleared."""
    config = config_for(segued, fake_services.services)
    import_summary(segued, music, config)
    song = next((music / FOLDER).glob("*First Light*"))
    options = ("--json", "--database", segued.database, "--config", config)
    another = mbid("a person", "knows better")

    decided = segued.run(
        "decide", *options, "--recording", another, "--title", "X", song
    )
    tags = mutagen.File(song, easy=True)
    tags["title"] = "Something Else"
    tags.save()
    import_summary(segued, music, config)
    segued.run("rematch", *options)

    assert decided.json["passages"][0]["reason"] == "a person says so"
    first = album_passages(segued)[0]
    assert (first["recording_mbid"], first["title"]) == (another, "X")
    assert (first["confidence"], first["status"]) == ("High", "INGEST COMPLETE")
    assert album_passages(segued)[1]["recording_mbid"] == mbid("Marram", SONGS[1])

    assert segued.run("decide", *options, "--no-song", song).code == 0
    first = album_passages(segued)[0]
    assert (first["recording_mbid"], first["confidence"]) == (None, "None")

    assert segued.run("decide", *options, "--clear", song).code == 0
    assert album_passages(segued)[0]["recording_mbid"] == mbid("Marram", "First Light")
    assert segued.run("decide", *options, "--passage", "2", "--clear", song).code == 2


def test_rematching_sends_no_requests(
    segued: SeguedRunner, music: Path, fake_services: BackgroundServices
) -> None:
    """All answers are stored, so new rules apply without requests."""
    config = config_for(segued, fake_services.services)
    import_summary(segued, music, config)
    before = album_passages(segued)
    request_count = len(fake_services.services.requests)

    ran = segued.run(
        "rematch", "--json", "--database", segued.database, "--config", config
    )

    assert ran.code == 0, ran.err
    assert len(fake_services.services.requests) == request_count
    assert json.loads(ran.out)["files"] == {"INGEST COMPLETE": 9}
    rows_after = [{**row, "passage_id": None} for row in album_passages(segued)]
    assert rows_after == [{**row, "passage_id": None} for row in before]
    assert passages_of(segued.database, "none") == []


def test_an_answer_that_is_too_large_costs_only_its_own_question(
    segued: SeguedRunner, music: Path, catalogue: ServiceCatalog
) -> None:
    """The songs of the album are matched without it; `explain` says why."""
    release = musicbrainz_path("release", mbid("Marram", "Harbour Lights"))
    document = {**json.loads(catalogue.answers[release]), "annotation": "x" * 100_000}
    catalogue.answers[release] = json.dumps(document).encode()
    with services_in_background(
        lambda: FakeServices(catalogue.in_memory_answers, limits=False)
    ) as fake_services:
        config = config_for(segued, fake_services.services)
        limited = (
            Path(config)
            .read_text()
            .replace("[services]\n", "[services]\nanswer_mib = 0.05\n")
        )
        config = segued.write_config(limited)
        summary = import_summary(segued, music, config)
        request_count = len(fake_services.services.requests)
        import_summary(segued, music, config)

        assert len(fake_services.services.requests) == request_count
    assert summary["services"]["musicbrainz"] == "up"  # type: ignore[index]
    assert not {"acoustid", "musicbrainz"} & set(summary["deferred"])  # type: ignore[call-overload]
    rows = album_passages(segued)
    assert [row["recording_mbid"] for row in rows] == [
        mbid("Marram", name) for name in SONGS
    ]
    song = next((music / FOLDER).glob("*First Light*"))
    explained = segued.run("explain", "--database", segued.database, song).out
    assert "answer is larger than 52,428 bytes" in explained


def test_an_odd_answer_in_a_batch_costs_only_its_own_song(
    segued: SeguedRunner, music: Path, catalogue: ServiceCatalog
) -> None:
    """The other songs of the batch are matched, and the service stays available."""
    row = catalogue.passages(FOLDER)[2]
    catalogue.answers[fingerprint_path(row["fingerprint"])] = b"[null]"
    with services_in_background(
        lambda: FakeServices(catalogue.in_memory_answers, limits=False)
    ) as fake_services:
        config = config_for(segued, fake_services.services)
        summary = import_summary(segued, music, config)

    assert summary["services"]["acoustid"] == "up"  # type: ignore[index]
    confidences = [row["confidence"] for row in album_passages(segued)]
    assert confidences == ["High", "High", "Medium", "High"]
    song = next((music / FOLDER).glob("*Undertow*"))
    explained = segued.run("explain", "--database", segued.database, song).out
    assert "AcoustID's answer is not usable: unexpected answer" in explained


def test_merged_ids_are_replaced_everywhere(
    segued: SeguedRunner, music: Path, catalogue: ServiceCatalog
) -> None:
    """In AcoustID's answers, in tags and in a decision; `explain` says so."""
    for number, (row, name) in enumerate(
        zip(catalogue.passages(FOLDER), SONGS, strict=True)
    ):
        old = mbid("old recording", str(number))
        catalogue.add_merge("recording", old, mbid("Marram", name))
        path = fingerprint_path(row["fingerprint"])
        bare = [{"id": mbid("x"), "score": 0.97, "recordings": [{"id": old}]}]
        catalogue.answers[path] = json.dumps(bare).encode()
    old_release = mbid("old release")
    release = mbid("Marram", "Harbour Lights")
    catalogue.add_merge("release", old_release, release)
    for song in (music / FOLDER).glob("*"):
        if (tags := mutagen.File(song, easy=True)) is not None:
            tags["musicbrainz_albumid"] = old_release
            tags.save()

    with services_in_background(
        lambda: FakeServices(catalogue.in_memory_answers, limits=False)
    ) as fake_services:
        config = config_for(segued, fake_services.services)
        import_summary(segued, music, config)
        rows = album_passages(segued)
        request_count = len(fake_services.services.requests)
        import_summary(segued, music, config)
        assert len(fake_services.services.requests) == request_count

        song = next((music / FOLDER).glob("*First Light*"))
        options = ("--json", "--database", segued.database, "--config", config)
        undertow = ("--recording", mbid("old recording", "2"))
        decided = segued.run("decide", *options, *undertow, song).json

    assert [row["recording_mbid"] for row in rows] == [
        mbid("Marram", name) for name in SONGS
    ]
    assert {row["release_mbid"] for row in rows} == {release}
    assert {row["confidence"] for row in rows} == {"High"}
    (passage,) = decided["passages"]
    assert passage["recording_mbid"] == mbid("Marram", "Undertow")
    assert "has merged" in passage["evidence"]["merged"]
    second = next((music / FOLDER).glob("*Salt and Rope*"))
    explained = segued.run("explain", "--database", segued.database, second).out
    assert f"merged {mbid('old recording', '1')} into {rows[1]['recording_mbid']}" in (
        explained
    )
    assert f"merged {old_release} into {release}" in explained
