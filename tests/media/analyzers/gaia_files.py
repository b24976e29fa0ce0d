"""Classifiers for Essentia, made and not trained: files of Gaia, `*.history`.

Trained ones are not ours to ship. What these say follows from their numbers,
so that a test knows what it has to be.

A history is what is done with what was measured, step after step, as Qt writes
it to a `QDataStream`: numbers begin with their highest byte, texts are UTF-16,
and before whatever has others within it stands how many or how long.

Source: MTG/gaia, `TransfoChain::save`; MTG/essentia, `GaiaTransform`.
"""

import struct
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final, TypeAlias

__all__ = ["classifier_file"]

MAGIC: Final = 0x6AEA723D
GAIA_2_3: Final = 102
"""The one version of the format that Gaia still reads; it is that of Qt 4.4."""

STEEPNESS: Final = -1
"""Makes the share of the first class 1 / (1 + exp(-excess))."""

Value: TypeAlias = "bool | bytes | str | list[str] | Mapping[str, Value]"
"""What a step is told."""


class Kind(IntEnum):
    """What a descriptor is, as Gaia numbers it."""

    NONE = 0
    REAL = 1
    STRING = 2


class Length(IntEnum):
    """Whether the same number of values is there each time, as Gaia numbers it."""

    FIXED = 0
    VARIABLE = 1


class Variant(IntEnum):
    """What a value is, as Qt numbers it."""

    BOOL = 1
    MAP = 8
    STRING = 10
    STRINGS = 11
    BYTES = 12


Leaf: TypeAlias = tuple[Kind, Length]
Layout: TypeAlias = Mapping[str, Leaf]
"""Descriptors by their dotted names."""


def classifier_file(
    characteristic: str,
    classes: tuple[str, str],
    weights: Mapping[str, float],
    threshold: float,
) -> bytes:
    """Return the file of a classifier that tells two classes apart.

    The share of the first class is above a half where the weighed sum of the
    descriptors is above the threshold: 1 / (1 + exp(threshold - sum)).

    Args:
        characteristic: What it tells: "mood_sad".
        classes: What it may be: "sad", "not_sad".
        weights: Of descriptors that are one number, by their dotted names.
        threshold: Where both classes are as likely.
    """
    told = f"highlevel.{characteristic}"
    measured: Layout = dict.fromkeys(weights, (Kind.REAL, Length.FIXED))
    named = {**measured, told: (Kind.STRING, Length.VARIABLE)}
    shared = {**named, f"{told}Probability": (Kind.REAL, Length.VARIABLE)}
    predicting: dict[str, Value] = {
        "className": told,
        "classMapping": list(classes),
        "descriptorNames": [f".{name}" for name in weights],
        "modelData": _model(list(weights.values()), threshold),
        "probability": True,
    }
    # What was measured must not come out again: two classifiers may need it.
    kept = [f".{name}" for name in shared if name not in measured]
    steps = [
        _step("addfield", "addfieldapplier", {"string": [told]}, measured),
        _step("svmtrain", "svmpredict", predicting, named),
        _step("select", "selectdesc", {"descriptorNames": kept}, shared),
    ]
    return struct.pack(">Ii", MAGIC, GAIA_2_3) + _list(steps)


def _model(weights: list[float], threshold: float) -> bytes:
    """Return a model as libsvm stores it: one vector, of the first class."""
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
    analyzer: str, applier: str, told: Mapping[str, Value], layout: Layout
) -> bytes:
    """Return one step: who found it, who takes it, and of what it is taken."""
    names = ("", analyzer, applier)
    # A layout ends with two maps of enumerations: none here.
    drawn = _node("", layout) + _list(()) + _list(())
    # How it was found, how it is taken, and remarks; then of what.
    values: tuple[Value, ...] = ({}, told, {}, drawn)
    return b"".join([*map(_text, names), *map(_variant, values)])


def _node(name: str, below: Layout) -> bytes:
    """Return a part of a layout's tree: the last of a name is a leaf.

    Gaia works out for itself where the values of each are kept.
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
    """Return what Qt calls a `QVariant`; the second is that it is not null."""
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
    """Return a list, or a map of which each item is a key and what it stands for."""
    found = list(items)
    return struct.pack(">I", len(found)) + b"".join(found)


def _text(text: str) -> bytes:
    return _length_prefixed(text.encode("utf-16-be"))


def _length_prefixed(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content
