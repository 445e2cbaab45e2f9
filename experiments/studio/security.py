"""Who may talk to the studio: whoever has the token of this start, from a page of the studio's own."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
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


class Gate:
    """ASGI middleware in front of everything: host, origin, token once, then a cookie."""

    def __init__(self, app: App, *, hosts: frozenset[str], port: int, secure: bool, token: str | None = None):
        self.token = token or secrets.token_urlsafe(32)  # good for one visit
        self._token_spent = False
        self._cookie = secrets.token_urlsafe(32)
        self._cookie_name = f"{COOKIE}_{port}"
        self._app = app
        self._hosts = hosts  # as they stand in a Host header
        self._secure = secure  # TLS: the cookie goes over nothing else

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what may not pass; hand on the rest."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        refusal = self._refusal(scope, headers)
        if refusal is None and scope["type"] == "http" and self._redeems(scope):
            await self._welcome(send)
        elif refusal is None and not self._knows(headers):
            refusal = (401, "open the address that webdual printed when the studio started")
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
        fits = scope["path"] == "/" and not self._token_spent and _equal(given, self.token)
        self._token_spent = self._token_spent or fits
        return fits

    def _knows(self, headers: dict[str, str]) -> bool:
        pairs = [part.strip().partition("=") for part in headers.get("cookie", "").split(";")]
        return any(name == self._cookie_name and _equal(value, self._cookie) for name, _, value in pairs)

    async def _welcome(self, send: Send) -> None:
        cookie = f"{self._cookie_name}={self._cookie}; HttpOnly; SameSite=Strict; Path=/" + "; Secure" * self._secure
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
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(why)).encode()), *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": why.encode()})
