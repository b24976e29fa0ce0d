"""Rules for the structure of the package, in addition to the import contracts.

The contracts, which say which layer may import which, are in pyproject.toml under
`tool.importlinter`.
"""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import segued
from segued.model import SessionState
from segued.phases import PHASES

REPOSITORY: Final = Path(__file__).parents[1]
PACKAGE: Final = Path(segued.__file__).parent
MODULES: Final = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
"""Path of each module by its name below `segued`; that of a package is `x.__init__`."""

ROOT_MODULES: Final = {
    "__init__",
    "__main__",
    "errors",
    "exit_codes",
    "log",
    "log_sentences",
    "model",
    "paths",
    "units",
}
"""Modules that belong to no subpackage; all other code is in one."""

MODULE_LINES_MAX: Final = 400
LONG_MODULES: Final[Mapping[str, str]] = {}
"""Modules that may have more lines, each with the reason."""

FUNCTION_LINES_MAX: Final = 60

PRIVATE_TO_MODULE: Final = {
    "Meta": "configures one peewee table, by peewee's convention",
}
"""Class names that may be defined several times, each with the reason.

The private response models in `clients` may repeat as well: each mirrors the JSON of
one service.
"""

SAME_NAME_ALLOWED: Final = {
    "__init__": "every package has one",
    "audio": "`web.audio` serves music; `store.schema.audio` declares its tables",
    "file_detail": "`store.reading` loads the detail of a file; `web` encodes it",
    "files": "`store.schema.files` declares the tables that `store.files` writes",
    "lookups": "`store.schema.lookups` declares the tables that `store.lookups` writes",
    "status": "`progress.status` is the status in memory; `web.status` encodes it",
}
"""Module names that occur in several packages, each with the reason."""

ALLOWED_IMPORTERS: Final = {
    "acoustid": {"media.fingerprint"},
    "aiomqtt": {"clients.mqtt"},
    "apprise": {"clients.notify"},
    "aiohttp": {"clients.http", "web"},
    "av": {
        "media.cover_pictures",
        "media.decoding.libav",
        "media.library_versions",
    },
    "blake3": {"media.hashing"},
    "chromaprint": {"media.fingerprint"},
    "cryptography": {"cluster.authority"},
    "dask": {"cluster.dask_library"},
    "distributed": {"cluster.dask_library", "cluster.scheduler", "node.connection"},
    "essentia": {"media.analyzers.essentia"},
    "multiprocessing": {"compute"},
    "mutagen": {"media.tags.formats"},
    "onnx": {"media.analyzers.musicnn_onnx"},
    "onnxruntime": {"media.analyzers.musicnn"},
    "peewee": {"store"},
    "playhouse": {"store.migrate"},
    "prometheus_client": {"web.metrics"},
    "rapidfuzz": {"matching"},
    "rich": {"cli", "views"},
    "setproctitle": {"compute.process_name"},
    "soundfile": {"media.decoding.sndfile", "media.library_versions"},
    "soxr": {"media.decoding.resample", "media.library_versions"},
    "sqlite3": {"store"},
    "systemd": {"daemon.systemd"},
    "watchdog": {"intake.inotify"},
    "zstandard": {"clients.zstd_streams"},
}
"""The only modules or packages that may import a library, by the library."""

PURE: Final = ("dsp", "exports", "matching")
PURE_IMPORTS: Final = {
    "bisect",
    "collections",
    "csv",
    "dataclasses",
    "enum",
    "fractions",
    "functools",
    "heapq",
    "itertools",
    "json",
    "math",
    "numpy",
    "operator",
    "posixpath",
    "rapidfuzz",
    "re",
    "segued",
    "statistics",
    "string",
    "typing",
    "unicodedata",
    "urllib",
    "xml",
}
"""Modules without input, output, waiting or a clock."""

FORBIDDEN_TEXT: Final = {
    "open task": r"\b(?:TODO|FIXME|XXX|HACK)\b",
    "reference to a planning document": (
        r"\b(?:PLAN\d+|REQ-[A-Z]\w*|Increment \d|Sprint \d)"
    ),
    "class name without a subject": (
        r"^ *class \w*(?:Manager|Helper|Processor|Utils?)\b"
    ),
}


def is_within_any(module: str, packages: set[str]) -> bool:
    """Return whether a module is one of `packages`, or inside one."""
    return any(module == each or module.startswith(f"{each}.") for each in packages)


def imported_names(path: Path) -> Iterator[str]:
    """Yield the top-level names that a module imports, also inside functions."""
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


def class_names(path: Path) -> Iterator[str]:
    """Yield the name of each class that a module defines, also inside classes."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ClassDef):
            yield node.name


def is_response_model(module: str, name: str) -> bool:
    """Return whether a class is a private model of the JSON of one service."""
    return is_within_any(module, {"clients"}) and name.startswith("_")


def test_imports_keep_the_contracts() -> None:
    """Every import contract in pyproject.toml is kept."""
    # A process of its own, because the linter silences the logs of other libraries.
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        (linter, "--no-cache"), cwd=REPOSITORY, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stdout.decode()


def test_each_dependency_has_one_importer() -> None:
    """Each library is imported in one place only, so that it can be replaced there."""
    violations = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        for name in imported_names(path)
        if name in ALLOWED_IMPORTERS
        and not is_within_any(module, ALLOWED_IMPORTERS[name])
    ]

    assert violations == []


def test_the_core_is_pure() -> None:
    """`dsp`, `exports` and `matching` map values to values, without side effects."""
    impure = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        if is_within_any(module, set(PURE))
        for name in imported_names(path)
        if name not in PURE_IMPORTS
    ]

    assert impure == []


def test_logging_is_set_up_once() -> None:
    """Only `segued.log` configures logging."""
    configuring = [
        module
        for module, path in MODULES.items()
        if re.search(r"\b(?:structlog\.configure|basicConfig)\(", path.read_text())
    ]

    assert configuring == ["log"]


def test_modules_are_short() -> None:
    """No module has more than MODULE_LINES_MAX lines, but for listed exceptions."""
    long = {
        module
        for module, path in MODULES.items()
        if len(path.read_text().splitlines()) > MODULE_LINES_MAX
    }

    assert long == set(LONG_MODULES)


def test_functions_are_short() -> None:
    """No function has more than FUNCTION_LINES_MAX lines: it fits on a screen."""
    long = {
        f"{module}.{name}": lines
        for module, path in MODULES.items()
        for name, lines in function_lengths(path)
        if lines > FUNCTION_LINES_MAX
    }

    assert long == {}


def test_no_module_is_named_utils() -> None:
    """Every module is named after its subject."""
    forbidden = {"common", "helper", "helpers", "misc", "util", "utils"}

    assert [name for name in MODULES if forbidden & set(name.split("."))] == []


def test_class_names_are_unique() -> None:
    """A class name identifies one class in the whole package."""
    modules = defaultdict(list)
    for module, path in MODULES.items():
        for name in class_names(path):
            if name not in PRIVATE_TO_MODULE and not is_response_model(module, name):
                modules[name].append(module)

    assert {name: found for name, found in modules.items() if len(found) > 1} == {}


def test_module_names_are_unique() -> None:
    """A module name has one meaning in the whole package, but for listed exceptions."""
    modules = defaultdict(list)
    for module in MODULES:
        modules[module.rpartition(".")[2]].append(module)
    repeated = {name for name, found in modules.items() if len(found) > 1}

    assert repeated == set(SAME_NAME_ALLOWED)


def test_root_holds_shared_modules_only() -> None:
    """Only modules that all layers share are at the root of the package."""
    assert {name for name in MODULES if "." not in name} <= ROOT_MODULES


def test_no_forbidden_text() -> None:
    """The code has no open tasks and no references to how it was planned."""
    found = [
        f"{module}: {what}: {match.group().strip()}"
        for module, path in MODULES.items()
        for what, pattern in FORBIDDEN_TEXT.items()
        for match in re.finditer(pattern, path.read_text(), re.MULTILINE)
    ]

    assert found == []


def test_no_module_shadows_the_standard_library() -> None:
    """No module at the root has the name of one of Python's."""
    top = {name for name in MODULES if "." not in name} - {"__init__", "__main__"}

    assert top & sys.stdlib_module_names == set()


def test_phases_can_be_read_off_the_file_listing() -> None:
    """Sorting the files of `phases/` by name puts them in running order."""
    listed = sorted(path.stem for path in (PACKAGE / "phases").glob("p??_*.py"))

    assert listed == [f"p{phase.number:02}_{phase.name}" for phase in PHASES]


def test_there_are_ten_phases() -> None:
    """Phases are numbered from 1 to 10, in the order in which they run."""
    assert [phase.number for phase in PHASES] == list(range(1, 11))


def test_no_step_runs_over_all_files() -> None:
    """A session has no state in which every file is in the same phase."""
    assert {state.name for state in SessionState} == {
        "SCANNING",
        "PROCESSING",
        "PAUSED",
        "COMPLETED",
        "CANCELLED",
        "FAILED",
    }


def test_contributing_names_existing_files() -> None:
    """Each path in CONTRIBUTING.md exists, but for the ones it tells to create."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    paths = re.findall(r"`([\w.-]+/[\w./-]*|\w+\.(?:py|sql|toml|md))`", text)
    folders = [REPOSITORY, PACKAGE, *PACKAGE.rglob("*/")]
    missing = [
        path
        for path in paths
        if not re.search(r"NAME|pNN|000N|\.test-log", path)
        and not any((folder / path).exists() for folder in folders)
    ]

    assert paths
    assert missing == []
