"""The front desk of a service: it records, limits, spoils and sends."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from tests.fake_services.messages import (
    FakeService,
    RecordedRequest,
    ServiceResponse,
    mask_api_keys,
    parse_request,
    send_response,
)
from tests.fake_services.rate_limits import RateLimit
from tests.fake_services.response_faults import FaultQueue

__all__ = ["ServiceApp"]

RECORDED_REQUEST: Final = web.RequestKey("record", RecordedRequest)


class ServiceApp:
    """One service, over HTTP.

    Args:
        name: What answers.
        limit: What it lets through; None is everything.
        clock: Seconds from any moment on.
        requests: Where every request is put on record.
        keys_in_urls: And where those that show an API key in their address.
    """

    def __init__(
        self,
        service: FakeService,
        *,
        limit: RateLimit | None,
        clock: Callable[[], float],
        requests: list[RecordedRequest],
        keys_in_urls: list[RecordedRequest],
    ) -> None:
        self.name: Final = service.name
        self.faults: Final = FaultQueue()
        self._service = service
        self._limit = limit
        self._clock = clock
        self._requests = requests
        self._keys_in_urls = keys_in_urls

    def application(self) -> web.Application:
        """Return what answers every request below the service's base URL."""
        application = web.Application(client_max_size=16 << 20)
        application.router.add_route("*", "/{path:.*}", self._serve)
        application.on_response_prepare.append(_record_status)
        return application

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        at = self._clock()
        try:
            question = await parse_request(request, self.name)
        except web.RequestPayloadError as error:
            raise web.HTTPBadRequest(text="The body cannot be unpacked.") from error
        record = RecordedRequest(
            service=self.name,
            method=question.method,
            path=request.path,
            query=mask_api_keys(question.query),
            form=mask_api_keys(question.form),
            at=at,
            user_agent=question.user_agent,
            item_count=self._service.item_count(question),
        )
        request[RECORDED_REQUEST] = record
        self._requests.append(record)
        if "client" in question.query:
            self._keys_in_urls.append(record)

        client = request.remote or ""
        wait_seconds = self._limit.admit(client) if self._limit else 0.0
        if wait_seconds:
            record.rate_limited = True
            refusal = self._service.over_limit(wait_seconds)
            return await send_response(
                request, self._with_quota_headers(refusal, client)
            )
        proper = self._with_quota_headers(self._service.respond(question), client)
        fault = self.faults.next_fault()
        return await (
            fault.send(request, proper) if fault else send_response(request, proper)
        )

    def _with_quota_headers(
        self, answer: ServiceResponse, client: str
    ) -> ServiceResponse:
        if self._limit is None:
            return answer
        standing = self._limit.quota(client)
        return answer.with_headers(self._service.quota_headers(standing))


async def _record_status(request: web.Request, response: web.StreamResponse) -> None:
    record = request.get(RECORDED_REQUEST)
    reachable = request.transport is not None and not request.transport.is_closing()
    if record is not None and reachable:
        record.status = response.status
