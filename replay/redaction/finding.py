"""Finds secrets by their looks: card numbers, e-mail addresses, codes that a text calls so, addresses' parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from replay.redaction.rules import RedactionRules

EMAIL = re.compile(r"[\w.!$'*+^`~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62}")
DIGIT_GROUP = re.compile(r"\d+")
BETWEEN_GROUPS = re.compile(r"[\s.\-\u2010-\u2015]{0,2}\Z")
DIGITS = r"(?<!\d)(\d(?:[ -]?\d){3,7})(?!\d)"
CODE_USE = r"(?:one[- ]?time|verification|security|auth\w*|log-?in|access|confirmation|sms|your|2fa|ihr|dein)"
CODE_NAME = r"(?:code|pin|tan|otp|passcode|password|einmal\w*|sicherheitscode|best[aä]tigungscode)"
CODE_IN_TEXT = (
    re.compile(rf"(?i)\b{CODE_USE}\W{{1,3}}(?:\w+ )?{CODE_NAME}\W{{0,3}}(?:is|lautet|ist)?\W{{0,4}}{DIGITS}"),
    re.compile(rf"(?i)\b(?:otp|2fa|mfa|tan|pin|passcode|code)(?: is| lautet| ist|:|=)\W{{0,4}}{DIGITS}"),
    re.compile(rf"(?i){DIGITS}\W{{1,3}}(?:is|ist) (?:your|the|ihr|dein)\b"),
)
OTHER_CODES = re.compile(
    r"(?i)\b(?:zip|post\w*|postal|error|country|area|dial\w*|status|product|item|bar|qr|source|promo\w*"
    r"|discount|coupon|voucher|colou?r|sort)\W{0,2}\w{0,4}code|\bpostleitzahl|\bplz\b"
)
PASSWORD_IN_TEXT = re.compile(
    r"(?i)\b(?:password|passwort|passphrase|kennwort)\s*(?:is|ist|lautet|:|=)\s*[\"'“„]?([^\s\"'”“,;<>]{3,63}[^\s\"'”“,;<>.:!?])"
)
URL = re.compile(r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>]+")
PARAMETER = re.compile(r"(?:^|[?&#;])([^=&#;?\s]{1,100})=([^&#;\s]*)")
USER_INFO = re.compile(r"(?i)^[a-z][a-z0-9+.-]{1,20}://(?:[^/@:\s]*):([^/@\s]+)@")
FIELD_NAMES = {  # kind -> what a field for it is called
    "password": re.compile(
        r"(?i)pass[ -]?(?:word|phrase|code)|\bpwd\b|passwor[td]|kennwort|mot de passe|contrase[nñ]a|senha"
        r"|парол|密码|パスワード|wachtwoord|has[lł]o\b"
        r"|\b(?:api|secret|access|private)[ -]?(?:key|token)\b(?! (?:name|id)\b)|\bclient secret\b"
    ),
    "card": re.compile(
        r"(?i)\b(?:credit|debit|bank|payment)?[ -]?card[ -]?(?:number|no\b|nr\b)|kartennummer|\bcc[ -]?(?:number|num)"
        r"|num[eé]ro de (?:la )?carte|n[uú]mero de (?:la )?tarjeta|\bcv[cv]2?\b|\bcsc\b"
        r"|card (?:verification|security)|pr[uü]f(?:nummer|ziffer)"
    ),
    "code": re.compile(
        r"(?i)one[- ]?time|\botp\b|\b(?:2|two)[- ]?fa(?:ctor)?\b|\bpin\b|\btan\b|\bcode\b|einmal|sicherheitscode"
        r"|verification|\bdigit \d"
    ),
}
LENGTHS = {"2": (16,), "3": (14, 15, 16), "4": (13, 16, 19), "5": (16,), "6": (16, 17, 18, 19)}  # by first digit
MAX_GROUPS = 19  # of digits in one card number
KEY_PARTS = re.compile(r"[.\[\]]+")
KEY_WORDS = re.compile(r"[_-]+|(?<=[a-z])(?=[A-Z])")
CODE_VALUE = re.compile(r"[\w -]{1,12}\Z")


@dataclass(frozen=True, slots=True)
class Found:
    """A secret in a text."""

    kind: str
    value: str
    start: int
    end: int


def is_card(text: str) -> bool:
    """Whether the digits of a text are a card number: 13 to 19 of them, with the check digit of ISO/IEC 7812."""
    digits = [int(char) for char in text if char.isascii() and char.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def kind_of_field(name: str, rules: RedactionRules) -> str | None:
    """Return what kind of secret a field of this name is for, None for others."""
    for kind, pattern in FIELD_NAMES.items():
        if kind in rules.kinds and pattern.search(name) and not OTHER_CODES.search(name):
            return kind
    return None


def kind_of_key(key: str, rules: RedactionRules) -> str | None:
    """Return what kind of secret the last name in a form's or a body's key says, as in ``user.pin`` or ``tokens.0``."""
    names = [name for name in KEY_PARTS.split(key) if name and not name.isdigit()]
    name = names[-1] if names else key
    kind = kind_of_field(KEY_WORDS.sub(" ", name), rules)
    return kind or ("parameter" if _is_parameter(name, rules) else None)


def _is_parameter(name: str, rules: RedactionRules) -> bool:
    return name.lower() in {known.lower() for known in rules.url_parameters}


def find(text: str, rules: RedactionRules) -> Iterator[Found]:
    """Yield the secrets that a text shows by itself."""
    if "email" in rules.kinds and "@" in text:
        yield from (_found("email", match) for match in EMAIL.finditer(text))
    if "card" in rules.kinds:
        yield from _cards(text)
    if "code" in rules.kinds:
        for pattern in CODE_IN_TEXT:
            for match in pattern.finditer(text):
                if not OTHER_CODES.search(text[max(0, match.start() - 20) : match.end()]):
                    yield _found("code", match, 1)
    if "password" in rules.kinds:
        yield from (_found("password", match, 1) for match in PASSWORD_IN_TEXT.finditer(text))
    for rule in rules.texts:
        for match in re.finditer(rule.pattern, text):
            yield _found(rule.kind, match, 1 if match.re.groups else 0)


def _cards(text: str) -> Iterator[Found]:
    """Yield card numbers: groups of digits side by side, whatever digits stand before or behind them."""
    groups = [match.span() for match in DIGIT_GROUP.finditer(text)]
    last = 0
    for index, (start, _) in enumerate(groups):
        if start < last or text[start] not in LENGTHS:
            continue
        for end in reversed(_ends(text, groups[index : index + MAX_GROUPS])):
            digits = sum(char.isdigit() for char in text[start:end])
            if digits in LENGTHS[text[start]] and is_card(text[start:end]):
                last = end
                yield Found("card", text[start:end], start, end)
                break


def _ends(text: str, groups: Sequence[tuple[int, int]]) -> list[int]:
    """Return where a number may end that begins with the first of some groups of digits."""
    ends = [groups[0][1]]
    for start, end in groups[1:]:
        if not BETWEEN_GROUPS.match(text[ends[-1] : start]):
            break
        ends.append(end)
    return ends


def find_in_addresses(text: str, rules: RedactionRules) -> Iterator[tuple[str, str]]:
    """Yield kind and value of what addresses in a text give as secret parameters, or as a password before the host."""
    for match in URL.finditer(text):
        address = match.group()
        if (user := USER_INFO.match(address)) is not None and "password" in rules.kinds:
            yield "password", unquote(user.group(1))
        for name, value in PARAMETER.findall(address):
            if _is_parameter(unquote_plus(name), rules) and value:
                yield "parameter", unquote_plus(value)


def _found(kind: str, match: re.Match[str], group: int = 0) -> Found:
    return Found(kind, match.group(group) or "", *match.span(group))
