"""The versions that the results of an analysis depend on.

Two machines give the same results only if all of these are equal.
"""

from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from typing import Final

from segued import __version__
from segued.media import file_analysis
from segued.media.analyzers import essentia, musicnn

__all__ = ["ESSENTIA_NAMES", "MUSICNN_NAMES", "collect_makeup"]

ESSENTIA: Final = "Essentia"
RUNTIME: Final = "onnxruntime"
MODELS: Final = "musicnn's models"

ESSENTIA_NAMES: Final = frozenset({ESSENTIA})
MUSICNN_NAMES: Final = frozenset({RUNTIME, MODELS})
"""What only the results of one analyzer depend on."""


def collect_makeup(folder: bytes, models_folder: str) -> dict[str, str]:
    """Return the versions of this machine by name; run this in a child process.

    Args:
        folder: Any folder; only named in errors.
        models_folder: The folder of the tagging models.
    """
    # Not in the main process, which loads no decoder.
    from segued.media.library_versions import library_versions  # noqa: PLC0415

    del folder
    makeup = {
        "segued": __version__,
        "the analysis": str(file_analysis.VERSION),
        **library_versions(),
    }
    if essentia.is_installed():
        makeup[ESSENTIA] = essentia.installed_version()
    if musicnn.is_installed(Path(models_folder)):
        makeup[RUNTIME] = metadata.version("onnxruntime")
        makeup[MODELS] = _hash_of_models(Path(models_folder))
    return makeup


def _hash_of_models(folder: Path) -> str:
    digest = blake2b(digest_size=8)
    for name in sorted(musicnn.MODELS):
        digest.update(musicnn.model_file(folder, name).read_bytes())
    return digest.hexdigest()
