"""How passages sound: what was heard of them, and what follows from it."""

import zlib
from dataclasses import astuple, dataclass, fields
from typing import Final

from segued.model import FileId, SongStatus, Span
from segued.store.entities import PassageSong, Song
from segued.store.kept import Sound
from segued.store.models import Passage, now
from segued.store.prepared import Query, prepared
from segued.units import Ticks

__all__ = [
    "Flavor",
    "Measured",
    "Said",
    "SongThere",
    "There",
    "find",
    "forget",
    "keep",
    "lend",
    "measured",
    "of_file",
    "set_failure",
    "set_passage",
    "set_song",
]

LEVEL: Final = 6

FLAVOR: Final = (
    *("flavor", "flavor_source", "flavor_version", "flavored_at", "flavor_failure"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What one tool said of one stretch of sound.

    Attributes:
        version: Which one, and how it was used.
        said: JSON.
    """

    source: str
    version: str
    said: bytes


@dataclass(frozen=True, slots=True)
class Flavor:
    """How something sounds.

    Attributes:
        text: JSON: `characteristics`, and whatever else is known.
        source: Who says so; only flavors of one source can be compared.
        version: Which version of it.
    """

    text: str
    source: str
    version: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured of every passage; None: it is not known."""

    bpm: float | None = None
    key: str | None = None
    scale: str | None = None
    key_strength: float | None = None
    loudness_lufs: float | None = None
    loudness_range_lu: float | None = None
    true_peak_dbtp: float | None = None


@dataclass(frozen=True, slots=True)
class SongThere:
    """A song of a passage, as it is on record.

    Attributes:
        length: How long it runs in the passage; None: all the time.
    """

    song: str
    length: Ticks | None
    flavor: Flavor | None


@dataclass(frozen=True, slots=True)
class There:
    """A passage as it is on record.

    Attributes:
        songs: What it is; nearly always one song, or none.
        flavor: Its own, where it is not one song.
    """

    passage: str
    songs: tuple[SongThere, ...]
    flavor: Flavor | None


def find(audio_hash: str, span: Span) -> dict[str, Said]:
    """Return what was ever heard in a stretch of some audio, by source."""
    return {
        source: Said(source, version, zlib.decompress(said))
        for source, version, said in _heard(audio_hash, span.start, span.end)
    }


def keep(audio_hash: str, span: Span, said: Said) -> None:
    """Put on record what was heard, over what the same source said before."""
    packed = zlib.compress(said.said, LEVEL)
    start, end = span.start, span.end
    _keep(audio_hash, start, end, said.source, said.version, packed, now())


def of_file(file: FileId) -> list[There]:
    """Return a file's passages, in order, with what is known of their sound."""
    songs: dict[str, list[SongThere]] = {}
    for passage, song, length, *flavor in _songs(file):
        songs.setdefault(passage, []).append(SongThere(song, length, _flavor(*flavor)))
    return [
        There(passage, tuple(songs.get(passage, ())), _flavor(*flavor))
        for passage, *flavor in _passages(file)
    ]


def _flavor(text: str | None, source: str | None, version: str | None) -> Flavor | None:
    return Flavor(text, source, version or "") if text and source else None


def set_song(song: str, flavor: Flavor | None) -> None:
    """Put on record how a song sounds; None: that it could not be found out."""
    if flavor is not None:
        text, source, version = astuple(flavor)
        _set_song(song, text, source, version, now())
        return
    # Another file of the same song may have been luckier meanwhile.
    Song.update(status=SongStatus.FLAVORING_FAILED).where(
        Song.id == song, Song.status != SongStatus.FLAVOR_READY
    ).execute()


def lend(song: str, flavor: Flavor) -> None:
    """Put on record how a song sounds by a passage of it, if nothing is known."""
    known = Song.select(Song.id).where(Song.id == song, ~Song.flavor.is_null())
    if not known.exists():
        set_song(song, flavor)


def set_passage(passage: str, flavor: Flavor | None) -> None:
    """Put on record how a passage sounds that is not one song; None: as its song."""
    text, source, version = astuple(flavor) if flavor else (None, None, None)
    _set_passage(passage, text, source, version, now() if flavor else None)


def set_failure(passage: str, reason: str | None) -> None:
    """Put on record why it is not known how a passage sounds, or that it is."""
    _set_failure(passage, reason)


def forget(file: FileId) -> None:
    """Forget how a file's passages sound: they are others now."""
    names = [each.name for each in fields(Measured)]
    columns = [getattr(Passage, name) for name in (*FLAVOR, *names)]
    Passage.update(dict.fromkeys(columns)).where(Passage.file == file).execute()


def measured(passage: str, found: Measured) -> None:
    """Put on record what was measured of a passage."""
    values = {each.name: getattr(found, each.name) for each in fields(found)}
    _measured(passage, **values)


@prepared
def _heard(audio_hash: str, start: Ticks, end: Ticks) -> Query:
    return Sound.select(Sound.source, Sound.version, Sound.said).where(
        Sound.audio_hash == audio_hash,
        Sound.start_ticks == start,
        Sound.end_ticks == end,
    )


@prepared
def _keep(  # noqa: PLR0913, PLR0917
    audio_hash: str,
    start: Ticks,
    end: Ticks,
    source: str,
    version: str,
    said: bytes,
    at: str,
) -> Query:
    return Sound.insert(
        audio_hash=audio_hash,
        start_ticks=start,
        end_ticks=end,
        source=source,
        version=version,
        said=said,
        at=at,
    ).on_conflict_replace()


@prepared
def _songs(file: FileId) -> Query:
    return (
        PassageSong.select(
            PassageSong.passage,
            PassageSong.song,
            PassageSong.length_ticks,
            Song.flavor,
            Song.flavor_source,
            Song.flavor_version,
        )
        .join(Song)
        .switch(PassageSong)
        .join(Passage)
        .where(Passage.file == file)
        .order_by(PassageSong.passage, PassageSong.song)
    )


@prepared
def _passages(file: FileId) -> Query:
    return (
        Passage.select(
            Passage.id, Passage.flavor, Passage.flavor_source, Passage.flavor_version
        )
        .where(Passage.file == file)
        .order_by(Passage.ordinal)
    )


@prepared
def _set_song(song: str, text: str, source: str, version: str, at: str) -> Query:
    return Song.update(
        status=SongStatus.FLAVOR_READY,
        flavor=text,
        flavor_source=source,
        flavor_version=version,
        flavored_at=at,
    ).where(Song.id == song)


@prepared
def _set_passage(
    passage: str,
    text: str | None,
    source: str | None,
    version: str | None,
    at: str | None,
) -> Query:
    return Passage.update(
        flavor=text, flavor_source=source, flavor_version=version, flavored_at=at
    ).where(Passage.id == passage)


@prepared
def _set_failure(passage: str, reason: str | None) -> Query:
    return Passage.update(flavor_failure=reason).where(Passage.id == passage)


@prepared
def _measured(  # noqa: PLR0913
    passage: str,
    *,
    bpm: float | None,
    key: str | None,
    scale: str | None,
    key_strength: float | None,
    loudness_lufs: float | None,
    loudness_range_lu: float | None,
    true_peak_dbtp: float | None,
) -> Query:
    return Passage.update(
        bpm=bpm,
        key=key,
        scale=scale,
        key_strength=key_strength,
        loudness_lufs=loudness_lufs,
        loudness_range_lu=loudness_range_lu,
        true_peak_dbtp=true_peak_dbtp,
    ).where(Passage.id == passage)
