"""Folders with more than one release: `segued.phases.album.folder_releases`."""

from dataclasses import replace

from segued.matching.album import AlbumMatch
from segued.matching.evidence import PassageEvidence
from segued.model import FileId
from segued.phases.album.folder_releases import FolderReleases
from segued.phases.album.release_lookup import ReleaseLookup
from segued.store.lookups import LookupQuestion
from tests.matching.sample_evidence import ALBUM, passage_of, release

OTHER = release("other", "Thirty Years On", prefix="o")
QUESTION = LookupQuestion("release:other", '"release:other"')


def passages_of(name: str, album: str | None) -> tuple[PassageEvidence, ...]:
    """Return three passages of an album, each of a file of its own."""
    return tuple(
        replace(passage_of(nth), key=f"{name}{nth}:0", album=album) for nth in (1, 2, 3)
    )


OWN = passages_of("own", ALBUM.title)
STRANGE = passages_of("strange", OTHER.title)
WHOLE = ReleaseLookup(
    AlbumMatch(
        ALBUM,
        {each.key: ALBUM.tracks[nth] for nth, each in enumerate(OWN)},
        confirmed=3,
    ),
    not_found=("search:a",),
)
GROUP = ReleaseLookup(
    AlbumMatch(
        OTHER,
        {each.key: OTHER.tracks[nth] for nth, each in enumerate(STRANGE)},
        confirmed=3,
    ),
    not_found=("search:a", "search:b"),
)
FOLDER = FolderReleases(((WHOLE, (*OWN, *STRANGE)), (GROUP, STRANGE)))


def release_of(folder: FolderReleases, passage: PassageEvidence) -> str | None:
    """Return the id of the release that a passage is compared with."""
    found = folder.lookup_of([passage]).album_match
    return found.release.mbid if found else None


def test_each_file_has_the_release_of_its_group() -> None:
    """In whatever group it is."""
    assert {release_of(FOLDER, each) for each in OWN} == {ALBUM.mbid}
    assert {release_of(FOLDER, each) for each in STRANGE} == {OTHER.mbid}


def test_file_that_names_another_album_is_not_of_the_folders() -> None:
    """One that names none is compared with it, although no track fits."""
    alone = FolderReleases(((WHOLE, (*OWN, *STRANGE)),))
    bare = replace(STRANGE[0], album=None)

    assert release_of(alone, STRANGE[0]) is None
    assert release_of(alone, bare) == ALBUM.mbid


def test_assignments_name_the_release_of_each_group() -> None:
    """With the track of each file."""
    assignments = FOLDER.assignments()

    assert assignments[FileId("own2")] == f"{ALBUM.mbid} 1.2"
    assert assignments[FileId("strange3")] == f"{OTHER.mbid} 1.3"
    alone = FolderReleases(((WHOLE, (*OWN, *STRANGE)),)).assignments()
    assert alone[FileId("strange3")] == f"{ALBUM.mbid} -"


def test_questions_of_all_groups_are_asked_once() -> None:
    """They are those of the folder, for whichever file is matched."""
    waiting = replace(GROUP, album_match=None, questions=(QUESTION, QUESTION))
    folder = FolderReleases(((WHOLE, OWN), (waiting, STRANGE)))

    assert folder.questions == (QUESTION,)
    assert folder.lookup_of(OWN).questions == (QUESTION,)
    assert folder.not_found == ("search:a", "search:b")
