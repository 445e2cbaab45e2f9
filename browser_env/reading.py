"""Which requests only read, as far as that can be told from the request."""

from __future__ import annotations

import json
import re

from browser_env.snapshot.exchange import Request, header
from browser_env.snapshot.normalising import form_pairs, place

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "CONNECT")
BEACONS = ("ping", "cspviolationreport")
SEARCHING = re.compile(r"(?:search|suggest|suggestions|autocomplete|typeahead)(?:[-_A-Z].*)?")  # names of addresses
ASKING = re.compile(r"(?:query|list|filter|count|get)(?:[-_A-Z].*)?")  # that a new query or list may be sent to as well
CHANGING = re.compile(
    r"add|alter|clear|create|delete|drop|edit|grant|insert|move|post|put|remove|replace|reset|save|send|set|truncate|update",
    re.I,
)
QUERY_FIELDS = frozenset(("q", "query", "search", "term", "keyword", "keywords", "filter", "filters"))
PAGE_FIELDS = frozenset(("page", "limit", "size", "per_page", "offset", "cursor", "sort", "order", "order_by"))
GRAPHQL = re.compile(  # a selection of fields, not a query in another language
    rb'"query"\s*:\s*"(?:\s|\\[nrt])*(?:(?:query|fragment|subscription)\b|\{(?:\s|\\[nrt])*[A-Za-z_.#])'
)
GRAPHQL_CHANGE = re.compile(rb"mutation|\\u", re.IGNORECASE)  # what is escaped may be anything


def only_reads(request: Request) -> bool:
    """Say whether a request changes nothing by what it asks for: by its method, or as a search sent by POST."""
    if request.method in SAFE_METHODS:
        return True
    name = place(request.url).rpartition("/")[2]
    searches = SEARCHING.fullmatch(name) is not None or (ASKING.fullmatch(name) is not None and _asks(request))
    asks = GRAPHQL.search(request.body) is not None and not GRAPHQL_CHANGE.search(request.body)
    return request.method == "POST" and ((searches and not CHANGING.search(name)) or asks)


def _asks(request: Request) -> bool:
    """Say whether a body has a query, and beside it nothing but which part of what is found is wanted."""
    try:
        pairs = form_pairs(request.body, header(request.headers, "content-type"))
        fields = dict(pairs) if pairs is not None else json.loads(request.body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(fields, dict) or CHANGING.search(str([fields[name] for name in QUERY_FIELDS & set(fields)])):
        return False
    return bool(QUERY_FIELDS & set(fields)) and set(fields) <= QUERY_FIELDS | PAGE_FIELDS
