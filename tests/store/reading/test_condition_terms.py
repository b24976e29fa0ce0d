"""Tests of searches by conditions: the index leaves out nothing that fulfills them."""

import random
from dataclasses import replace

import pytest

from segued.model import Confidence, FileStatus, Tags
from segued.store import codec, search_index
from segued.store.database import Store
from segued.store.index_terms import PITCH_NAMES
from segued.store.reading import word_hits
from segued.store.reading.query_conditions import (
    query_condition,
    register_query_functions,
)
from segued.store.reading.reports import open_read_only
from segued.store.reading.word_hits import PASSAGE_INDEX, find_hits
from segued.store.schema.files import File, Passage
from segued.store.schema.music import PassageSong, Song

SECOND = 28_224_000
CONDITIONS = (
    "year:1990",
    "year:1985..2003",
    "year:1974.5..1989.5",
    "year<1975",
    "year>1975",
    "year>=2015",
    "bpm:120",
    "bpm:99.9..140.1",
    "bpm>180",
    "bpm<60",
    "loudness:-10",
    "loudness:-9.95..-9.85",
    "loudness>-3",
    "length:3:20",
    "length:..90",
    "length>600",
    "track:3",
    "track:12..",
    "mood_relaxed>0.7",
    "mood_relaxed:0.5",
    "mood_relaxed>0.999",
    "timbre.dark<0.01",
    "key:Am",
    "key:F#",
    "key:8B,Ebm",
    "confidence:low,none",
    "confidence:high",
    "added:2024",
    "added:2024-02",
    "added:2024-02-29",
    "added:2023-12..2024-02-30",
    "added:..2022",
    "added:700d",
    "genre:rock",
    "genre:hip",
    "genre:ck",
    'genre:"hip hop"',
    "genre:éle",
    "genre:qq",
    "title:river",
    "artist:bell",
    "artist:y",
    "album:zz",
    "path:river",
)


def add_files(rng: random.Random, count: int) -> None:
    """Store files with one passage or two, and values of which some are unknown."""

    def maybe(value: object) -> object:
        return value if rng.random() < 0.8 else None

    for number in range(count):
        genres = rng.sample(("Rock", "Hip Hop", "Électro", "Punk-Rock", "!!!"), k=2)
        year = rng.choice((1974, 1975, 1984, 1985, 1990, 2003, 2004, 2014, 2015))
        tags = Tags(
            date=rng.choice((None, f"{year}", f"{year}-05-01", "unknown")),
            genres=tuple(genres[: rng.randrange(3)]),
            track=rng.choice((None, 3, 11, 12, 40)),
        )
        day = rng.choice(
            ("2021-12-31", "2022-12-31", "2023-12-01", "2024-02-29", "2024-12-31")
        )
        path = f"/music/{rng.choice(('river', 'stone'))} {number:04}.ogg"
        file = File.create(
            path=path.encode(),
            folder=b"/music",
            root=b"/music",
            path_text=path,
            size_bytes=1,
            mtime_ns=1,
            inode=1,
            status=FileStatus.COMPLETE,
            tags=codec.encode(tags),
            added_at=f"{day}T23:59:59.999+00:00",
        )
        for ordinal in range(1, rng.choice((2, 2, 3))):
            share = rng.choice((0.0, 0.004, 0.5, 0.7, 0.701, 0.9995, 1.0))
            shares = {
                "mood_relaxed": {"relaxed": share, "not_relaxed": 1 - share},
                "timbre": {"dark": share, "bright": 1 - share},
            }
            Passage.create(
                file=file,
                ordinal=ordinal,
                start_ticks=0,
                end_ticks=round(
                    SECOND * rng.choice((89.9, 90, 199.4, 200.2, 601, 1e6))
                ),
                title=rng.choice(("River", "Stone")),
                artist=maybe(rng.choice(("Bells", "Zany"))),
                album="Zzz",
                confidence=rng.choice(list(Confidence)),
                bpm=maybe(rng.choice((59.9, 60, 99.9, 119.6, 120.4, 140.2, 180, 1e9))),
                loudness_lufs=maybe(rng.choice((-120, -10.3, -9.9, -9.87, -3, 1.5))),
                key=rng.choice([name for each in PITCH_NAMES for name in each] + ["H"]),
                scale=maybe(rng.choice(("major", "minor", "dorian"))),
                flavor=maybe(codec.encode({"characteristics": shares})),
            )


def differences(store: Store, queries: list[str]) -> list[tuple[str, str | None]]:
    """Return the searches that find something else with the index than without."""
    found: list[tuple[str, str | None]] = []
    with open_read_only(store.path) as database:
        register_query_functions(database)
        for query in queries:
            condition = query_condition(query)
            for kind in (None, Confidence.LOW.value):
                plain = find_hits(
                    database,
                    PASSAGE_INDEX,
                    replace(condition, terms=(), words=()),
                    10_000,
                    kind=kind,
                )
                for limit in (3, 10_000):
                    hits = find_hits(
                        database, PASSAGE_INDEX, condition, limit, kind=kind
                    )
                    if hits != plain[:limit]:
                        found.append((query, kind))
    return found


@pytest.mark.parametrize("unlisted_max", [0, 10_000])
async def test_conditions_find_what_a_plain_comparison_finds(
    store: Store, monkeypatch: pytest.MonkeyPatch, unlisted_max: int
) -> None:
    """Each, its reverse, and two at once with a word, after changes as well."""
    monkeypatch.setattr(search_index, "UNLISTED_MAX", unlisted_max)
    monkeypatch.setattr(word_hits, "RARE_MAX", 0)
    rng = random.Random(11)  # noqa: S311
    queries = [sign + each for each in CONDITIONS for sign in ("", "-")]
    assert all(query_condition(each).terms for each in CONDITIONS[:-1])
    queries += [f"river {' '.join(rng.sample(queries, 2))}" for _ in range(40)]
    await store.do(add_files, rng, 120)
    assert differences(store, queries) == []

    def change() -> None:
        ids = [each.id for each in Passage.select(Passage.id).order_by(Passage.id)]
        Passage.update(bpm=120, key="A", scale="minor", flavor=None).where(
            Passage.id.in_(ids[::5])
        ).execute()
        Passage.update(loudness_lufs=-9.9, end_ticks=200 * SECOND).where(
            Passage.id.in_(ids[::7])
        ).execute()
        File.update(tags=codec.encode(Tags(date="1990", genres=("Rock",)))).where(
            File.path_text.contains("7")
        ).execute()

    await store.do(change)
    assert differences(store, queries) == []


async def test_values_of_songs_are_found(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flavor of a passage may be that of its song, which comes and goes alone."""
    monkeypatch.setattr(search_index, "UNLISTED_MAX", 0)
    await store.do(add_files, random.Random(11), 30)  # noqa: S311
    relaxed = codec.encode({"characteristics": {"mood_relaxed": {"relaxed": 0.9}}})

    def link() -> None:
        Passage.update(flavor=None).execute()
        for number, passage in enumerate(Passage.select().order_by(Passage.id)):
            song = Song.create(name_key=f"{number}", flavor=None)
            PassageSong.create(passage=passage, song=song)
        Song.update(flavor=relaxed).where(Song.name_key > "3").execute()

    def swap() -> None:
        first = PassageSong.select().order_by(PassageSong.passage).get()
        flavored = Song.get(Song.flavor.is_null(False))  # noqa: FBT003
        PassageSong.delete().where(PassageSong.passage == first.passage).execute()
        PassageSong.create(passage=first.passage, song=flavored)

    def add_shorter() -> None:
        plain = Song.select(Song.id).where(Song.flavor.is_null())
        link = PassageSong.get(PassageSong.song.in_(plain))
        PassageSong.create(
            passage=link.passage,
            song=Song.create(name_key="shorter", flavor=relaxed),
            length_ticks=1,
        )

    def remove_longer() -> None:
        shorter = PassageSong.get(PassageSong.length_ticks == 1)
        PassageSong.delete().where(
            PassageSong.passage == shorter.passage,
            PassageSong.length_ticks.is_null(),
        ).execute()

    changes = (link, swap, add_shorter, remove_longer)
    for change in (*changes, lambda: Song.update(flavor=None).execute()):
        await store.do(change)
        assert differences(store, ["mood_relaxed>0.8", "-mood_relaxed>0.8"]) == []
        with open_read_only(store.path) as database:
            assert not database.execute("SELECT 1 FROM index_unlisted").fetchone()


async def test_a_condition_reads_only_rows_with_its_terms(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a large library, to look at all passages takes seconds."""
    monkeypatch.setattr(search_index, "UNLISTED_MAX", 0)
    await store.do(add_files, random.Random(11), 200)  # noqa: S311
    with open_read_only(store.path) as database:
        looked_at = 0

        def look(text: str) -> str:
            nonlocal looked_at
            looked_at += 1
            return text

        database.create_function("looked", 1, look)
        condition = query_condition("year:1990 track:12")
        sql = f"looked(passages.id) <> '' AND {condition.sql}"
        hits = find_hits(database, PASSAGE_INDEX, replace(condition, sql=sql), 10_000)
    assert 0 < len(hits) == looked_at
