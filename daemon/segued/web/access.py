"""Access control for the page's address: host names, origins and the token.

Any web page can send requests to servers on the machine that displays it. Its
requests differ from those of segued's own page in the Host header (no foreign
page is served under one of segued's host names) and in the Origin and
Sec-Fetch-* headers that browsers add. The control socket needs none of these
checks: its file mode limits access.
"""

import hashlib
import hmac
import ipaddress
import socket
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from segued.config.sections import PageSection
from segued.errors import ConfigError
from segued.web.responses import Handler, error_response

__all__ = [
    "SECURITY_HEADERS",
    "Guard",
    "add_security_headers",
    "check_page",
    "guard_middleware",
]

SAFE_METHODS: Final = frozenset({"GET"})
COOKIE_SECONDS: Final = 365 * 24 * 3_600
CROSS_SITE: Final = "the request was sent by another web page"

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Server": "segued",
}

LOGIN_PAGE: Final = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>segued</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><h1>segued</h1>
<form method="get" action="/"><p><label>Token (the <code>token</code> in
<code>segued.toml</code>): <input type="password" name="token" autofocus
autocomplete="current-password"></label> <button>Log in</button></p></form>
</body></html>
"""


def check_page(page: PageSection) -> None:
    """Check that a page which other machines can reach has a token.

    Raises:
        ConfigError: It has none.
    """
    local = page.address == "localhost"
    with suppress(ValueError):
        local = local or ipaddress.ip_address(page.address).is_loopback
    if page.shown and not local and not page.token:
        raise ConfigError(
            f"page.address = {page.address!r} can be reached from other machines, "
            "and so page.token must be set"
        )


class Guard:
    """Checks requests by the current configuration of the page."""

    def __init__(self) -> None:
        self._host_names: frozenset[str] = frozenset()
        self._token = b""
        self._cookie_name = ""

    def reconfigure(self, page: PageSection) -> None:
        """Replace the configuration."""
        names = (socket.gethostname(), "localhost", page.address, *page.hosts)
        self._host_names = frozenset(name.lower().strip("[].") for name in names)
        self._token = page.token.encode()
        # Browsers share cookies between the ports of a host.
        self._cookie_name = f"segued-{page.port}"

    def check(self, request: web.Request) -> web.Response | None:
        """Return the error response for a rejected request; None to let it pass."""
        if not self._is_known_host(request.headers.get("Host", "")):
            return error_response(
                421, "host", "the page is not served under this host name"
            )
        if reason := _cross_site_reason(request):
            return error_response(403, "origin", reason)
        if self._token and not self._is_authenticated(request):
            return self._token_response(request)
        # An unknown path gets 404 or 405 from the router, whatever its body is.
        unsafe = (
            request.method not in SAFE_METHODS and not request.match_info.http_exception
        )
        if unsafe and request.content_type != "application/json":
            return error_response(
                415, "request", "the Content-Type must be application/json"
            )
        return None

    def _is_known_host(self, host: str) -> bool:
        with suppress(ValueError):
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
            if name in self._host_names:
                return True
            # DNS rebinding needs a host name; an IP address is safe.
            ipaddress.ip_address(name)
            return True
        return False

    def _is_authenticated(self, request: web.Request) -> bool:
        """Return whether the request carries the token or the cookie."""
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(
            _encode(credentials), self._token
        ):
            return True
        cookie = request.cookies.get(self._cookie_name, "")
        return hmac.compare_digest(_encode(cookie), self._cookie_value.encode())

    @property
    def _cookie_value(self) -> str:
        return hmac.new(self._token, b"segued page", hashlib.sha256).hexdigest()

    def _token_response(self, request: web.Request) -> web.Response:
        token = _encode(request.query.get("token", ""))
        if request.method == "GET" and request.path == "/":
            if hmac.compare_digest(token, self._token):
                # Redirect: a token in the URL would stay in the browser's history.
                response = web.Response(status=303, headers={"Location": "/"})
                response.set_cookie(
                    self._cookie_name,
                    self._cookie_value,
                    max_age=COOKIE_SECONDS,
                    httponly=True,
                    samesite="Lax",
                )
                return response
            return web.Response(text=LOGIN_PAGE, status=401, content_type="text/html")
        return error_response(
            401, "token", "the token is missing (Authorization: Bearer)"
        )


def _encode(text: str) -> bytes:
    """Return the bytes of a header; aiohttp decodes invalid ones to surrogates."""
    return text.encode("utf-8", "surrogateescape")


def _cross_site_reason(request: web.Request) -> str:
    """Return why a request counts as cross-site; empty if it does not."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site not in ("same-origin", "none"):
        is_navigation = request.headers.get("Sec-Fetch-Mode") == "navigate"
        # A link on another site may open the page, and nothing else.
        if not (is_navigation and request.method == "GET" and request.path == "/"):
            return CROSS_SITE
    origin = request.headers.get("Origin")
    if origin is not None and request.method not in SAFE_METHODS:
        with suppress(ValueError):
            if urlsplit(origin).netloc == request.headers.get("Host"):
                return ""
        return CROSS_SITE
    return ""


def guard_middleware(guard: Guard) -> Middleware:
    """Return the middleware that checks requests before their route runs."""

    @web.middleware
    async def check_access(
        request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        connection = request.get_extra_info("socket")
        if connection is not None and connection.family != socket.AF_UNIX:
            rejection = guard.check(request)
            if rejection is not None:
                return rejection
        return await handler(request)

    return check_access


async def add_security_headers(
    request: web.Request, response: web.StreamResponse
) -> None:
    """Add security and cache headers to a response, on `on_response_prepare`."""
    response.headers.update(SECURITY_HEADERS)
    if request.path.startswith("/api/") and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
