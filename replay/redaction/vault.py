"""The secrets of one episode, numbered, and texts with placeholders in their place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from replay.redaction.placeholders import PLACEHOLDER, SEPARATORS, is_masked, placeholder
from replay.redaction.written import (
    BETWEEN_FIELDS,
    GAP,
    base64_patterns,
    char_pattern,
    decoded_runs,
    hex_pattern,
    readings,
)

MIN_LENGTH = 3  # of what is masked wherever it stands; shorter ones only in their own fields
MIN_INSIDE = 4  # of what is masked within words, too
MIN_FOLDED = 6  # of what is masked in other capitals, too
CUT_LENGTHS = 299  # characters from which on a text may have been cut off
NUMERIC = frozenset(("card", "code"))
MAX_TAIL = 200  # characters at the end of such a text that are looked at
CUT_ESCAPE = re.compile(r"(?:%[0-9a-fA-F]?|\\+(?:u[0-9a-fA-F]{0,3})?|&[#\w]{0,8})\Z")
DOMAIN_LEFT = re.compile(r"(\{\{secret:\d{1,9}\}\})@(?:[\w-]{1,63}\.){1,8}\w{1,63}")  # of addresses that run together
ELLIPSIS = "\u2026"
KNOWN = r"\{\{secret:[0-9:/-]{1,40}\}\}"
RUN = re.compile(r"[A-Za-z0-9+_-]*\Z")
RUN_ON = re.compile(r"(?:[A-Za-z0-9+_-]|%2[BbFf])*(?:=|%3[Dd])*")
NO_DIGIT_BEFORE = r"(?:(?<!\d)|(?<=%[0-9a-fA-F]{2})|(?<=\\u[0-9a-fA-F]{4}))"
NO_WORD_BEFORE = r"(?:(?<!\w)|(?<=%[0-9a-fA-F]{2})|(?<=\\u[0-9a-fA-F]{4}))"

Span = tuple[int, int, int]  # start, end, number


class Vault:
    """Knows every secret; each has a number, and perhaps beginnings that count as the same secret."""

    def __init__(self, *, first: int, public: Iterable[str] = ()) -> None:
        self._next = first
        self._public = {text.casefold() for text in public}
        self._numbers: dict[str, int] = {}  # canonical form -> number
        self._kinds: dict[int, str] = {}
        self._texts: dict[str, int] = {}  # every way in which a secret was seen -> number
        self._aliases: dict[str, int] = {}  # beginnings and the like -> number
        self._split: set[int] = set()  # numbers of secrets that stood in several fields
        self._pattern: re.Pattern[str] | None = None
        self._folded: re.Pattern[str] | None = None
        self._alias_pattern: re.Pattern[str] | None = None
        self._escaped: dict[int, re.Pattern[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def add(self, kind: str, text: str, *, split: bool = False) -> int | None:
        """Return the number of a secret, a new one where it is not known yet; None for what can be none."""
        text = text.strip()
        key = canonical(kind, text)
        if not key or is_masked(text) or PLACEHOLDER.search(text) or text.casefold() in self._public:
            return None
        known = self._texts.get(text, self._numbers.get(key))
        if known is None:
            known = self._next
            self._next += 1
            self._numbers[key] = known
            self._kinds[known] = kind
        self._texts[text] = known
        self._split.update([known] if split else [])
        self._pattern = self._folded = None
        self._escaped.clear()
        return known

    def also(self, text: str, number: int) -> None:
        """Have a text be another way in which a known secret was written."""
        text = text.strip()
        if text and not PLACEHOLDER.search(text) and text.casefold() not in self._public:
            self._texts.setdefault(text, number)
            self._pattern = self._folded = None
            self._escaped.clear()

    def alias(self, text: str, number: int) -> None:
        """Have a text count as a secret that is known by another."""
        text = text.strip()
        if text and text not in self._texts and not PLACEHOLDER.search(text) and text.casefold() not in self._public:
            self._aliases[text] = number
            self._alias_pattern = None

    def number_of(self, kind: str, text: str) -> int | None:
        """Return the number of a known secret."""
        return self._texts.get(text.strip(), self._numbers.get(canonical(kind, text.strip())))

    def kind(self, number: int) -> str:
        """Return a secret's kind."""
        return self._kinds[number]

    def counts(self) -> Counter[str]:
        """Return how many secrets there are of each kind."""
        return Counter(self._kinds.values())

    def texts(self) -> list[tuple[str, int]]:
        """Return every text that is masked, the longest first, with its number."""
        return sorted(self._texts.items(), key=lambda item: (-len(item[0]), item[0]))

    def spans(self, text: str) -> list[Span]:
        """Return start, end and number of every secret that stands in a text unescaped, or as base64 or hex."""
        if self._pattern is None:
            self._pattern = re.compile("|".join([f"(?P<known>{KNOWN})", *self._ways(self._texts)]))
        return list(_spans(self._pattern, text))

    def folded_spans(self, text: str) -> list[Span]:
        """Return the same of secrets in other capitals than they were written in."""
        if self._folded is None:
            ways = [
                f"(?P<s{number}_{index}>(?i:{_pattern(known, self._kinds[number], escaped=False, split=False)}))"
                for index, (known, number) in enumerate(self.texts())
                if len(known) >= MIN_FOLDED and known.upper() != known.lower()
            ]
            self._folded = re.compile("|".join([f"(?P<known>{KNOWN})", *ways]))
        return list(_spans(self._folded, text))

    def alias_spans(self, text: str) -> list[Span]:
        """Return the same of what only counts as a secret."""
        if not self._aliases:
            return []
        if self._alias_pattern is None:
            self._alias_pattern = re.compile("|".join([f"(?P<known>{KNOWN})", *self._ways(self._aliases)]))
        return list(_spans(self._alias_pattern, text))

    def escaped(self, number: int) -> re.Pattern[str]:
        """Return a pattern of a secret in all ways of writing it."""
        if number not in self._escaped:
            ways = [
                _pattern(text, self._kinds[number], escaped=True, split=number in self._split)
                for text, known in self.texts()
                if known == number
            ]
            pattern = "|".join([f"(?P<known>{KNOWN})", *(f"(?P<s{number}_{i}>{way})" for i, way in enumerate(ways))])
            self._escaped[number] = re.compile(pattern)
        return self._escaped[number]

    def _ways(self, texts: Mapping[str, int]) -> Iterator[str]:
        for index, (text, number) in enumerate(sorted(texts.items(), key=lambda item: (-len(item[0]), item[0]))):
            if len(text) >= MIN_LENGTH:
                pattern = _pattern(text, self._kinds[number], escaped=False, split=number in self._split)
                yield f"(?P<s{number}_{index}>{pattern})"
            if len(text) >= MIN_INSIDE:
                yield f"(?P<b{number}_{index}>{'|'.join([*base64_patterns(text), hex_pattern(text)])})"


class Masker:
    """Masks texts of one moment: the vault's secrets, and what of them had been written by then."""

    def __init__(self, vault: Vault, parts: Mapping[str, str] | None = None, *, whole: Masker | None = None) -> None:
        self._vault = vault
        self._whole = whole  # what masks texts without such parts
        self._parts = sorted((parts or {}).items(), key=lambda item: -len(item[0]))
        self._cache: dict[str, str] = {}

    def mask(self, text: str) -> str:
        """Return a text with a placeholder for each secret in it."""
        masked = self._cache.get(text)
        if masked is None:
            masked = self._cache[text] = self._mask(text) if self._vault and text else text
        return masked

    def shows(self, text: str) -> bool:
        """Whether a text has a secret in it."""
        return self.mask(text) != text

    def _mask(self, text: str) -> str:
        if self._whole is not None and not any(part in read for read in readings(text) for part, _ in self._parts):
            return self._whole.mask(text)
        masked = DOMAIN_LEFT.sub(r"\1", _replace(text, self._vault.spans(text)))
        escaped = self._shown(masked)
        for number in escaped:
            masked = _replace(masked, _spans(self._vault.escaped(number), masked))
        masked = self._mask_runs(masked) if escaped else masked
        masked = _replace(masked, self._vault.folded_spans(masked))
        for part, written in self._parts:
            if any(part in reading for reading in readings(masked)):
                masked = _write_part(masked, part, written)
        masked = _replace(masked, self._vault.alias_spans(masked))
        if len(text) >= CUT_LENGTHS:
            masked = self._mask_cut(masked)
        left = self._shown(masked) if escaped else []
        return placeholder(left[0]) if left else masked  # written in a way that leaves no place to point at

    def _shown(self, text: str) -> list[int]:
        """Return the secrets that any reading of a text shows."""
        return list(dict.fromkeys(span[2] for reading in readings(text) for span in self._vault.spans(reading)))

    def _mask_runs(self, text: str) -> str:
        """Mask base64 that holds a secret among other words, or an escaped one."""
        spans: list[Span] = []
        for (start, end), said in decoded_runs(text):
            found = [number for reading in readings(said, depth=1) for _, _, number in self._vault.spans(reading)]
            if found and (not spans or start >= spans[-1][1]):
                spans.append((start, end, found[0]))
        return _replace(text, spans)

    def _mask_cut(self, text: str) -> str:
        """Mask a beginning of a secret, escaped or not, at the end of a text that was cut off."""
        body = text.removesuffix(ELLIPSIS)
        for start in range(max(len(body) - MAX_TAIL, 0), len(body) - MIN_LENGTH + 1):
            begun = [reading.casefold() for reading in readings(CUT_ESCAPE.sub("", body[start:]))]
            for secret, number in self._vault.texts():
                if any(len(part) >= MIN_LENGTH and secret.casefold().startswith(part) for part in begun):
                    return body[:start] + placeholder(number) + text[len(body) :]
        return text


def canonical(kind: str, text: str) -> str:
    """Return what two ways of writing the same secret have in common."""
    if kind in NUMERIC and text.replace(" ", "").replace("-", "").isalnum():
        return SEPARATORS.sub("", text)
    return text.casefold() if kind == "email" else text


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    """Yield what a pattern finds, base64 with all of its run."""
    last = 0
    for match in pattern.finditer(text):
        name, (start, end) = match.lastgroup or "known", match.span()
        if name != "known" and end > start >= last:
            if name.startswith("b"):
                run = RUN.search(text, max(last, start - 4096), start)
                start = run.start() if run is not None else start
                following = RUN_ON.match(text, end)
                end = following.end() if following is not None else end
            last = end
            yield start, end, int(name[1:].split("_")[0])


def _replace(text: str, spans: Iterable[Span]) -> str:
    pieces, end = [], 0
    for start, stop, number in spans:
        pieces += [text[end:start], placeholder(number)]
        end = stop
    return "".join([*pieces, text[end:]])


@lru_cache(maxsize=1024)
def _pattern(text: str, kind: str, *, escaped: bool, split: bool) -> str:
    compact = canonical(kind, text)
    numeric = compact.isascii() and compact.isdigit()
    spaced = kind in NUMERIC and compact.isalnum() and len(compact) >= MIN_INSIDE
    between = (BETWEEN_FIELDS if split else GAP) if spaced else ""
    fold = kind == "email"
    chars = compact if spaced else text
    if escaped:
        written = between.join(char_pattern(char, ignore_case=fold) for char in chars)
    else:
        written = between.join(r"[\s\u00a0]+" if char.isspace() else re.escape(char) for char in chars)
        written = f"(?i:{written})" if fold else written
    if numeric and len(compact) < 13:
        return rf"{NO_DIGIT_BEFORE}{written}(?!\d)"
    return rf"{NO_WORD_BEFORE}{written}(?!\w)" if len(text) < MIN_INSIDE else written


def _write_part(text: str, part: str, written: str) -> str:
    """Return a text with what stands for a part of a secret in all places of that part."""
    return _part_pattern(part).sub(lambda match: match["known"] or written, text)


@lru_cache(maxsize=256)
def _part_pattern(text: str) -> re.Pattern[str]:
    return re.compile(f"(?P<known>{KNOWN})|{''.join(char_pattern(char) for char in text)}")
