"""Questions about matches, and answers that last: `review` of both programs."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import mutagen
import pytest

from tests.end_to_end.library_queries import query
from tests.end_to_end.review_music import (
    BRINE,
    FILES,
    OTHER,
    RIVALS,
    ReviewMusic,
    import_review_music,
    services_config,
)
from tests.end_to_end.running_daemon import running_daemon
from tests.end_to_end.segued_runner import CommandResult, SeguedRunner
from tests.end_to_end.service_catalog import mbid
from tests.end_to_end.terminal_screen import run_in_terminal
from tests.fake_services import FakeServices, services_in_background

ANOTHER = "0a0b0c0d-0000-4000-8000-000000000001"


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> ReviewMusic:
    """The library, imported once; tests work on copies."""
    return import_review_music(tmp_path_factory.mktemp("review"))


@pytest.fixture(name="reviewed")
def _reviewed(made: ReviewMusic) -> ReviewMusic:
    """The library as it was imported, without any answer."""
    database = made.segued.database
    kept = database.with_name("kept.db")
    with closing(sqlite3.connect(database)) as library:
        if not kept.exists():
            library.execute("VACUUM INTO ?", [str(kept)])
    for each in database.parent.glob("library.db*"):
        if each.is_file():
            each.unlink()
    shutil.copy(kept, database)
    return made


def review(reviewed: ReviewMusic, *arguments: str) -> CommandResult:
    """Run `segued review` without a daemon."""
    segued = reviewed.segued
    paths = ("--database", segued.database, "--config", reviewed.config)
    return segued.run("review", *paths, *arguments)


def cards(reviewed: ReviewMusic) -> list[dict[str, Any]]:
    """Return the open cards, the worst first."""
    ran = review(reviewed, "--json")
    assert ran.code == 0, ran.err
    found: list[dict[str, Any]] = ran.json["cards"]
    return found


def passage(segued: SeguedRunner, path: Path) -> dict[str, Any]:
    """Return what the views say of the passage of a file."""
    (row,) = (
        row
        for row in query(segued.database, "SELECT * FROM library_passages")
        if row["path"] == str(path)
    )
    return row


def test_questions_are_listed_the_worst_first(reviewed: ReviewMusic) -> None:
    """Each is a sentence, with the candidates and what speaks for and against them."""
    found = cards(reviewed)
    listed = review(reviewed, "--list")

    assert [each["question"] for each in found] == [
        "other names",
        "rivals",
        "unconfirmed",
    ]
    assert found[0]["text"] == (
        "The tags say “Marram / Live at Leeds”, the sound says “Marram / Ebb”."
    )
    (candidate,) = found[0]["passages"][0]["candidates"]
    assert (candidate["mbid"], candidate["is_current"]) == (OTHER, True)
    assert candidate["evidence_for"] == ["sound 97%, 9 of 9 sources", "length agrees"]
    assert candidate["evidence_against"] == ["other names"]
    rivals = found[1]["passages"][0]["candidates"]
    assert {each["mbid"] for each in rivals} == set(RIVALS)
    assert found[2]["text"] == (
        "No fingerprint of 3 songs is known, only their names. Track 3 is missing."
    )
    assert found[2]["missing"] == [[1, 3]]
    assert found[2]["album"]["title"] == "Salt"
    assert found[0]["text"] in listed.out
    assert "Salt" in listed.out


def test_an_answer_survives_and_is_undone(reviewed: ReviewMusic) -> None:
    """New tags, a move and a rematch keep it; undo gives back exactly what was."""
    segued, path = reviewed.segued, reviewed.rivals
    before = passage(segued, path)
    card = cards(reviewed)[1]["card"]

    chosen = review(reviewed, card, "--recording", RIVALS[1], "--json")
    assert chosen.code == 0, chosen.err
    answered = passage(segued, path)
    assert (answered["recording_mbid"], answered["confidence"]) == (RIVALS[1], "High")
    assert card not in [each["card"] for each in cards(reviewed)]

    original = path.read_bytes()
    moved = path.with_name("moved.mp3")
    try:
        tags = mutagen.File(path, easy=True)
        tags["title"] = "Something Else"
        tags.save()
        path.rename(moved)
        options = ("--config", reviewed.config, "--offline")
        assert segued.import_folders(reviewed.music, options=options).code == 0
        paths = ("--database", segued.database, "--config", reviewed.config)
        assert segued.run("rematch", *paths).code == 0
        kept = passage(segued, moved)
        assert (kept["recording_mbid"], kept["confidence"]) == (RIVALS[1], "High")
        assert card not in [each["card"] for each in cards(reviewed)]
    finally:
        moved.unlink(missing_ok=True)
        path.write_bytes(original)
    options = ("--config", reviewed.config, "--offline")
    assert segued.import_folders(reviewed.music, options=options).code == 0

    undone = review(reviewed, "--undo", "--json")
    assert undone.json == {"undone": chosen.json["answer"]}
    changing = {"status": None}
    assert passage(segued, path) | changing == before | changing
    assert cards(reviewed)[1]["card"] == card
    assert review(reviewed, "--undo").code == 2  # nothing is left to undo


def test_a_whole_album_is_left_as_it_is(reviewed: ReviewMusic) -> None:
    """One answer about all its songs; the history has who gave it."""
    card = cards(reviewed)[2]["card"]

    assert review(reviewed, card, "--leave").code == 0
    (answer,) = review(reviewed, "--history", "--json").json

    assert [each["card"] for each in cards(reviewed)].count(card) == 0
    assert (answer["action"], answer["program"]) == ("leave", "segued")
    assert len(answer["passages"]) == 3
    assert answer["person"]
    assert passage(reviewed.segued, reviewed.album / "01.mp3")["confidence"] == "Low"
    assert review(reviewed, card, "--accept").code == 2
    assert "leave" in review(reviewed, "--history").out


def test_an_older_answer_is_not_undone_below_a_newer_one(
    reviewed: ReviewMusic,
) -> None:
    """`decide` writes the same history."""
    paths = ("--database", reviewed.segued.database, "--config", reviewed.config)
    for recording in (*RIVALS, ANOTHER):
        decided = reviewed.segued.run(
            "decide", *paths, "--recording", recording, reviewed.rivals
        )
        assert decided.code == 0, decided.err

    older = review(reviewed, "--undo", "1")
    first, second = review(reviewed, "--undo"), review(reviewed, "--undo")

    assert (older.code, "was decided again since" in older.err) == (4, True)
    assert (first.code, second.code) == (0, 0)
    assert passage(reviewed.segued, reviewed.rivals)["recording_mbid"] == RIVALS[0]
    actions = [each["action"] for each in review(reviewed, "--history", "--json").json]
    assert actions == ["undo", "undo", "recording", "recording", "recording"]


def test_a_daemon_answers_over_a_restart(reviewed: ReviewMusic) -> None:
    """Its status counts the open cards, and knows after a restart what was decided."""
    segued = reviewed.segued
    with running_daemon(segued, reviewed.music) as daemon:
        daemon.wait_until_done(FILES)
        daemon.wait_for(lambda status: status["cards"] == 3)
        card = segued.control("review", "--json", client=daemon.client).json["cards"][1]
        chosen = segued.control(
            "review", card["card"], "--accept", client=daemon.client
        )
        assert chosen.code == 0, chosen.err
        assert daemon.status()["cards"] == 2
        assert "2 albums or files need you" in "\n".join(daemon.status()["text"])
        daemon.wait_for(
            lambda _: passage(segued, reviewed.rivals)["confidence"] == "High"
        )
    with running_daemon(segued, reviewed.music) as daemon:
        daemon.wait_until_done(FILES)
        daemon.wait_for(lambda status: status["cards"] == 2)
        undone = segued.control("review", "--undo", client=daemon.client)
        assert undone.code == 0, undone.err
        assert daemon.status()["cards"] == 3
        daemon.wait_for(
            lambda _: passage(segued, reviewed.rivals)["confidence"] == "Medium"
        )
    status = segued.run(
        "status",
        "--json",
        "--database",
        segued.database,
        "--config",
        reviewed.config,
        module="segued.cli.control",
    )
    assert status.json["cards"] == 3


def album_of(reviewed: ReviewMusic) -> dict[str, Any]:
    """Return what the view says of the album; nothing while its songs are on two."""
    rows = query(reviewed.segued.database, "SELECT * FROM library_albums")
    return next((each for each in rows if each["tracks"] == 3), {})


def test_an_album_is_another_release(reviewed: ReviewMusic) -> None:
    """The choice survives restart, new tags, move and rematch, until it is undone."""
    segued, path = reviewed.segued, reviewed.album / "01.mp3"
    before = [album_of(reviewed), passage(segued, path)]
    card = cards(reviewed)[2]["card"]
    answers = reviewed.catalog.in_memory_answers
    with (
        services_in_background(
            lambda: FakeServices(answers, limits=False)
        ) as background,
        running_daemon(
            segued,
            reviewed.music,
            online=True,
            extra_config=services_config(background.services),
        ) as daemon,
    ):
        daemon.wait_until_done(FILES)
        args = ("review", card, "--release", BRINE, "--json")
        chosen = segued.control(*args, client=daemon.client)
        assert chosen.code == 0, chosen.err
        daemon.wait_for(lambda _: album_of(reviewed).get("release_mbid") == BRINE)
        daemon.wait_until_done(FILES)
    assert album_of(reviewed)["title"] == "Brine"
    assert passage(segued, path)["recording_mbid"] == mbid("Curlew", "Harbor")
    assert passage(segued, path)["track"] == 2  # Prelude comes first, and is missing
    assert [each["question"] for each in cards(reviewed)][2:] == ["missing tracks"]
    assert cards(reviewed)[2]["missing"] == [[1, 1]]

    original = path.read_bytes()
    moved = path.with_name("moved.mp3")
    options = ("--config", reviewed.config, "--offline")
    paths = ("--database", segued.database, "--config", reviewed.config)
    try:
        tags = mutagen.File(path, easy=True)
        tags["album"] = "Something Else"
        tags.save()
        path.rename(moved)
        assert segued.import_folders(reviewed.music, options=options).code == 0
        assert segued.run("rematch", *paths).code == 0
        assert (album_of(reviewed)["title"], album_of(reviewed)["tracks"]) == (
            "Brine",
            3,
        )
        explained = segued.run("explain", *paths, moved)
        assert f"{BRINE}, as a person says" in explained.out
    finally:
        moved.unlink(missing_ok=True)
        path.write_bytes(original)
    assert segued.import_folders(reviewed.music, options=options).code == 0

    assert review(reviewed, "--undo", "--json").json == {
        "undone": chosen.json["answer"]
    }
    changing = {"status": None, "album_id": None, "added_at": None}
    after = [album_of(reviewed), passage(segued, path)]
    assert [each | changing for each in after] == [each | changing for each in before]
    assert query(segued.database, "SELECT * FROM library_chosen_releases") == []
    assert cards(reviewed)[2]["text"].startswith("No fingerprint of 3 songs is known")


def test_a_file_is_of_another_release(reviewed: ReviewMusic) -> None:
    """`decide` says it of one file, in the same history."""
    segued = reviewed.segued
    paths = ("--database", segued.database, "--config", reviewed.config)

    decided = segued.run("decide", *paths, "--release", BRINE, reviewed.rivals)
    found = query(segued.database, "SELECT * FROM library_chosen_releases")
    cleared = segued.run("decide", *paths, "--any-release", reviewed.rivals)

    assert (decided.code, cleared.code) == (0, 0), decided.err + cleared.err
    assert [(row["path"], row["release_mbid"]) for row in found] == [
        (str(reviewed.rivals), BRINE)
    ]
    assert query(segued.database, "SELECT * FROM library_chosen_releases") == []
    actions = [each["action"] for each in review(reviewed, "--history", "--json").json]
    assert actions == ["any release", "release"]
    assert review(reviewed, "none", "--release", BRINE).code == 2


def test_questions_are_answered_in_a_terminal(reviewed: ReviewMusic) -> None:
    """One after the other; what is no answer is said, and the question stays."""
    segued = reviewed.segued
    command = segued.command(
        "review", "--database", segued.database, "--config", reviewed.config
    )
    with run_in_terminal(command, segued.environment()) as screen:
        screen.wait_for("the sound says “Marram / Ebb”")
        screen.wait_for("q end: ")
        screen.type_line("perhaps")
        screen.wait_for("that is none of the answers")
        screen.wait_for("q end: ")
        screen.type_line("s")
        screen.wait_for("Several recordings of “Twice” have this sound")
        screen.wait_for("q end: ")
        screen.type_line("9")
        screen.wait_for("there is no candidate 9")
        screen.wait_for("q end: ")
        screen.type_line("2")
        screen.wait_for("Track 3 is missing")
        screen.wait_for("q end: ")
        screen.type_line(f"r https://musicbrainz.org/release/{BRINE}")
        screen.wait_for("its files are matched again with it")
        screen.wait_for("Nothing needs you")
        assert screen.exit_code() == 0

    actions = [each["action"] for each in review(reviewed, "--history", "--json").json]
    assert actions == ["release", "recording"]
    chosen = query(segued.database, "SELECT * FROM library_chosen_releases")
    assert {row["release_mbid"] for row in chosen} == {BRINE}
    assert passage(segued, reviewed.rivals)["recording_mbid"] in RIVALS
