"""`seguectl` without a daemon."""

import signal
from pathlib import Path

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
    key = run_seguectl(segued, "settings", "acoustid_api_key", "abcdefgh")
    after = run_seguectl(segued, "settings", "--json")

    assert before.json["silence_threshold_dB"] == 60
    assert before.json["ai_processing_thread_count"] >= 2
    assert (wrong.code, unknown.code) == (2, 2)
    assert "silence_threshold_dB = 500" in wrong.err
    assert "no such setting: volume" in unknown.err
    assert right.out == "silence_threshold_dB = 55.0\n"
    assert workers.json == {"ai_processing_thread_count": 7}
    assert (shown.out, shown.err) == ("ai_processing_thread_count = 7\n", "")
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

    assert printed.out == f"lead_in_threshold_dB = 33.0   (fixed in {config})\n"
    assert refused.code == 2
    assert "fixed in the configuration file" in refused.err


def test_status_is_the_last_session(segued: SeguedRunner, sample: Path) -> None:
    """As a line of text, and as the row in JSON."""
    segued.import_folders(sample / "Marram")

    line = run_seguectl(segued, "status")
    row = run_seguectl(segued, "status", "--json")

    assert line.out.startswith("COMPLETED   4 of 4 files   since ")
    assert (row.json["state"], row.json["files_done"]) == ("COMPLETED", 4)


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
