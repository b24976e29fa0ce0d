"""The versions of the libraries that read and measure sound on this machine."""

import av
import numpy as np
import soundfile
import soxr

from segued.media import fingerprint

__all__ = ["library_versions"]

FFMPEG_LIBRARIES = ("libavcodec", "libavformat", "libavutil", "libswresample")


def library_versions() -> dict[str, str]:
    """Return the version of each library by its name."""
    versions = {
        name: ".".join(map(str, av.library_versions[name])) for name in FFMPEG_LIBRARIES
    }
    versions["libsndfile"] = str(soundfile.__libsndfile_version__)
    versions["soxr"] = f"{soxr.__version__}/{soxr.__libsoxr_version__}"
    versions["numpy"] = np.__version__
    if fingerprint.is_available():
        versions["Chromaprint"] = fingerprint.library_version()
    return versions
