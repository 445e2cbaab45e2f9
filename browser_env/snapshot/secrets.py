"""What of an exchange lets whoever reads it act as somebody else, and is not kept."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from browser_env.snapshot.exchange import Headers, Request, header

REDACTED = "redacted"
SECRET_HEADER = re.compile(r"cookie|token|auth|secret|api-?key|csrf|xsrf|session|credential|password", re.IGNORECASE)
CORS = "access-control-"  # headers that say what is allowed, as whether credentials are
SECRET_KEY = re.compile(
    r"token|jwt|(?:access|refresh|id|auth|bearer|session|csrf|xsrf|api|user|login)[-_]?token|.*secret.*|.*api[-_]?key"
    r"|.*passw(?:or)?d|session[-_]?(?:id|key)|php_?sessid|jsessionid|authorization|credentials?",
    re.IGNORECASE,
)  # of JSON and of parameters; the whole name, as a token may also say where a list goes on
PAIR = re.compile(r"(?P<before>^|[?&])(?P<name>[^=&#?]+)=(?P<value>[^&#]*)")
MAX_DEPTH = 64  # of JSON that is looked into


def without_secret_headers(headers: Headers) -> Headers:
    """Return headers with the values of those that are called like a secret redacted, and no cookies to be set."""
    return tuple(
        (name, REDACTED if SECRET_HEADER.search(name) and not name.startswith(CORS) else value)
        for name, value in headers
        if name != "set-cookie"
    )


def without_secrets(request: Request) -> Request:
    """Return a request with the secrets of its address and its body redacted."""
    body = without_secret_values(request.body, header(request.headers, "content-type"))
    return replace(request, url=_pairs(request.url), body=body)


def without_secret_values(body: bytes, content_type: str) -> bytes:
    """Return a body of JSON or of a form with its secrets redacted; of what is neither, itself."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded":
            return _pairs(body.decode()).encode()
        if not kind.endswith("json") and body[:1] not in (b"{", b"["):
            return body
        data = json.loads(body)
        bare = _bare(data, 0)
    except (ValueError, RecursionError):  # it is not what it says
        return body
    return body if bare == data else json.dumps(bare).encode()


def _pairs(text: str) -> str:
    def redact(match: re.Match[str]) -> str:
        secret = SECRET_KEY.fullmatch(match["name"]) is not None and match["value"]
        return f"{match['before']}{match['name']}={REDACTED}" if secret else match[0]

    return PAIR.sub(redact, text)


def _bare(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        return value
    if isinstance(value, dict):
        return {
            name: REDACTED if isinstance(item, str) and item and SECRET_KEY.fullmatch(name) else _bare(item, depth + 1)
            for name, item in value.items()
        }
    return [_bare(item, depth + 1) for item in value] if isinstance(value, list) else value
