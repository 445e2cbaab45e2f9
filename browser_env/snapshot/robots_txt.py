"""Reads robots.txt by RFC 9309: of all rules that match an address, the longest holds."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

NAME = "webdual"  # what robots.txt may call this program
MAX_DELAY_S = 60.0  # between two visits; a site that asks for more gets this much
PRODUCT = re.compile(r"[a-z_-]+", re.IGNORECASE)
UNRESERVED = re.compile(rb"[A-Za-z0-9._~-]")
OTHERS = "".join(map(chr, range(33, 127)))  # characters that stay as they are


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one site."""

    text: str
    problem: str = ""  # why the file could not be read; then nothing may be opened

    def allow(self, url: str) -> bool:
        """Say whether an address may be opened."""
        parts = urlsplit(url)
        path = _uniform((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        path = path.replace("*", "%2A").replace("$", "%24")
        if self.problem:
            return False
        patterns, _ = _read(self.text)
        return path == "/robots.txt" or next((allows for rule, allows in patterns if _matches(rule, path)), True)

    @property
    def delay_s(self) -> float:
        """Seconds that the site wants between two visits."""
        return _read(self.text)[1]


@functools.lru_cache(maxsize=16)
def _read(text: str) -> tuple[tuple[tuple[str, bool], ...], float]:
    """Return the patterns that hold for this program, the one that counts first, and the seconds between visits."""
    rules: dict[bool, list[tuple[str, str]]] = {True: [], False: []}  # of groups for this program, and for all
    is_named = False
    for agents, found in _groups(text):
        is_named = is_named or NAME in agents
        for named in {name == NAME for name in agents & {NAME, "*"}}:
            rules[named] += found
    mine = rules[is_named]
    kinds = {"allow": True, "disallow": False}
    patterns = {(_pattern(value), kinds[key]) for key, value in mine if key in kinds and value}
    delays = [_seconds(value) for key, value in mine if key == "crawl-delay"]
    return tuple(sorted(patterns, key=lambda rule: (-len(rule[0]), not rule[1], rule[0]))), max(delays, default=0.0)


def _groups(text: str) -> Iterator[tuple[set[str], list[tuple[str, str]]]]:
    """Yield groups: the programs that each is for, in lower case, and its records."""
    agents: set[str] = set()
    found: list[tuple[str, str]] = []
    for line in re.split(r"[\r\n]+", text.removeprefix("\ufeff")):
        key, _, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        key = key.lower()
        if key == "user-agent":
            if found:
                yield agents, found
                agents, found = set(), []
            product = PRODUCT.match(value)
            agents.add(value if product is None else product[0].lower())
        elif agents and key in ("allow", "disallow", "crawl-delay"):
            found.append((key, value))
    yield agents, found


def _pattern(value: str) -> str:
    """Return a rule's pattern with uniform encoding; a ``$`` that is not at its end is one of the address."""
    uniform = _uniform(value)
    ending = "$" if uniform.endswith("$") else ""
    return uniform.removesuffix("$").replace("$", "%24") + ending


def _uniform(path: str) -> str:
    """Return a path with what needs no percent-encoding decoded, and all else that may be encoded so."""
    encoded = quote(path.encode("utf-8", "surrogatepass"), safe=OTHERS)
    return re.sub(r"%[0-9a-fA-F]{2}", lambda found: _decoded(found[0]), encoded)


def _decoded(code: str) -> str:
    byte = bytes.fromhex(code[1:])
    return byte.decode("ascii") if UNRESERVED.fullmatch(byte) else code.upper()


def _matches(pattern: str, path: str) -> bool:
    """Say whether a path begins as a pattern says: ``*`` is any text, ``$`` at the end is the path's end."""
    is_whole = pattern.endswith("$")
    first, *pieces = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    if is_whole and not pieces:
        return at == len(path)
    last = pieces.pop() if is_whole else ""
    for piece in pieces:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(path) - len(last) >= at and path.endswith(last)


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        return 0.0
    return min(max(seconds, 0.0), MAX_DELAY_S) if not math.isnan(seconds) else 0.0
