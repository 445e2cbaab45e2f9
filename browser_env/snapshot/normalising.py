"""What of a request says which answer it wants: addresses and bodies without what differs by chance.

Query parameters and fields are sorted by name. Left out are those that are volatile, by :func:`is_volatile`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from browser_env.snapshot.exchange import CHANGING_METHODS, Exchange, Request, header

PAGE_EPOCH = datetime(2024, 1, 1, 12, tzinfo=UTC)  # where the page's clock starts in every episode
NEAR_S = 86_400.0  # a moment so near the page's clock, or the recording, is reckoned from a reading of a clock
READ_S = 900.0  # how much such moments of two requests for one answer may differ, seen from their clocks
WRITTEN_S = 60.0  # the same, of requests that change something
BUSTERS = {"_", "cb", "cachebust", "cachebuster", "nocache", "no_cache", "rnd", "rand", "random"}
OPAQUE = re.compile(r"\d{6,}|[0-9a-f]{8,}|[0-9a-f-]{32,}|0?\.\d{6,}", re.IGNORECASE)
NONCE = re.compile(r"nonce|csrf|xsrf|authenticity_?token|requestverificationtoken|^_token$", re.IGNORECASE)
CHANCE = re.compile(r"0?\.\d{8,}")  # a number of Math.random()
EPOCH_TIME = re.compile(r"\d{10}(\d{3})?(\.\d+)?")
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")  # to the minute people choose
NEGOTIATING = re.compile(r"accept|x-requested-with|hx-.*|turbo-frame|rsc|next-.*|x-pjax.*|x-inertia.*")  # headers
BOUNDARY = re.compile(r'boundary="?([^";,]+)', re.IGNORECASE)
DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_DEPTH = 64  # of JSON that is looked into
Pairs = list[tuple[str, str]]


def is_volatile(name: str, value: str, clocks: Iterable[datetime] = (PAGE_EPOCH,)) -> bool:
    """Say whether a parameter differs by chance: a cache buster, a nonce, a random number or the time of day."""
    return _is_by_chance(name, value) or _offset(value, clocks) is not None


def _is_by_chance(name: str, value: str) -> bool:
    if NONCE.search(name) or CHANCE.fullmatch(value):
        return True
    return name.lower() in BUSTERS and OPAQUE.fullmatch(value) is not None


def _offset(value: str, clocks: Iterable[datetime]) -> float | None:
    """Return how many seconds a moment is from the nearest clock, None for what is no moment near one."""
    moment = _moment(value)
    offsets = () if moment is None else [(moment - clock).total_seconds() for clock in clocks]
    nearest = min(offsets, key=abs, default=NEAR_S + 1)
    return nearest if abs(nearest) <= NEAR_S else None


def _moment(value: str) -> datetime | None:
    """Return the time that a text is, as seconds or milliseconds since 1970 or in ISO 8601."""
    try:
        if EPOCH_TIME.fullmatch(value):
            seconds = float(value)
            return datetime.fromtimestamp(seconds if seconds < 1e11 else seconds / 1000, UTC)
        if ISO_TIME.fullmatch(value):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def clocks_of(exchange: Exchange) -> tuple[datetime, ...]:
    """Return what clocks may have shown when an exchange was recorded: the page's, and the wall's."""
    try:
        started = datetime.fromisoformat(exchange.started)
    except ValueError:
        return (PAGE_EPOCH,)
    return (PAGE_EPOCH, started if started.tzinfo else started.replace(tzinfo=UTC))


def origin(url: str) -> str:
    """Return scheme, host and port, the usual port left out."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    usual = port is None or port == DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{host}" if usual else f"{parts.scheme}://{host}:{port}"


def place(url: str) -> str:
    """Return origin and path, its percent-encoding made uniform."""
    path = urlsplit(url).path or "/"
    return origin(url) + quote(
        unquote(path, errors="surrogateescape"), safe="/:@!$&'()*+,;=~-._", errors="surrogateescape"
    )


def query(url: str) -> Pairs:
    """Return the query's parameters sorted by name; those of one name keep their order."""
    return sorted(_pairs(urlsplit(url).query), key=lambda pair: pair[0])


def request_key(request: Request, clocks: tuple[datetime, ...] = (PAGE_EPOCH,)) -> str:
    """Return what all requests for the same answer have in common, as one text."""
    pairs = [pair for pair in query(request.url) if not is_volatile(*pair, clocks)]
    body = body_key(request.body, header(request.headers, "content-type"), clocks) if request.body else ""
    return "\n".join([request.method, place(request.url), json.dumps(pairs), body, header(request.headers, "range")])


def moments(request: Request, clocks: tuple[datetime, ...] = (PAGE_EPOCH,)) -> tuple[float, ...]:
    """Return the moments that a request's key leaves out, in seconds from the nearest clock."""
    values = [*query(request.url), *_leaves(request.body, header(request.headers, "content-type"))]
    offsets = (_offset(value, clocks) for name, value in values if not _is_by_chance(name, value))
    return tuple(offset for offset in offsets if offset is not None)


def are_alike(request: Request, one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the :func:`moments` of two requests with one key say the same, but for when each was sent."""
    most = WRITTEN_S if request.method in CHANGING_METHODS else READ_S
    return len(one) != len(other) or all(abs(a - b) <= most for a, b in zip(one, other, strict=True))


def _leaves(body: bytes, content_type: str) -> Pairs:
    """Return a body's fields sorted by name, or the texts and numbers of its JSON, each with its name."""
    try:
        pairs = form_pairs(body, content_type)
        if pairs is not None:
            return sorted(pairs, key=lambda pair: pair[0])
        if content_type.partition(";")[0].strip().lower().endswith("json") or body[:1] in (b"{", b"["):
            return list(_json_leaves("", json.loads(body)))
    except (ValueError, RecursionError):  # it is not what it says
        pass
    return []


def _json_leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _json_leaves(key, value[key])
    elif isinstance(value, list):
        for item in value:
            yield from _json_leaves("", item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield name, str(value)


def negotiation(request: Request) -> frozenset[tuple[str, str]]:
    """Return the headers by which servers answer one address in several ways."""
    return frozenset(
        (name, value.replace(" ", "").lower()) for name, value in request.headers if NEGOTIATING.fullmatch(name)
    )


def body_key(body: bytes, content_type: str, clocks: tuple[datetime, ...] = (PAGE_EPOCH,)) -> str:
    """Return a body's content: forms and JSON without order and volatile fields, anything else by its hash."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        pairs = form_pairs(body, content_type)
        if pairs is not None:
            return _fields_key("multipart" if kind.startswith("multipart") else "form", pairs, clocks)
        if kind.endswith("json") or body[:1] in (b"{", b"["):
            return "json " + json.dumps(_stable(json.loads(body), clocks), sort_keys=True)
    except (ValueError, RecursionError):  # it is not what it says
        pass
    return "bytes " + _hash(body)


def form_pairs(body: bytes, content_type: str) -> Pairs | None:
    """Return the fields of a form's body in their order; None for other bodies; raise ValueError for a broken one."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return _pairs(body.decode())
    return _parts(body, content_type) if kind == "multipart/form-data" else None


def _pairs(text: str) -> Pairs:
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")


def _fields_key(kind: str, pairs: Pairs, clocks: tuple[datetime, ...]) -> str:
    kept = [pair for pair in pairs if not is_volatile(*pair, clocks)]
    return f"{kind} " + json.dumps(sorted(kept, key=lambda pair: pair[0]))


def _parts(body: bytes, content_type: str) -> Pairs:
    """Return each part's name and content, a file's as a hash; raise ValueError where there is no boundary."""
    boundary = BOUNDARY.search(content_type)
    if boundary is None:
        raise ValueError("no boundary")
    pairs = []
    for part in body.split(b"--" + boundary.group(1).strip().encode())[1:]:
        head, separator, content = part.partition(b"\r\n\r\n")
        if separator:
            name = re.search(rb'name="([^"]*)"', head)
            text = content.removesuffix(b"\r\n")
            is_file = b"filename=" in head
            value = head.strip().decode("latin-1") + _hash(text) if is_file else text.decode("latin-1")
            pairs.append((name.group(1).decode("latin-1") if name else "", value))
    return pairs


def _stable(value: Any, clocks: tuple[datetime, ...], depth: int = 0) -> Any:
    """Return JSON data without its volatile fields; those of a list keep their place."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        return {
            name: _stable(item, clocks, depth + 1)
            for name, item in value.items()
            if not _is_volatile_json(name, item, clocks)
        }
    if isinstance(value, list):
        return [None if _is_volatile_json("", item, clocks) else _stable(item, clocks, depth + 1) for item in value]
    return value


def _is_volatile_json(name: str, value: Any, clocks: tuple[datetime, ...]) -> bool:
    return (
        isinstance(value, str | int | float) and not isinstance(value, bool) and is_volatile(name, str(value), clocks)
    )


def _hash(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()
