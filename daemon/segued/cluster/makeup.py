"""The versions that the results of other machines depend on, by the kind of work.

Two machines give the same results only if all of these are equal.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from typing import Final

from segued import __version__
from segued.config.cluster_sections import SentWork
from segued.media import file_analysis
from segued.media.analyzers import essentia, musicnn

__all__ = ["collect_makeup", "difference_lines", "differences_of", "makeup_for"]

CHROMAPRINT: Final = "Chromaprint"
ESSENTIA: Final = "Essentia"
RUNTIME: Final = "onnxruntime"
MODELS: Final = "musicnn's models"

ANALYZER_NAMES: Final = {
    "essentia": frozenset({ESSENTIA}),
    "musicnn": frozenset({RUNTIME, MODELS}),
}
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


def makeup_for(
    work: SentWork, makeup: Mapping[str, str], analyzers: Collection[str]
) -> dict[str, str]:
    """Return the versions that the results of a kind of work depend on.

    Args:
        work: The kind of work.
        makeup: All versions of this machine.
        analyzers: The names of the analyzers that are used.
    """
    if work == "decoding":
        unused = frozenset().union(*ANALYZER_NAMES.values())
        # A node must lack it as well, or the library would depend on who decodes.
        makeup = {CHROMAPRINT: "", **makeup}
    else:
        parts = (each for name, each in ANALYZER_NAMES.items() if name not in analyzers)
        unused = frozenset({CHROMAPRINT}).union(*parts)
    return {name: each for name, each in makeup.items() if name not in unused}


def differences_of(
    here: Mapping[str, str], there: Mapping[str, str]
) -> tuple[str, ...]:
    """Return what differs on another machine, a sentence for each version."""
    return tuple(
        f"{name} {there.get(name) or 'is missing'} there, {version or 'none'} here"
        for name, version in here.items()
        if there.get(name, "") != version
    )


def difference_lines(differences: Mapping[SentWork, Iterable[str]]) -> list[str]:
    """Return each difference once, with the work that it prevents if not all."""
    prevented: dict[str, list[str]] = {}
    for work, sentences in differences.items():
        for sentence in sentences:
            prevented.setdefault(sentence, []).append(work)
    return [
        sentence
        if len(works) == len(differences)
        else f"not {', '.join(works)}: {sentence}"
        for sentence, works in prevented.items()
    ]
