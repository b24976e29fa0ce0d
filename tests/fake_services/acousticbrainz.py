"""AcousticBrainz: high-level descriptors of recordings.

    GET /api/v1/high-level?recording_ids=<mbid>[:n];<mbid>[:n]

Each recording has one document, number 0.
"""

import math
import re
import time
from dataclasses import dataclass
from typing import Final

from tests.fake_services.answers import Answers, Document, document, high_level_path
from tests.fake_services.messages import ServiceName, ServiceRequest, ServiceResponse
from tests.fake_services.rate_limits import QuotaState

__all__ = ["REQUESTS_MAX", "REQUESTS_SECONDS", "AcousticBrainz"]

REQUESTS_MAX: Final = 10
REQUESTS_SECONDS: Final = 10.0
RECORDINGS_MAX: Final = 25

MBID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class AcousticBrainz:
    """The service."""

    answers: Answers

    @property
    def name(self) -> ServiceName:
        """The service's name, the first segment of its base URL's path."""
        return "acousticbrainz"

    def item_count(self, request: ServiceRequest) -> int:
        """Return how many recordings are requested."""
        ids = request.query.get("recording_ids", "")
        return len([each for each in ids.split(";") if each])

    def respond(self, request: ServiceRequest) -> ServiceResponse:
        """Answer a request for high-level documents."""
        if request.path != ("api", "v1", "high-level"):
            return _error(404, "Not found")
        ids = request.query.get("recording_ids")
        if not ids:
            return _error(400, "Missing `recording_ids` parameter")
        mbids: dict[str, None] = {}
        for each in ids.split(";"):
            mbid, _, number = each.lower().partition(":")
            if not re.fullmatch(MBID, mbid):
                return _error(400, f"'{mbid}' is not a valid UUID")
            if number in {"", "0"}:
                mbids[mbid] = None
        if len(mbids) > RECORDINGS_MAX:
            return _error(
                400, f"More than {RECORDINGS_MAX} recordings not allowed per request"
            )
        # The real service also sends this map of redirected ids: not a recording.
        documents: Document = {"mbid_mapping": {}}
        for mbid in mbids:
            content = document(self.answers, high_level_path(mbid))
            if content is not None:
                documents[mbid] = {"0": content}
        return ServiceResponse.from_json(documents)

    def over_limit(self, wait_seconds: float) -> ServiceResponse:
        """Return the response to a request that came `wait_seconds` too early."""
        answer = _error(429, "You have exceeded your rate limit.")
        return answer.with_headers(
            {"Retry-After": str(max(1, math.ceil(wait_seconds)))}
        )

    def quota_headers(self, quota: QuotaState) -> dict[str, str]:
        """Return the headers with the remaining quota."""
        reset = math.ceil(quota.reset_seconds)
        return {
            "X-RateLimit-Limit": str(quota.limit),
            "X-RateLimit-Remaining": str(quota.remaining),
            "X-RateLimit-Reset-In": str(reset),
            "X-RateLimit-Reset": str(math.ceil(time.time()) + reset),
        }


def _error(status: int, message: str) -> ServiceResponse:
    return ServiceResponse.from_json({"message": message}, status)
