"""Build musicnn's networks as ONNX models; the only importer of `onnx`.

The author publishes the weights as TensorFlow checkpoints, and the layers as
TensorFlow code. As ONNX models, the networks run without TensorFlow, which is huge.

In training, most filters of the first layer became zero: nine of ten in one network,
more than half in the other. What such a filter gives is a constant, which the layers
after it get as a part of their bias. So the models compute the same in a quarter of the
time.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from segued.errors import ConfigError
from segued.matching.musicnn_flavor import WORDS
from segued.media.analyzers.musicnn import BANDS, FRAMES, VERSION
from segued.media.analyzers.tf_checkpoint import WeightArray

__all__ = ["write_onnx_model"]

OPSET, IR_VERSION = 17, 8
"""Old enough for every supported version of onnxruntime."""

EPSILON: Final = 1e-3

CONSTANT_NORM: Final = 1e-3
"""The norm of a filter, scaled as its output is, below which that is a constant."""


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
    except (KeyError, IndexError, ValueError, *onnx_errors) as error:
        raise ConfigError(f"not the weights of {VERSION}: {error}") from error
    with target.open("xb") as file:
        file.write(model.SerializeToString())


@dataclass(frozen=True, slots=True)
class _FilterBank:
    """The filters of one kind in the first layer.

    Attributes:
        output: The tensor of those whose output depends on the sound.
        varies: Whether a filter is one of those; shape (filters,).
        constants: The output of each of the others, in order.
    """

    output: str
    varies: npt.NDArray[np.bool_]
    constants: WeightArray


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
        banks = [self._filter_bank(normalized) for _ in range(5)]
        front = self._add_node("Concat", *(each.output for each in banks), axis=1)
        varies = np.concatenate([each.varies for each in banks])
        constants = np.concatenate([each.constants for each in banks])
        first = self._first_middle_layer(front, varies, constants)
        second = self._add_node("Add", self._middle_layer(first), first)
        third = self._add_node("Add", self._middle_layer(second), second)
        joined = self._add_node("Concat", front, first, second, third, axis=1)
        peak = self._add_node("ReduceMax", joined, axes=[2])
        mean = self._add_node("ReduceMean", joined, axes=[2])
        pooled = self._add_node("Flatten", self._add_node("Concat", peak, mean, axis=3))
        dense = self._add_node(
            "Relu", self._first_dense_layer(pooled, varies, constants)
        )
        layer = self._next_layer("dense")
        parameters = self._add_arrays(layer, "kernel", "bias")
        scores = self._add_node("Gemm", self._batch_norm(dense), *parameters)
        tags = self._add_node("Sigmoid", scores)

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

    def _filter_bank(self, source: str) -> _FilterBank:
        layer = self._next_layer("conv2d")
        norm = self._next_layer("batch_normalization")
        kernel = self._weights[f"{layer}/kernel"].transpose(3, 2, 0, 1)
        bias = self._weights[f"{layer}/bias"]
        scale, shift = self._scale_and_shift(norm)
        norms = np.linalg.norm(kernel.reshape(len(kernel), -1), axis=1)
        varies = norms * np.abs(scale) > CONSTANT_NORM
        constants = (np.maximum(bias, 0) * scale + shift)[~varies]
        # The original takes the largest of the normalized values. The largest before,
        # or the smallest if the factor is negative, gives the same, and is faster.
        sign = np.where(scale[varies] < 0, -1, 1).astype(np.float32)
        signs = sign[:, np.newaxis, np.newaxis, np.newaxis]
        made = self._convolution(
            source, layer, kernel[varies] * signs, bias[varies] * sign
        )
        width = BANDS - kernel.shape[3] + 1
        largest = self._add_node("MaxPool", made, kernel_shape=[1, width])
        factors = self._add_array(f"{layer}/sign", signs[np.newaxis, ..., 0])
        extreme = self._add_node("Relu", self._add_node("Mul", largest, factors))
        return _FilterBank(
            self._batch_norm_of(norm, extreme, varies), varies, constants
        )

    def _first_middle_layer(
        self, source: str, varies: npt.NDArray[np.bool_], constants: WeightArray
    ) -> str:
        layer, kernel = self._middle_kernel()
        bias = self._weights[f"{layer}/bias"]
        made = self._convolution(source, layer, kernel[:, varies], bias)
        # At both ends of the patch, a part of the filters lies outside.
        taps = kernel.shape[2]
        by_tap = np.einsum("oct,c->ot", kernel[:, ~varies][..., 0], constants)
        added = [
            np.convolve(each[::-1], np.ones(FRAMES))[taps // 2 :][:FRAMES]
            for each in by_tap
        ]
        name = f"{layer}/constant"
        array = np.array(added, np.float32)[np.newaxis, :, :, np.newaxis]
        sum_of_both = self._add_node("Add", made, self._add_array(name, array))
        return self._batch_norm(self._add_node("Relu", sum_of_both))

    def _middle_layer(self, source: str) -> str:
        layer, kernel = self._middle_kernel()
        bias = self._weights[f"{layer}/bias"]
        made = self._convolution(source, layer, kernel, bias)
        return self._batch_norm(self._add_node("Relu", made))

    def _middle_kernel(self) -> tuple[str, WeightArray]:
        layer = self._next_layer("conv2d")
        # TensorFlow's kernel has the channels on the axis of the bands.
        return layer, self._weights[f"{layer}/kernel"].transpose(3, 1, 0, 2)

    def _first_dense_layer(
        self, source: str, varies: npt.NDArray[np.bool_], constants: WeightArray
    ) -> str:
        """Add the layer that gets peak and mean of each channel, in turn."""
        norm = self._next_layer("batch_normalization")
        layer = self._next_layer("dense")
        kernel = self._weights[f"{layer}/kernel"]
        scale, shift = self._scale_and_shift(norm)
        is_constant = np.zeros(len(kernel), np.bool_)
        is_constant[: 2 * len(varies)] = np.repeat(~varies, 2)
        inputs = (np.repeat(constants, 2) * scale[is_constant]) + shift[is_constant]
        bias = self._weights[f"{layer}/bias"] + inputs @ kernel[is_constant]
        return self._add_node(
            "Gemm",
            self._batch_norm_of(norm, source, ~is_constant),
            self._add_array(f"{layer}/kernel", kernel[~is_constant]),
            self._add_array(f"{layer}/bias", bias),
        )

    def _convolution(
        self, source: str, layer: str, kernel: WeightArray, bias: WeightArray
    ) -> str:
        before, odd = divmod(kernel.shape[2] - 1, 2)
        inputs = (
            source,
            self._add_array(f"{layer}/kernel", kernel),
            self._add_array(f"{layer}/bias", bias),
        )
        return self._add_node("Conv", *inputs, pads=[before, 0, before + odd, 0])

    def _batch_norm(self, source: str) -> str:
        return self._batch_norm_of(self._next_layer("batch_normalization"), source)

    def _batch_norm_of(
        self, layer: str, source: str, channels: npt.NDArray[np.bool_] | None = None
    ) -> str:
        """Add a normalization; of some channels only, if they are given."""
        arrays = []
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            array = self._weights[f"{layer}/{part}"]
            chosen = array if channels is None else array[channels]
            arrays.append(self._add_array(f"{layer}/{part}", chosen))
        return self._add_node("BatchNormalization", source, *arrays, epsilon=EPSILON)

    def _scale_and_shift(self, layer: str) -> tuple[WeightArray, WeightArray]:
        """Return factor and summand of a normalization, shape (channels,) each."""
        mean = self._weights[f"{layer}/moving_mean"]
        variance = self._weights[f"{layer}/moving_variance"]
        scale = self._weights[f"{layer}/gamma"] / np.sqrt(
            variance + np.float32(EPSILON)
        )
        shift = self._weights[f"{layer}/beta"] - mean * scale
        return scale.astype(np.float32), shift.astype(np.float32)

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
        return [
            self._add_array(f"{layer}/{part}", self._weights[f"{layer}/{part}"])
            for part in parts
        ]

    def _add_array(self, name: str, values: npt.NDArray[Any]) -> str:
        array = np.ascontiguousarray(values, np.float32)
        self._arrays.append(self._onnx.numpy_helper.from_array(array, name))
        return name
