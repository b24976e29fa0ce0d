"""Phase 6, song matching: which recording each passage is, and how sure.

A wrong name is worse than none, so every decision keeps its evidence and its
reason. What can be told here comes from the file alone; what AcoustID and
MusicBrainz know is asked for later, and the phase waits for them `deferred`.

Phases 7 to 9 take the passages from here and not from phase 4: matching may
merge what segmenting cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from segued.matching import normalize
from segued.matching.confidence import Claims, judge_claims
from segued.model import Mark, Print, Span, Tags
from segued.phases import p03_tags, p04_segment, p05_fingerprint
from segued.phases.contract import Deferred, Dossier, Phase, Tools
from segued.store.passages import Decided
from segued.store.songs import Credit, SongFacts
from segued.units import ticks_to_seconds

__all__ = ["PHASE", "Match", "Matched"]


@dataclass(frozen=True, slots=True)
class Match:
    """One passage, with the song and the album it is said to be from."""

    passage: Decided
    song: SongFacts | None
    album: Credit | None


@dataclass(frozen=True, slots=True)
class Matched:
    """The passages of a file, in order."""

    matches: tuple[Match, ...]


async def run(tools: Tools, dossier: Dossier) -> Deferred[Matched]:
    """Say of each passage what the file itself says of it."""
    del tools
    named = dossier[p03_tags.PHASE]
    prints = dossier[p05_fingerprint.PHASE].prints
    spans = dossier[p04_segment.PHASE].spans
    marks = _marks_of(named.marks, spans)
    matches = tuple(
        _match(named, span, sound, mark, alone=len(spans) == 1)
        for span, sound, mark in zip(spans, prints, marks, strict=True)
    )
    return Deferred(Matched(matches), "musicbrainz", "MusicBrainz was not asked")


def _marks_of(marks: Sequence[Mark], spans: Sequence[Span]) -> list[Mark | None]:
    """Return for each span the mark it was cut at, if it was."""
    starts = {mark.start: mark for mark in marks}
    return [starts.get(span.start) for span in spans]


def _match(
    named: p03_tags.Named, span: Span, sound: Print, mark: Mark | None, *, alone: bool
) -> Match:
    names = _names(named, mark, alone=alone)
    claims = Claims(
        recording_mbid=named.tags.recording_mbid if alone else None,
        title=names.title,
        artist=names.artist,
        tagged=mark is not None or _names_itself(named.tags),
    )
    judged = judge_claims(claims)
    evidence = {
        "duration": f"{ticks_to_seconds(span.length):.1f} s",
        "fingerprint": sound.reason or "taken, not looked up",
        "names": " / ".join(name for name in (names.artist, names.title) if name),
        "embedded id": claims.recording_mbid or "",
    }
    decided = Decided(
        span=span,
        fingerprint=sound.texts[0] if sound.texts else None,
        title=names.title,
        artist=names.artist,
        album=names.album,
        confidence=judged.confidence,
        score=judged.score,
        reason=judged.reason,
        evidence={kind: what for kind, what in evidence.items() if what},
        rejected=(),
    )
    song = _song(claims, names) if judged.confidence != "None" else None
    return Match(decided, song, _album(names))


def _names_itself(tags: Tags) -> bool:
    return bool(tags.title and (tags.artist or tags.album_artist))


def _names(named: p03_tags.Named, mark: Mark | None, *, alone: bool) -> Tags:
    """Return what a passage is called: by its mark, or by the file's tags."""
    whole = named.names
    if alone and mark is None:
        return whole
    title = mark.title if mark else None
    artist = (mark.artist if mark else None) or whole.artist or whole.album_artist
    return Tags(
        title=title,
        artist=artist,
        album=whole.album,
        album_artist=whole.album_artist,
        release_mbid=whole.release_mbid,
    )


def _song(claims: Claims, names: Tags) -> SongFacts:
    song_key = normalize.key(names.artist or "", names.title or "")
    song = Credit(names.title, claims.recording_mbid, song_key)
    return SongFacts(song, _artists(names), names.work_mbid)


def _artists(names: Tags) -> tuple[Credit, ...]:
    """Return the artists to credit: one for each id, when ids and names pair up."""
    listed = names.artists or ((names.artist,) if names.artist else ())
    mbids: tuple[str | None, ...] = names.artist_mbids
    if len(mbids) != len(listed):
        # Ids without a name each: the whole credit is one artist, and
        # MusicBrainz will tell who they are.
        listed = (names.artist,) if names.artist else ()
        mbids = (None,) * len(listed)
    return tuple(
        Credit(name, mbid, normalize.key(name))
        for name, mbid in zip(listed, mbids, strict=True)
    )


def _album(names: Tags) -> Credit | None:
    if not names.album and not names.release_mbid:
        return None
    artist = names.album_artist or names.artist or ""
    return Credit(
        names.album, names.release_mbid, normalize.key(artist, names.album or "")
    )


def _tally(matched: Matched) -> dict[str, int]:
    counts: dict[str, int] = {}
    for match in matched.matches:
        band = match.passage.confidence.value.lower()
        counts[band] = counts.get(band, 0) + 1
    return counts


PHASE: Final = Phase(
    number=6,
    name="match",
    title="Song matching",
    version=1,
    result=Matched,
    run=run,
    tally=_tally,
)
