"""Where an element's words stand in the goal: what lets a policy follow goals with words it has never seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from policy.page import Page
from policy.text import MATCHED_WORDS, Token, quoted, tokenize


class Link(IntEnum):
    """How an element and a goal token belong together; the later wins."""

    NONE = 0
    CONTEXT = 1  # the token is a word of the name of the element before it
    WORD = 2  # the token is a word of the name
    HEADER = 3  # the token lies where the goal has the whole name of the row's or the column's header
    VALUE = 4  # the token lies where the goal has the whole value
    NAME = 5  # the token lies where the goal has the whole name, in any case of letters
    EXACT = 6  # likewise, letter by letter
    QUOTED = 7  # likewise, and alone between quotes


ALIGNMENT_FEATURES = 13


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """How the elements of a page and the tokens of its goal belong together."""

    links: NDArray[np.int64]  # (num_elements, num_goal_tokens), of Link
    features: NDArray[np.float32]  # (num_elements, ALIGNMENT_FEATURES)


class _Goal:
    """The goal's tokens, indexed for look-up."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self.words = [token.text for token in tokens]
        self.lower = [_plain(token.text) for token in tokens]
        self.in_quotes = quoted(tokens)
        self.positions: dict[str, list[int]] = {}
        for position, word in enumerate(self.lower):
            self.positions.setdefault(word, []).append(position)

    def find(self, words: list[str]) -> list[tuple[int, bool]]:
        """Return where the words stand in a row, and whether letter by letter; 05 is 5, but not letter by letter."""
        lower = [_plain(word) for word in words]
        starts = self.positions.get(lower[0], ()) if words else ()
        end = len(words)
        return [(i, self.words[i : i + end] == words) for i in starts if self.lower[i : i + end] == lower]

    def alone_in_quotes(self, start: int, end: int) -> bool:
        """Tell whether exactly the tokens from start to end are between quotes."""
        before = start > 0 and not self.in_quotes[start - 1]
        after = end < len(self.words) and not self.in_quotes[end]
        return self.in_quotes[start] and before and after


def align(page: Page) -> Alignment:
    """Link every element of a page to the goal's tokens, but for those that show the goal itself."""
    goal = _Goal(page.goal)
    links = np.zeros((len(page.elements), len(page.goal)), dtype=np.int64)
    features = np.zeros((len(page.elements), ALIGNMENT_FEATURES), dtype=np.float32)
    before = ""
    for row, (element, link, feature) in enumerate(zip(page.elements, links, features, strict=True)):
        if row in page.goal_rows:
            continue
        _link_words(goal, before, Link.CONTEXT, link)
        feature[0] = _link_words(goal, element.name, Link.WORD, link)
        feature[1] = _link_value(goal, element.value, link)
        feature[2:9] = _link_name(goal, element.name, link)
        feature[9] = float(bool(before) and (link == Link.CONTEXT).any())
        feature[10:12] = _link_headers(goal, element.headers, link)
        feature[12] = float(element.role in goal.positions)
        before = page.elements[row].name
    return Alignment(links, features)


def neighbour_names(page: Page) -> tuple[str, ...]:
    """Return for each element the name of the one listed before it, such as its label."""
    return ("", *(element.name for element in page.elements[:-1])) if page.elements else ()


def _plain(word: str) -> str:
    """Return a word regardless of case, and a number without leading zeros."""
    return (word.lstrip("0") or "0") if word.isdigit() else word.lower()


def _words(text: str) -> list[str]:
    return [token.text for token in tokenize(text, MATCHED_WORDS)]


def _link_words(goal: _Goal, text: str, kind: Link, link: NDArray[np.int64]) -> float:
    """Link the goal tokens that are words of a text; return the share of words found."""
    words = [_plain(word) for word in _words(text) if word.isalnum()]
    found = [goal.positions[word] for word in words if word in goal.positions]
    for positions in found:
        link[positions] = kind
    return len(found) / len(words) if words else 0.0


def _link_headers(goal: _Goal, headers: tuple[str, ...], link: NDArray[np.int64]) -> list[float]:
    """Link the goal tokens that are words of a row's and a column's header; return whether the goal has each whole."""
    found = [0.0, 0.0]
    for place, header in enumerate(headers[: len(found)]):
        words = _words(header)
        for start, _ in goal.find(words):
            span = link[start : start + len(words)]
            span[span < Link.HEADER] = Link.HEADER
            found[place] = 1.0
    return found


def _link_value(goal: _Goal, value: str, link: NDArray[np.int64]) -> float:
    words = _words(value)
    places = [start for start, exact in goal.find(words) if exact]
    for start in places:
        link[start : start + len(words)] = Link.VALUE
    return float(bool(places))


def _link_name(goal: _Goal, name: str, link: NDArray[np.int64]) -> list[float]:
    """Link where the goal has the whole name; return what was found as seven numbers."""
    words = _words(name)
    places = goal.find(words)
    best = Link.NONE
    for start, exact in places:
        alone = exact and goal.alone_in_quotes(start, start + len(words))
        kind = Link.QUOTED if alone else Link.EXACT if exact else Link.NAME
        link[start : start + len(words)] = kind
        best = max(best, kind)
    return [
        float(best >= Link.NAME),
        float(best >= Link.EXACT),
        float(best >= Link.QUOTED),
        (places[0][0] if places else 0) / max(len(goal.words), 1),
        (places[-1][0] if places else 0) / max(len(goal.words), 1),
        min(len(places), 4) / 4,
        min(len(words), 8) / 8 if places else 0.0,
    ]
