"""The musicnn networks: reading checkpoints, building ONNX models, and tagging.

The expected scores are from TensorFlow 2.21 with the graph that the author ships, the
expected patches from librosa 0.11.
"""

import importlib.util
import resource
import struct
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from segued.errors import ConfigError
from segued.matching.musicnn_flavor import WORDS
from segued.media.analyzers.musicnn import (
    PATCH_SAMPLES,
    PATCH_STEP,
    RATE,
    Tagger,
    is_installed,
    mel,
    model_file,
)
from segued.media.analyzers.musicnn_onnx import write_onnx_model
from segued.media.analyzers.tf_checkpoint import WeightArray, read_arrays
from tests.audio import music
from tests.musicnn_models import installed_models, models_wheel

EXPECTED_SCORES = {
    "msd": (
        (0.06166, 0.00238, 0.00002, 0.15363, 0.00051),
        (0.04787, 0.00238, 0.00002, 0.13130, 0.00048),
    ),
    "mtt": (
        (0.00072, 0.14028, 0.00409, 0.00569, 0.00148),
        (0.00063, 0.16170, 0.00229, 0.00499, 0.00072),
    ),
}
"""Scores of every tenth tag for two patches of noise."""

EXPECTED_MEL = (
    (3.1267, 3.0375, 2.7463, 2.7876),
    (2.5928, 2.7853, 2.8468, 2.1336),
    (1.6742, 2.7710, 2.7744, 2.4665),
    (2.7529, 2.9271, 3.0422, 2.5014),
)
"""Every 60th frame and 24th band of a patch of noise."""


@pytest.fixture(name="checkpoint", scope="module")
def _checkpoint() -> tuple[bytes, bytes]:
    """Return the index and the data file of the first network."""
    with zipfile.ZipFile(models_wheel()) as package:
        inside = "musicnn/MSD_musicnn/"
        index = package.read(f"{inside}.index")
        return index, package.read(f"{inside}.data-00000-of-00001")


@pytest.fixture(name="weights", scope="module")
def _weights(checkpoint: tuple[bytes, bytes]) -> dict[str, WeightArray]:
    """Return its arrays by name."""
    return read_arrays(*checkpoint)


def sample_input(seconds: float, seed: int = 1) -> WeightArray:
    """Return synthetic music at `RATE`; float32, shape (frames,)."""
    return np.ascontiguousarray(music(seconds, RATE, 1, seed)[:, 0])


def tagger_result(*blocks: WeightArray) -> dict[str, dict[str, float]]:
    """Return the tags of a stream of these blocks."""
    tagger = Tagger(installed_models())
    for block in blocks:
        tagger.feed(block)
    return tagger.result()


def noise(seed: int, *shape: int) -> npt.NDArray[np.float32]:
    """Return noise that is the same in every version of NumPy."""
    samples = np.random.RandomState(seed).standard_normal(shape)
    return samples.astype(np.float32)


def test_a_checkpoint_is_read(weights: dict[str, WeightArray]) -> None:
    """All arrays have their names, shapes and plausible values."""
    arrays = {name: each for name, each in weights.items() if "Adam" not in name}

    assert len(arrays) == 66
    assert sum(each.size for each in arrays.values()) == 792_081
    assert arrays["conv2d_5/kernel"].shape == (7, 561, 1, 64)
    assert all(np.isfinite(each).all() for each in arrays.values())
    assert all((arrays[name] > 0).all() for name in arrays if "variance" in name)


@pytest.mark.parametrize("length", [0, 1, 47, 48, 100, 1_000, 4_900])
def test_truncated_index_is_refused(
    length: int, checkpoint: tuple[bytes, bytes]
) -> None:
    """At its end and at its beginning."""
    index, data = checkpoint

    with pytest.raises(ConfigError, match="not a valid TensorFlow checkpoint"):
        read_arrays(index[:length], data)
    with pytest.raises(ConfigError, match="not a valid TensorFlow checkpoint"):
        read_arrays(index[len(index) - length :] if length else b"", data)


def test_truncated_data_is_refused(checkpoint: tuple[bytes, bytes]) -> None:
    """An incomplete array is an error."""
    index, data = checkpoint

    with pytest.raises(ConfigError, match="not a valid TensorFlow checkpoint"):
        read_arrays(index, data[:-1])


def test_any_damage_to_an_index(checkpoint: tuple[bytes, bytes]) -> None:
    """A damaged index is read or refused; it never crashes or hangs."""
    index, data = checkpoint
    rng = np.random.default_rng(5)
    refused = 0

    for _ in range(400):
        damaged = bytearray(index)
        for at in rng.integers(0, len(index), 3).tolist():
            damaged[at] = int(rng.integers(0, 256))
        try:
            read_arrays(bytes(damaged), data)
        except ConfigError:
            refused += 1

    assert refused > 200


def test_index_with_huge_sizes_is_refused() -> None:
    """Sizes of gigabytes allocate no memory."""
    huge = b"\xff\xff\xff\xff\x7f"
    footer = (b"\0\0" + b"\0" + huge).ljust(40, b"\0")

    with pytest.raises(ConfigError):
        read_arrays(footer + struct.pack("<Q", 0xDB4775248B80FB57), b"")


def test_foreign_weights_are_refused(
    weights: dict[str, WeightArray], tmp_path: Path
) -> None:
    """Missing arrays or other shapes are an error, and no file is written."""
    target = tmp_path / "model.onnx"
    missing = {name: each for name, each in weights.items() if name != "dense/bias"}
    other = weights | {"dense/kernel": weights["dense_1/kernel"]}

    for wrong in (missing, other, {}):
        with pytest.raises(ConfigError, match="not the weights"):
            write_onnx_model(wrong, target)
    assert not target.exists()


@pytest.mark.parametrize("name", ["msd", "mtt"])
def test_networks_equal_tensorflow(name: str) -> None:
    """The scores are equal to the fourth digit, although most filters are left out."""
    patches = np.abs(noise(7, 2, 187, 96))[:, np.newaxis]
    network = onnxruntime.InferenceSession(model_file(installed_models(), name))

    (scores,) = network.run(None, {"mel": patches})

    np.testing.assert_allclose(scores[:, ::10], EXPECTED_SCORES[name], atol=2e-5)
    assert scores.shape == (2, len(WORDS[name]))


def test_constant_filters_are_left_out() -> None:
    """The models are smaller than their weights, most of which have no effect."""
    sizes = {
        name: model_file(installed_models(), name).stat().st_size
        for name in ("msd", "mtt")
    }

    assert sizes["msd"] < 1_000_000
    assert sizes["mtt"] < 1_700_000


def test_patches_equal_librosa() -> None:
    """The log-mel spectrogram is the same for the same samples."""
    patch = mel(noise(3, PATCH_SAMPLES) * np.float32(0.1))

    np.testing.assert_allclose(patch[::60, ::24], EXPECTED_MEL, atol=6e-5)
    assert patch.shape == (187, 96)


@pytest.mark.skipif(
    importlib.util.find_spec("essentia") is None, reason="Essentia is an extra"
)
def test_patches_are_close_to_essentia() -> None:
    """Essentia's own front end for these networks gives nearly the same values."""
    from essentia.standard import TensorflowInputMusiCNN  # noqa: PLC0415

    frames = TensorflowInputMusiCNN()
    samples = sample_input(4.0)[:PATCH_SAMPLES]

    theirs = [
        frames(samples[at : at + 512]) for at in range(0, PATCH_SAMPLES - 511, 256)
    ]

    assert np.abs(np.array(theirs) - mel(samples)).mean() < 0.01


@pytest.mark.parametrize(
    "size", [1_000, 4_096, 47_999, PATCH_STEP, PATCH_SAMPLES, 100_001]
)
def test_blocks_of_any_size(size: int) -> None:
    """The result does not depend on the size of the blocks."""
    samples = sample_input(10.0)
    blocks = [samples[at : at + size] for at in range(0, len(samples), size)]

    assert tagger_result(*blocks) == tagger_result(samples)


def test_the_mean_of_all_patches() -> None:
    """All patches have equal weight, and overlap with the beginning of the next."""
    one, other = (
        sample_input(4.0)[:PATCH_STEP],
        sample_input(4.0, seed=2)[:PATCH_SAMPLES],
    )
    rest = PATCH_SAMPLES - PATCH_STEP

    found = tagger_result(one, one, other)

    single_patches = (
        tagger_result(one, one[:rest]),
        tagger_result(one, other[:rest]),
        tagger_result(other),
    )
    for network, tags in found.items():
        for tag, score in tags.items():
            mean = sum(each[network][tag] for each in single_patches) / 3
            assert score == pytest.approx(mean, abs=2e-5)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.9])
def test_a_short_sound_is_repeated(seconds: float) -> None:
    """It is repeated to fill a patch, as in the networks' training."""
    samples = sample_input(3.0)[: round(seconds * RATE)]

    assert tagger_result(samples) == tagger_result(np.resize(samples, PATCH_SAMPLES))
    assert tagger_result(samples)["msd"]


@pytest.mark.parametrize(
    "samples",
    [
        pytest.param(np.empty(0, np.float32), id="nothing"),
        pytest.param(sample_input(0.4), id="less than half a second"),
        pytest.param(np.zeros(5 * RATE, np.float32), id="silence"),
        pytest.param(1e-5 * noise(1, 5 * RATE), id="noise at -90 dBFS"),
        pytest.param(np.full(5 * RATE, np.nan, np.float32), id="NaN"),
    ],
)
def test_no_sound_gives_no_result(samples: WeightArray) -> None:
    """Silence, and less than half a second, have no tags."""
    assert tagger_result(samples) == {}


def test_silence_is_ignored() -> None:
    """The length of the silence after a piece does not change its tags."""
    sound, silence = (
        sample_input(4.0)[:PATCH_STEP],
        np.zeros(4 * PATCH_STEP, np.float32),
    )

    assert tagger_result(sound, silence) == tagger_result(
        sound, silence[: PATCH_SAMPLES - PATCH_STEP]
    )


def test_intermediate_result_does_not_change_the_final_one() -> None:
    """`result` can be called at any time."""
    samples = sample_input(8.0)
    tagger = Tagger(installed_models())
    tagger.feed(samples[: 4 * RATE])
    first = tagger.result()
    tagger.feed(samples[4 * RATE :])

    assert first
    assert tagger.result() == tagger_result(samples)


def test_every_tag_has_a_score() -> None:
    """Scores of both networks are from 0 to 1."""
    found = tagger_result(sample_input(4.0))

    assert {name: tuple(tags) for name, tags in found.items()} == WORDS
    assert all(0 <= score <= 1 for tags in found.values() for score in tags.values())


@pytest.mark.slow
def test_memory_is_bounded() -> None:
    """Memory does not grow with the length of the stream."""
    tagger = Tagger(installed_models())
    samples = sample_input(6.0)
    tagger.feed(samples)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024

    tracemalloc.start()
    for _ in range(10):
        tagger.feed(samples)
    allocated, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert allocated < 100_000
    grown_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024 - peak_mib
    assert grown_mib < 30


def test_installation_is_detected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both networks and onnxruntime are required."""
    msd = model_file(tmp_path, "msd")
    msd.write_bytes(model_file(installed_models(), "msd").read_bytes())

    assert is_installed(installed_models())
    assert not is_installed(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert not is_installed(installed_models())


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\0" * 1_000])
def test_a_damaged_network(damage: bytes, tmp_path: Path) -> None:
    """The error names the command that installs it again."""
    model_file(tmp_path, "msd").write_bytes(damage)

    with pytest.raises(ConfigError, match="install-models --again"):
        Tagger(tmp_path)
