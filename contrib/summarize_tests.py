"""Print what failed in a run of contrib/test, and how many tests passed.

    python contrib/summarize_tests.py FOLDER

FOLDER holds the output of one run: `checks.log`, the output of contrib/check; `parts`,
a line for each part of the tests (exit code, file name, name and pytest's arguments,
separated by tabs); and for each part a `.log` and a `.xml`, pytest's JUnit report.
"""

import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from shlex import quote
from typing import Final

__all__ = ["Failure", "Results", "load_results"]

CHECK: Final = re.compile(r"(\w+) +(ok|failed)")
"""A line of contrib/check; if the check failed, its output follows."""

NO_TESTS: Final = 5
"""pytest's exit code if it selected no test."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A check or test that failed, with the command that runs it alone."""

    name: str
    reason: str
    command: str


@dataclass(slots=True)
class Results:
    """The results of one run; `passed` counts checks and tests."""

    passed: int = 0
    skipped: int = 0
    failures: list[Failure] = field(default_factory=list)


def main() -> int:
    """Print the summary, and return 1 if anything failed."""
    folder = Path(sys.argv[1])
    results = load_results(folder)
    if results.failures:
        print("\nfailed:")
    for failure in results.failures:
        print(f"\n  {failure.name}\n    {failure.reason}\n    alone: {failure.command}")
    if results.skipped:
        print(f"\n{results.skipped} skipped")
    print(f"\nwhole output: {folder / 'all.txt'}")
    print(f"{results.passed} passed, {len(results.failures)} failed")
    return 1 if results.failures else 0


def load_results(folder: Path) -> Results:
    """Return the results of the checks and of all parts of the tests."""
    results = Results()
    _add_checks(results, (folder / "checks.log").read_text())
    for line in sorted((folder / "parts").read_text().splitlines()):
        code, slug, name, arguments = line.split("\t")
        _add_part(results, folder / slug, int(code), name, arguments)
    return results


def _add_checks(results: Results, output: str) -> None:
    """Add the results of contrib/check."""
    lines = output.splitlines()
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        match = CHECK.fullmatch(line)
        if match and match[2] == "ok":
            results.passed += 1
        elif match:
            command = f"contrib/check {match[1]}"
            results.failures.append(Failure(command, following, command))


def _add_part(
    results: Results, base: Path, code: int, name: str, arguments: str
) -> None:
    """Add the results of one part of the tests, stored as `base`.xml and `base`.log."""
    before = len(results.failures)
    try:
        cases = list(ET.parse(base.with_suffix(".xml")).iter("testcase"))  # noqa: S314
    except ET.ParseError:  # pytest did not get as far as its report
        cases = []
    for case in cases:
        if failures := list(_failures(case)):
            results.failures += failures
        elif case.find("skipped") is not None:
            results.skipped += 1
        else:
            results.passed += 1
    if code not in (0, NO_TESTS) and len(results.failures) == before:
        last = base.with_suffix(".log").read_text(errors="replace").split("\n")
        reason = next((each for each in reversed(last) if each.strip()), "no output")
        results.failures.append(
            Failure(
                name,
                f"pytest ended with exit code {code}: {reason}",
                f".venv/bin/python -m pytest {arguments}",
            )
        )


def _failures(case: ET.Element) -> Iterator[Failure]:
    """Yield the failure of a test, and the error of its fixtures."""
    path, name = case.get("file"), case.get("name", "")
    node = f"{path}::{name}" if path else name
    for kind in ("failure", "error"):
        for element in case.iter(kind):
            lines = (element.get("message") or element.text or "").strip().splitlines()
            reason = lines[0] if lines else "no reason is given"
            command = f".venv/bin/python -m pytest {quote(node)}"
            yield Failure(node, reason, command)


if __name__ == "__main__":
    sys.exit(main())
