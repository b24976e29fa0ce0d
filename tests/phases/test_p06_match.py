"""Song matching by the file alone: `segued.phases.p06_match`."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from segued.compute.pools import ProcessPools
from segued.config.config import Config, Settings
from segued.model import (
    AudioFacts,
    AudioFile,
    FileId,
    Fingerprint,
    PassageMark,
    Signature,
    Span,
    Tags,
)
from segued.phases import p03_tags, p04_segment, p05_fingerprint, p06_match
from segued.phases.base import Deferred, FileResults, PhaseContext
from segued.phases.p06_match import Match
from segued.store.database import Store
from segued.units import TICKS_PER_SECOND, Frames, Hertz, Seconds, Ticks

MINUTE = 60 * TICKS_PER_SECOND
NO_TAGS = p03_tags.TagsRead(Tags(), Tags(), (), None, ())
FULL = Tags(
    title="Jóga",
    artist="Björk",
    album="Homogenic",
    recording_mbid="b1a9c0e9-d987-4042-ae91-78d6a3267d69",
    release_mbid="23d6c5e1-61df-3f1e-9a49-8ab0ee2d4e6c",
    work_mbid="00000000-0000-4000-8000-000000000001",
    artists=("Björk", "Guest"),
    artist_mbids=("87c5dedd-371d-4a53-9f7f-80522fb7f3cb", "g"),
)


@pytest.fixture(name="store")
async def _store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty library."""
    store = Store(tmp_path / "library.db")
    await store.open()
    yield store
    await store.close()


async def match_file(
    store: Store, tags_read: p03_tags.TagsRead, *lengths: int
) -> list[Match]:
    """Match a file with contiguous passages of these lengths, in minutes."""
    ends = [sum(lengths[: n + 1]) * MINUTE for n in range(len(lengths))]
    starts = [0, *ends[:-1]]
    spans = tuple(Span(Ticks(a), Ticks(b)) for a, b in zip(starts, ends, strict=True))
    facts = AudioFacts(Frames(1), Hertz(44_100), 2, 0.5, "flac", "FFmpeg")
    prints = tuple(Fingerprint(span, (f"AQ{n}",)) for n, span in enumerate(spans))
    file = AudioFile(FileId("f"), b"/m/f.flac", b"/m", Signature(1, 1, 1))
    results = (
        FileResults(file)
        .with_result(p03_tags.PHASE, tags_read)
        .with_result(p04_segment.PHASE, p04_segment.Segmented(facts, spans, ()))
        .with_result(p05_fingerprint.PHASE, p05_fingerprint.Fingerprinted(prints))
    )
    spool = Path("/nowhere")
    compute = ProcessPools(processes=1, memory_mib=512, file_limit=Seconds(1))
    context = PhaseContext(Config(), Settings(), store, compute, spool)
    outcome = await p06_match.run(context, results)
    result = outcome.result if isinstance(outcome, Deferred) else outcome
    assert isinstance(outcome, Deferred) == bool(result.asks)
    # Phase 5 has stored the fingerprints.
    assert {match.passage.fingerprint for match in result.matches} == {None}
    return list(result.matches)


async def test_embedded_id_is_medium_and_fills_all_entities(store: Store) -> None:
    """The ids of recording, release, work and artists are stored."""
    (match,) = await match_file(store, replace(NO_TAGS, tags=FULL), 4)

    assert match.passage.confidence == "Medium"
    assert (match.passage.title, match.passage.album) == ("Jóga", "Homogenic")
    assert match.passage.evidence["embedded id"] == FULL.recording_mbid
    assert match.song is not None
    assert match.song.song.mbid == FULL.recording_mbid
    assert [work.mbid for work in match.song.works] == [FULL.work_mbid]
    assert [artist.mbid for artist in match.song.artists] == [*FULL.artist_mbids]
    assert match.album is not None
    assert match.album.mbid == FULL.release_mbid


async def test_artist_ids_that_do_not_pair_up_with_names_are_dropped(
    store: Store,
) -> None:
    """It is unknown which id is which artist's."""
    tags = replace(FULL, artists=("Björk",))

    (match,) = await match_file(store, replace(NO_TAGS, tags=tags), 4)

    assert match.song is not None
    (artist,) = match.song.artists
    assert (artist.name, artist.mbid) == ("Björk", None)


async def test_embedded_id_of_a_side_is_ignored(store: Store) -> None:
    """One recording id cannot be that of three passages."""
    matches = await match_file(store, replace(NO_TAGS, tags=FULL), 4, 3, 5)

    assert [m.passage.confidence for m in matches] == ["None"] * 3
    assert [m.passage.title for m in matches] == [None] * 3
    assert [m.song for m in matches] == [None] * 3
    assert {m.passage.artist for m in matches} == {"Björk"}


async def test_cue_marks_name_their_passages(store: Store) -> None:
    """By their start; a mark without an artist has the file's artist."""
    marks = (
        PassageMark(Ticks(0), title="One"),
        PassageMark(Ticks(4 * MINUTE), title="Two", artist="Another"),
    )

    matches = await match_file(
        store, replace(NO_TAGS, tags=Tags(artist="A"), marks=marks), 4, 3
    )

    named = [(m.passage.artist, m.passage.title) for m in matches]
    assert named == [("A", "One"), ("Another", "Two")]
    assert [m.passage.confidence for m in matches] == ["Low", "Low"]


async def test_a_mark_without_a_title_leaves_that_of_the_tags(store: Store) -> None:
    """A FLAC CUESHEET block has no titles; what is before the first mark has none."""
    marks = (
        PassageMark(Ticks(4 * MINUTE)),
        PassageMark(Ticks(7 * MINUTE), title="Two"),
    )
    tags = Tags(artist="A", title="Whole")

    matches = await match_file(store, replace(NO_TAGS, tags=tags, marks=marks), 4, 3, 5)

    assert [m.passage.title for m in matches] == [None, "Whole", "Two"]


async def test_marks_that_do_not_divide_the_file_do_not_name_it(store: Store) -> None:
    """Only the first track of another disc's sheet begins before its end."""
    marks = (
        PassageMark(Ticks(0), title="One"),
        PassageMark(Ticks(9 * MINUTE), title="2"),
    )
    tags = Tags(artist="A", title="Song")

    (match,) = await match_file(store, replace(NO_TAGS, tags=tags, marks=marks), 4)

    assert match.passage.title == "Song"


async def test_a_title_in_tags_does_not_make_the_artist_known(store: Store) -> None:
    """An artist guessed from the file name does not identify a song."""
    half = replace(NO_TAGS, tags=Tags(title="Jóga"), guessed=Tags(artist="Wrong Guess"))

    (match,) = await match_file(store, half, 4)

    assert (match.passage.confidence, match.song) == ("None", None)
    assert match.passage.artist == "Wrong Guess"
