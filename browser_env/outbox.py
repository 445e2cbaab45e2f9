"""What the pages of an episode send that may change their site, as DevTools tells of it."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from browser_env.reading import BEACONS, only_reads
from browser_env.snapshot.exchange import Request, header
from browser_env.snapshot.normalising import NONCE, form_pairs
from rewards.evidence import REDACTED, Sent

MAX_SENT = 50  # requests of an episode
MAX_FIELDS = 200  # of one request
MAX_CHARS = 2000  # of one value
MAX_URL = 2000  # characters
MAX_DEPTH = 16  # of nested fields
MAX_BODY = 1 << 16  # bytes that the browser tells of
SECRET = re.compile(r"pass(?:word|wd|phrase|code)|secret|token|api_?key|authori[sz]ation", re.IGNORECASE)


class Outbox:
    """The changing requests of one episode, in order; feed it ``Network`` events as they come."""

    def __init__(self) -> None:
        self._sent: dict[str, Sent] = {}  # by the id of the request

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What was sent so far, or refused."""
        return tuple(self._sent.values())

    def forget(self) -> None:
        """Begin anew."""
        self._sent = {}

    def asked(self, event: dict[str, Any]) -> None:
        """Take a ``Network.requestWillBeSent``; of a redirect it holds the answer."""
        if "redirectResponse" in event:
            self._note(event["requestId"], event["redirectResponse"]["status"])
            return
        request = _request(event)
        if len(self._sent) < MAX_SENT and request.kind not in BEACONS and not only_reads(request):
            fields = fields_of(request.body, header(request.headers, "content-type"))
            self._sent[event["requestId"]] = Sent(method=request.method, url=request.url[:MAX_URL], fields=fields)

    def answered(self, event: dict[str, Any]) -> None:
        """Take a ``Network.responseReceived``."""
        self._note(event["requestId"], event["response"]["status"])

    def _note(self, request_id: str, status: int) -> None:
        known = self._sent.get(request_id)
        if known is not None and known.status is None:
            self._sent[request_id] = replace(known, status=status)


def fields_of(body: bytes, content_type: str) -> dict[str, str]:
    """Return the fields of a form or of JSON by their names, nested ones by their paths; of anything else, none."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        pairs = form_pairs(body, content_type)
        if pairs is not None:
            found = dict(_repeated(pairs))
        elif kind.endswith("json") or body[:1] in (b"{", b"["):
            found = dict(_flat("", json.loads(body), 0))
        else:
            return {}
    except (ValueError, RecursionError):  # it is not what it says
        return {}
    rows = list(found.items())[:MAX_FIELDS]
    return {name[:MAX_CHARS]: REDACTED if _is_secret(name) else value[:MAX_CHARS] for name, value in rows}


def _request(event: dict[str, Any]) -> Request:
    asked = event["request"]
    entries = [base64.b64decode(entry.get("bytes", "")) for entry in asked.get("postDataEntries", ())]
    return Request(
        method=asked["method"].upper(),
        url=asked["url"],
        headers=tuple((name.lower(), value) for name, value in asked["headers"].items()),
        body=b"".join(entries) or asked.get("postData", "").encode("utf-8", "surrogatepass"),
        kind=event.get("type", "other").lower(),
    )


def _repeated(pairs: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield fields by name; those of one name are numbered from 0."""
    counts, seen = Counter(name for name, _ in pairs), Counter[str]()
    for name, value in pairs:
        yield (name if counts[name] == 1 else f"{name}.{seen[name]}"), value
        seen[name] += 1


def _flat(path: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth > MAX_DEPTH:
        return
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if rows is None:
        yield path, value if isinstance(value, str) else "" if value is None else json.dumps(value)
        return
    for name, item in rows:
        yield from _flat(f"{path}.{name}" if path else str(name), item, depth + 1)


def _is_secret(name: str) -> bool:
    return SECRET.search(name) is not None or NONCE.search(name) is not None
