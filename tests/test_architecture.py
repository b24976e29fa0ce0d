"""The promises that the code makes about itself, beside the import contracts.

Which layer may import which is in pyproject.toml, under `tool.importlinter`.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from importlinter.cli import lint_imports

import segued
from segued.model import SessionState
from segued.phases import PHASES

PACKAGE: Final = Path(segued.__file__).parent
MODULES: Final = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
"""Every module by its name below `segued`; a package's own is `x.__init__`."""

MODULE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 60

HOMES: Final = {
    "acoustid": {"media.fingerprint"},
    "aiohttp": {"clients.http", "web"},
    "av": {"media.decoding.libav", "media.analyzers.loudness"},
    "blake3": {"media.hashing"},
    "chromaprint": {"media.fingerprint"},
    "essentia": {"media.analyzers.essentia"},
    "multiprocessing": {"compute"},
    "mutagen": {"media.tags.formats"},
    "pebble": {"compute.process_pool"},
    "onnx": {"media.analyzers.musicnn_onnx"},
    "onnxruntime": {"media.analyzers.musicnn"},
    "peewee": {"store"},
    "playhouse": {"store.migrate"},
    "prometheus_client": {"web.metrics"},
    "rapidfuzz": {"matching"},
    "rich": {"cli", "views"},
    "soundfile": {"media.decoding.sndfile"},
    "soxr": {"media.decoding.resample"},
    "sqlite3": {"store"},
    "systemd": {"daemon.systemd"},
    "watchdog": {"intake.inotify"},
    "zstandard": {"clients.acousticbrainz_dump"},
}
"""Who alone may import what comes from outside."""

PURE: Final = ("dsp", "matching")
PURE_IMPORTS: Final = {
    *("bisect", "collections", "dataclasses", "enum", "fractions", "functools"),
    *("heapq", "itertools", "math", "operator", "re", "statistics", "string"),
    *("typing", "unicodedata", "numpy", "rapidfuzz", "segued"),
}
"""Neither reads, writes, waits nor knows what time it is."""

WORDS_MISPLACED: Final = {
    "what is left to do": r"\b(?:TODO|FIXME|XXX|HACK)\b",
    "our diary": r"\b(?:PLAN\d+|REQ-[A-Z]\w*|Increment \d|Sprint \d)",
    "a class of no particular purpose": (
        r"^ *class \w*(?:Manager|Helper|Processor|Utils?)\b"
    ),
}


def is_within_any(module: str, homes: set[str]) -> bool:
    """Say whether a module is one of `homes`, or below one."""
    return any(module == home or module.startswith(f"{home}.") for home in homes)


def imported_names(path: Path) -> Iterator[str]:
    """Yield the top-level names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=names):
                yield from (name.name.partition(".")[0] for name in names)
            case ast.ImportFrom(module=str(module)):
                yield module.partition(".")[0]
            case _:
                pass


def function_lengths(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function's name and length in lines."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_imports_keep_the_contracts() -> None:
    """Every import contract in pyproject.toml is kept."""
    config = Path(__file__).parent.parent / "pyproject.toml"

    assert lint_imports(config_filename=str(config), no_cache=True) == 0


def test_each_dependency_has_one_importer() -> None:
    """A library is known in one place, and can be replaced there."""
    strays = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        for name in imported_names(path)
        if name in HOMES and not is_within_any(module, HOMES[name])
    ]

    assert strays == []


def test_the_core_is_pure() -> None:
    """Arithmetic and matching turn values into values, and touch nothing."""
    impure = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        if is_within_any(module, set(PURE))
        for name in imported_names(path)
        if name not in PURE_IMPORTS
    ]

    assert impure == []


def test_logging_is_set_up_once() -> None:
    """Whoever logs takes logging as it is; `segued.log` alone arranges it."""
    arranging = [
        module
        for module, path in MODULES.items()
        if re.search(r"\b(?:structlog\.configure|basicConfig)\(", path.read_text())
    ]

    assert arranging == ["log"]


def test_modules_are_short() -> None:
    """A module can be read in one sitting."""
    long = {
        module: lines
        for module, path in MODULES.items()
        if (lines := len(path.read_text().splitlines())) > MODULE_LINES_MAX
    }

    assert long == {}


def test_functions_are_short() -> None:
    """A function can be seen at once."""
    long = {
        f"{module}.{name}": lines
        for module, path in MODULES.items()
        for name, lines in function_lengths(path)
        if lines > FUNCTION_LINES_MAX
    }

    assert long == {}


def test_no_module_is_named_utils() -> None:
    """No module is called after having none."""
    idle = {"common", "helper", "helpers", "misc", "util", "utils"}

    assert [name for name in MODULES if idle & set(name.split("."))] == []


def test_no_misplaced_words() -> None:
    """The code speaks of music, not of its own making."""
    found = [
        f"{module}: {what}: {match.group().strip()}"
        for module, path in MODULES.items()
        for what, pattern in WORDS_MISPLACED.items()
        for match in re.finditer(pattern, path.read_text(), re.MULTILINE)
    ]

    assert found == []


def test_no_module_shadows_the_standard_library() -> None:
    """No module at the top is mistaken for one of Python's."""
    top = {name for name in MODULES if "." not in name} - {"__init__", "__main__"}

    assert top & sys.stdlib_module_names == set()


def test_phases_can_be_read_off_the_file_listing() -> None:
    """Sorting the files of `phases/` by name puts them in running order."""
    listed = sorted(path.stem for path in (PACKAGE / "phases").glob("p??_*.py"))

    assert listed == [f"p{phase.number:02}_{phase.name}" for phase in PHASES]


def test_there_are_ten_phases() -> None:
    """They are numbered from 1 to 10, in the order in which they run."""
    assert [phase.number for phase in PHASES] == list(range(1, 11))


def test_no_step_runs_over_all_files() -> None:
    """A session has no state in which every file is in the same phase."""
    assert {state.name for state in SessionState} == {
        *("SCANNING", "PROCESSING", "PAUSED", "COMPLETED", "CANCELLED", "FAILED")
    }
