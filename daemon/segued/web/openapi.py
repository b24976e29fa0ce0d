"""The description of the API, made from the routes themselves."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from segued.web.route import Route

__all__ = ["described"]

ERROR: Final = "Error"
WHY: Final = {
    400: "What is asked makes no sense.",
    401: "The token is missing.",
    403: "Another page sent it.",
    404: "There is no such thing.",
    408: "The request did not arrive in time.",
    409: "It cannot be done now.",
    413: "Too much is sent.",
    415: "What is sent is not application/json.",
    416: "There is no such range.",
    421: "The page is not known by this name.",
    503: "The library cannot be used at the moment, or too much is asked at once.",
}
ALWAYS: Final = (400, 401, 403, 408, 413, 421)


class Error(msgspec.Struct, frozen=True):
    """Why there is no answer."""

    code: str
    detail: str


class Refusal(msgspec.Struct, frozen=True):
    """An answer that says why there is none."""

    error: Error


def described(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """Return the description of some routes, as OpenAPI 3.1."""
    routes = tuple(routes)
    kinds: list[Any] = [Refusal]
    for route in routes:
        kinds += [each for each in (route.query, route.body) if each is not None]
        kinds += _answers(route)
    schemas, components = msgspec.json.schema_components(
        kinds, ref_template="#/components/schemas/{name}"
    )
    by_kind = dict(zip(map(id, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, by_kind, components)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "segued",
            "version": version,
            "description": "What the daemon is asked and told. Positions are ticks,"
            " 28,224,000 a second.",
        },
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(
    route: Route, by_kind: Mapping[int, Any], components: Mapping[str, Any]
) -> dict[str, Any]:
    refusal = {"application/json": {"schema": by_kind[id(Refusal)]}}
    answers = [by_kind[id(kind)] for kind in _answers(route)]
    if not answers:
        content: dict[str, Any] = {route.answer.partition(";")[0]: {"schema": {}}}
    else:
        schema = answers[0] if len(answers) == 1 else {"anyOf": answers}
        content = {"application/json": {"schema": schema}}
    responses = {"200": {"description": route.summary, "content": content}}
    statuses = {*ALWAYS, *route.also}
    if route.body is not None:
        statuses.add(415)
    for status in sorted(statuses):
        partly = status == 206  # noqa: PLR2004
        responses[str(status)] = {
            "description": "A part of it." if partly else WHY[status],
            "content": content if partly else refusal,
        }
    operation: dict[str, Any] = {
        "summary": route.summary,
        "parameters": [*_in_path(route.path), *_in_query(route, by_kind, components)],
        "responses": responses,
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": by_kind[id(route.body)]}},
        }
    return operation


def _answers(route: Route) -> tuple[Any, ...]:
    """Return the types of a route's answer; none, if it is no JSON."""
    if isinstance(route.answer, str):
        return ()
    return route.answer if isinstance(route.answer, tuple) else (route.answer,)


def _in_path(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
            **({"example": "current"} if name == "session" else {}),
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _in_query(
    route: Route, by_kind: Mapping[int, Any], components: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    name = by_kind[id(route.query)]["$ref"].rpartition("/")[2]
    properties = components[name]["properties"]
    nothing = {"type": "string", "maxLength": 0}
    return [
        {"name": each, "in": "query", "schema": {"anyOf": [schema, nothing]}}
        for each, schema in properties.items()
    ]
