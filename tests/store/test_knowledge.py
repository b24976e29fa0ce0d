"""Knowledge of another library: `store.knowledge_import`, `store.reading.knowledge`."""

from segued.model import Service, Span
from segued.store import analysis_cache
from segued.store.analysis_cache import StoredOutput
from segued.store.database import Store
from segued.store.knowledge_import import save_lines
from segued.store.knowledge_lines import (
    KnownAnswer,
    KnownDecision,
    KnownOutput,
    KnownRelease,
)
from segued.store.reading.knowledge import knowledge
from segued.store.schema.lookups import MusicBrainzAnswer
from segued.store.schema.music import StoredOverride
from segued.units import Ticks

SPAN = Span(Ticks(0), Ticks(9))


def decision(title: str, at: str, start: int = 0) -> KnownDecision:
    """Return a decision about some audio."""
    return KnownDecision("hash", start, "mbid", title, None, keeps_match=False, at=at)


async def test_the_later_decision_counts(store: Store) -> None:
    """Also if the passage begins at slightly another place."""
    assert await store.do(save_lines, [decision("two", "2026-02")]) == {"decision": 1}
    older = [decision("one", "2026-01", 10), decision("two", "2026-02")]
    assert await store.do(save_lines, older) == {}
    await store.do(save_lines, [decision("three", "2026-03", 20)])

    rows = await store.do(lambda: list(StoredOverride.select()))
    assert [(row.title, row.start_ticks, row.at) for row in rows] == [
        ("three", 20, "2026-03")
    ]


async def test_the_later_choice_of_a_release_counts(store: Store) -> None:
    """It comes out again as it went in."""
    one, two = (
        KnownRelease("hash", name, at)
        for name, at in (("one", "2026-01"), ("two", "2026-02"))
    )

    assert await store.do(save_lines, [two]) == {"release": 1}
    assert await store.do(save_lines, [one, two]) == {}

    lines = [line for line in knowledge(store.path) if isinstance(line, KnownRelease)]
    assert lines == [two]


async def test_what_was_heard_stays(store: Store) -> None:
    """An analysis of this library is not replaced; others are added and come out."""
    own = StoredOutput("essentia", "full", b'{"own": 1}')
    await store.do(analysis_cache.save, "hash", SPAN, own)
    quick = KnownOutput("hash", 0, 9, "essentia", "quick", "{}", "2026")
    other = KnownOutput("hash", 0, 9, "musicnn", "1", '{"heard": "ü"}', "2026")

    assert await store.do(save_lines, [quick, other]) == {"heard": 1}

    outputs = await store.do(analysis_cache.load, "hash", SPAN)
    assert outputs["essentia"] == own
    assert outputs["musicnn"].payload == '{"heard": "ü"}'.encode()
    lines = [line for line in knowledge(store.path) if isinstance(line, KnownOutput)]
    assert other in lines


async def test_answers_keep_their_time(store: Store) -> None:
    """One that found nothing expires as it would have; one that did replaces it."""
    expiring = KnownAnswer(
        Service.MUSICBRAINZ, "release:x", "{}", "{}", "2026-01", "2999-01"
    )
    found = KnownAnswer(Service.MUSICBRAINZ, "release:x", "{}", "[1]", "2026-02", None)
    expired = KnownAnswer(
        Service.MUSICBRAINZ, "release:y", "{}", "{}", "2020-01", "2020-02"
    )

    async def stored() -> list[tuple[str, str, str | None]]:
        rows = await store.do(lambda: list(MusicBrainzAnswer.select()))
        return [(row.key, row.at, row.expires_at) for row in rows]

    assert await store.do(save_lines, [expiring, expired]) == {"answer": 1}
    assert await stored() == [("release:x", "2026-01", "2999-01")]
    assert await store.do(save_lines, [found, expiring]) == {"answer": 1}
    assert await stored() == [("release:x", "2026-02", None)]
