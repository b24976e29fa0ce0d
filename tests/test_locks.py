"""The locks of `contrib/install` agree with the dependencies in pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
SHA256 = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def requirements_of(lock: str) -> list[str]:
    """Return the requirements of a lock."""
    if lock == "build":
        requires: list[str] = PROJECT["build-system"]["requires"]
        return requires
    project = PROJECT["project"]
    extra = [] if lock == "program" else project["optional-dependencies"][lock]
    return [*project["dependencies"], *extra]


def locked_versions(lock: str) -> dict[str, list[str]]:
    """Return the versions of each library in a lock, and check their hashes."""
    text = (REPOSITORY / "contrib" / "locks" / f"{lock}.txt").read_text()
    versions: dict[str, list[str]] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        name, version = re.split("==| ", entry)[:2]
        versions.setdefault(canonicalize_name(name), []).append(version)
        assert SHA256.search(entry), entry
    return versions


@pytest.mark.parametrize(
    "lock", ["program", "essentia", "tags", "mqtt", "notify", "cluster", "build"]
)
def test_lock_has_each_dependency(lock: str) -> None:
    """In versions that pyproject.toml allows; `contrib/lock` writes the locks."""
    versions = locked_versions(lock)

    for requirement in map(Requirement, requirements_of(lock)):
        found = versions[canonicalize_name(requirement.name)]
        assert found
        assert all(
            requirement.specifier.contains(each, prereleases=True) for each in found
        )


@pytest.mark.parametrize("extra", ["essentia", "tags", "mqtt", "notify", "cluster"])
def test_locks_can_be_combined(extra: str) -> None:
    """`--with essentia,tags` installs two locks at once."""
    program = locked_versions("program")

    assert program.items() <= locked_versions(extra).items()
