"""Releases that a person chose: `segued.phases.album.chosen_releases`."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from segued.compute.pools import ProcessPools
from segued.config.config import Config, Settings
from segued.matching.album import AlbumMatch, assign_to_chosen
from segued.matching.confidence import decide
from segued.matching.evidence import PassageEvidence
from segued.matching.questions import QuestionKind
from segued.model import FileId, Fingerprint, Service, Span, Tags
from segued.phases.album.chosen_releases import with_chosen_releases
from segued.phases.album.folder_releases import look_up_folder
from segued.phases.album.match_rows import PassageFindings, build_match
from segued.phases.album.release_lookup import ReleaseLookup
from segued.phases.base import PhaseContext
from segued.store import lookups
from segued.store.database import Store
from segued.store.lookups import LookupAnswer, LookupQuestion
from segued.units import Seconds, Ticks
from tests.matching.sample_evidence import (
    ALBUM,
    album_passages,
    candidate,
    passage_of,
    release,
)

CHOSEN = "0a0b0c0d-0000-4000-8000-000000000001"
OTHER = release(CHOSEN, "Night Flight (Deluxe)", prefix="d")
"""Another edition, with recordings of its own."""


@pytest.fixture(name="context")
async def _context(tmp_path: Path) -> AsyncIterator[PhaseContext]:
    """The context of a phase, with an empty library."""
    store = Store(tmp_path / "library.db")
    await store.open()
    compute = ProcessPools(processes=1, memory_mib=512, file_limit=Seconds(1))
    yield PhaseContext(Config(), Settings(), store, compute, Path("/nowhere"))
    await store.close()


def chosen(passage: PassageEvidence) -> PassageEvidence:
    """Return a passage whose file a person says to be of the other edition."""
    file = passage.key.partition(":")[0]
    (found,) = with_chosen_releases([passage], {FileId(file): OTHER.mbid})
    return found


def test_a_choice_is_of_all_passages_of_its_file() -> None:
    """It replaces what tags or another program name."""
    tagged = replace(passage_of(1), key="f:0", release_mbid="a", release_by="beets")
    second, other = replace(tagged, key="f:1"), replace(tagged, key="g:0")

    found = with_chosen_releases([tagged, second, other], {FileId("f"): CHOSEN})

    assert [each.release_mbid for each in found] == [CHOSEN, CHOSEN, "a"]
    assert [each.release_chosen for each in found] == [True, True, False]
    assert [each.release_by for each in found] == ["", "", "beets"]


def test_the_track_of_the_chosen_edition_is_taken() -> None:
    """Of two editions with the same sound and names; nothing is asked any more."""
    two = ALBUM.tracks[1], OTHER.tracks[1]
    heard = replace(passage_of(2), candidates=tuple(candidate(each) for each in two))
    recordings = {each.recording.mbid: each.recording for each in two}

    before = decide(heard, track=two[0], release=ALBUM, recordings=recordings)
    match = assign_to_chosen([chosen(heard)], OTHER)
    after = decide(
        chosen(heard), track=match.tracks["2"], release=OTHER, recordings=recordings
    )

    assert before.question is not None
    assert before.question.kind is QuestionKind.EDITION
    assert (after.recording, after.confidence) == (two[1].recording, "High")
    assert after.question is None


def test_the_place_on_the_chosen_release_counts_more_than_names() -> None:
    """The titles may be those of another country; the length must fit all the same."""
    foreign = replace(passage_of(2, known=False), title="Tormenta")
    longer = replace(foreign, seconds=Seconds(400))

    without = assign_to_chosen([foreign], OTHER).tracks
    match = assign_to_chosen([chosen(foreign)], OTHER)
    found = decide(
        chosen(foreign), track=match.tracks["2"], release=OTHER, recordings={}
    )

    assert without == {}
    assert (found.recording, found.confidence) == (OTHER.tracks[1].recording, "Medium")
    assert assign_to_chosen([chosen(longer)], OTHER).tracks == {}


def test_a_file_that_fits_no_track_is_on_the_chosen_release() -> None:
    """As another song of it; without a choice, its tags name the album."""
    span = Span(Ticks(0), Ticks(9))
    lookup = ReleaseLookup(AlbumMatch(OTHER, {}, confirmed=0))

    def album_of(passage: PassageEvidence) -> str | None:
        decision = decide(passage, track=None, release=OTHER, recordings={})
        names = Tags(album="Night Flight", title="Harbour")
        findings = PassageFindings(
            span, Fingerprint(span), passage, decision, names, names
        )
        album = build_match(findings, lookup).album
        return album.name if album else None

    assert album_of(chosen(passage_of(1))) == OTHER.title
    assert album_of(passage_of(1)) == "Night Flight"


async def test_the_chosen_release_is_looked_up_for_its_files_alone(
    context: PhaseContext,
) -> None:
    """Until it is known, it is asked about; the others are matched without them."""
    passages = [replace(each, key=f"{each.key}:0") for each in album_passages()]
    passages[0] = chosen(passages[0])

    found = await look_up_folder(context, passages)
    own, others = found.lookup_of(passages[:1]), found.lookups[0][1]

    assert own.album_match is None
    assert f"release:{CHOSEN}" in [each.key for each in own.questions]
    assert [each.key for each in others] == [each.key for each in passages[1:]]


async def test_a_chosen_release_without_any_track_is_the_album(
    context: PhaseContext,
) -> None:
    """And where it does not exist, there is none."""
    key = f"release:{CHOSEN}"
    question = LookupQuestion(key, f'"{key}"')
    empty = b'{"id":"%s","title":"Empty"}' % CHOSEN.encode()
    passages = [chosen(replace(passage_of(1), key="1:0"))]

    async def answered(answer: LookupAnswer) -> str | None:
        await context.store.do(lookups.save_answers, Service.MUSICBRAINZ, [answer])
        lookup = (await look_up_folder(context, passages)).lookup_of(passages)
        assert lookup.questions == ()
        return lookup.album_match.release.title if lookup.album_match else None

    assert await answered(LookupAnswer(question, empty)) == "Empty"
    assert await answered(LookupAnswer(question, None, not_found=True)) is None
