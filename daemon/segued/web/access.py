"""Who may ask: this machine's own programs and pages, and who knows the token.

Any web page can send requests to the programs of the machine that shows it.
What tells ours from theirs is the name the page was called by (no other page can
be called by one of ours) and what browsers say of where a request comes from.
The control socket needs none of it: its mode says who may.
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

__all__ = ["Guard", "add_security_headers", "check_page", "guard_middleware"]

SAFE_METHODS: Final = frozenset({"GET"})
COOKIE_SECONDS: Final = 365 * 24 * 3_600

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
autocomplete="current-password"></label> <button>Go on</button></p></form>
</body></html>
"""


def check_page(page: PageSection) -> None:
    """See that what other machines can reach is not there for everybody.

    Raises:
        ConfigError: It is.
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
    """Lets in who may ask, by the configuration as it is now."""

    def __init__(self) -> None:
        self._host_names: frozenset[str] = frozenset()
        self._token = b""
        self._cookie_name = ""

    def reconfigure(self, page: PageSection) -> None:
        """Go by this configuration from now on."""
        here = (socket.gethostname(), "localhost", page.address, *page.hosts)
        self._host_names = frozenset(name.lower().strip("[].") for name in here)
        self._token = page.token.encode()
        # Cookies do not tell ports apart.
        self._cookie_name = f"segued-{page.port}"

    def check(self, request: web.Request) -> web.Response | None:
        """Return the answer to one who may not ask; None for one who may."""
        if not self._is_known_host(request.headers.get("Host", "")):
            return error_response(421, "host", "the page is not known by this name")
        if why := _cross_site_reason(request):
            return error_response(403, "origin", why)
        if self._token and not self._is_authenticated(request):
            return self._token_response(request)
        # What is not there is said to be not there, whatever was sent.
        unsafe = (
            request.method not in SAFE_METHODS and not request.match_info.http_exception
        )
        if unsafe and request.content_type != "application/json":
            return error_response(
                415, "request", "what is sent must be application/json"
            )
        return None

    def _is_known_host(self, host: str) -> bool:
        with suppress(ValueError):
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
            if name in self._host_names:
                return True
            # A page that was lured to us was called by a name, not by an address.
            ipaddress.ip_address(name)
            return True
        return False

    def _is_authenticated(self, request: web.Request) -> bool:
        """Return whether the request holds the token, or the cookie for it."""
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(
            credentials.encode(), self._token
        ):
            return True
        cookie = request.cookies.get(self._cookie_name, "")
        return hmac.compare_digest(cookie.encode(), self._cookie_value.encode())

    @property
    def _cookie_value(self) -> str:
        return hmac.new(self._token, b"segued page", hashlib.sha256).hexdigest()

    def _token_response(self, request: web.Request) -> web.Response:
        token = request.query.get("token", "").encode()
        if request.method == "GET" and request.path == "/":
            if hmac.compare_digest(token, self._token):
                # Not left in the address, where it would be copied and kept.
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


def _cross_site_reason(request: web.Request) -> str:
    """Return what tells that another page sent the request; empty if nothing."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site not in ("same-origin", "none"):
        calls = request.headers.get("Sec-Fetch-Mode") == "navigate"
        if not (calls and request.method == "GET" and request.path == "/"):
            return "another page sent this"
    origin = request.headers.get("Origin")
    if origin is not None and request.method not in SAFE_METHODS:
        with suppress(ValueError):
            if urlsplit(origin).netloc == request.headers.get("Host"):
                return ""
        return "another page sent this"
    return ""


def guard_middleware(guard: Guard) -> Middleware:
    """Return what stands before every route."""

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
    """Say what a browser may do with an answer; a signal's receiver."""
    response.headers.update(SECURITY_HEADERS)
    if request.path.startswith("/api/") and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
