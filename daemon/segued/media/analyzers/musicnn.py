"""Tag music with the musicnn networks; the only importer of `onnxruntime`.

musicnn by Jordi Pons (2019) is a pair of neural networks that score fifty tags for
three seconds of sound each: one trained on the tags of Last.fm listeners (msd), the
other on those of TagATune players (mtt). They are an optional extra: `segued flavor
install-models` creates their files once.

The input of a network is a patch: 187 frames, 16 ms apart, of 96 mel bands from 0 to
8 kHz.
"""

import importlib.util
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.errors import ConfigError
from segued.matching.musicnn_flavor import WORDS
from segued.units import Hertz

__all__ = [
    "BANDS",
    "FRAMES",
    "MODELS",
    "PATCH_SAMPLES",
    "RATE",
    "VERSION",
    "Tagger",
    "is_installed",
    "mel",
    "model_file",
]

FloatArray: TypeAlias = npt.NDArray[np.float32]

VERSION: Final = "musicnn 0.1.0"

MODELS: Final = {"msd": "MSD_musicnn", "mtt": "MTT_musicnn"}
"""segued's name of each network, and its author's."""

RATE: Final = Hertz(16_000)
WINDOW, HOP, BANDS, FRAMES = 512, 256, 96, 187
PATCH_SAMPLES: Final = (FRAMES - 1) * HOP + WINDOW
"""Samples of a patch, 3.008 s; the next begins `PATCH_STEP` samples later."""
PATCH_STEP: Final = FRAMES * HOP
SAMPLES_MIN: Final = RATE // 2
PEAK_MIN: Final = 1e-4
"""A patch below -80 dBFS is skipped: the networks return random tags for silence."""

MEL_LINEAR: Final = 200 / 3
MEL_BREAK_HERTZ: Final = 1_000.0
MEL_OCTAVE: Final = np.log(6.4) / 27
LOG_COMPRESSION: Final = 10_000.0


def model_file(folder: Path, name: str) -> Path:
    """Return the path of a network's file in a folder."""
    return folder / f"{MODELS[name]}.onnx"


def is_installed(folder: Path) -> bool:
    """Return whether onnxruntime and all networks are installed, without loading."""
    return importlib.util.find_spec("onnxruntime") is not None and all(
        model_file(folder, name).is_file() for name in MODELS
    )


class Tagger:
    """Scores the tags of a stream of samples.

    Memory does not depend on the length: one patch and a sum per tag, 110 MB with the
    networks. Patches are scored one by one: several at once leave the processor's cache
    and take longer. A stream shorter than a patch is repeated
    to fill one, as in the networks' training; samples after the last whole patch are
    ignored. Less than half a second, and silence, give no result.
    """

    def __init__(self, folder: Path) -> None:
        """Load the networks.

        Raises:
            ConfigError: A network or onnxruntime is missing or unusable.
        """
        paths = {name: model_file(folder, name) for name in MODELS}
        self._networks: Final = {
            name: _load_session(path, _modification_time(path))
            for name, path in paths.items()
        }
        self._score_sums: Final = {n: np.zeros(len(WORDS[n])) for n in MODELS}
        self._patch_count = 0
        self._patch: Final = np.zeros(PATCH_SAMPLES, dtype=np.float32)
        self._filled = 0
        self._before_first_patch = True

    def feed(self, samples: FloatArray) -> None:
        """Add the next mono samples at `RATE`; float32, shape (frames,)."""
        done = 0
        while done < len(samples):
            more = min(len(samples) - done, PATCH_SAMPLES - self._filled)
            part = self._patch[self._filled : self._filled + more]
            part[:] = samples[done : done + more]
            np.nan_to_num(part, copy=False, posinf=0.0, neginf=0.0)
            self._filled, done = self._filled + more, done + more
            if self._filled == PATCH_SAMPLES:
                self._before_first_patch = False
                self.score_patch(self._patch)
                self._filled = PATCH_SAMPLES - PATCH_STEP
                self._patch[: self._filled] = self._patch[PATCH_STEP:]

    def result(self) -> dict[str, dict[str, float]]:
        """Return the mean score of each tag, 0 to 1, by network and tag."""
        if self._before_first_patch and self._filled >= SAMPLES_MIN:
            self._before_first_patch = False
            self.score_patch(np.resize(self._patch[: self._filled], PATCH_SAMPLES))
        if not self._patch_count:
            return {}
        return {
            name: {
                tag: round(float(total) / self._patch_count, 5)
                for tag, total in zip(WORDS[name], self._score_sums[name], strict=True)
            }
            for name in MODELS
        }

    def score_patch(self, samples: FloatArray) -> None:
        """Add a patch of mono samples at `RATE`; float32, shape (PATCH_SAMPLES,)."""
        if np.abs(samples).max() < PEAK_MIN:
            return
        patch = mel(samples)[np.newaxis, np.newaxis]
        for name, network in self._networks.items():
            (scores,) = network.run(None, {"mel": patch})
            self._score_sums[name] += scores[0]
        self._patch_count += 1


def mel(samples: FloatArray) -> FloatArray:
    """Return the log-mel spectrogram of a patch.

    Args:
        samples: Mono at `RATE`, float32, shape (PATCH_SAMPLES,).

    Returns:
        float32, shape (FRAMES, BANDS).
    """
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    spectra = np.fft.rfft(frames * _hann_window(), axis=1)
    power = np.square(spectra.real) + np.square(spectra.imag)
    bands = power.astype(np.float32, copy=False) @ _mel_filters()
    bands *= np.float32(LOG_COMPRESSION)
    bands += np.float32(1)
    log_mel: FloatArray = np.log10(bands, out=bands)
    return log_mel


@cache
def _hann_window() -> FloatArray:
    turns = np.arange(WINDOW) / WINDOW  # the periodic Hann window
    return (0.5 - 0.5 * np.cos(2 * np.pi * turns)).astype(np.float32)


@cache
def _mel_filters() -> FloatArray:
    """Return Slaney's triangular filters of equal area; float32, (bins, bands)."""
    bins = np.linspace(0, RATE / 2, WINDOW // 2 + 1)[:, np.newaxis]
    highest = MEL_BREAK_HERTZ / MEL_LINEAR + (
        np.log(RATE / 2 / MEL_BREAK_HERTZ) / MEL_OCTAVE
    )
    mels = np.linspace(0, highest, BANDS + 2)
    above = np.maximum(0, mels - MEL_BREAK_HERTZ / MEL_LINEAR)
    corners = np.where(
        above > 0, MEL_BREAK_HERTZ * np.exp(MEL_OCTAVE * above), MEL_LINEAR * mels
    )
    low, middle, high = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    shapes = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
    triangles: FloatArray = shapes.astype(np.float32)
    return triangles


def _modification_time(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


@lru_cache(maxsize=len(MODELS))
def _load_session(path: Path, _modified: int) -> Any:  # noqa: ANN401
    """Load a network; it stays loaded while the child process analyzes passages."""
    try:
        # Imported here because it takes 0.1 s and 40 MB.
        import onnxruntime  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"onnxruntime cannot be used: {error}; it comes with segued's extra `tags`"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # With memory patterns, memory use is a third larger, and the speed is the same.
    options.enable_mem_pattern = False
    try:
        return onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
    # onnxruntime's exceptions have no common base class.
    except Exception as error:
        raise ConfigError(
            f"{path} cannot be used: {error}; "
            "`segued flavor install-models --again` creates it anew"
        ) from error
