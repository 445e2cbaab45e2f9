"""The part of an observation that a compact policy reads, and what can be done with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from browser_env.action import Point
from browser_env.observation import Element, Observation
from policy.config import CompactConfig
from policy.text import MATCHED_WORDS, Token, tokenize

OPENING = 2  # words by which a goal is told
LIST_ROLES = ("combobox", "listbox", "select")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Page:
    """The listed elements and goal tokens of one observation."""

    observation: Observation
    elements: tuple[Element, ...]
    goal: tuple[Token, ...]
    rows: dict[str, int]  # element id -> index in elements
    clickable: NDArray[np.bool_]  # (num_elements,)
    editable: NDArray[np.bool_]  # (num_elements,)
    selectable: NDArray[np.bool_]  # (num_elements,), options of lists
    readable: NDArray[np.bool_]  # (num_elements,), those that say something
    goal_rows: frozenset[int]  # elements that show the goal itself

    def parent(self, index: int) -> int | None:
        """Return the index of an element's parent where that is listed."""
        parent = self.elements[index].parent
        return None if parent is None else self.rows.get(parent)

    def says(self, index: int) -> str:
        """Return what an element holds, or else its name."""
        element = self.elements[index]
        return element.value or element.name


def read_page(observation: Observation, config: CompactConfig) -> Page:
    """Choose the elements and goal tokens that fit."""
    goal = tokenize(observation.goal, config.max_goal_tokens)
    known = observation.elements if config.use_elements else ()
    elements = _fitting(known, config.max_elements, words={token.lower for token in goal})
    rows = {element.id: index for index, element in enumerate(elements)}
    roles = {element.id: element.role for element in elements}
    return Page(
        observation=observation,
        elements=elements,
        goal=goal,
        rows=rows,
        clickable=np.array([_clickable(element) for element in elements], dtype=np.bool_),
        editable=np.array([_editable(element) for element in elements], dtype=np.bool_),
        selectable=np.array([_selectable(element, roles) for element in elements], dtype=np.bool_),
        readable=np.array([bool(element.value or element.name) for element in elements], dtype=np.bool_),
        goal_rows=_goal_rows(elements, goal),
    )


def _goal_rows(elements: tuple[Element, ...], goal: tuple[Token, ...]) -> frozenset[int]:
    """Return the first element that begins with the goal's first words, and its children: some pages show the goal."""
    opening = _words(goal)[:OPENING]
    for row, element in enumerate(elements if len(opening) == OPENING else ()):
        if _words(tokenize(element.name, MATCHED_WORDS))[:OPENING] == opening:
            return frozenset({row, *(i for i, other in enumerate(elements) if other.parent == element.id)})
    return frozenset()


def _words(tokens: tuple[Token, ...]) -> list[str]:
    return [token.lower for token in tokens if token.text.isalnum()]


def has_area(element: Element) -> bool:
    """Tell whether the box is finite and not empty."""
    return all(map(math.isfinite, element.box)) and element.box[2] > 0 and element.box[3] > 0


def element_at(point: Point, elements: tuple[Element, ...]) -> str | None:
    """Return the id of the smallest visible element around a point; the later one of equals."""
    best: tuple[float, str] | None = None
    for element in elements:
        x, y, width, height = element.box
        around = x <= point.x < x + width and y <= point.y < y + height
        if element.visible and has_area(element) and around and (best is None or width * height <= best[0]):
            best = (width * height, element.id)
    return None if best is None else best[1]


def _fitting(elements: tuple[Element, ...], limit: int, *, words: set[str]) -> tuple[Element, ...]:
    """Keep at most ``limit`` elements of distinct ids, in document order.

    Those whose name, value or headers are made of the goal's words go first, then visible ones.
    """
    elements = tuple({element.id: element for element in elements}.values())
    if len(elements) <= limit:
        return elements
    meant = [_is_meant(element, words) for element in elements]
    ranked = sorted(range(len(elements)), key=lambda i: (not meant[i], not elements[i].visible, i))
    return tuple(elements[i] for i in sorted(ranked[:limit]))


def _is_meant(element: Element, words: set[str]) -> bool:
    texts = ([token.lower for token in tokenize(text, MATCHED_WORDS)] for text in _texts(element))
    return any(read and words.issuperset(read) for read in texts)


def _texts(element: Element) -> tuple[str, ...]:
    return (element.name, element.value, *element.headers)


def _clickable(element: Element) -> bool:
    return "disabled" not in element.states and has_area(element)


def _editable(element: Element) -> bool:
    return "editable" in element.states and "disabled" not in element.states and "readonly" not in element.states


def _selectable(element: Element, roles: dict[str, str]) -> bool:
    in_list = element.parent is not None and roles.get(element.parent) in LIST_ROLES
    return element.role == "option" and in_list and bool(element.name) and "disabled" not in element.states
