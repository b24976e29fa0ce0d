"""From word scores to characteristics: `segued.matching.musicnn_flavor`."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pytest
from bench.pieces import PIECES, MusicPiece, fetch_piece, tagger_scores

from segued.matching.flavor import CHARACTERISTICS, FlavorShares
from segued.matching.musicnn_flavor import (
    BASELINE_SCORE,
    BINARY_WORDS,
    GENRE_WORDS,
    WORDS,
    characteristics,
)
from segued.media.analyzers.musicnn import RATE, Tagger
from tests.musicnn_models import installed_models

Fits = dict[str, dict[str, float]]

SMALL = {"performous", "wordwarvi-sound"}
"""The packages with pieces of music that are downloaded for this test, 13 MB."""


def baseline_scores() -> Fits:
    """Return scores as usual, with no word standing out."""
    return {network: dict(words) for network, words in BASELINE_SCORE.items()}


def scores_for(words: Iterable[str], fit: float = 0.6) -> Fits:
    """Return usual scores, but `fit` for some words, in both networks."""
    found = baseline_scores()
    for tags in found.values():
        tags.update(dict.fromkeys(set(words) & set(tags), fit))
    return found


def first_class_share(flavor: FlavorShares, name: str) -> float:
    """Return the share of a binary characteristic's first class."""
    return flavor[name][CHARACTERISTICS[name][0]]


def test_average_scores_are_undecided() -> None:
    """All shares are 0.5, except that of a voice: most music is sung."""
    flavor = characteristics(baseline_scores())

    for name in set(BINARY_WORDS) - {"voice_instrumental"}:
        assert first_class_share(flavor, name) == pytest.approx(0.5)
    assert first_class_share(flavor, "voice_instrumental") == pytest.approx(0.35)


def test_all_shares_sum_to_one() -> None:
    """For random scores of any magnitude."""
    dice = np.random.default_rng(3)
    for scale in (0.0, 1e-6, 0.1, 1.0):
        fits = {
            network: {word: float(scale * dice.random()) for word in words}
            for network, words in WORDS.items()
        }

        flavor = characteristics(fits)

        assert set(flavor) >= {*GENRE_WORDS, *BINARY_WORDS} - {"gender"}
        for name, shares in flavor.items():
            assert tuple(shares) == CHARACTERISTICS[name]
            assert sum(shares.values()) == pytest.approx(1.0, abs=1e-5)


def test_every_table_word_is_a_network_output() -> None:
    """The tables contain no word that the networks lack."""
    tables = [words for sides in BINARY_WORDS.values() for words in sides]
    tables += [words for classes in GENRE_WORDS.values() for words in classes.values()]

    unknown = [
        word
        for words in tables
        for network, mine in words.items()
        for word in mine
        if word not in WORDS[network]
    ]

    assert unknown == []
    assert all(len(words) == len(set(words)) == 50 for words in WORDS.values())
    assert all(
        set(GENRE_WORDS[name]) == set(CHARACTERISTICS[name]) for name in GENRE_WORDS
    )


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
def test_words_raise_the_right_class(
    words: tuple[str, ...], name: str, *, first: bool
) -> None:
    """High scores of its words move a class's share from 0.5 to at least 0.65."""
    share = first_class_share(characteristics(scores_for(words)), name)

    assert (share > 0.65) if first else (share < 0.35)


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
    """The class of the words has the largest share, where there is such a class."""
    flavor = characteristics(scores_for(words))

    for name, genre in zip(GENRE_WORDS, genres, strict=True):
        shares = flavor[name]
        if genre is not None:
            assert max(shares, key=lambda each: shares[each]) == genre


def test_rare_words_weigh_more() -> None:
    """The score relative to the usual one counts."""
    shares = {}
    for word in ("happy", "pop"):
        fits = baseline_scores()
        fits["msd"][word] += 0.1
        shares[word] = first_class_share(characteristics(fits), "mood_happy")

    assert shares["happy"] > shares["pop"] > 0.5


def test_gender_only_with_a_voice() -> None:
    """Instrumental music has no gender."""
    sung = characteristics(scores_for(("singing", "female", "female vocalists")))
    played = characteristics(scores_for(("instrumental", "no vocals", "no vocal")))

    assert first_class_share(sung, "gender") > 0.65
    assert "gender" not in played


def test_one_network_is_enough() -> None:
    """The scores of one network count alone; no scores give no flavor."""
    metal = scores_for(("metal", "heavy metal", "loud"))

    for network in WORDS:
        flavor = characteristics({network: metal[network]})
        assert first_class_share(flavor, "mood_aggressive") > 0.6
    assert characteristics({}) == {}


def flavor_of(sound: npt.NDArray[np.float64]) -> FlavorShares:
    """Return the flavor of a synthetic sound; mono samples at `RATE`."""
    tagger = Tagger(installed_models())
    tagger.feed(sound.astype(np.float32))
    return characteristics(tagger.result())


def test_synthetic_chord_and_beat() -> None:
    """A soft chord is relaxed; a steady bass drum with a loud saw is danceable."""
    time = np.arange(8 * RATE) / RATE
    chord = np.sin(2 * np.pi * np.outer(time, (110.0, 138.6, 164.8))).mean(axis=1)
    beat = time % 0.46
    drum = np.sin(2 * np.pi * 55 * beat) * np.exp(-9 * beat)
    saw = (time * 110 % 1 - 0.5) * (beat > 0.23)

    soft, loud = flavor_of(0.2 * chord), flavor_of(0.6 * drum + 0.5 * saw)

    assert (
        first_class_share(soft, "mood_relaxed")
        > 0.7
        > first_class_share(loud, "mood_relaxed")
    )
    assert (
        first_class_share(loud, "danceability")
        > 0.5
        > first_class_share(soft, "danceability")
    )
    assert first_class_share(loud, "mood_electronic") > 0.7
    assert first_class_share(loud, "mood_aggressive") > first_class_share(
        soft, "mood_aggressive"
    )
    assert first_class_share(soft, "voice_instrumental") > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [pytest.param(piece, id=piece.kind) for piece in PIECES if piece.package in SMALL],
)
def test_real_music(piece: MusicPiece) -> None:
    """Each piece gets the classes that are beyond doubt."""
    flavor = characteristics(tagger_scores(fetch_piece(piece), installed_models()))

    for name, wanted in piece.expected_classes:
        shares = flavor[name]
        assert max(shares, key=lambda each: shares[each]) == wanted
