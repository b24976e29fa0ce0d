"""The outside services, each as a desk: what one request to it may hold."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from segued.clients import acousticbrainz
from segued.clients.acousticbrainz import AcousticBrainz
from segued.clients.acoustid import PIECES_MAX, AcoustId, Asked, candidates
from segued.clients.http import Session
from segued.clients.musicbrainz import (
    RECORDINGS_MAX,
    MusicBrainz,
    found_releases,
    releases_in,
)
from segued.clients.rate_limit import Clock
from segued.clients.service_client import Service
from segued.config.sections import Services
from segued.store import codec
from segued.store.lookups import Answered, Question

__all__ = ["Desk", "desks"]

Ask = Callable[[Sequence[Question]], Awaitable[Sequence[Answered]]]


@dataclass(slots=True)
class Desk:
    """One service, as it is asked here.

    Attributes:
        name: As the files that wait for it call it.
        ask: Asks some questions in one request.
        batches: What may go into one request: the beginning of their keys,
            and how many. In the order in which they are asked.
        usable: Whether it answers, as far as one knows.
        waits: How long it will not.
        how: How it is, in a word.
        rate: Requests that may be started in a second.
        sent: Requests that were sent.
        width: Requests under way at once.
        refused: Why it is not asked any more; None while it is.
    """

    name: str
    ask: Ask
    batches: Sequence[tuple[str, int]]
    usable: Callable[[], bool]
    waits: Callable[[], float]
    how: Callable[[], str]
    rate: float
    sent: Callable[[], int]
    width: int = 2
    refused: str | None = None
    busy: set[str] = field(default_factory=set)

    @property
    def open(self) -> bool:
        """Whether a question may be answered soon."""
        return self.refused is None and self.usable()

    @property
    def state(self) -> str:
        """How it is, in words."""
        return self.refused or self.how()


def _acoustid_desk(client: AcoustId, *, keyed: bool) -> Desk:
    """Return the desk of AcoustID: twenty fingerprints a request."""

    async def ask(questions: Sequence[Question]) -> list[Answered]:
        pieces = [codec.decode(question.text, Asked) for question in questions]
        raws = await client.lookup(pieces)
        return [
            Answered(question, raw, nothing=raw is not None and not candidates(raw))
            for question, raw in zip(questions, raws, strict=True)
        ]

    return Desk(
        "acoustid",
        ask,
        [("", PIECES_MAX)],
        lambda: client.service.usable,
        lambda: client.service.waits_seconds,
        lambda: client.service.state,
        client.service.rate,
        lambda: client.service.sent,
        refused=None if keyed else "no key is set (acoustid_api_key)",
    )


def _musicbrainz_desk(client: MusicBrainz) -> Desk:
    """Return the desk of MusicBrainz: a release, or up to 100 recordings."""

    async def ask(questions: Sequence[Question]) -> list[Answered]:
        kind, _, what = questions[0].key.partition(":")
        if kind == "recording":
            wanted = [question.key.partition(":")[2] for question in questions]
            found = await client.recordings(wanted)
            return [
                Answered(question, found.get(mbid, b""), nothing=mbid not in found)
                for question, mbid in zip(questions, wanted, strict=True)
            ]
        (question,) = questions
        if kind == "release":
            raw = await client.release(what)
            return [Answered(question, raw or b"", nothing=raw is None)]
        if kind == "group":
            raw = await client.release_group(what)
            return [Answered(question, raw, nothing=not releases_in(raw))]
        # Not by the number of tracks: albums are rarely whole.
        artist, title = json.loads(what)
        raw = await client.search(artist, title, None)
        return [Answered(question, raw, nothing=not found_releases(raw))]

    return Desk(
        "musicbrainz",
        ask,
        [
            ("release:", 1),
            ("group:", 1),
            ("search:", 1),
            ("recording:", RECORDINGS_MAX),
        ],
        lambda: client.service.usable,
        lambda: client.service.waits_seconds,
        lambda: client.service.state,
        client.service.rate,
        lambda: client.service.sent,
        width=4,
    )


def _acousticbrainz_desk(client: AcousticBrainz) -> Desk:
    """Return the desk of AcousticBrainz: 25 recordings a request."""

    async def ask(questions: Sequence[Question]) -> list[Answered]:
        found = await client.high_level([question.key for question in questions])
        return [
            Answered(
                question,
                found.get(question.key, b""),
                nothing=question.key not in found,
            )
            for question in questions
        ]

    return Desk(
        "acousticbrainz",
        ask,
        [("", acousticbrainz.RECORDINGS_MAX)],
        lambda: client.service.usable,
        lambda: client.service.waits_seconds,
        lambda: client.service.state,
        client.service.rate,
        lambda: client.service.sent,
        width=1,
    )


def desks(
    session: Session,
    services: Services,
    key: str | None,
    clock: Clock,
    *,
    flavor: bool,
) -> tuple[Desk, ...]:
    """Return all of them, asked through one session.

    Args:
        session: From `segued.clients.http.open_session`.
        services: Where they are, and how often each may be asked.
        key: AcoustID's; None if there is none.
        clock: What the rates go by.
        flavor: Whether AcousticBrainz is asked as well.
    """

    def service(name: str, url: str, rate: float) -> Service:
        return Service(
            name, url, rate=rate, session=session, clock=clock, limits=services
        )

    acoustid = service("AcoustID", services.acoustid_url, services.acoustid_rate)
    musicbrainz = service(
        "MusicBrainz", services.musicbrainz_url, services.musicbrainz_rate
    )
    known = (
        _acoustid_desk(AcoustId(acoustid, key), keyed=key is not None),
        _musicbrainz_desk(MusicBrainz(musicbrainz)),
    )
    if not flavor:
        return known
    sounds = service(
        "AcousticBrainz", services.acousticbrainz_url, services.acousticbrainz_rate
    )
    return (*known, _acousticbrainz_desk(AcousticBrainz(sounds)))
