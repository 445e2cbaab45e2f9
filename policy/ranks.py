"""Elements that differ in their numbers alone, such as the prices of a list: which has the least, which the most."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from policy.page import Page
from policy.text import MAX_CHARS

FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
RANK_FEATURES = 4

Figures = tuple[float, ...]


def rank_features(page: Page) -> NDArray[np.float32]:
    """Return whether each element is one of several alike but for their numbers, and how it stands among them.

    Of shape (num_elements, RANK_FEATURES): whether there are others, whether none has less, whether none has more,
    and the share of the others' values that are below its own. Of several numbers, as in ``4h 12m``, the first that
    differs decides.
    """
    features = np.zeros((len(page.elements), RANK_FEATURES), dtype=np.float32)
    groups: dict[tuple[str, str], list[tuple[int, Figures]]] = {}
    for row, element in enumerate(page.elements):
        if row not in page.goal_rows:
            pattern, figures = read_figures(page.says(row))
            if figures:
                groups.setdefault((element.role, pattern), []).append((row, figures))
    for members in groups.values():
        values = sorted({figures for _, figures in members})
        places, last = {value: place for place, value in enumerate(values)}, len(values) - 1
        for row, figures in members if last else ():
            place = places[figures]
            features[row] = (1.0, place == 0, place == last, place / last)
    return features


@lru_cache(maxsize=65_536)
def read_figures(text: str) -> tuple[str, Figures]:
    """Return a text without its numbers, and the numbers; commas part thousands, a point is a decimal point."""
    text = text[:MAX_CHARS]
    figures = tuple(_number(found) for found in FIGURE.findall(text))
    return FIGURE.sub("#", text), figures


def _number(text: str) -> float:
    """Return the number that digits, commas and points spell; of several points, as in a version, the first counts."""
    whole, _, rest = text.replace(",", "").partition(".")
    return float(f"{whole}.{rest.partition('.')[0]}")
