"""The routes and parameters in docs/api.md exist."""

import re
from pathlib import Path
from typing import Any

from tests.web.web_client import WebClient

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_documented_routes_exist(web_client: WebClient) -> None:
    """With their methods and parameters."""
    document: dict[str, Any] = web_client.request("GET", "/api/openapi.json").json
    page = PAGE.read_text()

    found = re.findall(r"`(GET|POST) (/[\w/{}.-]+)(?:\?(\w+)=)?", page)

    assert len(found) > 8
    for method, path, parameter in found:
        if path in {"/api/openapi.json", "/metrics"}:
            assert web_client.request(method, path).status == 200
            continue
        route = document["paths"][path][method.lower()]
        names = {each["name"] for each in route.get("parameters", [])}
        assert not parameter or parameter in names, path
