"""Random names of songs, albums and artists."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, TypeVar

import numpy as np

__all__ = ["FIRST", "LAST", "Rng", "pick", "random_artist", "random_title"]

Rng: TypeAlias = np.random.Generator
T = TypeVar("T")

NOUNS: Final = (
    "Harbour",
    "Winter",
    "Mirror",
    "River",
    "Engine",
    "Lantern",
    "Orchard",
    "Signal",
    "Thunder",
    "Window",
    "Garden",
    "Satellite",
    "Velvet",
    "Station",
    "Paper",
    "Ocean",
    "Feather",
    "Kingdom",
    "Circus",
    "Wolf",
    "Cinder",
    "Atlas",
)
PLURALS: Final = (
    "Foxes",
    "Machines",
    "Strangers",
    "Pilots",
    "Ravens",
    "Brothers",
    "Tides",
    "Painters",
    "Ghosts",
    "Sailors",
    "Wires",
    "Mountains",
)
ADJECTIVES: Final = (
    "Blue",
    "Broken",
    "Silent",
    "Golden",
    "Distant",
    "Hollow",
    "Electric",
    "Lonely",
    "Burning",
    "Little",
    "Last",
    "Wild",
)
VERBS: Final = ("Hold", "Follow", "Remember", "Leave", "Find", "Carry", "Forget")
FIRST: Final = ("Anna", "José", "Björn", "Mary", "Otis", "Léa", "Tom", "Nina")
LAST: Final = ("Keller", "Núñez", "Hart", "Lindqvist", "Moreau", "Stone", "Okafor")

TITLES: Final[Sequence[Callable[[Rng], str]]] = (
    lambda rng: f"{pick(rng, ADJECTIVES)} {pick(rng, NOUNS)}",
    lambda rng: f"The {pick(rng, NOUNS)}",
    lambda rng: pick(rng, NOUNS),
    lambda rng: f"{pick(rng, VERBS)} Me",
    lambda rng: f"{pick(rng, VERBS)} the {pick(rng, NOUNS)}",
    lambda rng: f"{pick(rng, NOUNS)} & {pick(rng, NOUNS)}",
    lambda rng: f"({pick(rng, VERBS)} My) {pick(rng, NOUNS)}",
    lambda rng: f"{pick(rng, NOUNS)} (Part {rng.integers(1, 3)})",
    lambda rng: f"Don't {pick(rng, VERBS)} the {pick(rng, PLURALS)}",
    lambda rng: f"Live and Let {pick(rng, VERBS)}",
    lambda rng: f"{pick(rng, ADJECTIVES)} {pick(rng, PLURALS)} Blues",
)
NAMES: Final[Sequence[Callable[[Rng], str]]] = (
    lambda rng: f"The {pick(rng, PLURALS)}",
    lambda rng: f"{pick(rng, FIRST)} {pick(rng, LAST)}",
    lambda rng: f"{pick(rng, NOUNS)} {pick(rng, PLURALS)}",
    lambda rng: f"{pick(rng, FIRST)} & the {pick(rng, PLURALS)}",
)


def random_title(rng: Rng) -> str:
    """Return a random title of a song or an album."""
    return pick(rng, TITLES)(rng)


def random_artist(rng: Rng) -> str:
    """Return a random name of an artist."""
    return pick(rng, NAMES)(rng)


def pick(rng: Rng, among: Sequence[T]) -> T:
    """Return a random item."""
    return among[int(rng.integers(len(among)))]
