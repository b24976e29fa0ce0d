"""Phase 9, flavoring: how each passage sounds.

A song that is known is never asked about again. Where no source can be asked
the file goes on without, and the phase waits; where one fails, the song is
marked, and a later run may try again. Completion never depends on it.
"""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from typing import Final

import structlog

from segued.errors import FileUnreadableError
from segued.media import essentia
from segued.model import SongStatus, Span
from segued.phases import p01_filename, p06_match
from segued.phases.contract import Deferred, Dossier, Phase, Tools
from segued.store import codec, passages, songs
from segued.units import TICKS_PER_SECOND, Seconds, Ticks

__all__ = ["PHASE", "SPOOLED", "Flavored", "Sounded"]

LENGTH_MIN: Final = Ticks(3 * TICKS_PER_SECOND)
"""What is shorter than this is measured as nonsense."""

SPOOLED: Final = "segued-flavor-"
"""What the names of our folders in the spool begin with."""

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sounded:
    """What became of one passage: its flavor, or the reason it has none.

    Attributes:
        song: The song it is, if it is one.
        flavor: JSON of characteristics and measures.
        source: Which program or service said so, with its version.
        outcome: For the counters: "pre-existing", "essentia", "too short"
            or "failed".
    """

    passage: str
    song: str | None
    outcome: str
    flavor: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Flavored:
    """The passages in order; none when no source could be asked."""

    sounded: tuple[Sounded, ...] = ()


async def run(tools: Tools, dossier: Dossier) -> Flavored | Deferred[Flavored]:
    """Find out how the passages sound whose songs are not known to.

    Raises:
        FileChangedError: It is not the file that was hashed.
        FileVanishedError: It is gone.
    """
    there = await tools.store.do(songs.song_of, dossier.file.id)
    known = await tools.store.do(songs.flavored, [song for _, song in there if song])
    heard = await tools.store.do(songs.flavored_without, dossier.file.id)
    pending = [
        passage
        for passage, song in there
        if (song not in known if song else passage not in heard)
    ]
    if pending and "essentia" not in tools.available:
        return Deferred(Flavored(), "essentia", "no source of flavor can be asked")
    spans = [match.passage.span for match in dossier[p06_match.PHASE].matches]
    sounded = []
    for number, ((passage, song), span) in enumerate(
        zip(there, spans, strict=True), start=1
    ):
        tools.at_passage(number, len(spans))
        if song in known or (song is None and passage in heard):
            sounded.append(Sounded(passage, song, "pre-existing"))
        elif span.length < LENGTH_MIN:
            sounded.append(Sounded(passage, song, "too short"))
        else:
            sounded.append(await _ask_essentia(tools, dossier, passage, song, span))
    return Flavored(tuple(sounded))


async def _ask_essentia(
    tools: Tools, dossier: Dossier, passage: str, song: str | None, span: Span
) -> Sounded:
    limit = Seconds(tools.config.compute.flavor_seconds)
    path, signature = dossier.file.path, dossier[p01_filename.PHASE].signature
    # A folder of its own: a child that is killed cannot tidy up after itself.
    try:
        place = await asyncio.to_thread(
            tempfile.mkdtemp, prefix=SPOOLED, dir=tools.spool
        )
    except OSError as error:
        log.info("flavor.failed", code="spool", detail=str(error))
        return Sounded(passage, song, "failed")
    try:
        sound = await tools.compute.long(
            limit, essentia.flavor_of, path, signature, span, place
        )
    except FileUnreadableError as error:
        log.info("flavor.failed", code=error.code, detail=str(error))
        return Sounded(passage, song, "failed")
    finally:
        await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
    flavor = codec.encode(
        {"characteristics": sound.characteristics, "measures": sound.measures}
    )
    return Sounded(passage, song, "essentia", flavor, sound.version)


def save(dossier: Dossier, result: Flavored) -> None:
    """Put the flavor on the song, or on the passage where there is none."""
    del dossier
    for each in result.sounded:
        if each.outcome in ("pre-existing", "too short"):
            continue
        if each.song is None:
            if each.flavor and each.source:
                passages.set_flavor(each.passage, each.flavor, each.source)
        elif each.outcome == "failed":
            songs.set_flavor(each.song, SongStatus.FLAVORING_FAILED)
        else:
            songs.set_flavor(
                each.song, SongStatus.FLAVOR_READY, each.flavor, each.source
            )


def _tally(found: Flavored) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in found.sounded:
        counts[each.outcome] = counts.get(each.outcome, 0) + 1
    return counts


PHASE: Final = Phase(
    number=9,
    name="flavor",
    title="Flavoring",
    version=1,
    result=Flavored,
    run=run,
    save=save,
    tally=_tally,
)
