"""Which requests only read, as far as that can be told from the request."""

from __future__ import annotations

import re

from browser_env.snapshot.exchange import Request
from browser_env.snapshot.normalising import place

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "CONNECT")
BEACONS = ("ping", "cspviolationreport")
READING = re.compile(r"(?:search|query|queries|list|filter|suggest|autocomplete|count|get)(?:[-_A-Z].*)?")
CHANGING = re.compile(r"add|clear|create|delete|edit|insert|move|post|put|remove|reset|save|send|set|update", re.I)
GRAPHQL = re.compile(rb'"query"\s*:\s*"')
GRAPHQL_CHANGE = re.compile(rb"mutation|\\u", re.IGNORECASE)  # what is escaped may be anything


def only_reads(request: Request) -> bool:
    """Say whether a request changes nothing by what it asks for: by its method, or as a search sent by POST."""
    if request.method in SAFE_METHODS:
        return True
    name = place(request.url).rpartition("/")[2]
    searches = READING.fullmatch(name) is not None and not CHANGING.search(name)
    asks = GRAPHQL.search(request.body) is not None and not GRAPHQL_CHANGE.search(request.body)
    return request.method == "POST" and (searches or asks)
