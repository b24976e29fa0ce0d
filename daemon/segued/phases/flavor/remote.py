"""Flavors that need no analysis: AcousticBrainz's, and the blend of several songs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from segued.clients.acousticbrainz import HighLevelDocument, parse_document
from segued.errors import ServiceAnswerError
from segued.matching.flavor import blend_flavors
from segued.model import Need, Service, Span
from segued.phases import p06_match
from segued.phases.base import FileResults, PhaseContext
from segued.phases.flavor.results import local_flavor_source
from segued.store import codec, flavors, lookups
from segued.store.flavors import Flavor, StoredPassageFlavor
from segued.store.lookups import LookupQuestion

__all__ = [
    "ACOUSTICBRAINZ",
    "FlavorSubject",
    "RemoteAnswers",
    "load_remote_answers",
    "load_subjects",
    "pending_answer",
    "prefers_remote",
    "remote_flavor",
]

ACOUSTICBRAINZ: Final = "acousticbrainz"


@dataclass(frozen=True, slots=True)
class FlavorSubject:
    """A passage whose flavor is to be found.

    Attributes:
        mbids: The recordings that it is or may be, the most likely first.
        has_all_mbids: Whether AcoustID can add no more.
        flavor: The stored flavor, of its song or its own.
    """

    stored: StoredPassageFlavor
    span: Span
    mbids: tuple[str, ...]
    has_all_mbids: bool
    flavor: Flavor | None

    @property
    def song(self) -> str | None:
        """The id of its song; None if it is no song, or several."""
        songs = self.stored.songs
        return songs[0].song if len(songs) == 1 else None

    @property
    def stands_for_song(self) -> bool:
        """Whether it comes before the passage that its song's flavor is of."""
        analyzed = self.stored.songs[0].analyzed if self.song is not None else None
        return analyzed is not None and self.stored.rank < analyzed

    @property
    def has_remote_flavor(self) -> bool:
        """Whether the stored flavor is by AcousticBrainz."""
        return self.flavor is not None and self.flavor.source == ACOUSTICBRAINZ


@dataclass(frozen=True, slots=True)
class RemoteAnswers:
    """The stored answers of AcousticBrainz, and the open questions.

    Attributes:
        known: The documents with a flavor, by recording.
        questions: Questions that AcousticBrainz has not answered yet.
        not_found: Recordings that it does not know.
    """

    known: Mapping[str, HighLevelDocument]
    questions: tuple[LookupQuestion, ...] = ()
    not_found: tuple[str, ...] = ()


async def load_subjects(
    context: PhaseContext, file_results: FileResults
) -> list[FlavorSubject]:
    """Return the passages of a file, in order."""
    stored = await file_results.read(
        context.store, flavors.for_file, file_results.file.id
    )
    subjects = []
    for each, match in zip(stored, file_results[p06_match.PHASE].matches, strict=True):
        mbid = match.song.song.mbid if match.song else None
        mbids = tuple(dict.fromkeys([*([mbid] if mbid else []), *(match.heard or ())]))
        # With the song's id no other is needed; without it, AcoustID may list some.
        has_all_mbids = bool(mbid) or match.heard is not None
        flavor = each.songs[0].flavor if len(each.songs) == 1 else each.flavor
        subjects.append(
            FlavorSubject(each, match.passage.span, mbids, has_all_mbids, flavor)
        )
    return subjects


async def load_remote_answers(
    context: PhaseContext, subjects: Sequence[FlavorSubject]
) -> RemoteAnswers:
    """Return the documents of the recordings that some passages are or may be."""
    if ACOUSTICBRAINZ not in context.config.flavoring.sources:
        return RemoteAnswers({})
    undecided = [each for each in subjects if not each.has_remote_flavor]
    every = list(dict.fromkeys(mbid for each in undecided for mbid in each.mbids))
    answers = await context.store.do(
        lookups.cached_answers, Service.ACOUSTICBRAINZ, every
    )
    documents = {mbid: _parse_document(raw) for mbid, raw in answers.items() if raw}
    known = {mbid: found for mbid, found in documents.items() if found.characteristics}
    if not prefers_remote(context):
        return RemoteAnswers(known)
    # One document for a passage is enough; for a passage that has a flavor already,
    # only stored documents are used.
    left = [
        each.mbids
        for each in undecided
        if known.keys().isdisjoint(each.mbids) and each.flavor is None
    ]
    mbids = list(dict.fromkeys(mbid for each in left for mbid in each))
    return RemoteAnswers(
        known,
        tuple(LookupQuestion(mbid, mbid) for mbid in mbids if mbid not in answers),
        tuple(mbid for mbid in mbids if answers.get(mbid) == b""),
    )


def _parse_document(raw: bytes) -> HighLevelDocument:
    """Parse a document; return an empty one if this version cannot parse it."""
    try:
        return parse_document(raw)
    except ServiceAnswerError:
        return HighLevelDocument({}, "")


def prefers_remote(context: PhaseContext) -> bool:
    """Return whether AcousticBrainz comes before local analysis, or is the only one."""
    sources = context.config.flavoring.sources
    if ACOUSTICBRAINZ not in sources:
        return False
    return sources[0] == ACOUSTICBRAINZ or local_flavor_source(context) is None


def remote_flavor(subject: FlavorSubject, answers: RemoteAnswers) -> Flavor | None:
    """Return the flavor by AcousticBrainz, or the blend of a passage's songs."""
    if len(subject.stored.songs) > 1:
        return _blend_songs(subject)
    found = [answers.known[mbid] for mbid in subject.mbids if mbid in answers.known]
    if not found:
        return None
    text = codec.encode({"characteristics": found[0].characteristics})
    return Flavor(text, ACOUSTICBRAINZ, found[0].version)


def _blend_songs(subject: FlavorSubject) -> Flavor | None:
    """Return the blend of several songs' flavors, weighted by their lengths.

    None if a song has no flavor, or the flavors are from different sources.
    """
    songs = [
        (each.flavor, each.length or subject.span.length)
        for each in subject.stored.songs
    ]
    known = [(flavor, length) for flavor, length in songs if flavor is not None]
    if len(known) < len(songs) or len({flavor.source for flavor, _ in known}) > 1:
        return None
    parts = [
        (codec.decode(flavor.text, dict)["characteristics"], float(length))
        for flavor, length in known
    ]
    text = codec.encode({"characteristics": blend_flavors(parts)})
    return Flavor(text, known[0][0].source, known[0][0].version)


def pending_answer(
    context: PhaseContext, subject: FlavorSubject, answers: RemoteAnswers
) -> Need | None:
    """Return the service whose answer may soon give a flavor; None if there is none.

    ACOUSTID: the passage has no recording id yet by which AcousticBrainz could be
    queried. That answer runs phase 5 again, and this phase after it.
    """
    if not (
        prefers_remote(context) and context.service_available(Service.ACOUSTICBRAINZ)
    ):
        return None
    unanswered = {question.key for question in answers.questions} & set(subject.mbids)
    if unanswered:
        return Need.ACOUSTICBRAINZ
    if not subject.has_all_mbids and context.service_available(Service.ACOUSTID):
        return Need.ACOUSTID
    return None
