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
NUMBER_FEATURES = 1 + 3 * COMPARED


def number_features(page: Page) -> NDArray[np.float32]:
    """Return whether each element is a number or a month, and how the goal's first numbers differ from it.

    Of shape (num_elements, NUMBER_FEATURES): for each of the goal's, whether it is the same, whether it is larger or
    smaller, and the difference.
    """
    features = np.zeros((len(page.elements), NUMBER_FEATURES), dtype=np.float32)
    wanted = numbers_in(page.observation.goal)[:COMPARED]
    for row, element in enumerate(page.elements):
        number = None if row in page.goal_rows else number_in(element.value or element.name)
        if number is None:
            continue
        features[row, 0] = 1.0
        for place, want in enumerate(wanted):
            away = want - number
            start = 1 + 3 * place
            features[row, start : start + 3] = (away == 0, np.sign(away), np.clip(away / FAR, -1.0, 1.0))
    return features


@lru_cache(maxsize=4096)
def numbers_in(text: str) -> list[int]:
    """Return the whole numbers of a text in order; those of a date, written with strokes, are three."""
    return [int(found) for found in NUMBER.findall(text[:MAX_CHARS].replace("/", " "))]


@lru_cache(maxsize=65_536)
def number_in(text: str) -> int | None:
    """Return the number or the month that a short text begins with; None where there is none."""
    word = text.strip().split(maxsplit=1)[0] if text.strip() else ""
    if word.lower() in MONTHS:
        return MONTHS[word.lower()]
    return int(word) if NUMBER.fullmatch(word) else None
