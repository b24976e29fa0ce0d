"""What others say of how passages sound: AcousticBrainz, and the songs themselves."""

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
    """A passage, and what its flavor can be asked by.

    Attributes:
        mbids: Recordings that it is or may be, the likeliest first.
        has_all_mbids: Whether those are all there will be.
        flavor: How it sounds, as far as is on record.
    """

    stored: StoredPassageFlavor
    span: Span
    mbids: tuple[str, ...]
    has_all_mbids: bool
    flavor: Flavor | None

    @property
    def song(self) -> str | None:
        """The song it is; None also where it is several."""
        songs = self.stored.songs
        return songs[0].song if len(songs) == 1 else None

    @property
    def has_remote_flavor(self) -> bool:
        """Whether AcousticBrainz said so."""
        return self.flavor is not None and self.flavor.source == ACOUSTICBRAINZ


@dataclass(frozen=True, slots=True)
class RemoteAnswers:
    """What AcousticBrainz says, and does not say yet."""

    known: Mapping[str, HighLevelDocument]
    questions: tuple[LookupQuestion, ...] = ()
    not_found: tuple[str, ...] = ()


async def load_subjects(
    context: PhaseContext, file_results: FileResults
) -> list[FlavorSubject]:
    """Return a file's passages in order."""
    stored = await context.store.do(flavors.for_file, file_results.file.id)
    subjects = []
    for each, match in zip(stored, file_results[p06_match.PHASE].matches, strict=True):
        mbid = match.song.song.mbid if match.song else None
        mbids = tuple(dict.fromkeys([*([mbid] if mbid else []), *(match.heard or ())]))
        # With an id there is something to ask; without one, AcoustID may give it.
        has_all_mbids = bool(mbid) or match.heard is not None
        flavor = each.songs[0].flavor if len(each.songs) == 1 else each.flavor
        subjects.append(
            FlavorSubject(each, match.passage.span, mbids, has_all_mbids, flavor)
        )
    return subjects


async def load_remote_answers(
    context: PhaseContext, subjects: Sequence[FlavorSubject]
) -> RemoteAnswers:
    """Return what is known of the recordings that some passages are or may be."""
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
    # One recording of a passage says enough; and of one that is known by other
    # means, only what is there already.
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
    """Return what a document says; nothing, of one that is not understood any more."""
    try:
        return parse_document(raw)
    except ServiceAnswerError:
        return HighLevelDocument({}, "")


def prefers_remote(context: PhaseContext) -> bool:
    """Return whether AcousticBrainz comes before what is heard here, if anybody is."""
    sources = context.config.flavoring.sources
    if ACOUSTICBRAINZ not in sources:
        return False
    return sources[0] == ACOUSTICBRAINZ or local_flavor_source(context) is None


def remote_flavor(subject: FlavorSubject, answers: RemoteAnswers) -> Flavor | None:
    """Return what others say of a passage: its songs, or AcousticBrainz."""
    if len(subject.stored.songs) > 1:
        return _blend_songs(subject)
    found = [answers.known[mbid] for mbid in subject.mbids if mbid in answers.known]
    if not found:
        return None
    text = codec.encode({"characteristics": found[0].characteristics})
    return Flavor(text, ACOUSTICBRAINZ, found[0].version)


def _blend_songs(subject: FlavorSubject) -> Flavor | None:
    """Return how a passage of several songs sounds: each as long as it runs."""
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
