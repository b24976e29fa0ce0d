"""What made-up songs and artists are called."""

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, TypeVar

import numpy as np

__all__ = ["FIRST", "LAST", "Dice", "pick", "random_artist", "random_title"]

Dice: TypeAlias = np.random.Generator
T = TypeVar("T")

NOUNS: Final = (
    *("Harbour", "Winter", "Mirror", "River", "Engine", "Lantern", "Orchard"),
    *("Signal", "Thunder", "Window", "Garden", "Satellite", "Velvet", "Station"),
    *("Paper", "Ocean", "Feather", "Kingdom", "Circus", "Wolf", "Cinder", "Atlas"),
)
PLURALS: Final = (
    *("Foxes", "Machines", "Strangers", "Pilots", "Ravens", "Brothers", "Tides"),
    *("Painters", "Ghosts", "Sailors", "Wires", "Mountains"),
)
ADJECTIVES: Final = (
    *("Blue", "Broken", "Silent", "Golden", "Distant", "Hollow", "Electric"),
    *("Lonely", "Burning", "Little", "Last", "Wild"),
)
VERBS: Final = ("Hold", "Follow", "Remember", "Leave", "Find", "Carry", "Forget")
FIRST: Final = ("Anna", "José", "Björn", "Mary", "Otis", "Léa", "Tom", "Nina")
LAST: Final = ("Keller", "Núñez", "Hart", "Lindqvist", "Moreau", "Stone", "Okafor")

TITLES: Final[Sequence[Callable[[Dice], str]]] = (
    lambda dice: f"{pick(dice, ADJECTIVES)} {pick(dice, NOUNS)}",
    lambda dice: f"The {pick(dice, NOUNS)}",
    lambda dice: pick(dice, NOUNS),
    lambda dice: f"{pick(dice, VERBS)} Me",
    lambda dice: f"{pick(dice, VERBS)} the {pick(dice, NOUNS)}",
    lambda dice: f"{pick(dice, NOUNS)} & {pick(dice, NOUNS)}",
    lambda dice: f"({pick(dice, VERBS)} My) {pick(dice, NOUNS)}",
    lambda dice: f"{pick(dice, NOUNS)} (Part {dice.integers(1, 3)})",
    lambda dice: f"Don't {pick(dice, VERBS)} the {pick(dice, PLURALS)}",
    lambda dice: f"Live and Let {pick(dice, VERBS)}",
    lambda dice: f"{pick(dice, ADJECTIVES)} {pick(dice, PLURALS)} Blues",
)
NAMES: Final[Sequence[Callable[[Dice], str]]] = (
    lambda dice: f"The {pick(dice, PLURALS)}",
    lambda dice: f"{pick(dice, FIRST)} {pick(dice, LAST)}",
    lambda dice: f"{pick(dice, NOUNS)} {pick(dice, PLURALS)}",
    lambda dice: f"{pick(dice, FIRST)} & the {pick(dice, PLURALS)}",
)


def random_title(dice: Dice) -> str:
    """Draw the title of a song or an album."""
    return pick(dice, TITLES)(dice)


def random_artist(dice: Dice) -> str:
    """Draw the name of an artist."""
    return pick(dice, NAMES)(dice)


def pick(dice: Dice, among: Sequence[T]) -> T:
    """Draw one of them."""
    return among[int(dice.integers(len(among)))]
