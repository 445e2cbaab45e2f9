"""Who may talk to the studio: whoever has its token, for some hours, from a page of the studio's own."""

from __future__ import annotations

import hmac
import html
import ipaddress
import json
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "webdual_studio"  # and the port, for cookies know none
POLICY = (
    "default-src 'self'; img-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
MAX_BODY = 64_000  # bytes of a request
SAFE = ("GET", "HEAD")
VISIT_S = 12 * 3600  # that a cookie counts for
ENTER = "open the address that webdual printed when the studio started"
ENDED = f"this visit has ended, as each does after {VISIT_S // 3600} hours: open the new address that webdual printed"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>webdual studio</title><h1>webdual studio</h1><p role="alert">{why}.</p></html>"""


class Gate:
    """ASGI middleware in front of everything: host, origin, token once, then a cookie until the visit ends.

    When somebody comes whose visit has ended, there is a new token, which ``renewed`` is told.
    """

    def __init__(
        self,
        app: App,
        *,
        hosts: frozenset[str],
        port: int,
        secure: bool,
        renewed: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ):
        self.token = secrets.token_urlsafe(32)  # good for one visit
        self._cookie = ""  # of the visit under way; none while the token waits
        self._ended_cookie = ""
        self._ends_at = 0.0  # by the clock, in s
        self._cookie_name = f"{COOKIE}_{port}"
        self._app = app
        self._hosts = hosts  # as they stand in a Host header
        self._secure = secure  # TLS: the cookie goes over nothing else
        self._renewed = renewed
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what may not pass; hand on the rest."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        refusal = self._refusal(scope, headers)
        if refusal is None and self._cookie and self._clock() >= self._ends_at:
            self._renew()
        if refusal is None and scope["type"] == "http" and self._redeems(scope):
            await self._welcome(send)
        elif refusal is None and not self._has(headers, self._cookie):
            refusal = (401, ENDED if self._has(headers, self._ended_cookie) else ENTER)
        elif refusal is None:
            await self._app(scope, _bounded(receive), _with_headers(send))
        if refusal is not None:
            await _refuse(scope, receive, send, *refusal)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        if headers.get("host", "") not in self._hosts:
            return 421, "the studio does not answer to this host name"
        origin = headers.get("origin")
        needs_origin = scope["type"] == "websocket" or scope.get("method") not in SAFE
        if origin is None and not needs_origin:
            return None
        if origin != f"{'https' if self._secure else 'http'}://{headers['host']}":
            return 403, "only the studio's own pages may ask for this"
        if not headers.get("content-length", "0").isdecimal() or int(headers.get("content-length", "0")) > MAX_BODY:
            return 413, f"a request may have {MAX_BODY} bytes"
        return None

    def _redeems(self, scope: Scope) -> bool:
        """Whether this request brings the token, which is spent by that."""
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        return scope["path"] == "/" and scope["method"] == "GET" and not self._cookie and _equal(given, self.token)

    def _renew(self) -> None:
        """End the visit, and have a token for the next one."""
        self._ended_cookie, self._cookie = self._cookie, ""
        self.token = secrets.token_urlsafe(32)
        self._renewed(self.token)

    def _has(self, headers: dict[str, str], cookie: str) -> bool:
        pairs = [part.strip().partition("=") for part in headers.get("cookie", "").split(";")]
        return bool(cookie) and any(name == self._cookie_name and _equal(value, cookie) for name, _, value in pairs)

    async def _welcome(self, send: Send) -> None:
        self._cookie, self._ends_at = secrets.token_urlsafe(32), self._clock() + VISIT_S
        kept = f"HttpOnly; SameSite=Strict; Path=/; Max-Age={VISIT_S}"  # also while the browser is closed
        cookie = f"{self._cookie_name}={self._cookie}; {kept}" + "; Secure" * self._secure
        headers = [(b"location", b"/"), (b"set-cookie", cookie.encode()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 303, "headers": [*headers, *HEADERS]})
        await send({"type": "http.response.body", "body": b""})


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_wildcard(host: str) -> bool:
    """Whether it stands for every address of the machine."""
    try:
        return not host or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def allowed_hosts(host: str, port: int, *, secure: bool = False) -> frozenset[str]:
    """Return the Host headers under which the studio may be reached; browsers leave out the scheme's own port."""
    names = {f"[{host}]" if ":" in host else host.lower()}
    names |= {"127.0.0.1", "localhost", "[::1]"} if is_loopback(host) else set()
    bare = names if port == (443 if secure else 80) else set()
    return frozenset({f"{name}:{port}" for name in names} | bare)


def _equal(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            more = [pair for pair in HEADERS if pair[0] not in own]
            message = {**message, "headers": [*message["headers"], *more]}
        await send(message)

    return sent


def _bounded(receive: Receive) -> Receive:
    """Cut a body off that is longer than it said."""
    seen = 0

    async def received() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b"")) if message["type"] == "http.request" else 0
        return message if seen <= MAX_BODY else {"type": "http.disconnect"}

    return received


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, why: str) -> None:
    """Say why: a person gets a page, the studio's own page something to show."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    if "text/html" in _headers(scope).get("accept", ""):
        kind, body = b"text/html; charset=utf-8", PAGE.format(why=html.escape(why[0].upper() + why[1:])).encode()
    else:
        kind, body = b"application/json", json.dumps({"error": why}).encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
