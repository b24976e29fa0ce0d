"""The networks that say how music sounds, as `segued flavor install-models` makes them.

What is downloaded for them, 29 MB, is kept in a cache folder.
"""

import argparse
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from bench import sample_music

from segued.cli import install_models_command
from segued.cli.install_models_command import run_install_models
from segued.config.config import Config
from segued.config.sections import FlavoringSection

__all__ = ["config_with_models", "install_command", "installed_models", "models_wheel"]

MADE: Final = tempfile.TemporaryDirectory(prefix="segued-models-")


def config_with_models(folder: Path) -> Config:
    """Return a configuration that says where the networks belong."""
    return Config(flavoring=FlavoringSection(models=str(folder)))


def install_command(
    *, again: bool = False, wheel: Path | None = None
) -> argparse.Namespace:
    """Return what the command is told."""
    package = None if wheel is None else str(wheel)
    return argparse.Namespace(again=again, wheel=package, json=True)


@cache
def models_wheel() -> Path:
    """Return the package that they are made from, as its author published it."""
    folder = sample_music.cache_folder() / "musicnn"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "musicnn-0.1.0-py3-none-any.whl"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=folder) as place:
            install_models_command._download(Path(place)).replace(kept)
    return kept


@cache
def installed_models() -> Path:
    """Return a folder with the networks."""
    folder = Path(MADE.name) / "models"
    run_install_models(
        install_command(wheel=models_wheel()), config_with_models(folder)
    )
    return folder
