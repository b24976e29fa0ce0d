"""musicnn's networks: how they are read and drawn, and what they hear.

What they should say was worked out by TensorFlow 2.21 with the graph that their author
ships, and what a patch should be by librosa 0.11.
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
    PATCH,
    RATE,
    STEP,
    Tagger,
    is_installed,
    mel,
    model_file,
)
from segued.media.analyzers.musicnn_onnx import convert
from segued.media.analyzers.tf_checkpoint import Array, arrays
from tests.audio import music
from tests.models import installed, wheel

SAID = {
    "msd": (
        (0.06166, 0.00238, 0.00002, 0.15363, 0.00051),
        (0.04787, 0.00238, 0.00002, 0.13130, 0.00048),
    ),
    "mtt": (
        (0.00072, 0.14028, 0.00409, 0.00569, 0.00148),
        (0.00063, 0.16170, 0.00229, 0.00499, 0.00072),
    ),
}
"""How well every tenth word fits two patches of noise."""

HEARD = (
    (3.1267, 3.0375, 2.7463, 2.7876),
    (2.5928, 2.7853, 2.8468, 2.1336),
    (1.6742, 2.7710, 2.7744, 2.4665),
    (2.7529, 2.9271, 3.0422, 2.5014),
)
"""Of a patch of noise every sixtieth frame and every 24th band."""


@pytest.fixture(name="checkpoint", scope="module")
def _checkpoint() -> tuple[bytes, bytes]:
    """Give the index and the data of the first network."""
    with zipfile.ZipFile(wheel()) as package:
        inside = "musicnn/MSD_musicnn/"
        index = package.read(f"{inside}.index")
        return index, package.read(f"{inside}.data-00000-of-00001")


@pytest.fixture(name="weights", scope="module")
def _weights(checkpoint: tuple[bytes, bytes]) -> dict[str, Array]:
    """Give its arrays."""
    return arrays(*checkpoint)


def piece(seconds: float, seed: int = 1) -> Array:
    """Return made music as a network wants it."""
    return np.ascontiguousarray(music(seconds, RATE, 1, seed)[:, 0])


def told(*blocks: Array) -> dict[str, dict[str, float]]:
    """Return what is said of sound that comes in these blocks."""
    tagger = Tagger(installed())
    for block in blocks:
        tagger.hear(block)
    return tagger.told()


def noise(seed: int, *shape: int) -> npt.NDArray[np.float32]:
    """Return noise that is the same with every NumPy."""
    drawn = np.random.RandomState(seed).standard_normal(shape)
    return drawn.astype(np.float32)


def test_a_checkpoint_is_read(weights: dict[str, Array]) -> None:
    """All arrays by name, with their shapes, and numbers that make sense."""
    learned = {name: each for name, each in weights.items() if "Adam" not in name}

    assert len(learned) == 66
    assert sum(each.size for each in learned.values()) == 792_081
    assert learned["conv2d_5/kernel"].shape == (7, 561, 1, 64)
    assert all(np.isfinite(each).all() for each in learned.values())
    assert all((learned[name] > 0).all() for name in learned if "variance" in name)


@pytest.mark.parametrize("length", [0, 1, 47, 48, 100, 1_000, 4_900])
def test_an_index_cut_short(length: int, checkpoint: tuple[bytes, bytes]) -> None:
    """Both what is missing at its end and at its beginning is noticed."""
    index, data = checkpoint

    with pytest.raises(ConfigError, match="no whole TensorFlow checkpoint"):
        arrays(index[:length], data)
    with pytest.raises(ConfigError, match="no whole TensorFlow checkpoint"):
        arrays(index[len(index) - length :] if length else b"", data)


def test_data_cut_short(checkpoint: tuple[bytes, bytes]) -> None:
    """An array that is not whole is none."""
    index, data = checkpoint

    with pytest.raises(ConfigError, match="no whole TensorFlow checkpoint"):
        arrays(index, data[:-1])


def test_any_damage_to_an_index(checkpoint: tuple[bytes, bytes]) -> None:
    """Whatever byte is wrong, it is read, or refused; it never crashes or hangs."""
    index, data = checkpoint
    dice = np.random.default_rng(5)
    refused = 0

    for _ in range(400):
        damaged = bytearray(index)
        for at in dice.integers(0, len(index), 3).tolist():
            damaged[at] = int(dice.integers(0, 256))
        try:
            arrays(bytes(damaged), data)
        except ConfigError:
            refused += 1

    assert refused > 200


def test_a_table_that_promises_too_much() -> None:
    """A size of thousands of millions takes no memory, and a loop no time."""
    huge = b"\xff\xff\xff\xff\x7f"
    footer = (b"\0\0" + b"\0" + huge).ljust(40, b"\0")

    with pytest.raises(ConfigError):
        arrays(footer + struct.pack("<Q", 0xDB4775248B80FB57), b"")


def test_weights_of_something_else(weights: dict[str, Array], tmp_path: Path) -> None:
    """No network is drawn from them, and no file is left."""
    target = tmp_path / "model.onnx"
    less = {name: each for name, each in weights.items() if name != "dense/bias"}
    other = weights | {"dense/kernel": weights["dense_1/kernel"]}

    for wrong in (less, other, {}):
        with pytest.raises(ConfigError, match="not the weights"):
            convert(wrong, target)
    assert not target.exists()


@pytest.mark.parametrize("name", ["msd", "mtt"])
def test_networks_say_what_tensorflow_does(name: str) -> None:
    """To the fifth digit."""
    patches = np.abs(noise(7, 2, 187, 96))[:, np.newaxis]
    network = onnxruntime.InferenceSession(model_file(installed(), name))

    (fits,) = network.run(None, {"mel": patches})

    np.testing.assert_allclose(fits[:, ::10], SAID[name], atol=6e-6)
    assert fits.shape == (2, len(WORDS[name]))


def test_patches_are_what_librosa_makes() -> None:
    """Of the same samples, the same numbers."""
    patch = mel(noise(3, PATCH) * np.float32(0.1))

    np.testing.assert_allclose(patch[::60, ::24], HEARD, atol=6e-5)
    assert patch.shape == (187, 96)


@pytest.mark.skipif(
    importlib.util.find_spec("essentia") is None, reason="Essentia is an extra"
)
def test_patches_are_like_essentias() -> None:
    """Essentia has a front end for these networks, and hears the same."""
    from essentia.standard import TensorflowInputMusiCNN  # noqa: PLC0415

    frames = TensorflowInputMusiCNN()
    sound = piece(4.0)[:PATCH]

    theirs = [frames(sound[at : at + 512]) for at in range(0, PATCH - 511, 256)]

    assert np.abs(np.array(theirs) - mel(sound)).mean() < 0.01


@pytest.mark.parametrize("size", [1_000, 4_096, 47_999, STEP, PATCH, 100_001])
def test_blocks_of_any_size(size: int) -> None:
    """It does not matter in which pieces the sound comes."""
    sound = piece(10.0)
    blocks = [sound[at : at + size] for at in range(0, len(sound), size)]

    assert told(*blocks) == told(sound)


def test_the_mean_of_all_patches() -> None:
    """Each counts the same, and the beginning of the next belongs to it as well."""
    one, other = piece(4.0)[:STEP], piece(4.0, seed=2)[:PATCH]
    rest = PATCH - STEP

    found = told(one, one, other)

    alone = (told(one, one[:rest]), told(one, other[:rest]), told(other))
    for network, tags in found.items():
        for tag, fit in tags.items():
            mean = sum(each[network][tag] for each in alone) / 3
            assert fit == pytest.approx(mean, abs=2e-5)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.9])
def test_a_short_sound_is_repeated(seconds: float) -> None:
    """As it was when the networks learned."""
    sound = piece(3.0)[: round(seconds * RATE)]

    assert told(sound) == told(np.resize(sound, PATCH))
    assert told(sound)["msd"]


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(np.empty(0, np.float32), id="nothing"),
        pytest.param(piece(0.4), id="less than half a second"),
        pytest.param(np.zeros(5 * RATE, np.float32), id="silence"),
        pytest.param(1e-5 * noise(1, 5 * RATE), id="noise at -90 dBFS"),
        pytest.param(np.full(5 * RATE, np.nan, np.float32), id="no numbers"),
    ],
)
def test_nothing_to_hear(sound: Array) -> None:
    """Of it nothing is said."""
    assert told(sound) == {}


def test_silence_does_not_count() -> None:
    """A piece sounds the same, however long the silence after it."""
    sound, silence = piece(4.0)[:STEP], np.zeros(4 * STEP, np.float32)

    assert told(sound, silence) == told(sound, silence[: PATCH - STEP])


def test_told_before_the_end() -> None:
    """What is told halfway does not change what is told at the end."""
    sound = piece(8.0)
    tagger = Tagger(installed())
    tagger.hear(sound[: 4 * RATE])
    first = tagger.told()
    tagger.hear(sound[4 * RATE :])

    assert first
    assert tagger.told() == told(sound)


def test_every_word_is_told() -> None:
    """Of both networks, from 0 to 1."""
    found = told(piece(4.0))

    assert {name: tuple(tags) for name, tags in found.items()} == WORDS
    assert all(0 <= fit <= 1 for tags in found.values() for fit in tags.values())


def test_memory_is_bounded() -> None:
    """A minute leaves no more behind than a second did."""
    tagger = Tagger(installed())
    sound = piece(6.0)
    tagger.hear(sound)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024

    tracemalloc.start()
    for _ in range(10):
        tagger.hear(sound)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 100_000
    grown_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024 - peak_mib
    assert grown_mib < 30


def test_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both networks, and what runs them."""
    one = model_file(tmp_path, "msd")
    one.write_bytes(model_file(installed(), "msd").read_bytes())

    assert is_installed(installed())
    assert not is_installed(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert not is_installed(installed())


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\0" * 1_000])
def test_a_damaged_network(damage: bytes, tmp_path: Path) -> None:
    """Whoever wants to use it is told how to come by a new one."""
    model_file(tmp_path, "msd").write_bytes(damage)

    with pytest.raises(ConfigError, match="install-models --again"):
        Tagger(tmp_path)
