"""Distances between flavors: `segued.matching.flavor`."""

import numpy as np
import pytest

from segued.matching.flavor import (
    CHARACTERISTICS,
    FlavorShares,
    validate_flavor,
)
from segued.matching.flavor_distance import METRICS, distances


def distance(one: FlavorShares, other: FlavorShares, metric: str = "squares") -> float:
    """Return the distance between two flavors."""
    (found,) = distances(one, [other], metric)
    return float(found)


def test_eighteen_characteristics_have_71_classes() -> None:
    """Twelve have two classes, six have more."""
    assert len(CHARACTERISTICS) == 18
    assert sum(map(len, CHARACTERISTICS.values())) == 71
    assert sum(len(classes) == 2 for classes in CHARACTERISTICS.values()) == 12


def test_worked_example_of_the_specification() -> None:
    """The example of wkmp's SPEC003: three binary characteristics, two others."""
    squares = (0.5, 0.3, 0.1041)  # sum 0.9041
    names = ("danceability", "gender", "timbre")
    one: dict[str, dict[str, float]] = {}
    other: dict[str, dict[str, float]] = {}
    for name, square in zip(names, squares, strict=True):
        first, second = CHARACTERISTICS[name]
        one[name] = {first: 0.0, second: 1.0}
        other[name] = {first: square**0.5, second: 1 - square**0.5}
    electronic = CHARACTERISTICS["genre_electronic"]
    one["genre_electronic"] = dict.fromkeys(electronic, 0.0)
    other["genre_electronic"] = dict.fromkeys(electronic, (0.9672 / 5) ** 0.5)
    rhythms = CHARACTERISTICS["ismir04_rhythm"][:6]
    one["ismir04_rhythm"] = dict.fromkeys(CHARACTERISTICS["ismir04_rhythm"], 0.0)
    other["ismir04_rhythm"] = dict.fromkeys(rhythms, (0.0865 / 6) ** 0.5)

    assert distance(one, other) == pytest.approx(0.2026475, abs=1e-7)


def test_unshared_characteristics_count_as_far() -> None:
    """A half without a characteristic known on both sides counts as 1."""
    timbre = {"timbre": {"bright": 0.25, "dark": 0.75}}
    rhythm = {
        "genre_electronic": dict.fromkeys(CHARACTERISTICS["genre_electronic"], 0.2)
    }

    assert distance(timbre, timbre) == 0.5
    assert distance(timbre, rhythm) == 1.0
    assert distance({**timbre, **rhythm}, {**timbre, **rhythm}) == 0.0
    assert distance(timbre, timbre, "variation") == 0.0
    assert distance(timbre, rhythm, "variation") == 1.0


def test_variation_metric() -> None:
    """A difference of 0.1 in one of two characteristics is a distance of 0.05."""
    one = {
        "timbre": {"bright": 0.5, "dark": 0.5},
        "gender": {"female": 1.0, "male": 0.0},
    }
    other = {
        "timbre": {"bright": 0.6, "dark": 0.4},
        "gender": {"female": 1.0, "male": 0.0},
    }

    assert distance(one, other, "variation") == pytest.approx(0.05)


@pytest.mark.parametrize("metric", METRICS)
def test_distance_is_symmetric(metric: str) -> None:
    """It is at least 0 and at most 1."""
    dice = np.random.default_rng(1)
    flavors = []
    for _ in range(30):
        flavor = {}
        for name, classes in CHARACTERISTICS.items():
            if dice.random() < 0.7:
                shares = dice.dirichlet(np.ones(len(classes)))
                flavor[name] = dict(zip(classes, map(float, shares), strict=True))
        flavors.append(flavor)

    for one in flavors:
        there = distances(one, flavors, metric)
        back = [distance(other, one, metric) for other in flavors]
        assert there == pytest.approx(back)
        assert there.min() >= 0
        assert there.max() <= 1
    assert len(distances(flavors[0], [], metric)) == 0


def test_invalid_flavors_are_dropped() -> None:
    """Unknown classes, shares that do not sum to 1, and NaN."""
    flavor = {
        "timbre": {"bright": 0.5, "dark": 0.5},
        "gender": {"female": 0.2, "male": 0.2},
        "mood_sad": {"sad": float("nan"), "not_sad": 0.5},
        "mood_happy": {"happy": 1.5, "not_happy": -0.5},
        "mood_of_the_day": {"blue": 1.0},
        "genre_electronic": {"ambient": 0.6, "polka": 0.4},
    }

    assert validate_flavor(flavor) == {"timbre": {"bright": 0.5, "dark": 0.5}}
