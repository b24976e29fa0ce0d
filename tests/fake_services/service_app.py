"""The HTTP application of a service: records requests, applies limits and faults."""

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

RECORDED_REQUEST: Final = web.RequestKey("recorded", RecordedRequest)


class ServiceApp:
    """One service over HTTP.

    Args:
        service: The service that answers.
        limit: Its rate limits; None applies none.
        clock: Returns seconds from any fixed moment.
        requests: The list to which each request is appended.
        keys_in_urls: The list to which requests with an API key in their URL are
            appended.
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
        """Return an application that answers all requests below the base URL."""
        application = web.Application(client_max_size=16 << 20)
        application.router.add_route("*", "/{path:.*}", self._serve)
        application.on_response_prepare.append(_record_status)
        return application

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        at = self._clock()
        try:
            service_request = await parse_request(request, self.name)
        except web.RequestPayloadError as error:
            raise web.HTTPBadRequest(text="The body cannot be unpacked.") from error
        recorded = RecordedRequest(
            service=self.name,
            method=service_request.method,
            path=request.path,
            query=mask_api_keys(service_request.query),
            form=mask_api_keys(service_request.form),
            at=at,
            user_agent=service_request.user_agent,
            item_count=self._service.item_count(service_request),
        )
        request[RECORDED_REQUEST] = recorded
        self._requests.append(recorded)
        if "client" in service_request.query:
            self._keys_in_urls.append(recorded)

        client = request.remote or ""
        wait_seconds = self._limit.admit(client) if self._limit else 0.0
        if wait_seconds:
            recorded.rate_limited = True
            refusal = self._service.over_limit(wait_seconds)
            return await send_response(
                request, self._with_quota_headers(refusal, client)
            )
        proper = self._with_quota_headers(
            self._service.respond(service_request), client
        )
        fault = self.faults.next_fault()
        return await (
            fault.send(request, proper) if fault else send_response(request, proper)
        )

    def _with_quota_headers(
        self, answer: ServiceResponse, client: str
    ) -> ServiceResponse:
        if self._limit is None:
            return answer
        quota = self._limit.quota(client)
        return answer.with_headers(self._service.quota_headers(quota))


async def _record_status(request: web.Request, response: web.StreamResponse) -> None:
    recorded = request.get(RECORDED_REQUEST)
    reachable = request.transport is not None and not request.transport.is_closing()
    if recorded is not None and reachable:
        recorded.status = response.status
