"""Looking after a library: `seguectl`."""

from pathlib import Path

from tests.stories.program import Ran, Segued


def control(segued: Segued, *arguments: str | Path) -> Ran:
    """Run seguectl on a library."""
    name, *rest = arguments
    where = ("--database", segued.database)
    return segued.run(name, *where, *rest, module="segued.cli.control")


def test_settings_are_stored_checked_and_shown(segued: Segued, tmp_path: Path) -> None:
    """The defaults are there from the first import; nonsense is refused."""
    empty = tmp_path / "music"
    empty.mkdir()
    segued.imported(empty)

    before = control(segued, "settings", "--json")
    wrong = control(segued, "settings", "silence_threshold_dB", "500")
    unknown = control(segued, "settings", "volume", "11")
    right = control(segued, "settings", "silence_threshold_dB", "55")
    workers = control(segued, "workers", "7", "--json")
    key = control(segued, "settings", "acoustid_api_key", "abcdefgh")
    after = control(segued, "settings", "--json")

    assert before.json["silence_threshold_dB"] == 60
    assert before.json["ai_processing_thread_count"] >= 2
    assert (wrong.code, unknown.code) == (2, 2)
    assert "silence_threshold_dB = 500" in wrong.err
    assert "no such setting: volume" in unknown.err
    assert right.out == "silence_threshold_dB = 55.0\n"
    assert workers.json == {"ai_processing_thread_count": 7}
    assert "abcdef" not in key.out
    assert after.json["silence_threshold_dB"] == 55
    assert after.json["acoustid_api_key"] == "...gh"


def test_a_pinned_setting_is_said_and_kept(segued: Segued, tmp_path: Path) -> None:
    """The configuration file wins, and says so."""
    config = tmp_path / "segued.toml"
    config.write_text("[settings]\nlead_in_threshold_dB = 33\n")
    pin = ("--config", config)

    shown = control(segued, "settings", "lead_in_threshold_dB", *pin)
    refused = control(segued, "settings", "lead_in_threshold_dB", "44", *pin)

    assert shown.out == f"lead_in_threshold_dB = 33.0   (held fast by {config})\n"
    assert refused.code == 2
    assert "held fast by the configuration file" in refused.err


def test_status_is_the_last_session(segued: Segued, sample: Path) -> None:
    """In a line for people, as a row for programs."""
    segued.imported(sample / "Marram")

    line = control(segued, "status")
    row = control(segued, "status", "--json")

    assert line.out.startswith("COMPLETED   4 of 4 files   since ")
    assert (row.json["state"], row.json["files_done"]) == ("COMPLETED", 4)


def test_a_library_in_use_is_not_written(segued: Segued, sample: Path) -> None:
    """What only reads goes on beside an import; the rest is told who has it."""
    with segued.importing(sample) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if b'"phase.started"' in line:
                break
        status = control(segued, "status")
        refused = control(segued, "workers", "2")

    assert status.out.startswith(("SCANNING", "PROCESSING"))
    assert refused.code == 3
    assert f"(process {process.pid})" in refused.err
    assert "another segued is using this library" in refused.err
