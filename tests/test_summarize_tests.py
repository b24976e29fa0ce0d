"""The summary that `contrib/test` ends with."""

from pathlib import Path

import pytest
from summarize_tests import Failure, load_results, main

REPORT = """<testsuites><testsuite>
<testcase file="tests/a/test_b.py" name="test_works" />
<testcase file="tests/a/test_b.py" name="test_waits"><skipped /></testcase>
<testcase file="tests/a/test_b.py" name="test_breaks[a b]">
<failure message="AssertionError: 1 == 2&#10;more">long</failure>
</testcase>
</testsuite></testsuites>"""


def write_run(folder: Path, parts: str, *, checks: str = "format      ok\n") -> None:
    """Write the output of a run of contrib/test."""
    (folder / "checks.log").write_text(checks)
    (folder / "parts").write_text(parts)


def test_failures_have_reason_and_command(tmp_path: Path) -> None:
    """A failed test is reported with its first line and a command that runs it."""
    write_run(tmp_path, "1\tunit\tunit tests\ttests/a\n")
    (tmp_path / "unit.xml").write_text(REPORT)

    results = load_results(tmp_path)

    assert (results.passed, results.skipped) == (2, 1)
    assert results.failures == [
        Failure(
            "tests/a/test_b.py::test_breaks[a b]",
            "AssertionError: 1 == 2",
            ".venv/bin/python -m pytest 'tests/a/test_b.py::test_breaks[a b]'",
        )
    ]


def test_part_without_report_has_failed(tmp_path: Path) -> None:
    """A part that crashed before its report counts as one failure."""
    write_run(tmp_path, "139\tunit\tunit tests\ttests/a\n")
    (tmp_path / "unit.xml").touch()
    (tmp_path / "unit.log").write_text("....\nSegmentation fault\n\n")

    (failure,) = load_results(tmp_path).failures

    assert failure.name == "unit tests"
    assert failure.reason == "pytest ended with exit code 139: Segmentation fault"


@pytest.mark.parametrize(("outcome", "code"), [("ok", 0), ("failed", 1)])
def test_exit_code_and_last_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    outcome: str,
    code: int,
) -> None:
    """The last line counts checks and tests; any failure gives exit code 1."""
    write_run(tmp_path, "", checks=f"lint        ok\ntypes       {outcome}\nerror: x\n")
    monkeypatch.setattr("sys.argv", ["summarize_tests.py", str(tmp_path)])

    assert main() == code

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"{2 - code} passed, {code} failed"
