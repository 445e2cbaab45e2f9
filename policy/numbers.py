"""Numbers on a page beside those of the goal: which are the same, and which are too small or too large."""

from __future__ import annotations

import re
from calendar import month_abbr, month_name
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from policy.page import Page
from policy.text import MAX_CHARS

NUMBER = re.compile(r"(?<![\w.-])-?\d{1,6}(?!\w)")
MONTHS = {name.lower(): number for names in (month_abbr, month_name) for number, name in enumerate(names) if name}
COMPARED = 3  # numbers of the goal
FAR = 10.0  # differences beyond count as this
NUMBER_FEATURES = 1 + 5 * COMPARED


def number_features(page: Page, rows: NDArray[np.bool_], columns: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return whether each element is a number or a month, and how the goal's first numbers differ from it.

    Of shape (num_elements, NUMBER_FEATURES): for each of the goal's, whether it is the same, whether it is larger or
    smaller, and the difference; then for each whether another element of the same row, and of the same column, is it.
    """
    count = len(page.elements)
    features = np.zeros((count, NUMBER_FEATURES), dtype=np.float32)
    wanted = numbers_in(page.observation.goal)[:COMPARED]
    found = [None if i in page.goal_rows else number_in(e.value or e.name) for i, e in enumerate(page.elements)]
    numbered = np.flatnonzero([number is not None for number in found])
    if not len(numbered):
        return features
    numbers = np.array([found[i] for i in numbered], dtype=np.float64)
    features[numbered, 0] = 1.0
    others = ~np.eye(count, dtype=np.bool_)[:, numbered]
    for place, want in enumerate(wanted):
        away = want - numbers
        start = 1 + 3 * place
        features[numbered, start : start + 3] = np.stack([away == 0, np.sign(away), (away / FAR).clip(-1, 1)], axis=1)
        same = others & (away == 0)
        features[:, 1 + 3 * COMPARED + place] = (rows[:, numbered] & same).any(axis=1)
        features[:, 1 + 4 * COMPARED + place] = (columns[:, numbered] & same).any(axis=1)
    return features


@lru_cache(maxsize=4096)
def numbers_in(text: str) -> tuple[int, ...]:
    """Return the whole numbers of a text in order; those of a date, written with strokes, are three."""
    return tuple(int(found) for found in NUMBER.findall(text[:MAX_CHARS].replace("/", " ")))


@lru_cache(maxsize=65_536)
def number_in(text: str) -> int | None:
    """Return the number or the month that a short text begins with; None where there is none."""
    word = text.strip().split(maxsplit=1)[0] if text.strip() else ""
    if word.lower() in MONTHS:
        return MONTHS[word.lower()]
    return int(word) if NUMBER.fullmatch(word) else None
