"""The OpenAPI document, generated from the routes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from segued.web.route import Route

__all__ = ["openapi_document"]

STATUS_DESCRIPTIONS: Final = {
    204: "There is nothing to return.",
    400: "The request is invalid.",
    401: "The token is missing.",
    403: "The request was sent by another web page.",
    404: "The requested file, session or folder does not exist.",
    408: "The request did not arrive in time.",
    409: "The command is not possible now.",
    413: "The body is too large.",
    415: "The Content-Type is not application/json.",
    416: "The file does not have the requested range.",
    417: "The header Expect has an unknown value.",
    421: "The page is not served under this host name.",
    503: "The library is not available at the moment, or the server is busy.",
}
COMMON_STATUSES: Final = (400, 401, 403, 408, 413, 417, 421)


class ErrorDetail(msgspec.Struct, frozen=True):
    """The code and the text of an error."""

    code: str
    detail: str


class ErrorResponse(msgspec.Struct, frozen=True):
    """The body of an error response."""

    error: ErrorDetail


def openapi_document(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document that describes the routes."""
    routes = tuple(routes)
    kinds: list[Any] = [ErrorResponse]
    for route in routes:
        kinds += [each for each in (route.query, route.body) if each is not None]
        kinds += _response_types(route)
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
            "description": "The API of the segued daemon. Positions and durations are"
            " in ticks, 28,224,000 per second.",
        },
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(
    route: Route, by_kind: Mapping[int, Any], components: Mapping[str, Any]
) -> dict[str, Any]:
    error_content = {"application/json": {"schema": by_kind[id(ErrorResponse)]}}
    response_schemas = [by_kind[id(kind)] for kind in _response_types(route)]
    if not response_schemas:
        content: dict[str, Any] = {
            route.response_type.partition(";")[0]: {"schema": {}}
        }
    else:
        schema = (
            response_schemas[0]
            if len(response_schemas) == 1
            else {"anyOf": response_schemas}
        )
        content = {"application/json": {"schema": schema}}
    responses = {"200": {"description": route.summary, "content": content}}
    statuses = {*COMMON_STATUSES, *route.other_statuses}
    if route.body is not None:
        statuses.add(415)
    for status in sorted(statuses):
        is_partial = status == 206  # noqa: PLR2004
        responses[str(status)] = {
            "description": "The requested range."
            if is_partial
            else STATUS_DESCRIPTIONS[status],
            "content": content if is_partial else error_content,
        }
    operation: dict[str, Any] = {
        "summary": route.summary,
        "parameters": [
            *_path_parameters(route.path),
            *_query_parameters(route, by_kind, components),
        ],
        "responses": responses,
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": by_kind[id(route.body)]}},
        }
    return operation


def _response_types(route: Route) -> tuple[Any, ...]:
    """Return the types of a route's JSON response; empty if it is not JSON."""
    if isinstance(route.response_type, str):
        return ()
    return (
        route.response_type
        if isinstance(route.response_type, tuple)
        else (route.response_type,)
    )


def _path_parameters(path: str) -> list[dict[str, Any]]:
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


def _query_parameters(
    route: Route, by_kind: Mapping[int, Any], components: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    name = by_kind[id(route.query)]["$ref"].rpartition("/")[2]
    properties = components[name]["properties"]
    required = components[name].get("required", ())
    empty = {"type": "string", "maxLength": 0}
    return [
        {"name": each, "in": "query", "required": True, "schema": schema}
        if each in required
        else {"name": each, "in": "query", "schema": {"anyOf": [schema, empty]}}
        for each, schema in properties.items()
    ]
