"""Commands on a library, while a daemon keeps the same library or another one."""

from pathlib import Path

from tests.end_to_end.library_queries import passages_of, query
from tests.end_to_end.running_daemon import running_daemon, write_album
from tests.end_to_end.segued_runner import SeguedRunner

MBID = "0a0b0c0d-0000-4000-8000-000000000001"


def override_count(segued: SeguedRunner) -> int:
    """Return how many overrides a library has."""
    (row,) = query(segued.database, "SELECT count(*) AS count FROM overrides")
    return int(row["count"])


def test_decide_goes_to_the_daemon_of_its_library(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """A daemon that keeps another library is left alone."""
    music = write_album(tmp_path / "music", songs=2)
    song = music / "01 song.mp3"
    other = SeguedRunner(tmp_path / "other")
    imported = other.import_folders(music)
    assert imported.code == 0, imported.err
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(2)
        config = ("--config", next(segued.home.glob("*.toml")))
        decide = ("decide", "--json", *config, "--recording", MBID, "--title", "X")

        direct = segued.run(*decide, "--database", other.database, song)
        assert direct.code == 0, direct.err
        assert direct.json["passages"][0]["recording_mbid"] == MBID
        assert (override_count(segued), override_count(other)) == (0, 1)

        sent = segued.run(*decide, "--database", segued.database, song)
        assert (sent.code, sent.json) == (0, {"decided": str(song)})
        assert (override_count(segued), override_count(other)) == (1, 1)
        daemon.wait_for(
            lambda _: passages_of(segued.database, song.name)[0]["title"] == "X"
        )


def test_pause_needs_the_daemon_of_its_library(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """The library may be named on the command line or in the configuration file."""
    music = tmp_path / "music"
    music.mkdir()
    other = tmp_path / "other.db"
    with running_daemon(segued, music) as daemon:
        daemon.wait_until_done(0)
        config = next(segued.home.glob("*.toml")).read_text()
        named = segued.home / "named.toml"
        named.write_text(
            config.replace("[library]", f'[library]\ndatabase = "{other}"')
        )

        refused = segued.run("pause", "--config", named, module="segued.cli.control")
        assert (refused.code, "has another library" in refused.err) == (4, True)
        option = ("--database", segued.database)
        paused = segued.run(
            "pause", "--config", named, *option, module="segued.cli.control"
        )
        assert (paused.code, paused.out[:14]) == (0, "Session PAUSED")
