"""The secrets of one episode, numbered, and texts with placeholders in their place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from replay.redaction.placeholders import PLACEHOLDER, SEPARATORS, is_masked, placeholder
from replay.redaction.written import (
    ESCAPING,
    GAP,
    base64_patterns,
    char_pattern,
    decoded_runs,
    hex_pattern,
)

MIN_LENGTH = 3  # of what is masked wherever it stands; shorter ones only in their own fields
MIN_INSIDE = 4  # of what is masked within words, too
MIN_PREFIX = 6  # of a beginning of a secret that is masked as if it were whole
CUT_LENGTHS = (299, 300, 4096, 100_000)  # where observations and evidence cut texts off
NUMERIC = frozenset(("card", "code"))
KNOWN = r"\{\{secret:[0-9:/-]{1,40}\}\}"
ELLIPSIS = "\u2026"


class Vault:
    """Knows every secret; each has a number, and perhaps beginnings that count as the same secret."""

    def __init__(self, *, first: int, public: Iterable[str] = ()) -> None:
        self._next = first
        self._public = {text.casefold() for text in public}
        self._numbers: dict[str, int] = {}  # canonical form -> number
        self._kinds: dict[int, str] = {}
        self._texts: dict[str, int] = {}  # every way in which a secret was seen -> number
        self._pattern: re.Pattern[str] | None = None
        self._plain: re.Pattern[str] | None = None
        self._cache: dict[str, str] = {}

    def add(self, kind: str, text: str) -> int | None:
        """Return the number of a secret, a new one where it is not known yet; None for what can be none."""
        text = text.strip()
        if not text or is_masked(text) or PLACEHOLDER.search(text) or text.casefold() in self._public:
            return None
        key = canonical(kind, text)
        if not key:
            return None
        known = self._texts.get(text, self._numbers.get(key))
        if known is None:
            known = self._next
            self._next += 1
            self._numbers[key] = known
            self._kinds[known] = kind
        self._remember(text, known)
        return known

    def alias(self, text: str, number: int) -> None:
        """Have a text count as a secret that is known by another."""
        text = text.strip()
        if text and text not in self._texts and not PLACEHOLDER.search(text) and text.casefold() not in self._public:
            self._remember(text, number)

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

    def spans(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield start, end and number of every secret in a text as it is written there."""
        for match in self._matcher(text).finditer(text):
            if match.lastgroup is not None and match.lastgroup != "known" and match.end() > match.start():
                yield match.start(), match.end(), int(match.lastgroup[1:].split("_")[0])

    def mask(self, text: str) -> str:
        """Return a text with a placeholder for each secret in it."""
        masked = self._cache.get(text)
        if masked is None:
            masked = self._cache[text] = self._mask(text) if self._texts else text
        return masked

    def shows(self, text: str) -> bool:
        """Whether a text has a secret in it."""
        return self.mask(text) != text

    def _remember(self, text: str, number: int) -> None:
        self._texts[text] = number
        self._pattern = self._plain = None
        self._cache.clear()

    def _mask(self, text: str) -> str:
        masked = self._replace(text)
        if masked and len(text) >= CUT_LENGTHS[0]:
            masked = self._mask_cut(masked)
        return self._mask_nested(masked)

    def _replace(self, text: str) -> str:
        pieces, end = [], 0
        for start, stop, number in self.spans(text):
            pieces += [text[end:start], placeholder(number)]
            end = stop
        return "".join([*pieces, text[end:]])

    def _mask_cut(self, text: str) -> str:
        """Mask a beginning of a secret at the end of a text that was cut off."""
        body = text.removesuffix(ELLIPSIS)
        for secret, number in self.texts():
            for length in range(min(len(secret) - 1, len(body)), MIN_LENGTH, -1):
                if body.endswith(secret[:length]):
                    return body[:-length] + placeholder(number) + text[len(body) :]
        return text

    def _mask_nested(self, text: str) -> str:
        """Mask base64 that holds an escaped secret, or one among other words."""
        pieces, end = [], 0
        for (start, stop), inner in decoded_runs(text):
            if start < end:
                continue
            found = next(self.spans(inner), None) or next(
                (span for _, deeper in decoded_runs(inner) for span in self.spans(deeper)), None
            )
            if found is not None:
                pieces += [text[end:start], placeholder(found[2])]
                end = stop
        return "".join([*pieces, text[end:]])

    def _matcher(self, text: str) -> re.Pattern[str]:
        if ESCAPING.search(text):
            if self._pattern is None:
                self._pattern = self._compile(escaped=True)
            return self._pattern
        if self._plain is None:
            self._plain = self._compile(escaped=False)
        return self._plain

    def _compile(self, *, escaped: bool) -> re.Pattern[str]:
        ways = [rf"(?P<known>{KNOWN})"]
        for index, (text, number) in enumerate(self.texts()):
            if len(text) >= MIN_LENGTH:
                pattern = _pattern(text, self._kinds[number], escaped=escaped)
                ways.append(f"(?P<s{number}_{index}>{pattern})")
        return re.compile("|".join(ways))


def canonical(kind: str, text: str) -> str:
    """Return what two ways of writing the same secret have in common."""
    if kind in NUMERIC and text.replace(" ", "").replace("-", "").isalnum():
        return SEPARATORS.sub("", text)
    return text.casefold() if kind == "email" else text


def _pattern(text: str, kind: str, *, escaped: bool) -> str:
    compact = canonical(kind, text)
    numeric = compact.isascii() and compact.isdigit()
    between = GAP if numeric and kind in NUMERIC and len(compact) > MIN_INSIDE else ""
    fold = kind == "email"
    if escaped:
        written = between.join(char_pattern(char, ignore_case=fold) for char in (compact if between else text))
    else:
        plain = (r"[\s\u00a0]+" if char.isspace() else re.escape(char) for char in (compact if between else text))
        written = between.join(plain)
        written = f"(?i:{written})" if fold else written
    if numeric and len(compact) < 13:
        written = rf"(?<!\d){written}(?!\d)"
    elif len(text) < MIN_INSIDE:
        written = rf"(?<!\w){written}(?!\w)"
    others = [*base64_patterns(text), hex_pattern(text)] if len(text) >= MIN_INSIDE else []
    return "|".join([*others, written])
