"""What was done before in an episode, as the network reads it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from browser_env.acting import Turn
from browser_env.action import Action, Answer, Check, Click, Hover, Point, Press, Scroll, Select, Type, Wait
from policy.choice import Kind
from policy.numbers import FAR, numbers_in
from policy.page import Page, element_at

MOST_TURNS = 16  # more count as so many
MOST_TIMES = 4  # an element was acted on; more count as so many
KIND_OF: dict[type[Action], Kind] = {
    Check: Kind.CLICK,
    Hover: Kind.HOVER,
    Type: Kind.TYPE,
    Select: Kind.SELECT,
    Press: Kind.PRESS,
    Scroll: Kind.SCROLL,
    Answer: Kind.ANSWER,
    Wait: Kind.WAIT,
}
ELEMENT_MEMORY = 3
PAGE_MEMORY = len(Kind) + 5


def page_memory(past: Sequence[Turn], goal: str = "") -> NDArray[np.float32]:
    """Return what the last action was, how it went, and how many there were: (PAGE_MEMORY,).

    Many goals say how often something is to be done: the goal's first number is compared with the number of turns.
    """
    last = past[-1] if past else None
    kind = None if last is None else _kind(last.action)
    left = wanted[0] - len(past) if (wanted := numbers_in(goal)) else 0
    memory = np.zeros(PAGE_MEMORY, dtype=np.float32)
    if kind is not None:
        memory[kind] = 1.0
    memory[len(Kind) :] = (
        (left > 0) - (left < 0),
        min(max(left / FAR, -1.0), 1.0),
        len(past) > 1 and past[-2].action == past[-1].action,
        last is not None and last.error is not None,
        min(len(past), MOST_TURNS) / MOST_TURNS,
    )
    return memory


def element_memory(page: Page, past: Sequence[Turn]) -> NDArray[np.float32]:
    """Return whether each element was acted on in the last turn, in the one before, and how often in all.

    Of shape (num_elements, ELEMENT_MEMORY). Points count for the element that is there now; scrolling acts on none.
    """
    memory = np.zeros((len(page.elements), ELEMENT_MEMORY), dtype=np.float32)
    for age, turn in enumerate(reversed(past)):
        row = None if isinstance(turn.action, Scroll) else _row(page, getattr(turn.action, "target", None))
        if row is not None:
            memory[row, 2] += 1.0
            if age < 2:
                memory[row, age] = 1.0
    memory[:, 2] = np.minimum(memory[:, 2], MOST_TIMES) / MOST_TIMES
    return memory


def _kind(action: Action) -> Kind | None:
    if isinstance(action, Click):
        return Kind.POINT if isinstance(action.target, Point) else Kind.CLICK
    return KIND_OF.get(type(action))


def _row(page: Page, target: object) -> int | None:
    found = element_at(target, page.elements) if isinstance(target, Point) else target
    return page.rows.get(found) if isinstance(found, str) else None
