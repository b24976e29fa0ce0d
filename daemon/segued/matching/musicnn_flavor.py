"""A flavor from the scores that musicnn's networks give to 50 words each.

A word's score is low even where the word fits well: each network learned to
expect a word as often as the listeners who labeled its training data used it. So
a share is computed from how far the scores of the words for a class exceed their
usual values, in proportion to the words against it. The two networks were trained
on different music labeled by different people; the geometric mean of their odds
counts.

The words are evidence for thirteen of the eighteen characteristics; gender only
where the music is sung. They do not distinguish trance from drum and bass, the
kinds of dances, keys, brightness or the five clusters of moods: there is no
genre_electronic, ismir04_rhythm, tonal_atonal, timbre or moods_mirex.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from segued.matching.flavor import CHARACTERISTICS, FlavorShares, validate_flavor

__all__ = ["VERSION", "WORDS", "characteristics"]

VERSION: Final = 1

WordScores: TypeAlias = Mapping[str, Mapping[str, float]]  # by network and word, 0 to 1
WordsByNetwork: TypeAlias = Mapping[str, tuple[str, ...]]  # by network


def _words(msd: str = "", mtt: str = "") -> WordsByNetwork:
    """Return the words of each network, split at commas; empty texts are left out."""
    texts = {"msd": msd, "mtt": mtt}
    return {name: tuple(text.split(", ")) for name, text in texts.items() if text}


WORDS: Final = _words(
    msd=(
        "rock, pop, alternative, indie, electronic, female vocalists, dance, 00s, "
        "alternative rock, jazz, beautiful, metal, chillout, male vocalists, "
        "classic rock, soul, indie rock, Mellow, electronica, 80s, folk, 90s, chill, "
        "instrumental, punk, oldies, blues, hard rock, ambient, acoustic, "
        "experimental, female vocalist, guitar, Hip-Hop, 70s, party, country, "
        "easy listening, sexy, catchy, funk, electro, heavy metal, Progressive rock, "
        "60s, rnb, indie pop, sad, House, happy"
    ),
    mtt=(
        "guitar, classical, slow, techno, strings, drums, electronic, rock, fast, "
        "piano, ambient, beat, violin, vocal, synth, female, indian, opera, male, "
        "singing, vocals, no vocals, harpsichord, loud, quiet, flute, woman, "
        "male vocal, no vocal, pop, soft, sitar, solo, man, classic, choir, voice, "
        "new age, dance, male voice, female vocal, beats, harp, cello, no voice, "
        "weird, country, metal, female voice, choral"
    ),
)
"""In the order of the networks' outputs, which is that of the words' frequency."""

WORD_FREQUENCY: Final = {"msd": (0.42, 0.58), "mtt": (0.19, 0.45)}
"""The share of training songs labeled with the first word, and the power of the
place by which the share falls: to 4 and 3 percent at the fiftieth word. Of 241,889
songs of the Million Song Dataset, 101,071 are labeled rock; of 25,863 clips of
TagATune, 4,852 are labeled guitar."""

MIN_SCORE: Final = 0.005  # A lower score is noise.

VOICE_SHARE_MIN: Final = 0.5  # With a lower share of voice there is no gender.
INSTRUMENTAL_BASELINE: Final = 0.35
"""The share of "instrumental" where all scores are as usual: most music is sung,
and listeners rarely label the lack of a voice."""
GENRE_EVIDENCE_FLOOR: Final = 0.2  # Evidence for a genre below this is noise.

BASELINE_SCORE: Final[Mapping[str, Mapping[str, float]]] = {
    network: {
        word: WORD_FREQUENCY[network][0] * place ** -WORD_FREQUENCY[network][1]
        for place, word in enumerate(words, 1)
    }
    for network, words in WORDS.items()
}


HARD_WORDS: Final = "metal, heavy metal, hard rock, punk"
QUIET_WORDS: Final = "slow, quiet, soft, new age"
ACOUSTIC_WORDS: Final = (
    "classical, strings, piano, violin, flute, harp, cello, "
    "harpsichord, guitar, sitar, solo, choir"
)
"""Instruments that sound without electricity, mostly."""
ELECTRONIC_WORDS: Final = "techno, electronic, synth, beats, dance"
VOICE_WORDS: Final = "vocal, vocals, singing, voice, choir, opera, choral"
FEMALE_WORDS: Final = "female, woman, female vocal, female voice"
MALE_WORDS: Final = "male, man, male vocal, male voice"

BINARY_WORDS: Final[Mapping[str, tuple[WordsByNetwork, WordsByNetwork]]] = {
    # A beat and an occasion, against music with neither.
    "danceability": (
        _words(
            "dance, House, party, funk, Hip-Hop, rnb, electro, soul, catchy",
            "techno, beat, beats, dance, drums, pop",
        ),
        _words(
            "ambient, experimental, acoustic, sad, folk, metal, Progressive rock, "
            "Mellow, beautiful",
            f"{QUIET_WORDS}, classical, ambient, strings, solo, weird",
        ),
    ),
    # An amplified guitar is not acoustic: rock counts against it.
    "mood_acoustic": (
        _words(
            "acoustic, folk, country, jazz, blues, instrumental",
            f"{ACOUSTIC_WORDS}, quiet, soft",
        ),
        _words(
            f"{HARD_WORDS}, electronic, electronica, electro, House, dance, "
            "alternative rock",
            f"{ELECTRONIC_WORDS}, rock, metal, loud, beat, drums",
        ),
    ),
    # Loud, fast and distorted, against music to fall asleep to.
    "mood_aggressive": (
        _words(HARD_WORDS, "loud, metal, rock, fast"),
        _words(
            "ambient, chillout, Mellow, acoustic, easy listening, beautiful, "
            "chill, jazz, folk",
            f"{QUIET_WORDS}, classical, ambient, piano, strings, flute",
        ),
    ),
    "mood_electronic": (
        _words("electronic, electronica, electro, House, dance", ELECTRONIC_WORDS),
        _words(
            "acoustic, folk, country, blues, jazz, rock, classic rock, metal, "
            "heavy metal, soul",
            f"{ACOUSTIC_WORDS}, rock, metal, country",
        ),
    ),
    # Metal, noise and slow music are rarely called happy.
    "mood_happy": (
        _words(
            "happy, party, catchy, funk, dance, 60s, pop, oldies",
            "fast, pop, dance, country, beat",
        ),
        _words(
            "sad, ambient, experimental, Mellow, metal, beautiful, heavy metal",
            "slow, ambient, quiet, weird, metal, new age",
        ),
    ),
    # Music to dance to in company, which metal rarely is.
    "mood_party": (
        _words(
            "party, dance, House, electro, Hip-Hop, catchy, funk",
            "techno, beat, beats, dance, fast, pop",
        ),
        _words(
            "ambient, acoustic, folk, sad, Mellow, jazz, beautiful, instrumental, "
            "experimental, metal, heavy metal",
            f"{QUIET_WORDS}, classical, ambient, strings, weird, metal",
        ),
    ),
    "mood_relaxed": (
        _words(
            "chillout, chill, Mellow, ambient, easy listening, acoustic, "
            "beautiful, jazz",
            f"{QUIET_WORDS}, ambient",
        ),
        _words(
            f"{HARD_WORDS}, party, dance, electro, alternative rock",
            "fast, loud, rock, metal, techno, drums",
        ),
    ),
    # Instruments are no evidence: a violin plays dances, too.
    "mood_sad": (
        _words("sad, Mellow, beautiful", "slow, quiet, soft"),
        _words(
            "happy, party, dance, catchy, funk, House, punk",
            "fast, loud, beat, beats, dance, techno, rock",
        ),
    ),
    # Instruments also accompany a voice; some genres depend on one.
    "voice_instrumental": (
        _words("instrumental, ambient", "no vocals, no vocal, no voice"),
        _words(
            "female vocalists, male vocalists, female vocalist, pop, "
            "Hip-Hop, rnb, soul",
            f"{FEMALE_WORDS}, {MALE_WORDS}, {VOICE_WORDS}",
        ),
    ),
    "gender": (
        _words("female vocalists, female vocalist", FEMALE_WORDS),
        _words("male vocalists", MALE_WORDS),
    ),
}
"""The words for the first class, and those for the second."""

CLASSICAL_WORDS: Final = "classical, strings, violin, cello, harpsichord, opera, choral"

GENRE_WORDS: Final[Mapping[str, Mapping[str, WordsByNetwork]]] = {
    "genre_dortmund": {
        "alternative": _words("alternative, indie, alternative rock, indie rock, punk"),
        "blues": _words("blues"),
        "electronic": _words(
            "electronic, electronica, House, electro", "techno, electronic"
        ),
        "folkcountry": _words("folk, country", "country"),
        "funksoulrnb": _words("funk, soul, rnb"),
        "jazz": _words("jazz"),
        "pop": _words("pop, indie pop", "pop"),
        "raphiphop": _words("Hip-Hop"),
        "rock": _words(
            "rock, classic rock, hard rock, metal, Progressive rock", "rock, metal"
        ),
    },
    "genre_rosamerica": {
        "cla": _words(mtt=CLASSICAL_WORDS),
        "dan": _words("dance, House, electro, electronic", "techno, dance, electronic"),
        "hip": _words("Hip-Hop"),
        "jaz": _words("jazz"),
        "pop": _words("pop, indie pop", "pop"),
        "rhy": _words("rnb, soul, funk"),
        "roc": _words("rock, alternative rock, hard rock, metal, punk", "rock, metal"),
        "spe": _words(),
    },
    "genre_tzanetakis": {
        "blu": _words("blues"),
        "cla": _words(mtt=CLASSICAL_WORDS),
        "cou": _words("country", "country"),
        "dis": _words("dance, funk", "dance"),
        "hip": _words("Hip-Hop"),
        "jaz": _words("jazz"),
        "met": _words("metal, heavy metal", "metal"),
        "pop": _words("pop, indie pop", "pop"),
        "reg": _words(),
        "roc": _words("rock, alternative rock, classic rock, indie rock", "rock"),
    },
}
"""The words for each class; one is enough. There are none for speech and reggae.
Only two of the three have a class for orchestral music."""


def characteristics(scores: WordScores) -> FlavorShares:
    """Return the shares of thirteen characteristics at most; none without scores.

    Args:
        scores: The score of each word, 0 to 1, by network and word, as
            `segued.media.analyzers.musicnn.Tagger.result` returns them.
    """
    known_scores = {
        network: {word: float(scores[network].get(word, 0.0)) for word in words}
        for network, words in WORDS.items()
        if network in scores
    }
    if not known_scores:
        return {}
    found = {
        name: _binary_shares(known_scores, name, sides)
        for name, sides in BINARY_WORDS.items()
    }
    if found["voice_instrumental"]["voice"] < VOICE_SHARE_MIN:
        del found["gender"]
    found |= {
        name: _genre_shares(known_scores, classes)
        for name, classes in GENRE_WORDS.items()
    }
    return validate_flavor(found)


def _binary_shares(
    scores: WordScores, name: str, sides: tuple[WordsByNetwork, WordsByNetwork]
) -> dict[str, float]:
    yes, no = sides
    odds = [
        _evidence_ratio(scores, network, yes[network])
        / _evidence_ratio(scores, network, no[network])
        for network in scores
    ]
    baseline = INSTRUMENTAL_BASELINE if name == "voice_instrumental" else 0.5
    share = 1 / (1 + (1 / baseline - 1) / statistics.geometric_mean(odds))
    return dict(zip(CHARACTERISTICS[name], (share, 1 - share), strict=True))


def _evidence_ratio(scores: WordScores, network: str, words: Sequence[str]) -> float:
    """Return the ratio of some words' scores to their usual ones; 1 is as usual.

    A frequent word has more weight, by the square root: it was learned better.
    """
    baseline = BASELINE_SCORE[network]
    score = sum(
        (scores[network][word] + MIN_SCORE) / math.sqrt(baseline[word])
        for word in words
    )
    return score / sum(
        (baseline[word] + MIN_SCORE) / math.sqrt(baseline[word]) for word in words
    )


def _genre_shares(
    scores: WordScores, classes: Mapping[str, WordsByNetwork]
) -> dict[str, float]:
    evidence_of = {
        each: _best_word_score(scores, words) ** 2 + GENRE_EVIDENCE_FLOOR**2
        for each, words in classes.items()
    }
    total = sum(evidence_of.values())
    return {each: evidence / total for each, evidence in evidence_of.items()}


def _best_word_score(scores: WordScores, words: WordsByNetwork) -> float:
    """Return the best weighted score of some words, as the mean of the networks.

    Weighted by the square root of the usual score: by the plain score, all music
    would be rock and pop; relative to the usual score, rare genres would be
    everywhere.
    """
    best = [
        max(
            scores[network][word] / math.sqrt(BASELINE_SCORE[network][word])
            for word in own_words
        )
        for network, own_words in words.items()
        if network in scores
    ]
    return statistics.fmean(best) if best else 0.0
