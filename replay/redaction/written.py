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

BASE64_RUN = re.compile(r"(?:[A-Za-z0-9+/_-]|%2[BbFf]){16,20000}")
HEX_RUN = re.compile(r"(?:[0-9a-fA-F]{2}){4,20000}")
ZEROS = re.compile(r"(&#[xX]?)0+")
HUGE_NUMBER = re.compile(r"&#[xX]?[0-9a-fA-F]{12,}")  # no character, and too long to be read
BACKSLASH = r"(?:\\|%(?:25){0,4}5[Cc])"
AMPERSAND = r"(?:(?:&|%(?:25){0,4}26|\\{1,3}u0026)(?:amp(?:;|%(?:25){0,4}3[Bb])){0,4})"
NUMBER_SIGN = r"(?:#|%(?:25){0,4}23)"
SEMICOLON = r"(?:;|%(?:25){0,4}3[Bb])"
BLANK = (
    rf"(?:\s|\u00a0|%(?:25){{0,4}}(?:20|09|0[aAdD]|[cC]2%(?:25){{0,4}}[aA]0)|\+|{AMPERSAND}nbsp{SEMICOLON}"
    rf"|{AMPERSAND}{NUMBER_SIGN}(?:0{{0,8}}(?:32|160)|[xX]0{{0,8}}(?:20|[aA]0)){SEMICOLON}|{BACKSLASH}{{1,3}}(?:u00[aA2]0|[nt]))"
)
GAP = rf"(?:{BLANK}|[-.\u2010-\u2015]){{0,3}}"  # between the digits of a number
BETWEEN_FIELDS = (  # between the parts of a number that was split over fields
    r"(?:(?:[^\w%]|%(?:25){0,4}[2357][0-9a-fA-F]){0,16}|(?:&|%(?:25){0,4}26)[\w.%-]{1,40}?(?:=|%(?:25){0,4}3[Dd]))"
)
MIN_CORE = 5  # characters of base64 that only one text has
MAX_DECODED = 1_000_000  # characters of one text that are looked at in other ways of writing
LEGIBLE = 0.7  # least share of what is decoded that has to be text


@lru_cache(maxsize=4096)
def char_pattern(char: str, *, ignore_case: bool = False) -> str:
    """Return a pattern of the ways in which one character may be written."""
    if char.isspace():
        return f"{BLANK}+"
    forms = sorted({char.lower(), char.upper()} if ignore_case else {char})
    return f"(?:{'|'.join(way for form in forms for way in _ways(form))})"


def _ways(char: str) -> Iterator[str]:
    before = "" if char.isalnum() else f"{BACKSLASH}{{0,3}}"
    for one in char:  # a letter's capital may be two characters
        number = ord(one)
        octets = "".join(
            f"[%=](?:25){{0,4}}{_any_case(f'{byte:02x}')}" for byte in one.encode("utf-8", "surrogatepass")
        )
        yield f"{before}{octets}"
        units = one.encode("utf-16-be", "surrogatepass")
        yield "".join(rf"{BACKSLASH}{{1,3}}u{_any_case(units[i : i + 2].hex())}" for i in range(0, len(units), 2))
        yield rf"{AMPERSAND}{NUMBER_SIGN}0{{0,8}}{number}{SEMICOLON}?"
        yield rf"{AMPERSAND}{NUMBER_SIGN}[xX]0{{0,8}}{_any_case(f'{number:x}')}{SEMICOLON}?"
        if number < 256:
            yield rf"{BACKSLASH}{{1,3}}x{_any_case(f'{number:02x}')}"
        if number in codepoint2name:
            yield rf"{AMPERSAND}{codepoint2name[number]}{SEMICOLON}"
    yield f"{before}{re.escape(char)}"  # the last one: a "%" is the beginning of others


def _any_case(digits: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)


def base64_patterns(text: str) -> list[str]:
    """Return patterns of what a text's base64 always holds, wherever in a longer text it stands."""
    data = text.encode("utf-8", "surrogatepass")
    patterns = []
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode("ascii")
        core = encoded[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6]
        if len(core) >= MIN_CORE:
            patterns.append("".join({"+": "(?:[+-]|%2[Bb])", "/": "(?:[/_]|%2[Ff])"}.get(char, char) for char in core))
    return patterns


def hex_pattern(text: str) -> str:
    """Return a pattern of a text's bytes as hexadecimal digits."""
    return "[\\s:]?".join(_any_case(f"{byte:02x}") for byte in text.encode("utf-8", "surrogatepass"))


def readings(text: str, *, depth: int = 2) -> Iterator[str]:
    """Yield a text, and what it says where it is escaped or holds base64, so many times over."""
    yield text
    if depth == 0 or len(text) > MAX_DECODED:
        return
    for read in dict.fromkeys([*_unescaped(text), *(decoded for _, decoded in decoded_runs(text))]):
        if read != text:
            yield from readings(read, depth=depth - 1)


def _unescaped(text: str) -> Iterator[str]:
    if "%" in text:
        yield unquote(text)
    if "+" in text:
        yield unquote_plus(text)
    if "&" in text:
        yield html.unescape(HUGE_NUMBER.sub("", ZEROS.sub(r"\1", text)))
    if "\\" in text:
        yield re.sub(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", _unslash, text, flags=re.DOTALL)
    if "=" in text:
        yield re.sub(r"(?:=[0-9A-F]{2})+", lambda match: _octets(match.group().replace("=", "")), text)


def _unslash(match: re.Match[str]) -> str:
    digits = match.group(1) or match.group(2)
    if digits:
        return chr(int(digits, 16))
    return {"n": "\n", "t": "\t", "r": "\r"}.get(match.group(3), match.group(3))


def _octets(digits: str) -> str:
    return bytes.fromhex(digits).decode("utf-8", "replace")


def decoded_runs(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield where base64 or hexadecimal digits may stand in a text, and what they say."""
    for match in BASE64_RUN.finditer(text):
        plain = unquote(match.group()).translate({ord("-"): "+", ord("_"): "/"})
        for skip in range(4):
            piece = plain[skip:]
            piece = piece[: len(piece) // 4 * 4] if len(piece) % 4 == 1 else piece + "=" * (-len(piece) % 4)
            try:
                said = base64.b64decode(piece).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                continue
            if _is_legible(said):
                yield match.span(), said
    for match in HEX_RUN.finditer(text):
        said = _octets(match.group())
        if _is_legible(said):
            yield match.span(), said


def _is_legible(text: str) -> bool:
    return sum(char.isprintable() and char != "\ufffd" for char in text) >= LEGIBLE * len(text)
