"""What music sounds like, in words; the only importer of `onnxruntime`.

musicnn by Jordi Pons (2019) is a pair of neural networks that hear three seconds and
say how well each of fifty words fits: one learned from what listeners of Last.fm call
songs (msd), the other from what players of TagATune wrote down (mtt). They are an
extra: their files are made, once, by `segued flavor install-models`.

A network hears a patch: 187 frames, 16 ms apart, of 96 mel bands from 0 to 8 kHz.
"""

import importlib.util
from functools import cache
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
"""Our name of each network, and its author's."""

RATE: Final = Hertz(16_000)
WINDOW, HOP, BANDS, FRAMES = 512, 256, 96, 187
PATCH_SAMPLES: Final = (FRAMES - 1) * HOP + WINDOW
"""Samples that a patch is made of, 3.008 s; the next begins `PATCH_STEP` later."""
PATCH_STEP: Final = FRAMES * HOP
SAMPLES_MIN: Final = RATE // 2
PEAK_MIN: Final = 1e-4
"""A patch that stays below -80 dBFS is silence, of which the networks dream."""

MEL_LINEAR: Final = 200 / 3
MEL_BREAK_HERTZ: Final = 1_000.0
MEL_OCTAVE: Final = np.log(6.4) / 27
LOG_COMPRESSION: Final = 10_000.0


def model_file(folder: Path, name: str) -> Path:
    """Return where in a folder a network's file is."""
    return folder / f"{MODELS[name]}.onnx"


def is_installed(folder: Path) -> bool:
    """Return whether there is what a `Tagger` needs, without loading it."""
    return importlib.util.find_spec("onnxruntime") is not None and all(
        model_file(folder, name).is_file() for name in MODELS
    )


class Tagger:
    """Hears sound as it comes, and tells which words fit it.

    Whatever the length, it keeps a patch of sound and a sum for each word: 110 MB with
    all that is loaded. A minute takes 1.5 s of CPU. Sound that is shorter than a patch
    is repeated to fill one, as it was when the networks learned, and what is left
    after the last whole one is not heard; of less than half a second, and of silence,
    nothing is said.
    """

    def __init__(self, folder: Path) -> None:
        """Load the networks.

        Raises:
            ConfigError: They, or onnxruntime, are not there or of no use.
        """
        self._networks: Final = {
            n: _load_session(model_file(folder, n)) for n in MODELS
        }
        self._score_sums: Final = {n: np.zeros(len(WORDS[n])) for n in MODELS}
        self._patch_count = 0
        self._patch: Final = np.zeros(PATCH_SAMPLES, dtype=np.float32)
        self._filled = 0
        self._before_first_patch = True

    def feed(self, sound: FloatArray) -> None:
        """Take the next stretch of sound, of any length: one channel at `RATE`."""
        done = 0
        while done < len(sound):
            more = min(len(sound) - done, PATCH_SAMPLES - self._filled)
            part = self._patch[self._filled : self._filled + more]
            part[:] = sound[done : done + more]
            np.nan_to_num(part, copy=False, posinf=0.0, neginf=0.0)
            self._filled, done = self._filled + more, done + more
            if self._filled == PATCH_SAMPLES:
                self._before_first_patch = False
                self._score_patch(self._patch)
                self._filled = PATCH_SAMPLES - PATCH_STEP
                self._patch[: self._filled] = self._patch[PATCH_STEP:]

    def result(self) -> dict[str, dict[str, float]]:
        """Return, by network and word, how well it fits all that was heard, 0 to 1."""
        if self._before_first_patch and self._filled >= SAMPLES_MIN:
            self._before_first_patch = False
            self._score_patch(np.resize(self._patch[: self._filled], PATCH_SAMPLES))
        if not self._patch_count:
            return {}
        return {
            name: {
                tag: round(float(total) / self._patch_count, 5)
                for tag, total in zip(WORDS[name], self._score_sums[name], strict=True)
            }
            for name in MODELS
        }

    def _score_patch(self, sound: FloatArray) -> None:
        if np.abs(sound).max() < PEAK_MIN:
            return
        patch = mel(sound)[np.newaxis, np.newaxis]
        for name, network in self._networks.items():
            (scores,) = network.run(None, {"mel": patch})
            self._score_sums[name] += scores[0]
        self._patch_count += 1


def mel(sound: FloatArray) -> FloatArray:
    """Return a patch as its networks want it, shape (frames, bands)."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * _hann_window(), axis=1)) ** 2
    bands = power.astype(np.float32) @ _mel_filters()
    log_mel: FloatArray = np.log10(1 + np.float32(LOG_COMPRESSION) * bands)
    return log_mel


@cache
def _hann_window() -> FloatArray:
    turns = np.arange(WINDOW) / WINDOW  # Hann's, as it is for transforms
    return (0.5 - 0.5 * np.cos(2 * np.pi * turns)).astype(np.float32)


@cache
def _mel_filters() -> FloatArray:
    """Return Slaney's triangles of equal area, shape (bins, bands)."""
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


def _load_session(path: Path) -> Any:  # noqa: ANN401
    try:
        # Loading it takes 0.1 s and 40 MB: only for who asks.
        import onnxruntime  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"onnxruntime cannot be used: {error}; it comes with segued's extra `tags`"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Laid out in advance, the memory of a patch is a third larger, and no faster.
    options.enable_mem_pattern = False
    try:
        return onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
    # Its errors have nothing in common.
    except Exception as error:
        raise ConfigError(
            f"{path} cannot be used: {error}; "
            "`segued flavor install-models --again` makes it anew"
        ) from error
