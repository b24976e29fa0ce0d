"""`seguectl` without a daemon."""

import re
import signal
from pathlib import Path

from tests.end_to_end.running_daemon import running_daemon
from tests.end_to_end.segued_runner import CommandResult, SeguedRunner


def run_seguectl(segued: SeguedRunner, *arguments: str | Path) -> CommandResult:
    """Run seguectl on a library."""
    name, *rest = arguments
    options = ("--database", segued.database)
    return segued.run(name, *options, *rest, module="segued.cli.control")


def test_settings_are_stored_checked_and_shown(
    segued: SeguedRunner, tmp_path: Path
) -> None:
    """The first import stores the defaults; invalid values are refused."""
    empty = tmp_path / "music"
    empty.mkdir()
    segued.import_folders(empty)

    before = run_seguectl(segued, "settings", "--json")
    wrong = run_seguectl(segued, "settings", "silence_threshold_dB", "500")
    unknown = run_seguectl(segued, "settings", "volume", "11")
    right = run_seguectl(segued, "settings", "silence_threshold_dB", "55")
    workers = run_seguectl(segued, "workers", "7", "--json")
    shown = run_seguectl(segued, "workers")
    many = run_seguectl(segued, "workers", "1000")
    seconds = run_seguectl(segued, "settings", "silence_seconds", "1.5")
    by_plain_name = run_seguectl(segued, "settings", "workers", "7")
    key = run_seguectl(segued, "settings", "acoustid_api_key", "abcdefgh")
    after = run_seguectl(segued, "settings", "--json")

    assert before.json["silence_threshold_dB"] == 60
    assert before.json["ai_processing_thread_count"] >= 2
    assert (wrong.code, unknown.code) == (2, 2)
    assert "silence_threshold_dB = 500" in wrong.err
    assert "no such setting: volume" in unknown.err
    assert right.out == "silence_threshold_dB = 55.0   (silence_db)\n"
    assert workers.json == {"ai_processing_thread_count": 7}
    assert shown.out == "ai_processing_thread_count = 7   (workers)\n"
    assert shown.err == ""
    assert seconds.out == (
        "silence_min_duration_ticks = 42336000   (silence_seconds = 1.5)\n"
    )
    assert by_plain_name.out == shown.out
    assert many.code == 0
    assert "1000 workers are more than this computer uses" in many.err
    assert "abcdef" not in key.out
    assert after.json["silence_threshold_dB"] == 55
    assert after.json["acoustid_api_key"] == "...gh"


def test_pinned_setting_cannot_be_changed(segued: SeguedRunner, tmp_path: Path) -> None:
    """A setting in the configuration file cannot be changed by command."""
    config = tmp_path / "segued.toml"
    config.write_text("[settings]\nlead_in_threshold_dB = 33\n")
    pin = ("--config", config)

    printed = run_seguectl(segued, "settings", "lead_in_threshold_dB", *pin)
    refused = run_seguectl(segued, "settings", "lead_in_threshold_dB", "44", *pin)

    assert printed.out == (
        f"lead_in_threshold_dB = 33.0   (lead_in_db; fixed in {config})\n"
    )
    assert refused.code == 2
    assert "fixed in the configuration file" in refused.err


def test_status_is_the_last_session(segued: SeguedRunner, sample: Path) -> None:
    """In a line with the local time; in JSON with the keys of a daemon's status."""
    segued.import_folders(sample / "Marram")

    line = run_seguectl(segued, "status")
    stored = run_seguectl(segued, "status", "--json").json
    without = run_seguectl(segued, "status", "--running")
    with running_daemon(segued, sample / "Marram") as daemon:
        running = daemon.status()
        socket = ("--socket", str(daemon.client.path))
        assert run_seguectl(segued, "status", "--running", *socket).code == 0

    minute = r"\d{4}-\d\d-\d\d \d\d:\d\d"
    assert re.fullmatch(
        rf"COMPLETED   4 of 4 files   since {minute}   until {minute}\n"
        r"No daemon runs; segued serve starts one\n",
        line.out,
    )
    assert (without.code, without.out) == (4, "")
    assert set(stored) == set(running)
    assert (stored["state"], stored["files_done"]) == ("COMPLETED", 4)
    assert stored["process"] is None
    assert stored["folders"] == []
    assert stored["library"] == running["library"]


def test_status_without_any_session(segued: SeguedRunner) -> None:
    """It says how to start one, and in JSON has the same keys."""
    run_seguectl(segued, "settings")  # creates the library

    line = run_seguectl(segued, "status")
    stored = run_seguectl(segued, "status", "--json").json

    assert line.out == "no session yet; segued import FOLDER starts one\n"
    assert (stored["state"], stored["session"], stored["files_total"]) == (
        "NONE",
        None,
        0,
    )


def test_library_in_use_is_read_only(segued: SeguedRunner, sample: Path) -> None:
    """Reading works during an import; writing fails with the id of its process."""
    with segued.start_import(sample) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if b'"phase.started"' in line:
                break
        # So that it does not end before the commands have run.
        process.send_signal(signal.SIGSTOP)
        status = run_seguectl(segued, "status")
        refused = run_seguectl(segued, "workers", "2")

    assert status.out.startswith(("SCANNING", "PROCESSING"))
    assert refused.code == 3
    assert f"(process {process.pid})" in refused.err
    assert "another segued is using this library" in refused.err
