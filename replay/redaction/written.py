"""The ways in which a text may be written down: escaped for addresses, JSON, HTML and patterns, in base64, in hex."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterator
from functools import lru_cache
from html.entities import codepoint2name
from urllib.parse import unquote, unquote_plus

ESCAPING = re.compile(r"[%\\&=+]")
BASE64_RUN = re.compile(r"(?:[A-Za-z0-9+/_-]|%2[BbFf]){12,20000}")
BLANK = r"(?:\s|\u00a0|%(?:25)*20|\+|&nbsp;|&#0*160;|&#[xX]0*[aA]0;|\\+u00[aA]0|\\+[nt])"
GAP = rf"(?:{BLANK}|[-.\u2010-\u2015]){{0,3}}"  # between the digits of a number
MIN_CORE = 5  # characters of base64 that only one text has
MAX_DECODED = 100_000  # characters of one text that are looked at in other ways of writing


@lru_cache(maxsize=4096)
def char_pattern(char: str, *, ignore_case: bool = False) -> str:
    """Return a pattern of the ways in which one character may be written."""
    if char.isspace():
        return f"{BLANK}+"
    forms = {char.lower(), char.upper()} if ignore_case else {char}
    return f"(?:{'|'.join(sorted({way for form in forms for way in _ways(form)}))})"


def _ways(char: str) -> Iterator[str]:
    literal = re.escape(char)
    yield literal if char.isalnum() else rf"\\*{literal}"
    for one in char:  # a letter's capital may be two characters
        number = ord(one)
        yield "".join(f"[%=](?:25)*{_any_case(f'{byte:02x}')}" for byte in one.encode("utf-8", "surrogatepass"))
        units = one.encode("utf-16-be", "surrogatepass")
        yield "".join(rf"\\+u{_any_case(units[i : i + 2].hex())}" for i in range(0, len(units), 2))
        yield rf"&(?:amp;)*#0*{number};?"
        yield rf"&(?:amp;)*#[xX]0*{_any_case(f'{number:x}')};?"
        if number < 256:
            yield rf"\\+x{_any_case(f'{number:02x}')}"
        if number in codepoint2name:
            yield rf"&(?:amp;)*{codepoint2name[number]};"


def _any_case(digits: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)


def base64_patterns(text: str) -> list[str]:
    """Return patterns of a text's base64, plain and for addresses, wherever in a longer text it stands."""
    data = text.encode("utf-8", "surrogatepass")
    patterns = []
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode("ascii")
        core = encoded[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6]
        if len(core) >= MIN_CORE:
            body = "".join({"+": "(?:[+-]|%2[Bb])", "/": "(?:[/_]|%2[Ff])"}.get(char, char) for char in core)
            patterns.append(rf"(?:[A-Za-z0-9+_-])*{body}(?:[A-Za-z0-9+_-]|%2[BbFf])*(?:=|%3[Dd])*")
    return patterns


def hex_pattern(text: str) -> str:
    """Return a pattern of a text's bytes as hexadecimal digits."""
    return "".join(rf"[\s:]?{_any_case(f'{byte:02x}')}" for byte in text.encode("utf-8", "surrogatepass"))


def readings(text: str, *, depth: int = 2) -> Iterator[str]:
    """Yield a text, and what it says where it is escaped or holds base64, so many times over."""
    yield text
    if depth == 0 or len(text) > MAX_DECODED:
        return
    for read in {*_unescaped(text), *(decoded for _, decoded in decoded_runs(text))} - {text}:
        yield from readings(read, depth=depth - 1)


def _unescaped(text: str) -> Iterator[str]:
    if "%" in text:
        yield unquote(text)
    if "+" in text:
        yield unquote_plus(text)
    if "&" in text:
        yield html.unescape(text)
    if "\\" in text:
        yield re.sub(r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", _unslash, text, flags=re.DOTALL)


def _unslash(match: re.Match[str]) -> str:
    digits = match.group(1) or match.group(2)
    if digits:
        return chr(int(digits, 16))
    return {"n": "\n", "t": "\t", "r": "\r"}.get(match.group(3), match.group(3))


def decoded_runs(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield where base64 may stand in a text, and what it says."""
    for match in BASE64_RUN.finditer(text):
        plain = unquote(match.group()).translate({ord("-"): "+", ord("_"): "/"})
        for skip in range(min(4, len(plain))):
            piece = plain[skip:]
            piece = piece[: len(piece) // 4 * 4] if len(piece) % 4 == 1 else piece + "=" * (-len(piece) % 4)
            try:
                data = base64.b64decode(piece)
            except (binascii.Error, ValueError):
                continue
            yield match.span(), data.decode("utf-8", "replace")
