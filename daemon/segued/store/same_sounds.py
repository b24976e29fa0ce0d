"""Find and store which sounds are encodings of one recording.

A new sound's items go into the index in the transaction that looks up others with the
same ones: of two files that are imported at the same time, the second finds the first.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from segued.store.prepared import Query, prepared
from segued.store.schema.sounds import PrintedSound, PrintItem, SameSound
from segued.units import Ticks

__all__ = ["SoundPair", "index_sound", "save_pairs"]

SHARED_MIN: Final = 2
"""Two sounds with fewer items in common are not compared."""

SIMILAR_MAX: Final = 30
"""So many sounds are compared with a new one, those with the most common items."""

COMMON_MAX: Final = 50
"""An item of so many sounds identifies none of them."""


@dataclass(frozen=True, slots=True)
class SoundPair:
    """Another sound with the same recording, and how far it is shifted."""

    other_hash: str
    offset: Ticks
    error: float
    spread_db: float


def index_sound(audio_hash: str, items: Sequence[int]) -> list[str]:
    """Store the items of a sound; return similar sounds, the most similar first.

    Args:
        audio_hash: The sound.
        items: Some items of its fingerprint.
    """
    sound = _sound_id(audio_hash)
    _forget(sound)
    shared: Counter[str] = Counter()
    for item in items:
        others = [other for (other,) in _with_item(item, COMMON_MAX)]
        if len(others) < COMMON_MAX:
            shared.update(others)
        _insert(item, sound)
    return [
        other for other, count in shared.most_common(SIMILAR_MAX) if count >= SHARED_MIN
    ]


def save_pairs(
    audio_hash: str, pairs: Sequence[SoundPair], compared: Collection[str] | None
) -> list[SoundPair]:
    """Store a sound's other encodings; return the new ones.

    A pair with a sound that it was not compared with stays: that one was imported at
    the same time, and has found this one.

    Args:
        audio_hash: The sound.
        pairs: The other encodings.
        compared: The sounds that it was compared with; None if it is not one song,
            which has no other encodings.
    """
    known = {other for (other,) in _paired_with(audio_hash)}
    for other in known if compared is None else known.intersection(compared):
        _unpair(audio_hash, other)
        _unpair(other, audio_hash)
    for each in pairs:
        _pair(audio_hash, each.other_hash, each.offset, each.error, each.spread_db)
        back = Ticks(-each.offset)
        _pair(each.other_hash, audio_hash, back, each.error, each.spread_db)
    return [each for each in pairs if each.other_hash not in known]


def _sound_id(audio_hash: str) -> int:
    row = PrintedSound.get_or_none(PrintedSound.audio_hash == audio_hash)
    return int((row or PrintedSound.create(audio_hash=audio_hash)).id)


@prepared
def _forget(sound: int) -> Query:
    return PrintItem.delete().where(PrintItem.sound == sound)


@prepared
def _with_item(item: int, limit: int) -> Query:
    return (
        PrintItem.select(PrintedSound.audio_hash)
        .join(PrintedSound)
        .where(PrintItem.item == item)
        .limit(limit)
    )


@prepared
def _insert(item: int, sound: int) -> Query:
    return PrintItem.insert(item=item, sound=sound)


@prepared
def _paired_with(audio_hash: str) -> Query:
    return SameSound.select(SameSound.other_hash).where(
        SameSound.audio_hash == audio_hash
    )


@prepared
def _unpair(audio_hash: str, other_hash: str) -> Query:
    return SameSound.delete().where(
        SameSound.audio_hash == audio_hash, SameSound.other_hash == other_hash
    )


@prepared
def _pair(
    audio_hash: str, other_hash: str, offset: Ticks, error: float, spread_db: float
) -> Query:
    return SameSound.insert(
        audio_hash=audio_hash,
        other_hash=other_hash,
        offset_ticks=offset,
        error=error,
        spread_db=spread_db,
    ).on_conflict_replace()
