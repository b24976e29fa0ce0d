"""musicnn's networks drawn as ONNX models; the only importer of `onnx`.

Their author gives away the numbers that they learned, and in TensorFlow's own terms
how they are put together. Drawn anew, they run without TensorFlow, which is huge.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from segued.errors import ConfigError
from segued.matching.musicnn_flavor import WORDS
from segued.media.analyzers.musicnn import BANDS, FRAMES, VERSION
from segued.media.analyzers.tf_checkpoint import Array

__all__ = ["convert"]

OPSET, IR_VERSION = 17, 8
"""Old enough for every onnxruntime that segued may meet."""

EPSILON: Final = 1e-3


def convert(weights: Mapping[str, Array], target: Path) -> None:
    """Write a network as an ONNX file.

    Args:
        weights: The arrays of its checkpoint by name.
        target: The file to write; it may not be there yet.

    Raises:
        ConfigError: These are not its weights.
        ImportError: The package `onnx` is not there.
        OSError: The file could not be written.
    """
    # Loading it takes half a second: only for who asks.
    import onnx  # noqa: PLC0415

    wrong = (onnx.checker.ValidationError, onnx.shape_inference.InferenceError)
    try:
        made = _Drawing(weights, onnx).model()
        onnx.checker.check_model(made, full_check=True)
    except (KeyError, ValueError, *wrong) as error:
        raise ConfigError(f"these are not the weights of {VERSION}: {error}") from error
    with target.open("xb") as file:
        file.write(made.SerializeToString())


class _Drawing:
    """A network being drawn: each step adds a node, and names what comes out of it.

    Sound has the axes patch, channel, frame and band. The layers of a kind are
    numbered in the order in which sound comes through them.
    """

    def __init__(self, weights: Mapping[str, Array], onnx: Any) -> None:  # noqa: ANN401
        self._weights: Final = weights
        self._onnx: Final = onnx
        self._nodes: Final[list[Any]] = []
        self._arrays: Final[list[Any]] = []
        self._layers: Final[Counter[str]] = Counter()

    def model(self) -> Any:  # noqa: ANN401
        """Return the whole network as an ONNX model."""
        heard = self._normal("mel")
        # Two kinds of filters hear timbres, wherever in the spectrum they lie, and
        # three hear what happens in one band.
        front = self._node("Concat", *(self._front(heard) for _ in range(5)), axis=1)
        first = self._middle(front)
        second = self._node("Add", self._middle(first), first)
        third = self._node("Add", self._middle(second), second)
        all_ = self._node("Concat", front, first, second, third, axis=1)
        most = self._node("ReduceMax", all_, axes=[2])
        mean = self._node("ReduceMean", all_, axes=[2])
        pooled = self._node("Flatten", self._node("Concat", most, mean, axis=3))
        dense = self._node("Relu", self._dense(self._normal(pooled)))
        tags = self._node("Sigmoid", self._dense(self._normal(dense)))

        helper, number = self._onnx.helper, self._onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            "musicnn",
            [helper.make_tensor_value_info("mel", number, ["n", 1, FRAMES, BANDS])],
            [helper.make_tensor_value_info(tags, number, ["n", len(WORDS["msd"])])],
            self._arrays,
        )
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name=VERSION,
        )

    def _front(self, heard: str) -> str:
        layer = self._layer("conv2d")
        kernel = self._weights[f"{layer}/kernel"]
        _, spanned, _, _ = kernel.shape
        bands = self._convolved(heard, layer, kernel.transpose(3, 2, 0, 1))
        return self._node("MaxPool", bands, kernel_shape=[1, BANDS - spanned + 1])

    def _middle(self, heard: str) -> str:
        layer = self._layer("conv2d")
        kernel = self._weights[f"{layer}/kernel"]
        # There, what is a channel here lies where bands did.
        return self._convolved(heard, layer, kernel.transpose(3, 1, 0, 2))

    def _convolved(self, heard: str, layer: str, kernel: Array) -> str:
        before, odd = divmod(kernel.shape[2] - 1, 2)
        inputs = (
            heard,
            self._array(f"{layer}/kernel", kernel),
            self._array(f"{layer}/bias"),
        )
        made = self._node("Conv", *inputs, pads=[before, 0, before + odd, 0])
        return self._normal(self._node("Relu", made))

    def _dense(self, heard: str) -> str:
        layer = self._layer("dense")
        return self._node("Gemm", heard, *self._arrays_of(layer, "kernel", "bias"))

    def _normal(self, heard: str) -> str:
        layer = self._layer("batch_normalization")
        parts = ("gamma", "beta", "moving_mean", "moving_variance")
        arrays = self._arrays_of(layer, *parts)
        return self._node("BatchNormalization", heard, *arrays, epsilon=EPSILON)

    def _layer(self, kind: str) -> str:
        number = self._layers[kind]
        self._layers[kind] += 1
        return f"{kind}_{number}" if number else kind

    def _node(self, kind: str, *inputs: str, **how: Any) -> str:  # noqa: ANN401
        out = f"{kind}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [out], **how))
        return out

    def _arrays_of(self, layer: str, *parts: str) -> list[str]:
        return [self._array(f"{layer}/{part}") for part in parts]

    def _array(self, name: str, array: Array | None = None) -> str:
        given = self._weights[name] if array is None else array
        made = self._onnx.numpy_helper.from_array(np.ascontiguousarray(given), name)
        self._arrays.append(made)
        return name
