"""Create classifiers for Essentia: Gaia's `*.history` files, with chosen weights.

The trained classifiers cannot be distributed with the project. The output of these
follows from their weights, so a test can compute the expected values.

A history is a list of transformations of the descriptors, serialized by Qt's
`QDataStream`: numbers are big-endian, texts are UTF-16, and lists and byte strings
are preceded by their length.

Source: MTG/gaia, `TransfoChain::save`; MTG/essentia, `GaiaTransform`.
"""

import struct
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final, TypeAlias

__all__ = ["classifier_file"]

MAGIC: Final = 0x6AEA723D
GAIA_2_3: Final = 102
"""The only version of the format that Gaia still reads, that of Qt 4.4."""

STEEPNESS: Final = -1
"""Makes the share of the first class 1 / (1 + exp(-excess))."""

Value: TypeAlias = "bool | bytes | str | list[str] | Mapping[str, Value]"
"""A parameter of a transformation."""


class Kind(IntEnum):
    """Gaia's numbers for the types of a descriptor."""

    NONE = 0
    REAL = 1
    STRING = 2


class Length(IntEnum):
    """Gaia's numbers for a fixed or variable number of values."""

    FIXED = 0
    VARIABLE = 1


class Variant(IntEnum):
    """Qt's numbers for the types of a `QVariant`."""

    BOOL = 1
    MAP = 8
    STRING = 10
    STRINGS = 11
    BYTES = 12


Leaf: TypeAlias = tuple[Kind, Length]
Layout: TypeAlias = Mapping[str, Leaf]
"""Types of descriptors by dotted name."""


def classifier_file(
    characteristic: str,
    classes: tuple[str, str],
    weights: Mapping[str, float],
    threshold: float,
) -> bytes:
    """Return the file of a classifier with two classes.

    The share of the first class is 1 / (1 + exp(threshold - sum)), with the
    weighted sum of the descriptors.

    Args:
        characteristic: Its name: "mood_sad".
        classes: The names of the classes: "sad", "not_sad".
        weights: Weights of scalar descriptors by dotted name.
        threshold: The sum at which both classes have equal shares.
    """
    output = f"highlevel.{characteristic}"
    inputs: Layout = dict.fromkeys(weights, (Kind.REAL, Length.FIXED))
    with_class = {**inputs, output: (Kind.STRING, Length.VARIABLE)}
    with_shares = {
        **with_class,
        f"{output}Probability": (Kind.REAL, Length.VARIABLE),
    }
    prediction: dict[str, Value] = {
        "className": output,
        "classMapping": list(classes),
        "descriptorNames": [f".{name}" for name in weights],
        "modelData": _model(list(weights.values()), threshold),
        "probability": True,
    }
    # The inputs must not be in the output, because classifiers may share some.
    selected = [f".{name}" for name in with_shares if name not in inputs]
    steps = [
        _step("addfield", "addfieldapplier", {"string": [output]}, inputs),
        _step("svmtrain", "svmpredict", prediction, with_class),
        _step("select", "selectdesc", {"descriptorNames": selected}, with_shares),
    ]
    return struct.pack(">Ii", MAGIC, GAIA_2_3) + _list(steps)


def _model(weights: list[float], threshold: float) -> bytes:
    """Return a model in libsvm's format with one vector, of the first class."""
    vector = " ".join(f"{number}:{each}" for number, each in enumerate(weights, 1))
    lines = (
        "svm_type c_svc",
        "kernel_type linear",
        "nr_class 2",
        "total_sv 1",
        f"rho {threshold}",
        "label 0 1",
        f"probA {STEEPNESS}",
        "probB 0",
        "nr_sv 1 0",
        "SV",
        f"1 {vector}",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _step(
    analyzer: str, applier: str, params: Mapping[str, Value], layout: Layout
) -> bytes:
    """Return one transformation: its analyzer, its applier and the input's layout."""
    names = ("", analyzer, applier)
    # A layout ends with two maps of enumerations, which are empty here.
    layout_bytes = _node("", layout) + _list(()) + _list(())
    # Parameters of the analyzer and of the applier, remarks, and the layout.
    values: tuple[Value, ...] = ({}, params, {}, layout_bytes)
    return b"".join([*map(_text, names), *map(_variant, values)])


def _node(name: str, below: Layout) -> bytes:
    """Return a node of a layout's tree; the last part of a dotted name is a leaf.

    Gaia computes the positions of the values itself.
    """
    if set(below) == {""}:
        kind, length = below[""]
        return _text(name) + struct.pack(">4i", kind, length, 0, 1) + _list(())
    parts: dict[str, dict[str, Leaf]] = {}
    for each, leaf in below.items():
        first, _, rest = each.partition(".")
        parts.setdefault(first, {})[rest] = leaf
    nodes = (_node(first, rest) for first, rest in parts.items())
    own = struct.pack(">4i", Kind.NONE, Length.VARIABLE, -1, -1)
    return _text(name) + own + _list(nodes)


def _variant(value: Value) -> bytes:
    """Return a `QVariant`: type, a flag that it is not null, and content."""
    match value:
        case bool():
            kind, content = Variant.BOOL, struct.pack(">?", value)
        case bytes():
            kind, content = Variant.BYTES, _length_prefixed(value)
        case str():
            kind, content = Variant.STRING, _text(value)
        case list():
            kind, content = Variant.STRINGS, _list(map(_text, value))
        case _:
            pairs = (_text(name) + _variant(each) for name, each in value.items())
            kind, content = Variant.MAP, _list(pairs)
    return struct.pack(">I?", kind, False) + content  # noqa: FBT003


def _list(items: Iterable[bytes]) -> bytes:
    """Return a list, or a map whose items are a key followed by its value."""
    listed = list(items)
    return struct.pack(">I", len(listed)) + b"".join(listed)


def _text(text: str) -> bytes:
    return _length_prefixed(text.encode("utf-16-be"))


def _length_prefixed(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content
