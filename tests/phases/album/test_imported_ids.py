"""Ids from other programs as evidence: `segued.phases.album.imported_ids`."""

from dataclasses import replace

from segued.matching.confidence import decide
from segued.matching.evidence import PassageEvidence
from segued.model import FileId
from segued.phases.album.imported_ids import with_imported_ids
from segued.store.imported_facts import FileIds
from tests.matching.sample_evidence import candidate, passage_of, recording

FILE = FileId("f")
SAID = {FILE: {"beets": FileIds("r-beets", "a-beets", "2019-03-02T00:00:00+00:00")}}


def bare(number: int = 0, *, tagged: bool = False) -> PassageEvidence:
    """Return a passage of the file that no tag identifies."""
    return replace(passage_of(2, tagged=tagged), key=f"{FILE}:{number}", candidates=())


def test_ids_stand_in_where_the_tags_have_none() -> None:
    """Each kind by itself, and what was said is kept in any case."""
    (nothing,) = with_imported_ids([bare()], SAID)
    tagged = replace(bare(), recording_mbid="r-tag")
    (half,) = with_imported_ids([tagged], SAID)

    assert (nothing.recording_mbid, nothing.recording_by) == ("r-beets", "beets")
    assert (half.recording_mbid, half.recording_by) == ("r-tag", "")
    assert (half.release_mbid, half.release_by) == ("a-beets", "beets")
    text = "recording r-beets, release a-beets, added 2019-03-02"
    assert nothing.said == half.said == (("beets", text),)


def test_the_recording_of_a_file_is_not_that_of_its_passages() -> None:
    """The release is that of all of them."""
    passages = with_imported_ids([bare(0), bare(1)], SAID)

    assert [each.recording_mbid for each in passages] == [None, None]
    assert [each.release_mbid for each in passages] == ["a-beets", "a-beets"]


def test_other_files_are_left_alone() -> None:
    """Evidence is of one file."""
    other = replace(bare(), key="g:0")

    assert with_imported_ids([other], SAID) == (other,)


def test_an_id_of_another_program_alone_is_barely_medium() -> None:
    """An id in the tags beside names counts more; neither is High."""
    (said,) = with_imported_ids([bare(tagged=True)], SAID)
    in_tags = replace(said, recording_by="")

    by_beets = decide(said, track=None, release=None, recordings={})
    by_tags = decide(in_tags, track=None, release=None, recordings={})

    assert by_beets.confidence == by_tags.confidence == "Medium"
    assert by_beets.score < by_tags.score
    assert by_beets.reason == "beets names the recording; unconfirmed"
    assert by_tags.reason == "the tags name the recording; unconfirmed"


def test_with_sound_and_names_it_decides_between_rivals() -> None:
    """Of two recordings with one sound and the same names."""
    one, two = (recording(mbid, "Blue Winter", 214) for mbid in ("r-other", "r-beets"))
    heard = replace(
        bare(tagged=True),
        acoustid_answered=True,
        candidates=(candidate(one), candidate(two)),
    )
    recordings = {each.mbid: each for each in (one, two)}

    undecided = decide(heard, track=None, release=None, recordings=recordings)
    (said,) = with_imported_ids([heard], SAID)
    decided = decide(said, track=None, release=None, recordings=recordings)

    assert undecided.confidence != "High"
    assert decided.recording is not None
    assert (decided.recording.mbid, decided.confidence) == ("r-beets", "High")
    assert decided.reason.endswith("; beets names the same recording")


def test_an_id_that_was_not_heard_is_a_doubt() -> None:
    """The sound comes first, and the match says who names another recording."""
    one = recording("r-other", "Blue Winter", 214)
    heard = replace(
        bare(tagged=True),
        acoustid_answered=True,
        candidates=(candidate(one),),
    )

    (said,) = with_imported_ids([heard], SAID)
    decided = decide(said, track=None, release=None, recordings={one.mbid: one})

    assert decided.recording is not None
    assert (decided.recording.mbid, decided.confidence) == ("r-other", "Medium")
    assert "beets names a recording without this fingerprint" in decided.reason
    assert decided.evidence["id from beets"] == "r-beets, not among the candidates"
