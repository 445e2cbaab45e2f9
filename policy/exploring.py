"""Exploration: now and then, a click on any element or any option of a list.

A policy cloned from few demonstrations is sure even where it is wrong, and then neither its own samples nor the
policy gradient, whose size goes with 1 - p, ever lead it out. It explores the more the less it hopes for. The
mixture's probabilities are exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from policy.choice import Choice, Kind
from policy.page import Page


def exploration_chance(value: float, *, most: float) -> float:
    """Return the chance to explore where this return is expected.

    It falls with the square: were it linear, exploring alone could make an episode of many steps fail, that lower
    the value, and that raise the chance again.
    """
    return most * (1 - min(max(value, 0.0), 1.0)) ** 2


def explore(
    choices: Sequence[Choice], pages: Sequence[Page], *, chances: Sequence[float], generator: torch.Generator
) -> list[Choice]:
    """Replace each choice, with its chance, by one of all clicks and selections, all equally likely."""
    draws = torch.rand(len(choices), 2, generator=generator).tolist()
    return [
        _nth(choice, page, part) if draw < chance and _count(page) else choice
        for choice, page, chance, (draw, part) in zip(choices, pages, chances, draws, strict=True)
    ]


def mixed_log_prob(log_prob: float, choice: Choice, page: Page, *, chance: float) -> float:
    """Return a choice's log-probability under the mixture, from that under the policy alone."""
    count = _count(page)
    if not chance or not count:
        return log_prob
    ways = len(choice.elements) if choice.kind in (Kind.CLICK, Kind.SELECT) else 0
    return math.log((1 - chance) * math.exp(log_prob) + chance * ways / count)


def _count(page: Page) -> int:
    return int(page.clickable.sum() + page.selectable.sum())


def _nth(choice: Choice, page: Page, part: float) -> Choice:
    """Return the click or selection that stands at this part, from 0 to 1, of all of them."""
    clickable, selectable = _rows(page.clickable), _rows(page.selectable)
    index = min(int(part * _count(page)), _count(page) - 1)
    if index < len(clickable):
        return replace(choice, kind=Kind.CLICK, elements=(clickable[index],), index=0, text="")
    return replace(choice, kind=Kind.SELECT, elements=(selectable[index - len(clickable)],), index=0, text="")


def _rows(mask: NDArray[np.bool_]) -> list[int]:
    return [int(row) for row in np.flatnonzero(mask)]
