"""The front desk of a service: it records, limits, spoils and sends."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from tests.world.faults import Script
from tests.world.limits import Limit
from tests.world.traffic import Answer, Request, Service, masked, question_of, send

__all__ = ["Desk"]

RECORD: Final = web.RequestKey("record", Request)


class Desk:
    """One service, over HTTP.

    Args:
        service: What answers.
        limit: What it lets through; None is everything.
        clock: Seconds from any moment on.
        requests: Where every request is put on record.
        keys_in_urls: And where those that show an API key in their address.
    """

    def __init__(
        self,
        service: Service,
        *,
        limit: Limit | None,
        clock: Callable[[], float],
        requests: list[Request],
        keys_in_urls: list[Request],
    ) -> None:
        self.name: Final = service.name
        self.script: Final = Script()
        self._service = service
        self._limit = limit
        self._clock = clock
        self._requests = requests
        self._keys_in_urls = keys_in_urls

    def application(self) -> web.Application:
        """Return what answers every request below the service's base URL."""
        application = web.Application(client_max_size=16 << 20)
        application.router.add_route("*", "/{path:.*}", self._serve)
        application.on_response_prepare.append(_put_status_on_record)
        return application

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        at = self._clock()
        try:
            question = await question_of(request, self.name)
        except web.RequestPayloadError as error:
            raise web.HTTPBadRequest(text="The body cannot be unpacked.") from error
        record = Request(
            service=self.name,
            method=question.method,
            path=request.path,
            query=masked(question.query),
            form=masked(question.form),
            at=at,
            user_agent=question.user_agent,
            pieces=self._service.pieces(question),
        )
        request[RECORD] = record
        self._requests.append(record)
        if "client" in question.query:
            self._keys_in_urls.append(record)

        client = request.remote or ""
        wait_seconds = self._limit.admit(client) if self._limit else 0.0
        if wait_seconds:
            record.limited = True
            refusal = self._service.over_limit(wait_seconds)
            return await send(request, self._with_standing(refusal, client))
        proper = self._with_standing(self._service.answer(question), client)
        fault = self.script.take()
        return await (fault.send(request, proper) if fault else send(request, proper))

    def _with_standing(self, answer: Answer, client: str) -> Answer:
        if self._limit is None:
            return answer
        standing = self._limit.standing(client)
        return answer.with_headers(self._service.standing_headers(standing))


async def _put_status_on_record(
    request: web.Request, response: web.StreamResponse
) -> None:
    record = request.get(RECORD)
    reachable = request.transport is not None and not request.transport.is_closing()
    if record is not None and reachable:
        record.status = response.status
