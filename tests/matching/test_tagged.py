"""From words to characteristics: which way each points, on paper and for the ear."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pytest
from bench.pieces import PIECES, Piece, fetched, told_of

from segued.matching.flavor import CHARACTERISTICS, Flavor
from segued.matching.musicnn_flavor import BINARY, GENRES, USUAL, WORDS, characteristics
from segued.media.analyzers.musicnn import RATE, Tagger
from tests.models import installed

Fits = dict[str, dict[str, float]]

SMALL = {"performous", "wordwarvi-sound"}
"""The packages of pieces that are downloaded for this, 13 MB."""


def usual() -> Fits:
    """Return how well words fit of which none stands out."""
    return {network: dict(words) for network, words in USUAL.items()}


def fitting(words: Iterable[str], fit: float = 0.6) -> Fits:
    """Return the same, but for some words that fit well, in both networks."""
    found = usual()
    for tags in found.values():
        tags.update(dict.fromkeys(set(words) & set(tags), fit))
    return found


def share(said: Flavor, name: str) -> float:
    """Return how much of a binary characteristic is its first class."""
    return said[name][CHARACTERISTICS[name][0]]


def test_nothing_stands_out() -> None:
    """It is undecided, but for a voice: most music is sung."""
    said = characteristics(usual())

    for name in set(BINARY) - {"voice_instrumental"}:
        assert share(said, name) == pytest.approx(0.5)
    assert share(said, "voice_instrumental") == pytest.approx(0.35)


def test_all_shares_sum_to_one() -> None:
    """Whatever fits, and however badly."""
    dice = np.random.default_rng(3)
    for scale in (0.0, 1e-6, 0.1, 1.0):
        fits = {
            network: {word: float(scale * dice.random()) for word in words}
            for network, words in WORDS.items()
        }

        said = characteristics(fits)

        assert set(said) >= {*GENRES, *BINARY} - {"gender"}
        for name, shares in said.items():
            assert tuple(shares) == CHARACTERISTICS[name]
            assert sum(shares.values()) == pytest.approx(1.0, abs=1e-5)


def test_every_word_is_known() -> None:
    """No table has a word that a network does not say."""
    tables = [words for sides in BINARY.values() for words in sides]
    tables += [words for classes in GENRES.values() for words in classes.values()]

    strange = [
        word
        for words in tables
        for network, mine in words.items()
        for word in mine
        if word not in WORDS[network]
    ]

    assert strange == []
    assert all(len(words) == len(set(words)) == 50 for words in WORDS.values())
    assert all(set(GENRES[name]) == set(CHARACTERISTICS[name]) for name in GENRES)


@pytest.mark.parametrize(
    ("words", "name", "first"),
    [
        (("metal", "loud", "fast"), "mood_aggressive", True),
        (("ambient", "soft", "quiet"), "mood_aggressive", False),
        (("acoustic", "violin", "piano"), "mood_acoustic", True),
        (("electronic", "techno", "synth"), "mood_acoustic", False),
        (("electronica", "techno", "synth"), "mood_electronic", True),
        (("acoustic", "folk", "guitar", "piano"), "mood_electronic", False),
        (("happy", "catchy", "pop"), "mood_happy", True),
        (("sad", "slow", "ambient"), "mood_happy", False),
        (("party", "dance", "beat"), "mood_party", True),
        (("Mellow", "classical", "quiet"), "mood_party", False),
        (("chillout", "soft", "new age"), "mood_relaxed", True),
        (("punk", "loud", "fast"), "mood_relaxed", False),
        (("sad", "slow", "soft"), "mood_sad", True),
        (("party", "happy", "fast"), "mood_sad", False),
        (("House", "dance", "beats"), "danceability", True),
        (("experimental", "classical", "quiet"), "danceability", False),
        (("instrumental", "no vocals", "no voice"), "voice_instrumental", True),
        (("male vocalists", "singing", "male"), "voice_instrumental", False),
        (("Hip-Hop", "man", "male voice"), "voice_instrumental", False),
        (("female vocalists", "woman", "singing"), "gender", True),
        (("male vocalists", "man", "singing"), "gender", False),
    ],
)
def test_words_point_the_right_way(
    words: tuple[str, ...], name: str, *, first: bool
) -> None:
    """Those that speak for a class raise its share, from a half to two thirds."""
    said = share(characteristics(fitting(words)), name)

    assert (said > 0.65) if first else (said < 0.35)


@pytest.mark.parametrize(
    ("words", "genres"),
    [
        (("metal", "heavy metal", "loud"), ("rock", "roc", "met")),
        (("rock", "classic rock"), ("rock", "roc", "roc")),
        (("classical", "violin", "strings"), (None, "cla", "cla")),
        (("jazz",), ("jazz", "jaz", "jaz")),
        (("blues",), ("blues", None, "blu")),
        (("country",), ("folkcountry", None, "cou")),
        (("Hip-Hop",), ("raphiphop", "hip", "hip")),
        (("soul", "funk", "rnb"), ("funksoulrnb", "rhy", None)),
        (("electronic", "House", "techno", "dance"), ("electronic", "dan", "dis")),
        (("pop",), ("pop", "pop", "pop")),
        (("alternative", "indie", "indie rock"), ("alternative", None, None)),
    ],
)
def test_words_name_genres(
    words: tuple[str, ...], genres: tuple[str | None, ...]
) -> None:
    """The class that they name has the largest share, wherever there is one."""
    said = characteristics(fitting(words))

    for name, genre in zip(GENRES, genres, strict=True):
        shares = said[name]
        if genre is not None:
            assert max(shares, key=lambda each: shares[each]) == genre


def test_a_rare_word_says_more() -> None:
    """It is how much better than usual that counts."""
    said = {}
    for word in ("happy", "pop"):
        fits = usual()
        fits["msd"][word] += 0.1
        said[word] = share(characteristics(fits), "mood_happy")

    assert said["happy"] > said["pop"] > 0.5


def test_who_sings_is_asked_where_somebody_sings() -> None:
    """Of instrumental music nothing is said of gender."""
    sung = characteristics(fitting(("singing", "female", "female vocalists")))
    played = characteristics(fitting(("instrumental", "no vocals", "no vocal")))

    assert share(sung, "gender") > 0.65
    assert "gender" not in played


def test_one_network_is_enough() -> None:
    """What one of them says counts alone; of none nothing follows."""
    metal = fitting(("metal", "heavy metal", "loud"))

    for network in WORDS:
        said = characteristics({network: metal[network]})
        assert share(said, "mood_aggressive") > 0.6
    assert characteristics({}) == {}


def heard(sound: npt.NDArray[np.float64]) -> Flavor:
    """Return how made sound sounds."""
    tagger = Tagger(installed())
    tagger.hear(sound.astype(np.float32))
    return characteristics(tagger.told())


def test_a_chord_and_a_beat() -> None:
    """A soft chord calms; a bass drum twice a second with a loud saw is danced to."""
    time = np.arange(8 * RATE) / RATE
    chord = np.sin(2 * np.pi * np.outer(time, (110.0, 138.6, 164.8))).mean(axis=1)
    beat = time % 0.46
    drum = np.sin(2 * np.pi * 55 * beat) * np.exp(-9 * beat)
    saw = (time * 110 % 1 - 0.5) * (beat > 0.23)

    soft, loud = heard(0.2 * chord), heard(0.6 * drum + 0.5 * saw)

    assert share(soft, "mood_relaxed") > 0.7 > share(loud, "mood_relaxed")
    assert share(loud, "danceability") > 0.5 > share(soft, "danceability")
    assert share(loud, "mood_electronic") > 0.7
    assert share(loud, "mood_aggressive") > share(soft, "mood_aggressive")
    assert share(soft, "voice_instrumental") > 0.5


@pytest.mark.parametrize(
    "piece",
    [pytest.param(piece, id=piece.kind) for piece in PIECES if piece.package in SMALL],
)
def test_real_pieces(piece: Piece) -> None:
    """What nobody would deny is not denied."""
    said = characteristics(told_of(fetched(piece), installed()))

    for name, wanted in piece.sounds:
        shares = said[name]
        assert max(shares, key=lambda each: shares[each]) == wanted
