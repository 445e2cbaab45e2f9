"""What of an address tells pages apart, and verifiers of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import parse_qsl, unquote_plus, urlsplit, urlunsplit

from browser_env.snapshot.normalising import is_volatile as differs
from browser_env.task import VerifierSpec

SESSION = re.compile(
    r"(php|j|asp\.?net_?)?sess(ion)?_?(id|key)?|sid|sectok|s?token|(request|trace|visitor)_?id|utm_\w+", re.I
)
RETURN = (  # a parameter that tells where to go on from here, not where this is
    r"(?i:(_changelist_filters|next|continue|came_?from|referr?er|(return|redirect|back)(_?(to|url|uri|path))?)"
    r"=[^#&]*(/|=|%2F|%3D)[^#&]*)"
)
ANCHOR = r"(#[^/!].*|#!?/?)?"  # a fragment that is no route of the page's own script
AROUND = " *%\"'+()?~"  # of a word in a search


def is_sound(url: str) -> bool:
    """Whether an address can be taken apart; pages hold others, e.g. ``http://[x``."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises where the port is no number
    except ValueError:
        return False
    return bool(parts.scheme)


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


def without_return(url: str) -> str:
    """Return an address without the parameters that tell where to go on from it."""
    parts = urlsplit(url)
    kept = [pair for pair in parts.query.split("&") if not re.fullmatch(RETURN, pair)]
    return urlunsplit(parts._replace(query="&".join(kept)))


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
    """Return a verifier of the page at an address, wherever it is scrolled to and wherever one goes on from it."""
    parts = urlsplit(without_return(url))
    given = parse_qsl(parts.query, keep_blank_values=True)
    if is_route(url) or len(dict(given)) < len(given):
        return VerifierSpec(name="url", params={"equals": url})
    bare = re.escape(urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", "")))
    if not given:
        return VerifierSpec(name="url", params={"regex": rf"{bare}(\??|\?{RETURN}(&{RETURN})*){ANCHOR}"})
    one = rf"(?!{RETURN}(&|#|$))[^#&]*"
    several = rf"\?({RETURN}&)*{one}((&{RETURN})*&{one}){{{len(given) - 1}}}(&{RETURN})*"  # that many and no others
    return VerifierSpec(name="url", params={"regex": bare + several + ANCHOR, "query": dict(given)})


def other_slash(url: str) -> str:
    """Return the place of an address with a slash at its end where it has none, or without."""
    parts = urlsplit(place(url))
    path = parts.path.rstrip("/") if parts.path.endswith("/") else parts.path + "/"
    return urlunsplit((parts.scheme, parts.netloc, path or "/", "", parts.fragment))


def anywhere_at(url: str, *, any_slash: bool = False) -> VerifierSpec:
    """Return a verifier of the pages at an address with whatever parameters, and with or without a slash at its end."""
    parts = urlsplit(place(url))
    path = parts.path.rstrip("/") if any_slash else parts.path
    pattern = re.escape(urlunsplit((parts.scheme, parts.netloc, path, "", ""))) + ("/?" if any_slash else "")
    pattern += rf"(\?[^#]*)?#{re.escape(parts.fragment)}(\?.*)?" if parts.fragment else r"(\?[^#]*)?" + ANCHOR
    return VerifierSpec(name="url", params={"regex": pattern})


def without(url: str, values: Collection[str]) -> str:
    """Return an address without the parameters that have one of these values; the first always stays.

    Neither its case matters nor what a search puts around a word, as quotes or stars.
    """
    parts = urlsplit(url)
    first, *rest = parts.query.split("&")
    said = [unquote_plus(pair.partition("=")[2]).casefold() for pair in rest]
    kept = [pair for pair, value in zip(rest, said, strict=True) if not {value, value.strip(AROUND)} & set(values)]
    return urlunsplit(parts._replace(query="&".join([first, *kept])))
