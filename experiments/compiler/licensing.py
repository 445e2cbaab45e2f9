"""Under what licence a page says that it is; nothing is guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from browser_env.snapshot.exchange import Snapshot, header
from rewards.match import same_url, squeezed

UNKNOWN = "unknown"
META = re.compile(r"(?:dc(?:terms)?\.)?(?:rights|license|licence|copyright)", re.IGNORECASE)
SAID = re.compile(
    r"licen[cs]ed? |creative commons|CC[ -]BY|public domain|©|\(c\) ?\d{4}|all rights reserved", re.IGNORECASE
)
MOST = 200  # characters of what is quoted


def licence_of(snapshot: Snapshot, url: str, text: str) -> str:
    """Return what a page says of its licence: its links and metadata, else the line of its text, else "unknown"."""
    page = _Page()
    try:
        page.feed(_markup(snapshot, url))
    except AssertionError:  # the standard library's parser at ``<![foo[``
        return UNKNOWN
    said = next(iter(page.found), "") or next((line for line in reversed(text.splitlines()) if SAID.search(line)), "")
    return squeezed(said)[:MOST] or UNKNOWN


def _markup(snapshot: Snapshot, url: str) -> str:
    for exchange in snapshot.exchanges:
        asked, answer = exchange.request, exchange.response
        if answer.body and "html" in header(answer.headers, "content-type") and same_url(asked.url, url):
            return snapshot.bodies[answer.body].decode("utf-8", "replace")
    return ""


class _Page(HTMLParser):
    """Gathers what a document's markup says of its licence."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("a", "link") and "license" in given.get("rel", "").lower().split():
            self.found.append(given.get("href", ""))
        if tag == "meta" and META.fullmatch(given.get("name", given.get("property", ""))):
            self.found.append(given.get("content", ""))
        self._in_data = tag == "script" and given.get("type") == "application/ld+json"

    def handle_endtag(self, tag: str) -> None:
        self._in_data = False

    def handle_data(self, data: str) -> None:
        if self._in_data:
            try:
                self.found += _licences(json.loads(data))
            except (ValueError, RecursionError):  # what a page calls data may be none
                return


def _licences(data: Any) -> Iterator[str]:
    if isinstance(data, list):
        for item in data:
            yield from _licences(item)
    elif isinstance(data, dict):
        given = data.get("license")
        if isinstance(given, str):
            yield given
        yield from _licences([value for key, value in data.items() if key != "license"])
