"""When two observations are of the same state of a site, and when of the same kind.

Whatever differs from visit to visit by chance is masked: times, dates, durations, nonces, session and hexadecimal ids,
counters. What a person would call another state is kept: the page, what is open, selected, checked, sorted or filtered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

from browser_env.observation import Element, Observation
from browser_env.snapshot.normalising import PAGE_EPOCH, is_volatile, place, query

TELLING = frozenset(("checked", "collapsed", "current", "disabled", "expanded", "mixed", "pressed", "selected"))
CONTROLS = frozenset(
    (
        *("button", "checkbox", "combobox", "listbox", "menuitem", "menuitemcheckbox", "menuitemradio", "radio"),
        *("searchbox", "slider", "spinbutton", "switch", "tab", "textbox"),
    )
)
REPEATED = frozenset(("cell", "gridcell", "row", "listitem", "treeitem", "option", "article"))  # come in any number
MAX_ANCESTORS = 12
SESSION = re.compile(
    r"(?:php|j|asp\.?net_?)?sess(?:ion)?_?(?:id|key)?|sid|s?token|request_?id|trace_?id|visit(?:or)?_?id|utm_\w+",
    re.IGNORECASE,
)
PATH_SESSION = re.compile(r";(?:jsessionid|sid|phpsessid)=[^/;?]*", re.IGNORECASE)

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_UNIT = r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|[smhdwy])"
MASKS = tuple(
    (re.compile(pattern, re.IGNORECASE), mask)
    for pattern, mask in (
        (_UUID, "<id>"),
        (r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?", "<date>"),
        (r"\b\d{1,2}(?:st|nd|rd|th)?\.? (?:of )?" + _MONTH + r",? \d{4}\b", "<date>"),
        (r"\b" + _MONTH + r" \d{1,2}(?:st|nd|rd|th)?,? \d{4}\b", "<date>"),
        (r"\b\d{1,4}([/.])\d{1,2}\1\d{1,4}\b", "<date>"),
        (r"\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?[ap]\.?m\b\.?)?", "<time>"),
        (r"\b(?:an?|\d+|few) ?" + _UNIT + r"(?:(?:,| and)? \d+ ?" + _UNIT + r")* (?:ago|old)\b", "<ago>"),
        (r"\b(?:in|for|since) (?:an?|\d+) ?" + _UNIT + r"\b", "<ago>"),
        (r"\b(?:just now|moments? ago|a few seconds ago|yesterday|today at|last (?:week|month))\b", "<ago>"),
        (r"\b\d+(?:[.,]\d+)? ?(?:ms|msecs?|milliseconds?|µs|ns|s|secs?|seconds?)\b", "<duration>"),
        (r"\b[\d,. ]*\d (?:views?|visits?|visitors?|hits?|online|requests?|queries|reads?|downloads?)\b", "<count>"),
        (r"\b(?:views?|visits?|visitors?|hits?|page views|requests?|uptime)(: ?| )\d[\d,.]*", "<count>"),
        (r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b", "<id>"),
        (r"\b\d{9,}(?:\.\d+)?\b", "<id>"),
        (r"(?<!\d)0\.\d{8,}", "<chance>"),
    )
)
TOKEN = re.compile(r"\b(?=\w*\d)(?=\w*[a-z])(?=\w*[A-Z])\w{16,}\b|\b(?=[\w-]*\d)(?=[\w-]*[a-zA-Z])[\w-]{24,}={0,2}")
OPAQUE = re.compile(  # in an address: what nobody would have written; words and dates tell pages apart there
    rf"(?<![\w-])(?:(?i:{_UUID}|(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{{16,}})|\d{{12,}}|0\.\d{{8,}}"
    r"|(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=(?:[\w-]*?[A-Za-z]\d+(?=[A-Za-z])){2})[\w-]{16,}={0,2})(?![\w-])"
)
ROUTE = re.compile(r"[/!=]")
DIGITS = re.compile(r"\d+")


def fingerprint(observation: Observation) -> str:
    """Return what all observations of one state have in common, in hex."""
    return _hash(_features(observation))


def template_of(observation: Observation) -> str:
    """Return what states that differ in their content only have in common, in hex."""
    return _hash(
        (
            pattern_of(observation.url).partition("?")[0],
            *sorted(set(_controls(observation))),
            _dialog(observation, kind=True),
        )
    )


def num_entries(observation: Observation) -> int:
    """Return how many of what comes in any number a page shows: rows, entries of lists, and the like."""
    return sum(element.role in REPEATED for element in observation.elements)


def stable(text: str) -> str:
    """Return a text with all that changes by chance masked."""
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return TOKEN.sub("<id>", text)


def address(url: str) -> str:
    """Return an address without its volatile parts; of fragments those stay that are an application's routes."""
    parts = urlsplit(url)
    pairs = [(name, value) for name, value in query(url) if not _is_volatile(name, value)]
    asked = "&".join(f"{quote(name)}={quote(OPAQUE.sub('<id>', value))}" for name, value in pairs)
    path = OPAQUE.sub("<id>", unquote(PATH_SESSION.sub("", place(url)), errors="replace"))
    return f"{path}?{asked}#{_fragment(parts.fragment)}"


def pattern_of(url: str) -> str:
    """Return what addresses of one kind have in common: their path without names and numbers, and what they ask for."""
    parts = urlsplit(url)
    fragment, _, asked = parts.fragment.partition("?")
    names = {name for name, value in query(url) if not _is_volatile(name, value)}
    names |= {pair.partition("=")[0] for pair in asked.split("&") if pair}
    route = fragment if "/" in fragment else ""
    return f"{parts.netloc}{_shape(parts.path)}#{_shape(route)}?{','.join(sorted(names))}"


def _features(observation: Observation) -> Iterator[str]:
    yield address(observation.url)
    yield _dialog(observation)
    for element in observation.elements:
        states = " ".join(state for state in element.states if state in TELLING)
        yield f"{element.role}\t{stable(element.name)}\t{stable(element.value)}\t{states}"


def _dialog(observation: Observation, *, kind: bool = False) -> str:
    dialog = observation.dialog
    if dialog is None:
        return ""
    return dialog.kind if kind else f"{dialog.kind} {stable(dialog.message)}"


def _controls(observation: Observation) -> Iterator[str]:
    """Yield the controls of a page by their names, those that come once for each row or item by their role alone."""
    by_id = {element.id: element for element in observation.elements}
    for element in observation.elements:
        if element.role in CONTROLS:
            named = not _is_repeated(element, by_id)
            yield f"{element.role} {DIGITS.sub('#', stable(element.name)) if named else '*'}"


def _is_repeated(element: Element, by_id: dict[str, Element]) -> bool:
    above: Element | None = element
    for _ in range(MAX_ANCESTORS):
        above = by_id.get(above.parent) if above is not None and above.parent else None
        if above is None:
            return bool(element.headers)
        if above.role in REPEATED:
            return True
    return False


def _shape(path: str) -> str:
    """Return a path with what names one thing among many masked: numbers, and the last of several segments."""
    segments = [segment for segment in unquote(path, errors="replace").split("/") if segment]
    shaped = ["*" if DIGITS.search(segment) else stable(segment) for segment in segments]
    if len(shaped) > 1:
        shaped[-1] = "*"
    return "/" + "/".join(shaped)


def _fragment(fragment: str) -> str:
    if not ROUTE.search(fragment) or fragment in ("/", "!/"):
        return ""  # a place within the page, or where an application begins
    route, mark, asked = fragment.partition("?")
    pairs = [pair for pair in asked.split("&") if not _is_volatile(pair.partition("=")[0], pair.partition("=")[2])]
    return OPAQUE.sub("<id>", unquote(route + mark + "&".join(sorted(pairs)), errors="replace"))


def _is_volatile(name: str, value: str) -> bool:
    """Whether a parameter differs by chance; the site has a clock of its own, which shows about our time."""
    return is_volatile(name, value, (PAGE_EPOCH, datetime.now(UTC))) or SESSION.fullmatch(name) is not None


def _hash(features: Iterable[str]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for feature in features:
        digest.update(feature.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()
