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

from segued.config.sections import Page
from segued.errors import ConfigError
from segued.web.responses import Handler, refusal

__all__ = ["Guard", "check_page", "guarding", "with_headers"]

SAFE: Final = frozenset({"GET"})
COOKIE_SECONDS: Final = 365 * 24 * 3_600

HEADERS: Final = {
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

GATE: Final = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>segued</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><h1>segued</h1>
<form method="get" action="/"><p><label>Token (the <code>token</code> in
<code>segued.toml</code>): <input type="password" name="token" autofocus
autocomplete="current-password"></label> <button>Go on</button></p></form>
</body></html>
"""


def check_page(page: Page) -> None:
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
        self._names: frozenset[str] = frozenset()
        self._token = b""
        self._cookie_name = ""

    def follow(self, page: Page) -> None:
        """Go by this configuration from now on."""
        here = (socket.gethostname(), "localhost", page.address, *page.hosts)
        self._names = frozenset(name.lower().strip("[].") for name in here)
        self._token = page.token.encode()
        # Cookies do not tell ports apart.
        self._cookie_name = f"segued-{page.port}"

    def refuses(self, request: web.Request) -> web.Response | None:
        """Return the answer to one who may not ask; None for one who may."""
        if not self._knows(request.headers.get("Host", "")):
            return refusal(421, "host", "the page is not known by this name")
        if why := _comes_from_elsewhere(request):
            return refusal(403, "origin", why)
        if self._token and not self._is_known(request):
            return self._asks_for_token(request)
        # What is not there is said to be not there, whatever was sent.
        unsafe = request.method not in SAFE and not request.match_info.http_exception
        if unsafe and request.content_type != "application/json":
            return refusal(415, "request", "what is sent must be application/json")
        return None

    def _knows(self, host: str) -> bool:
        with suppress(ValueError):
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
            if name in self._names:
                return True
            # A page that was lured to us was called by a name, not by an address.
            ipaddress.ip_address(name)
            return True
        return False

    def _is_known(self, request: web.Request) -> bool:
        """Return whether the request holds the token, or the cookie for it."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(
            given.encode(), self._token
        ):
            return True
        cookie = request.cookies.get(self._cookie_name, "")
        return hmac.compare_digest(cookie.encode(), self._cookie.encode())

    @property
    def _cookie(self) -> str:
        return hmac.new(self._token, b"segued page", hashlib.sha256).hexdigest()

    def _asks_for_token(self, request: web.Request) -> web.Response:
        given = request.query.get("token", "").encode()
        if request.method == "GET" and request.path == "/":
            if hmac.compare_digest(given, self._token):
                # Not left in the address, where it would be copied and kept.
                answer = web.Response(status=303, headers={"Location": "/"})
                answer.set_cookie(
                    self._cookie_name,
                    self._cookie,
                    max_age=COOKIE_SECONDS,
                    httponly=True,
                    samesite="Lax",
                )
                return answer
            return web.Response(text=GATE, status=401, content_type="text/html")
        return refusal(401, "token", "the token is missing (Authorization: Bearer)")


def _comes_from_elsewhere(request: web.Request) -> str:
    """Return what tells that another page sent the request; empty if nothing."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site not in ("same-origin", "none"):
        calls = request.headers.get("Sec-Fetch-Mode") == "navigate"
        if not (calls and request.method == "GET" and request.path == "/"):
            return "another page sent this"
    origin = request.headers.get("Origin")
    if origin is not None and request.method not in SAFE:
        with suppress(ValueError):
            if urlsplit(origin).netloc == request.headers.get("Host"):
                return ""
        return "another page sent this"
    return ""


def guarding(guard: Guard) -> Middleware:
    """Return what stands before every route."""

    @web.middleware
    async def let_in(request: web.Request, handler: Handler) -> web.StreamResponse:
        line = request.get_extra_info("socket")
        if line is not None and line.family != socket.AF_UNIX:
            refused = guard.refuses(request)
            if refused is not None:
                return refused
        return await handler(request)

    return let_in


async def with_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Say what a browser may do with an answer; a signal's receiver."""
    response.headers.update(HEADERS)
    if request.path.startswith("/api/") and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
