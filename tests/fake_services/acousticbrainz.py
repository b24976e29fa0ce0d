"""AcousticBrainz: how recordings sound.

    GET /api/v1/high-level?recording_ids=<mbid>[:n];<mbid>[:n]

Of each recording there is one document, number 0.
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
        """Its name, which begins the path of its base URL."""
        return "acousticbrainz"

    def item_count(self, question: ServiceRequest) -> int:
        """Return how many recordings are asked for."""
        asked = question.query.get("recording_ids", "")
        return len([each for each in asked.split(";") if each])

    def respond(self, question: ServiceRequest) -> ServiceResponse:
        """Answer a request for high-level documents."""
        if question.path != ("api", "v1", "high-level"):
            return _error(404, "Not found")
        asked = question.query.get("recording_ids")
        if not asked:
            return _error(400, "Missing `recording_ids` parameter")
        wanted: dict[str, None] = {}
        for each in asked.split(";"):
            mbid, _, number = each.lower().partition(":")
            if not re.fullmatch(MBID, mbid):
                return _error(400, f"'{mbid}' is not a valid UUID")
            if number in {"", "0"}:
                wanted[mbid] = None
        if len(wanted) > RECORDINGS_MAX:
            return _error(
                400, f"More than {RECORDINGS_MAX} recordings not allowed per request"
            )
        # What else the real one answers: ids that were redirected. Not a recording.
        found: Document = {"mbid_mapping": {}}
        for mbid in wanted:
            known = document(self.answers, high_level_path(mbid))
            if known is not None:
                found[mbid] = {"0": known}
        return ServiceResponse.from_json(found)

    def over_limit(self, wait_seconds: float) -> ServiceResponse:
        """Answer one who asks too often, and may again after that time."""
        answer = _error(429, "You have exceeded your rate limit.")
        return answer.with_headers(
            {"Retry-After": str(max(1, math.ceil(wait_seconds)))}
        )

    def quota_headers(self, standing: QuotaState) -> dict[str, str]:
        """Return the headers that say what is left."""
        reset = math.ceil(standing.reset_seconds)
        return {
            "X-RateLimit-Limit": str(standing.limit),
            "X-RateLimit-Remaining": str(standing.remaining),
            "X-RateLimit-Reset-In": str(reset),
            "X-RateLimit-Reset": str(math.ceil(time.time()) + reset),
        }


def _error(status: int, message: str) -> ServiceResponse:
    return ServiceResponse.from_json({"message": message}, status)
