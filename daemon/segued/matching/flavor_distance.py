"""Distances between flavors: how similar two passages sound.

Only flavors from the same source can be compared: each source has a scale of its own.
Flavors are rows of shares, one column for each class. The columns that both of two
flavors have give each column's weight; flavors with the same columns are compared at
once, so that a search in 100,000 of them takes some hundredths of a second.
"""

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from segued.matching.flavor import CHARACTERISTICS, FlavorShares

__all__ = ["METRICS", "FlavorTable", "distances", "flavor_vector"]

ShareArray: TypeAlias = npt.NDArray[np.float64]
KnownColumns: TypeAlias = npt.NDArray[np.bool_]

METRICS: Final = ("squares", "variation")
"""The distances, by name; the first is the default.

`squares`: mean squared differences, half of the weight for the characteristics with two
classes, half for the others; a half without a characteristic known on both sides counts
as 1. This is the distance of wkmp's SPEC003. `variation`: the mean share that would
have to change its class; each characteristic has the same weight, with few classes or
many. With squared differences, one of ten classes has hardly any.
"""

COLUMN_OF_CLASS: Final = {
    (name, each): column
    for column, (name, each) in enumerate(
        (name, each) for name, classes in CHARACTERISTICS.items() for each in classes
    )
}
COLUMNS_OF: Final = {
    name: [COLUMN_OF_CLASS[name, each] for each in classes]
    for name, classes in CHARACTERISTICS.items()
}
COLUMNS: Final = len(COLUMN_OF_CLASS)
PAIR: Final = 2

ROWS_AT_ONCE: Final = 1_024
"""So many rows fit into a processor's cache."""

CAPACITY_MIN: Final = 64


def flavor_vector(flavor: FlavorShares) -> ShareArray:
    """Return a flavor as a float64 array of 71 shares; unknown ones are NaN."""
    row = [math.nan] * COLUMNS
    for name, shares in flavor.items():
        for each, share in shares.items():
            column = COLUMN_OF_CLASS.get((name, each))
            if column is not None:
                row[column] = share
    return np.array(row)


def distances(
    one: FlavorShares, others: Sequence[FlavorShares], metric: str
) -> ShareArray:
    """Return the distance of each of `others` from `one`, 0 to 1, as a float64 array.

    Args:
        one: A flavor.
        others: Flavors from the same source.
        metric: One of `METRICS`.
    """
    table = FlavorTable()
    for number, other in enumerate(others):
        table.put(str(number), flavor_vector(other))
    found = np.empty(len(others))
    for distance, key in table.nearest(flavor_vector(one), len(others), metric):
        found[int(key)] = distance
    return found


class FlavorTable:
    """Flavors from one source by key.

    Those with the same known columns are one array: there are few such groups.
    """

    def __init__(self) -> None:
        self._groups: Final[dict[bytes, _Group]] = {}
        self._group_of: Final[dict[str, _Group]] = {}

    def __len__(self) -> int:
        return len(self._group_of)

    def put(self, key: str, vector: ShareArray) -> None:
        """Add a flavor, or replace that of the same key."""
        self.remove(key)
        known = ~np.isnan(vector)
        packed = np.packbits(known).tobytes()
        group = self._groups.get(packed)
        if group is None:
            group = self._groups[packed] = _Group(known)
        group.add(key, vector)
        self._group_of[key] = group

    def remove(self, key: str) -> None:
        """Remove a flavor, if it is there."""
        group = self._group_of.pop(key, None)
        if group is not None:
            group.remove(key)

    def vector(self, key: str) -> ShareArray:
        """Return the flavor of a key.

        Raises:
            KeyError: There is none.
        """
        return self._group_of[key].vector(key)

    def nearest(
        self, one: ShareArray, count: int, metric: str
    ) -> list[tuple[float, str]]:
        """Return the distances and keys of the nearest flavors, the nearest first."""
        found = [
            each
            for group in self._groups.values()
            for each in group.nearest(one, count, metric)
        ]
        return sorted(found)[:count]


class _Group:
    """Flavors with the same known columns, in one array.

    A removed row is replaced by the last.
    """

    def __init__(self, known: KnownColumns) -> None:
        self._known: Final = known
        self._keys: Final[list[str]] = []
        self._row_of: Final[dict[str, int]] = {}
        self._shares = np.zeros((CAPACITY_MIN, COLUMNS), np.float32)

    def add(self, key: str, vector: ShareArray) -> None:
        row = self._row_of[key] = len(self._keys)
        self._keys.append(key)
        if row == len(self._shares):
            more = np.zeros_like(self._shares)
            self._shares = np.concatenate((self._shares, more))
        self._shares[row] = np.where(self._known, vector, 0.0)

    def remove(self, key: str) -> None:
        row, last = self._row_of.pop(key), self._keys.pop()
        if last != key:
            self._keys[row] = last
            self._row_of[last] = row
            self._shares[row] = self._shares[len(self._keys)]

    def vector(self, key: str) -> ShareArray:
        shares = self._shares[self._row_of[key]].astype(np.float64)
        return np.where(self._known, shares, np.nan)

    def nearest(
        self, one: ShareArray, count: int, metric: str
    ) -> list[tuple[float, str]]:
        """Return the distances and keys of the nearest rows, in any order."""
        known = ~np.isnan(one)
        weights, missing = _weights(known & self._known, metric)
        reference = np.where(known, one, 0.0).astype(np.float32)
        rows = self._shares[: len(self._keys)]
        found = missing + _weighted(rows, reference, weights, metric)
        count = min(count, len(found))
        if count == 0:
            return []
        nearest = np.argpartition(found, count - 1)[:count]
        return [(float(found[row]), self._keys[row]) for row in nearest.tolist()]


def _weighted(
    rows: npt.NDArray[np.float32],
    one: npt.NDArray[np.float32],
    weights: ShareArray,
    metric: str,
) -> npt.NDArray[np.float32]:
    """Return the weighted sum of each row's differences from `one`."""
    used = np.asarray(weights, np.float32)
    found = np.empty(len(rows), np.float32)
    scratch = np.empty((ROWS_AT_ONCE, COLUMNS), np.float32)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        differences = np.subtract(part, one, out=scratch[: len(part)])
        if metric == "squares":
            np.multiply(differences, differences, out=differences)
        else:
            np.abs(differences, out=differences)
        np.dot(differences, used, out=found[start : start + len(part)])
    return found


def _weights(known: KnownColumns, metric: str) -> tuple[ShareArray, float]:
    """Return the weight of each column, and what to add for what is not known."""
    weights = np.zeros(COLUMNS)
    if metric == "variation":
        # A characteristic counts if all of its classes are known.
        complete = [columns for columns in COLUMNS_OF.values() if known[columns].all()]
        for columns in complete:
            weights[columns] = 0.5 / len(complete)
        return weights, 0.0 if complete else 1.0
    # Of two classes, the second is redundant.
    pairs = [columns[:1] for columns in COLUMNS_OF.values() if len(columns) == PAIR]
    others = [columns for columns in COLUMNS_OF.values() if len(columns) > PAIR]
    missing = 0.0
    for half in (pairs, others):
        columns_known = [
            [column for column in columns if known[column]] for columns in half
        ]
        count = sum(map(bool, columns_known))
        missing += 0.0 if count else 0.5
        for columns in filter(None, columns_known):
            weights[columns] = 0.5 / count / len(columns)
    return weights, missing
