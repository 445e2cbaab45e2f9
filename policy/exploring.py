"""Exploration: now and then, a click on some element or option of a list, rather on what says that it can be clicked.

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

EXPLORED = (Kind.CLICK, Kind.SELECT)
INVITING = {"clickable", "editable"}  # states
INVITED = 4.0  # so many times likelier than what shows no sign that it can be clicked


def exploration_chance(value: float, *, most: float, turns: int = 0) -> float:
    """Return the chance to explore where this return is expected, after so many turns.

    It falls with the square: were it linear, exploring alone could make an episode of many steps fail, that lower
    the value, and that raise the chance again. It falls with the turns, so that an episode is explored about once,
    however many steps it takes.
    """
    return most * (1 - min(max(value, 0.0), 1.0)) ** 2 / (1 + turns)


def explore(
    choices: Sequence[Choice], pages: Sequence[Page], *, chances: Sequence[float], generator: torch.Generator
) -> list[Choice]:
    """Replace each choice, with its chance, by a click or a selection."""
    draws = torch.rand(len(choices), 2, generator=generator).tolist()
    return [
        _drawn(choice, page, part) if draw < chance else choice
        for choice, page, chance, (draw, part) in zip(choices, pages, chances, draws, strict=True)
    ]


def mixed_log_prob(log_prob: float, choice: Choice, page: Page, *, chance: float) -> float:
    """Return a choice's log-probability under the mixture, from that under the policy alone."""
    if not chance or not (weights := _weights(page)).any():
        return log_prob
    explored = choice.kind in EXPLORED
    share = weights[EXPLORED.index(choice.kind), list(choice.elements)].sum() / weights.sum() if explored else 0.0
    return math.log((1 - chance) * math.exp(log_prob) + chance * share)


def _weights(page: Page) -> NDArray[np.float64]:
    """Return how often each element is clicked and each option selected, up to a factor: (2, num_elements)."""
    inviting = np.array([bool(INVITING & set(element.states)) for element in page.elements], dtype=np.bool_)
    clicks = page.clickable * np.where(inviting, INVITED, 1.0)
    clicks[list(page.goal_rows)] = 0.0
    return np.stack([clicks, page.selectable * INVITED])


def _drawn(choice: Choice, page: Page, part: float) -> Choice:
    """Return the click or selection that stands at this part, from 0 to 1, of all; the choice where there are none."""
    sums = _weights(page).cumsum()
    if not sums.any():
        return choice
    place = min(int(np.searchsorted(sums, part * sums[-1], side="right")), len(sums) - 1)
    kind, element = divmod(place, len(page.elements))
    return replace(choice, kind=EXPLORED[kind], elements=(element,), index=0, text="")
