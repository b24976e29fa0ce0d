"""The wheel, installed apart from the checkout: nothing is missing."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

import pytest

from tests.wheel import build_wheel

SHARED: Final = {
    "share/bash-completion/completions/seguectl",
    "share/bash-completion/completions/segued",
    "share/fish/vendor_completions.d/seguectl.fish",
    "share/fish/vendor_completions.d/segued.fish",
    "share/man/man1/seguectl.1",
    "share/man/man1/segued.1",
    "share/zsh/site-functions/_seguectl",
    "share/zsh/site-functions/_segued",
}


@pytest.fixture(name="venv", scope="module")
def _venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel, and the libraries of this one."""
    folder = tmp_path_factory.mktemp("installed")
    wheel = build_wheel(folder)
    venv = folder / "ve nv%"
    subprocess.run((sys.executable, "-m", "venv", venv), check=True)
    install = ("-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel)
    subprocess.run((venv / "bin" / "python", *install), check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    # As if installed; but without the finder of the editable segued.
    path = sysconfig.get_path("purelib")
    (packages / "libraries.pth").write_text(f"import sys; sys.path.append({path!r})\n")
    return venv


def run(
    venv: Path, home: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the installed `segued` as a user with a home folder, who has no systemd."""
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        **variables,
    }
    return subprocess.run(
        (venv / "bin" / "segued", *arguments),
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def files_below(folder: Path) -> set[str]:
    """Return the paths of all files and links below a folder."""
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }


def test_completions_and_man_pages_are_where_shells_look(venv: Path) -> None:
    """Below the prefix, from where pipx links the man pages."""
    assert {each for each in files_below(venv) if each.startswith("share/")} == SHARED


def test_the_page_and_the_schema_are_in_it(venv: Path) -> None:
    """Each file of the package that is no Python is in the wheel."""
    source = Path(__file__).parents[2] / "daemon" / "segued"
    (packages,) = venv.glob("lib/python*/site-packages")

    missing = {
        each
        for each in files_below(source) - files_below(packages / "segued")
        if "__pycache__" not in each
    }

    assert missing == set()


def test_a_user_installs_and_removes_the_service(venv: Path, tmp_path: Path) -> None:
    """All is below the home folder; removing leaves configuration and library."""
    home = tmp_path / "home"
    home.mkdir()

    plan = run(venv, home, "service", "install", "--user", "--dry-run")
    assert plan.returncode == 0, plan.stderr
    assert files_below(home) == set()

    installed = run(venv, home, "service", "install", "--user")
    assert installed.returncode == 0, installed.stderr
    unit = (home / ".config/systemd/user/segued.service").read_text()
    quoted = str(venv).replace("%", "%%")
    assert f'fi\' "{quoted}/bin/segued" %h/' in unit
    assert "/opt/segued" not in unit
    assert files_below(home) == {
        ".config/segued/segued.toml",
        ".config/systemd/user/segued.service",
        ".local/bin/seguectl",
        ".local/bin/segued",
        *(f".local/{each}" for each in SHARED),
    }
    assert all(f"{home}/{each} " in plan.stdout for each in files_below(home))
    config = home / ".config/segued/segued.toml"
    assert config.stat().st_mode & 0o777 == 0o600
    assert (home / ".local/bin/segued").readlink() == venv / "bin" / "segued"

    config.write_text("[library]\nfolder = []\n")
    refused = run(venv, home, "service", "install", "--user")
    assert refused.returncode == 2
    assert "there is no key folder; did you mean folders?" in refused.stderr
    assert f"{config} is not valid" in refused.stderr

    removed = run(venv, home, "service", "uninstall", "--user")
    assert removed.returncode == 0, removed.stderr
    assert files_below(home) == {".config/segued/segued.toml"}
    assert f"    {config}\n" in removed.stderr

    run(venv, home, "service", "uninstall", "--user", "--purge")
    assert files_below(home) == set()


def test_what_is_not_of_segued_stays(venv: Path, tmp_path: Path) -> None:
    """A command of the same name, and a man page that pipx has linked."""
    command = tmp_path / ".local/bin/segued"
    page = tmp_path / ".local/share/man/man1/segued.1"
    for path, target in ((command, "/bin/true"), (page, "/dev/null")):
        path.parent.mkdir(parents=True)
        path.symlink_to(target)

    installed = run(venv, tmp_path, "service", "install", "--user")
    removed = run(venv, tmp_path, "service", "uninstall", "--user")

    assert (installed.returncode, removed.returncode) == (0, 0)
    assert command.readlink() == Path("/bin/true")
    assert page.readlink() == Path("/dev/null")


def test_a_program_that_others_can_change_is_no_service(
    venv: Path, tmp_path: Path
) -> None:
    """As root: the message names the folder, and what to do instead."""
    done = run(venv, tmp_path, "service", "install")

    assert done.returncode == 2
    if os.geteuid() == 0:
        assert "a program that every account can run" in done.stderr
        assert "python3 -m venv /opt/segued/venv" in done.stderr
    else:
        assert "needs root, one of your own --user" in done.stderr


def test_no_systemd_is_an_error(venv: Path, tmp_path: Path) -> None:
    """The message says what works without."""
    done = run(venv, tmp_path, "service", "install", "--user", PATH=str(tmp_path))

    assert done.returncode == 2
    assert "this machine has no systemd; `segued serve` needs none" in done.stderr
