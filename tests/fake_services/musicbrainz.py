"""MusicBrainz: releases and recordings.

    GET /ws/2/release/<mbid>                       lookup
    GET /ws/2/recording/<mbid>                     lookup
    GET /ws/2/release?release-group=<mbid>         browse
    GET /ws/2/release?query=release:"..." AND ...  search
    GET /ws/2/recording?query=rid:(a OR b)         search

A lookup or a browse sends the fields that `inc` requests, as far as the document
has them. A lookup of an entity whose document is `{"merged-into": "<mbid>"}` is
redirected; a search does not find it. A request without a proper User-Agent is refused.
"""

import json
import math
import re
import time
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from tests.fake_services.answers import Answers, Document, document, musicbrainz_path
from tests.fake_services.messages import (
    JSON,
    ServiceName,
    ServiceRequest,
    ServiceResponse,
)
from tests.fake_services.rate_limits import QuotaState
from tests.fake_services.response_faults import StatusFault
from tests.fake_services.search import (
    ReleaseIndex,
    ids_in,
    recordings_by_id,
    recordings_by_name,
    track_count,
)

__all__ = ["ALL_MAX", "ALL_SECONDS", "BURST", "BUSY", "PER_SECOND", "MusicBrainz"]

PER_SECOND: Final = 1.0
BURST: Final = 2
"""One request a second on average from each client, with a burst of two."""

ALL_MAX: Final = 80
ALL_SECONDS: Final = 20.0
"""At most ALL_MAX requests in ALL_SECONDS from all clients together."""

PAGE_DEFAULT: Final = 25
PAGE_MAX: Final = 100
PAGE_TRACKS_MAX: Final = 500

HELP: Final = "For usage, please see: https://musicbrainz.org/development/mmd"

MBID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

VALID_USER_AGENT: Final = re.compile(
    r"[^/()]+/[^\s()]+\s+\([^()]*(?:@|://|\w\.\w)[^()]*\)"
)
"""`name/1.0 (contact)`, where a contact is a mail address or a URL."""

INC_WORDS: Final = {
    "artist-credit": {"artists", "artist-credits"},
    "isrcs": {"isrcs"},
    "media": {"media", "recordings", "discids"},
    "release-group": {"release-groups"},
    "releases": {"releases"},
    "tracks": {"recordings"},
}
"""The words of `inc` that include a field. `relations` has many, all in `-rels`."""


@dataclass(slots=True)
class MusicBrainz:
    """The service. Its search index has the releases that exist at the first search."""

    answers: Answers
    _index: ReleaseIndex = field(init=False)

    def __post_init__(self) -> None:
        self._index = ReleaseIndex(self.answers)

    @property
    def name(self) -> ServiceName:
        """The service's name, the first segment of its base URL's path."""
        return "musicbrainz"

    def item_count(self, request: ServiceRequest) -> int:
        """Return how many recordings are searched by id, or 1 for another request."""
        return len(ids_in(request.query.get("query", "")) or [""])

    def respond(self, request: ServiceRequest) -> ServiceResponse:
        """Answer a lookup, a browse or a search."""
        if not VALID_USER_AGENT.match(request.user_agent):
            return _error(403, "Your User-Agent says neither who you are nor where.")
        if not _wants_json(request):
            return _error(406, "Invalid format. Use fmt=json or an Accept header.")
        match request.path:
            case ("ws", "2", ("release" | "recording") as kind, mbid):
                return self._lookup(kind, mbid.lower(), _inc(request.query))
            case ("ws", "2", ("release" | "recording") as kind):
                return self._search_or_browse(kind, request.query)
            case _:
                return _error(404, "Not Found")

    def over_limit(self, wait_seconds: float) -> ServiceResponse:
        """Return the response to a request that came `wait_seconds` too early."""
        answer = ServiceResponse.from_json({"error": RATE_LIMIT_MESSAGE}, 503)
        return answer.with_headers(
            {"Retry-After": str(max(1, math.ceil(wait_seconds)))}
        )

    def quota_headers(self, quota: QuotaState) -> dict[str, str]:
        """Return the headers with the remaining quota of all clients together."""
        reset = math.ceil(time.time() + quota.reset_seconds)
        return {
            "X-RateLimit-Limit": str(quota.limit),
            "X-RateLimit-Remaining": str(quota.remaining),
            "X-RateLimit-Reset": str(reset),
        }

    def _lookup(self, kind: str, mbid: str, inc: set[str]) -> ServiceResponse:
        if not re.fullmatch(MBID, mbid):
            return _error(400, "Invalid mbid.")
        content = document(self.answers, musicbrainz_path(kind, mbid))
        if content is None:
            return _error(404, "Not Found")
        if "merged-into" in content:
            words = urlencode({"fmt": "json", "inc": " ".join(sorted(inc))})
            target = f"/musicbrainz/ws/2/{kind}/{content['merged-into']}?{words}"
            return ServiceResponse(301, b"", {"Location": target})
        return ServiceResponse.from_json(_select_fields(content, inc))

    def _search_or_browse(self, kind: str, query: dict[str, str]) -> ServiceResponse:
        if kind == "release" and "release-group" in query:
            return self._browse(query["release-group"].lower(), query)
        if kind == "release" and "query" in query:
            return _page("releases", self._index.search(query["query"]), query)
        if "query" in query:
            ids = ids_in(query["query"])
            if ids is None:
                named = recordings_by_name(self.answers, query["query"])
                return _page("recordings", named, query)
            return _page("recordings", recordings_by_id(self.answers, ids), query)
        message = "The given parameters do not match any available query type"
        return _error(400, f"{message} for the {kind} resource.")

    def _browse(self, group: str, query: dict[str, str]) -> ServiceResponse:
        if not re.fullmatch(MBID, group):
            return _error(400, "Invalid mbid.")
        release_group = document(self.answers, musicbrainz_path("release-group", group))
        if release_group is None:
            return _error(404, "Not Found")
        inc = _inc(query)
        offset = _number(query.get("offset"), default=0)
        releases: list[Document] = []
        tracks = 0
        for mbid in release_group["releases"][offset : offset + _page_size(query)]:
            release = document(self.answers, musicbrainz_path("release", mbid))
            if release is None:
                raise LookupError(f"{group} has a release that is not there: {mbid}")
            tracks += sum(track_count(medium) for medium in release.get("media") or ())
            if "recordings" in inc and releases and tracks > PAGE_TRACKS_MAX:
                break
            releases.append(_select_fields(release, inc))
        count = len(release_group["releases"])
        return ServiceResponse.from_json(
            {"releases": releases, "release-count": count, "release-offset": offset}
        )


RATE_LIMIT_MESSAGE: Final = (
    "Your requests are exceeding the allowable rate limit. Please see "
    "http://wiki.musicbrainz.org/XMLWebService for more information."
)

BUSY_MESSAGE: Final = (
    "The MusicBrainz web server is currently busy. Please try again later."
)

BUSY: Final = StatusFault(
    503,
    {"Content-Type": JSON, "Retry-After": "5"},
    json.dumps({"error": BUSY_MESSAGE}).encode(),
)
"""The response of the server when it is overloaded by other clients."""


def _error(status: int, message: str) -> ServiceResponse:
    return ServiceResponse.from_json({"error": message, "help": HELP}, status)


def _wants_json(request: ServiceRequest) -> bool:
    fmt = request.query.get("fmt")
    return fmt == "json" or (fmt is None and "application/json" in request.accept)


def _inc(query: dict[str, str]) -> set[str]:
    return set(re.split(r"[\s+]+", query.get("inc", "").strip())) - {""}


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default


def _page_size(query: dict[str, str]) -> int:
    limit = _number(query.get("limit"), default=PAGE_DEFAULT)
    return min(PAGE_MAX, limit) or PAGE_DEFAULT


def _page(
    name: str, documents: list[Document], query: dict[str, str]
) -> ServiceResponse:
    offset = _number(query.get("offset"), default=0)
    page = documents[offset : offset + _page_size(query)]
    return ServiceResponse.from_json(
        {"count": len(documents), "offset": offset, name: page}
    )


def _select_fields(content: Document, inc: set[str]) -> Document:
    """Return a document with the fields that `inc` requests."""
    hidden = {name for name, words in INC_WORDS.items() if not inc & words}
    if not any(word.endswith("-rels") for word in inc):
        hidden.add("relations")
    selected: Document = _without(content, hidden) if hidden else content
    return selected


def _without(value: Any, names: set[str]) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_without(each, names) for each in value]
    if isinstance(value, dict):
        fields = {name: each for name, each in value.items() if name not in names}
        return {name: _without(each, names) for name, each in fields.items()}
    return value
