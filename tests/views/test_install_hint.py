"""The command that installs an extra."""

from pathlib import Path

import pytest

from segued.views import install_hint
from segued.views.install_hint import install_extra_command


def test_it_fits_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service, a checkout, a container, or what pip or apt has installed."""
    checkout = tmp_path / "source"
    package = checkout / "daemon" / "segued" / "__init__.py"
    package.parent.mkdir(parents=True)
    (checkout / "pyproject.toml").touch()
    installed = str(tmp_path / "venv" / "lib" / "segued" / "__init__.py")
    mark = tmp_path / ".containerenv"
    monkeypatch.setattr(install_hint, "CONTAINER_MARKS", (str(mark),))
    by_apt = tmp_path / "segued.list"
    monkeypatch.setattr(install_hint, "DEBIAN_PACKAGE", str(by_apt))

    def command(prefix: str, package: str) -> str:
        return install_extra_command("tags", prefix, package)

    assert command("/opt/segued/venv", installed) == "sudo contrib/install --with tags"
    assert command("/x/.venv", str(package)) == (
        f"/x/.venv/bin/pip install -e '{checkout}[tags]'"
    )
    assert command("/y", installed) == "/y/bin/pip install 'segued[tags]'"
    by_apt.touch()
    assert command("/opt/segued/venv", installed) == "contrib/deb --with tags"
    mark.touch()
    assert command("/opt/segued/venv", installed) == (
        "podman build --build-arg WITH=tags, with the Containerfile"
    )
    assert command("/y", installed) == "pip install 'segued[tags]', in the image"
    assert command("/x/.venv", str(package)).startswith("/x/.venv/bin/pip install -e ")
