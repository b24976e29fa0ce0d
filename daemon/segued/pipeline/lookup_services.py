"""The services for lookups: how stored questions become requests to each of them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from segued.clients import acousticbrainz
from segued.clients.acousticbrainz import AcousticBrainz
from segued.clients.acoustid import (
    QUERIES_MAX,
    AcoustId,
    FingerprintQuery,
    parse_candidates,
)
from segued.clients.clock import Clock
from segued.clients.http import HttpSession
from segued.clients.musicbrainz import (
    NOT_IN_SEARCH,
    RECORDINGS_MAX,
    MusicBrainz,
    parse_recording,
    parse_releases,
    parse_search,
)
from segued.clients.service_client import ServiceClient
from segued.config.sections import ServicesSection
from segued.errors import ServiceAnswerError
from segued.matching.evidence import Edition, Recording
from segued.model import Service
from segued.pipeline.shared_requests import SharedRequests
from segued.store import codec
from segued.store.lookup_keys import LookupKey, LookupKind
from segued.store.lookups import LookupAnswer, LookupQuestion

__all__ = ["LookupService", "lookup_services"]

SearchRecordings = Callable[[str, str], Awaitable[tuple[Recording, ...]]]
SearchEditions = Callable[[str, str], Awaitable[tuple[Edition, ...]]]
SendBatch = Callable[[Sequence[LookupQuestion]], Awaitable[Sequence[LookupAnswer]]]


@dataclass(slots=True)
class LookupService:
    """One service, as the dispatcher uses it.

    Attributes:
        name: Its name in the library, in checkpoints and questions.
        send_batch: Sends some questions in one request and returns their answers.
        batches: Which questions may share a request: the prefix of their keys, and
            how many at most; the first with open questions is sent first.
        is_reachable: Returns whether it answers, as far as is known.
        retry_in: Returns for how many seconds no request will be sent to it.
        state_word: Returns its state, in a word or two.
        rate: Requests that may be started in a second.
        sent: Returns how many requests were sent.
        concurrency: How many requests may be open at once.
        refusal: Why no more requests are sent to it; None while they are.
        in_flight: Keys of the questions that are being sent.
        collecting: Kinds of which a sender collects questions for a request.
        shared: Which questions may share a request.
        search_recordings: Searches recordings by artist and title, for a person; None
            if the service has no such search.
        search_editions: The same for releases.
    """

    name: Service
    send_batch: SendBatch
    batches: Sequence[tuple[LookupKind, int]]
    is_reachable: Callable[[], bool]
    retry_in: Callable[[], float]
    state_word: Callable[[], str]
    rate: float
    sent: Callable[[], int]
    concurrency: int = 2
    refusal: str | None = None
    in_flight: set[str] = field(default_factory=set)
    collecting: set[LookupKind] = field(default_factory=set)
    shared: SharedRequests = field(default_factory=SharedRequests)
    search_recordings: SearchRecordings | None = None
    search_editions: SearchEditions | None = None

    @property
    def is_usable(self) -> bool:
        """Whether it may answer a question soon."""
        return self.refusal is None and self.is_reachable()

    @property
    def state(self) -> str:
        """Its state, in words; why it refuses, if it does."""
        return self.refusal or self.state_word()


def _acoustid_lookups(client: AcoustId, *, has_key: bool) -> LookupService:
    """Return AcoustID's lookups: up to `QUERIES_MAX` fingerprints a request."""

    async def send_batch(questions: Sequence[LookupQuestion]) -> list[LookupAnswer]:
        queries = [
            codec.decode(question.text, FingerprintQuery) for question in questions
        ]
        outcomes = await client.lookup(queries)
        return [
            LookupAnswer(question, None, failure=outcome.detail)
            if isinstance(outcome, ServiceAnswerError)
            else LookupAnswer(
                question,
                outcome,
                not_found=outcome is not None and not parse_candidates(outcome),
            )
            for question, outcome in zip(questions, outcomes, strict=True)
        ]

    return LookupService(
        Service.ACOUSTID,
        send_batch,
        [(LookupKind.ONLY, QUERIES_MAX)],
        lambda: client.service.is_available,
        lambda: client.service.wait_seconds,
        lambda: client.service.state,
        client.service.rate,
        lambda: client.service.requests_sent,
        refusal=None if has_key else "no key is set (acoustid_api_key)",
    )


def _musicbrainz_lookups(client: MusicBrainz) -> LookupService:
    """Return MusicBrainz's lookups: one release, or `RECORDINGS_MAX` recordings."""

    async def send_batch(questions: Sequence[LookupQuestion]) -> list[LookupAnswer]:
        keys = [LookupKey.parse(question.key) for question in questions]
        kind, argument = keys[0].kind, keys[0].argument
        if kind is LookupKind.RECORDING:
            mbids = [key.argument for key in keys]
            found = await client.recordings(mbids)
            return [
                LookupAnswer(question, None, failure=outcome.detail)
                if isinstance(
                    outcome := found.get(mbid, NOT_IN_SEARCH), ServiceAnswerError
                )
                else LookupAnswer(question, outcome)
                for question, mbid in zip(questions, mbids, strict=True)
            ]
        (question,) = questions
        if kind is LookupKind.RELEASE:
            raw = await client.release(argument)
            mbid = parse_releases(raw)[0].mbid if raw else argument
            return _answers_by_id(question, raw, LookupKind.RELEASE, mbid)
        if kind is LookupKind.RECORDING_BY_ID:
            raw = await client.recording(argument)
            mbid = parse_recording(raw).mbid if raw else argument
            return _answers_by_id(question, raw, LookupKind.RECORDING, mbid)
        if kind is LookupKind.RELEASE_GROUP:
            raw = await client.release_group(argument)
            return [LookupAnswer(question, raw, not_found=not parse_releases(raw))]
        # Without the number of tracks: albums in a library are rarely complete.
        artist, title = keys[0].searched_names
        raw = await client.search(artist, title, None)
        return [LookupAnswer(question, raw, not_found=not parse_search(raw))]

    return LookupService(
        Service.MUSICBRAINZ,
        send_batch,
        [
            (LookupKind.RELEASE, 1),
            (LookupKind.RELEASE_GROUP, 1),
            (LookupKind.SEARCH, 1),
            (LookupKind.RECORDING, RECORDINGS_MAX),
            (LookupKind.RECORDING_BY_ID, 1),
        ],
        lambda: client.service.is_available,
        lambda: client.service.wait_seconds,
        lambda: client.service.state,
        client.service.rate,
        lambda: client.service.requests_sent,
        concurrency=4,
        search_recordings=client.search_recordings,
        search_editions=client.search_editions,
    )


def _answers_by_id(
    question: LookupQuestion, raw: bytes | None, kind: LookupKind, mbid: str
) -> list[LookupAnswer]:
    """Return the answer to a lookup by id, and to the same lookup by the current id.

    Args:
        question: The question.
        raw: The description; None if nothing has the id.
        kind: The kind of question that the description answers as well.
        mbid: The id in the description: another one if that in the question is merged.
    """
    if raw is None:
        return [LookupAnswer(question, b"", not_found=True)]
    asked = LookupKey.parse(question.key).argument
    merged_into = mbid if mbid != asked else None
    answers = [LookupAnswer(question, raw, merged_into=merged_into)]
    current = str(LookupKey(kind, mbid))
    if current != question.key:
        answers.append(
            LookupAnswer(LookupQuestion(current, codec.encode(current)), raw)
        )
    return answers


def _acousticbrainz_lookups(client: AcousticBrainz) -> LookupService:
    """Return AcousticBrainz's lookups: `RECORDINGS_MAX` recordings a request."""

    async def send_batch(questions: Sequence[LookupQuestion]) -> list[LookupAnswer]:
        found = await client.high_level([question.key for question in questions])
        return [
            LookupAnswer(
                question,
                found.get(question.key, b""),
                not_found=question.key not in found,
            )
            for question in questions
        ]

    return LookupService(
        Service.ACOUSTICBRAINZ,
        send_batch,
        [(LookupKind.ONLY, acousticbrainz.RECORDINGS_MAX)],
        lambda: client.service.is_available,
        lambda: client.service.wait_seconds,
        lambda: client.service.state,
        client.service.rate,
        lambda: client.service.requests_sent,
        concurrency=1,
    )


def lookup_services(
    session: HttpSession,
    services: ServicesSection,
    acoustid_key: str | None,
    clock: Clock,
    *,
    with_acousticbrainz: bool,
) -> tuple[LookupService, ...]:
    """Return the lookups of all services, which share one HTTP session.

    Args:
        session: From `segued.clients.http.open_session`.
        services: The addresses, rates and limits of the services.
        acoustid_key: The API key for AcoustID; None if none is set.
        clock: The clock of the rate limits.
        with_acousticbrainz: Whether AcousticBrainz is used as well.
    """

    def make_client(name: str, url: str, rate: float) -> ServiceClient:
        return ServiceClient(
            name, url, rate=rate, session=session, clock=clock, limits=services
        )

    acoustid = make_client("AcoustID", services.acoustid_url, services.acoustid_rate)
    musicbrainz = make_client(
        "MusicBrainz", services.musicbrainz_url, services.musicbrainz_rate
    )
    always = (
        _acoustid_lookups(
            AcoustId(acoustid, acoustid_key), has_key=acoustid_key is not None
        ),
        _musicbrainz_lookups(MusicBrainz(musicbrainz)),
    )
    if not with_acousticbrainz:
        return always
    acousticbrainz_client = make_client(
        "AcousticBrainz", services.acousticbrainz_url, services.acousticbrainz_rate
    )
    return (*always, _acousticbrainz_lookups(AcousticBrainz(acousticbrainz_client)))
