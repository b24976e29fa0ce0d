"""Which local analyzers run, and by which version their output is known."""

import structlog

from segued.config.config import Config
from segued.dsp import loudness
from segued.media.analyzers import essentia, musicnn
from segued.phases.flavor.results import (
    CLASSIFIERS,
    ESSENTIA,
    LOUDNESS,
    MUSICNN,
    QUICK_SUFFIX,
)

__all__ = ["installed_analyzers"]

log = structlog.get_logger()


def installed_analyzers(config: Config) -> dict[str, str]:
    """Return the versions of the analyzers that are configured and installed."""
    flavoring, analyzers = config.flavoring, {}
    if flavoring.loudness:
        analyzers[LOUDNESS] = str(loudness.VERSION)
    models = None
    if ESSENTIA in flavoring.sources and essentia.is_installed():
        models = _classifiers_version(config)
    # Classifiers need all descriptors.
    is_quick = flavoring.depth == "quick" and models is None
    suffix = QUICK_SUFFIX if is_quick else ""
    if ESSENTIA in flavoring.sources and essentia.is_installed():
        version = essentia.installed_version()
        analyzers[ESSENTIA] = version + suffix
        if models is not None:
            analyzers[CLASSIFIERS] = f"{version}-{models}"
    if MUSICNN in flavoring.sources and musicnn.is_installed(config.models_folder):
        analyzers[MUSICNN] = musicnn.VERSION + suffix
    return analyzers


def _classifiers_version(config: Config) -> str | None:
    """Return the version of the person's own classifiers; None if there are none."""
    if config.classifiers_folder is None:
        return None
    try:
        version = essentia.models_version(config.classifiers_folder)
        reason = "no *.history files"
    except OSError as error:
        version, reason = None, str(error)
    if version is None:
        log.warning(
            "classifiers.none", folder=str(config.classifiers_folder), reason=reason
        )
    return version
