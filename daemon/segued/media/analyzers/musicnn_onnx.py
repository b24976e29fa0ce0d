"""Build musicnn's networks as ONNX models; the only importer of `onnx`.

The author publishes the weights as TensorFlow checkpoints, and the layers as
TensorFlow code. As ONNX models, the networks run without TensorFlow, which is huge.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from segued.errors import ConfigError
from segued.matching.musicnn_flavor import WORDS
from segued.media.analyzers.musicnn import BANDS, FRAMES, VERSION
from segued.media.analyzers.tf_checkpoint import WeightArray

__all__ = ["write_onnx_model"]

OPSET, IR_VERSION = 17, 8
"""Old enough for every supported version of onnxruntime."""

EPSILON: Final = 1e-3


def write_onnx_model(weights: Mapping[str, WeightArray], target: Path) -> None:
    """Write a network as an ONNX file.

    Args:
        weights: The arrays of its checkpoint by name, float32.
        target: The file to create; it must not exist yet.

    Raises:
        ConfigError: The arrays are not the network's weights.
        ImportError: The package `onnx` is not installed.
        OSError: The file could not be written.
    """
    # Imported here because it takes half a second.
    import onnx  # noqa: PLC0415

    onnx_errors = (onnx.checker.ValidationError, onnx.shape_inference.InferenceError)
    try:
        model = _GraphBuilder(weights, onnx).build()
        onnx.checker.check_model(model, full_check=True)
    except (KeyError, ValueError, *onnx_errors) as error:
        raise ConfigError(f"not the weights of {VERSION}: {error}") from error
    with target.open("xb") as file:
        file.write(model.SerializeToString())


class _GraphBuilder:
    """Builds the graph of a network: each method adds nodes and returns their output.

    The tensors have the axes patch, channel, frame and band. The layers of a kind are
    numbered in the order in which data passes through them.
    """

    def __init__(self, weights: Mapping[str, WeightArray], onnx: Any) -> None:  # noqa: ANN401
        self._weights: Final = weights
        self._onnx: Final = onnx
        self._nodes: Final[list[Any]] = []
        self._arrays: Final[list[Any]] = []
        self._layers: Final[Counter[str]] = Counter()

    def build(self) -> Any:  # noqa: ANN401
        """Return the whole network as an ONNX model."""
        normalized = self._batch_norm("mel")
        # Two of the five kinds of filters detect timbres at any frequency, three
        # detect temporal patterns within one band.
        front = self._add_node(
            "Concat", *(self._front_end(normalized) for _ in range(5)), axis=1
        )
        first = self._middle_layer(front)
        second = self._add_node("Add", self._middle_layer(first), first)
        third = self._add_node("Add", self._middle_layer(second), second)
        joined = self._add_node("Concat", front, first, second, third, axis=1)
        peak = self._add_node("ReduceMax", joined, axes=[2])
        mean = self._add_node("ReduceMean", joined, axes=[2])
        pooled = self._add_node("Flatten", self._add_node("Concat", peak, mean, axis=3))
        dense = self._add_node("Relu", self._dense_layer(self._batch_norm(pooled)))
        tags = self._add_node("Sigmoid", self._dense_layer(self._batch_norm(dense)))

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

    def _front_end(self, source: str) -> str:
        layer = self._next_layer("conv2d")
        kernel = self._weights[f"{layer}/kernel"]
        _, spanned, _, _ = kernel.shape
        bands = self._convolution(source, layer, kernel.transpose(3, 2, 0, 1))
        return self._add_node("MaxPool", bands, kernel_shape=[1, BANDS - spanned + 1])

    def _middle_layer(self, source: str) -> str:
        layer = self._next_layer("conv2d")
        kernel = self._weights[f"{layer}/kernel"]
        # TensorFlow's kernel has the channels on the axis of the bands.
        return self._convolution(source, layer, kernel.transpose(3, 1, 0, 2))

    def _convolution(self, source: str, layer: str, kernel: WeightArray) -> str:
        before, odd = divmod(kernel.shape[2] - 1, 2)
        inputs = (
            source,
            self._add_array(f"{layer}/kernel", kernel),
            self._add_array(f"{layer}/bias"),
        )
        made = self._add_node("Conv", *inputs, pads=[before, 0, before + odd, 0])
        return self._batch_norm(self._add_node("Relu", made))

    def _dense_layer(self, source: str) -> str:
        layer = self._next_layer("dense")
        return self._add_node(
            "Gemm", source, *self._add_arrays(layer, "kernel", "bias")
        )

    def _batch_norm(self, source: str) -> str:
        layer = self._next_layer("batch_normalization")
        parts = ("gamma", "beta", "moving_mean", "moving_variance")
        arrays = self._add_arrays(layer, *parts)
        return self._add_node("BatchNormalization", source, *arrays, epsilon=EPSILON)

    def _next_layer(self, kind: str) -> str:
        number = self._layers[kind]
        self._layers[kind] += 1
        return f"{kind}_{number}" if number else kind

    def _add_node(self, kind: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401
        out = f"{kind}_{len(self._nodes)}"
        self._nodes.append(
            self._onnx.helper.make_node(kind, inputs, [out], **attributes)
        )
        return out

    def _add_arrays(self, layer: str, *parts: str) -> list[str]:
        return [self._add_array(f"{layer}/{part}") for part in parts]

    def _add_array(self, name: str, array: WeightArray | None = None) -> str:
        values = self._weights[name] if array is None else array
        made = self._onnx.numpy_helper.from_array(np.ascontiguousarray(values), name)
        self._arrays.append(made)
        return name
