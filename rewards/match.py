"""How recorded texts, addresses and numbers are compared with what a task asks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

MAX_PATTERN = 1_000  # characters of a regular expression
MAX_SEARCHED = 20_000  # characters that a regular expression may search: its time can grow with their square
MAX_DIGITS = 100  # characters of a number
NUMBER = re.compile(r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?\Z")
DEFAULT_PORTS = {"http": 80, "https": 443}


class MatchError(Exception):
    """The comparison cannot be made."""


def squeezed(text: str) -> str:
    """Return the text with every run of white space as one blank, and none at its ends."""
    return " ".join(text.split())


def normalised_text(text: str) -> str:
    """Return the text in Unicode's NFC form, squeezed and without case."""
    return squeezed(unicodedata.normalize("NFC", text)).casefold()


def contains_words(text: str, wanted: str, *, ignore_case: bool, whole_words: bool) -> bool:
    """Whether the wanted text occurs, as whole words if asked; both are squeezed."""
    text, wanted = squeezed(text), squeezed(wanted)
    if ignore_case:
        text, wanted = text.casefold(), wanted.casefold()
    if not whole_words:
        return wanted in text
    before = r"(?<!\w)" if wanted[:1].isalnum() else ""
    after = r"(?!\w)" if wanted[-1:].isalnum() else ""
    return re.search(f"{before}{re.escape(wanted)}{after}", text) is not None


def matches_pattern(pattern: str, text: str, *, whole: bool = False, ignore_case: bool = False) -> bool:
    """Whether the pattern is found in the text, or matches the whole of it.

    The text is a page's and may be hostile, so its length is bounded by an error: cutting it would judge wrongly.
    The pattern is a task author's; nested quantifiers such as ``(a+)+`` are for them to avoid.
    """
    if len(pattern) > MAX_PATTERN or len(text) > MAX_SEARCHED:
        raise MatchError(f"a pattern may have {MAX_PATTERN} characters, a text that it searches {MAX_SEARCHED}")
    try:
        compiled = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise MatchError(f"the pattern {pattern[:80]!r} is not a regular expression: {error}") from error
    return (compiled.fullmatch(text) if whole else compiled.search(text)) is not None


def number_in(text: str, wanted: float, *, tolerance: float) -> bool:
    """Whether the whole text is a decimal number within the tolerance; compared exactly, as decimals."""
    text = text.strip()
    if len(text) > MAX_DIGITS or not NUMBER.match(text):
        return False
    return abs(Decimal(text.replace(",", "")) - Decimal(str(wanted))) <= Decimal(str(tolerance))


def same_url(url: str, wanted: str) -> bool:
    """Whether two URLs are equal but for their parameters' order, their host's case and a default port."""
    first, second = _split(url), _asked(wanted)
    return (
        first is not None
        and _origin(first) == _origin(second)
        and (first.path or "/") == (second.path or "/")
        and _query(first) == _query(second)
        and first.fragment == second.fragment
    )


def url_under(url: str, prefix: str) -> bool:
    """Whether a URL lies at or under a prefix: the same origin, whole path segments, its parameters among the URL's."""
    here, above = _split(url), _asked(prefix)
    if here is None or _origin(here) != _origin(above) or _climbs(here.path):
        return False
    path, stem = here.path or "/", above.path.rstrip("/")
    inside = path.startswith(stem + "/") or (path == stem and not above.path.endswith("/"))
    return inside and above.fragment in ("", here.fragment) and url_has_query(url, dict(_query(above)))


def url_has_query(url: str, wanted: Mapping[str, str]) -> bool:
    """Whether every wanted parameter is in the URL exactly once, with this value."""
    here = _split(url)
    given = _query(here) if here is not None else []
    return all([value for name, value in given if name == key] == [wanted[key]] for key in wanted)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises where the port is no number
    except ValueError:
        return None
    return parts


def _asked(url: str) -> SplitResult:
    parts = _split(url)
    if parts is None or not parts.scheme:
        raise MatchError(f"{url[:80]!r} is not a URL with its scheme, e.g. https://example.org/path")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None, str | None, str | None]:
    port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.username, parts.password


def _query(parts: SplitResult) -> list[tuple[str, str]]:
    return sorted(parse_qsl(parts.query, keep_blank_values=True))


def _climbs(path: str) -> bool:
    return any(unquote(segment) in (".", "..") for segment in path.split("/"))
