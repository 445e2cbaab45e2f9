"""What is better left alone: what logs out, deletes, or does what cannot be undone by going back."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from experiments.compiler.site import Site

LOGS_OUT = re.compile(r"(?:log|sign)[\s_-]*(?:out|off)", re.IGNORECASE)
DELETES = re.compile(
    r"delete|remove|unsubscribe|deactivate|destroy|erase|purge|wipe|cancel (?:my )?(?:account|order|subscription)",
    re.IGNORECASE,
)
ACTS = re.compile(
    r"(?<![a-z])(?:approve|(?:un)?publish|archive|trash|disable|check ?out|buy|pay|(?:up|down)?vote|subscribe|clear"
    r"|reset|restore|revert|roll ?back)(?![a-z])",
    re.IGNORECASE,
)  # whole words: "Published" and "Payments" are none
HARMLESS = re.compile(
    r"(?:clear|reset|restore)[\s_-]+(?:\w+[\s_-]+)?(?:filters?|search(?:es)?|selection|form|sort(?:ing)?|view|zoom)",
    re.IGNORECASE,
)  # what is done to the page only
ASKS_TO_ACT = re.compile(r"action|do|cmd|command|op|operation|task|method|mode", re.IGNORECASE)  # parameters


def why_not(name: str, url: str, site: Site, *, link: bool = False) -> str:
    """Return why something of this name, that leads to this address if any, is not clicked or sent; or nothing.

    A link may be called by what its page is about; there the longer list holds for what its address asks to be done.
    """
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}"
    if logs_out(name, url):
        return "logs out"
    if not site.allow_writes and (DELETES.search(name) or DELETES.search(path)):
        return "sounds as if it deleted something"
    if not site.allow_writes and (_acts(url) or (not link and acts(name))):
        return "sounds as if it did something for good"
    return site.why_not(url)


def logs_out(name: str, url: str) -> bool:
    """Say whether something of this name that leads to this address logs out."""
    parts = urlsplit(url)
    return LOGS_OUT.search(name) is not None or LOGS_OUT.search(f"{parts.path}?{parts.query}") is not None


def is_grave(name: str) -> bool:
    """Say whether something is called by logging out, deleting, or what it does for good."""
    return LOGS_OUT.search(name) is not None or DELETES.search(name) is not None or acts(name)


def acts(name: str) -> bool:
    """Say whether a button is called by something that it does to more than the page."""
    return ACTS.search(name) is not None and HARMLESS.search(name) is None


def _acts(url: str) -> bool:
    """Say whether an address asks for something to be done: ``?action=archive``, ``?publish=7`` or ``/3/publish``."""
    parts = urlsplit(url)
    asked = parse_qsl(parts.query, keep_blank_values=True)
    told = any(ASKS_TO_ACT.fullmatch(key) and ACTS.search(value) for key, value in asked)
    named = any(ACTS.fullmatch(key) for key, _ in asked)
    *before, last = [part for part in parts.path.split("/") if part] or [""]
    one_thing = bool(before) and before[-1].isdigit()  # of a thing with a number
    return told or named or (one_thing and ACTS.fullmatch(last) is not None)
