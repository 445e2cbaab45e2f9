"""Fills the boxes of what shows a secret."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from browser_env.observation import Element, Observation, Screenshot

SHADE = 128  # of the filling, in all channels
MARGIN = 3.0  # CSS px around a box: what letters and focus rings draw beyond it
Box = tuple[float, float, float, float]  # x, y, width, height in CSS px
LETTER = 0.35  # least width of a letter, as a share of its line's height
INLINE = frozenset(
    (
        "link",
        "strong",
        "em",
        "b",
        "i",
        "u",
        "span",
        "code",
        "mark",
        "emphasis",
        "a",
        "label",
        "small",
        "s",
        "q",
        "cite",
        "abbr",
        "time",
        "insertion",
        "deletion",
        "generic",
    )
)
FIELDS = frozenset(("textbox", "searchbox", "combobox", "spinbutton", "listbox"))


def boxes_of(observation: Observation, shows: Callable[[str], bool], own: Callable[[Element], bool]) -> list[Box]:
    """Return the boxes that show a secret: ``shows`` judges texts, ``own`` elements whose value is (part of) one."""
    inner: set[str] = set()  # elements around one that shows a secret
    carriers = [e for e in observation.elements if e.visible and (own(e) or _carries(e, shows))]
    parents = {element.id: element.parent for element in observation.elements}
    for element in carriers:
        inner.update(_above(element.id, parents))
    return [box for e in carriers for box in _boxes(e, observation, around=e.id in inner, shows=shows)]


def _carries(element: Element, shows: Callable[[str], bool]) -> bool:
    return any(shows(text) for text in (element.name, element.value, element.description))


def _above(id_: str, parents: dict[str, str | None]) -> Iterable[str]:
    seen = {id_}
    parent = parents.get(id_)
    while parent is not None and parent not in seen:
        yield parent
        seen.add(parent)
        parent = parents.get(parent)


def _boxes(element: Element, observation: Observation, *, around: bool, shows: Callable[[str], bool]) -> list[Box]:
    yield_all = [element.box]
    text = element.value if shows(element.value) else element.name
    _, _, width, height = element.box
    if element.role not in FIELDS and len(text) * LETTER * height > width:
        yield_all += _further_lines(element, observation, letters=len(text))
    return yield_all


def _further_lines(element: Element, observation: Observation, *, letters: int) -> list[Box]:
    """Return where the other lines of a text may be whose box is that of one line."""
    x, y, width, height = element.box
    lines = math.ceil(letters * height / max(width, 1.0)) if element.role in INLINE else 1
    outer = next((e.box for e in observation.elements if e.id == element.parent), None)
    left, right = (outer[0], outer[0] + outer[2]) if outer else (0.0, float(observation.viewport[0]))
    reach = min(lines, 20) * height * 1.5
    return (
        [(left, y - reach, right - left, height + 2 * reach)] if element.role in INLINE else [(x, y, right - x, height)]
    )


def fill(pixels: Screenshot, boxes: Sequence[Box], *, viewport: tuple[int, int]) -> Screenshot:
    """Return a screenshot with boxes filled flat; a box that is none fills all of it."""
    if not boxes:
        return pixels
    filled = np.array(pixels)
    for left, top, right, bottom in (_area(box, filled.shape, viewport) for box in boxes):
        filled[top:bottom, left:right] = SHADE
    filled.setflags(write=False)
    return filled


def _area(box: Box, shape: tuple[int, ...], viewport: tuple[int, int]) -> tuple[int, int, int, int]:
    height, width = shape[:2]
    try:
        scale_x, scale_y = width / viewport[0], height / viewport[1]
        x, y, wide, high = (float(number) for number in box)
        edges = (
            (x - MARGIN) * scale_x,
            (y - MARGIN) * scale_y,
            (x + wide + MARGIN) * scale_x,
            (y + high + MARGIN) * scale_y,
        )
        left, top, right, bottom = (
            math.floor(edges[0]),
            math.floor(edges[1]),
            math.ceil(edges[2]),
            math.ceil(edges[3]),
        )
    except (TypeError, ValueError, OverflowError, ZeroDivisionError, IndexError):
        return 0, 0, width, height
    return max(left, 0), max(top, 0), max(min(right, width), 0), max(min(bottom, height), 0)
