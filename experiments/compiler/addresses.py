"""What of an address tells pages apart, and verifiers of it."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from browser_env.snapshot.normalising import is_volatile as differs
from browser_env.task import VerifierSpec

SESSION = re.compile(
    r"(php|j|asp\.?net_?)?sess(ion)?_?(id|key)?|sid|sectok|s?token|(request|trace|visitor)_?id|utm_\w+", re.I
)


def place(url: str) -> str:
    """Return an address without its parameters; a fragment counts where it is a route of the page's own script."""
    parts = urlsplit(url)
    route = parts.fragment.split("?")[0] if is_route(url) else ""
    route = "" if route in ("/", "!/") else route
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", route))


def is_route(url: str) -> bool:
    """Whether an address ends in a route of the page's own script."""
    return urlsplit(url).fragment.startswith(("/", "!"))


def without_anchor(url: str) -> str:
    """Return an address without the part of the page that it scrolls to."""
    parts = urlsplit(url)
    return url if is_route(url) else urlunsplit((parts.scheme, parts.netloc, parts.path or "/", parts.query, ""))


def query(url: str) -> dict[str, str]:
    """Return an address's parameters, those in a script's own route included; of several of a name, the last."""
    parts = urlsplit(url)
    asked = parse_qsl(parts.query, keep_blank_values=True)
    if is_route(url) and "?" in parts.fragment:
        asked += parse_qsl(parts.fragment.split("?", 1)[1], keep_blank_values=True)
    return dict(asked)


def is_volatile(url: str) -> bool:
    """Whether an address has parameters that another visit would have otherwise."""
    return any(SESSION.fullmatch(name) or differs(name, value) for name, value in query(url).items())


def at(url: str) -> VerifierSpec:
    """Return a verifier of the page at an address, whatever part of it is scrolled to."""
    parts = urlsplit(url)
    if parts.fragment or parts.query:
        return VerifierSpec(name="url", params={"equals": url})
    bare = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", ""))
    return VerifierSpec(name="url", params={"regex": re.escape(bare) + r"\??(#[^/!].*|#!?/?)?"})


def anywhere_at(url: str) -> VerifierSpec:
    """Return a verifier of the pages at an address with whatever parameters."""
    parts = urlsplit(place(url))
    bare = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    pattern = re.escape(bare) + (
        rf"(\?[^#]*)?#{re.escape(parts.fragment)}(\?.*)?" if parts.fragment else r"(\?[^#]*)?(#[^/!].*|#!?/?)?"
    )
    return VerifierSpec(name="url", params={"regex": pattern})
