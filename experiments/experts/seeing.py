"""What experts read of a page: what the goal quotes, elements by role and name, colours."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from browser_env.action import Action, Click, GiveUp, Type
from browser_env.arguments import Point
from browser_env.observation import Element, Observation, Screenshot
from policy.choice import cell_point
from policy.config import CompactConfig
from policy.vision import cell_grid

Expert = Callable[[Observation], Action]
Ink = NDArray[np.bool_]  # (height, width)
Spot = tuple[float, float]  # x, y in CSS px

COLORS = {  # CSS colour name -> RGB
    "red": (255, 0, 0),
    "blue": (0, 0, 255),
    "olive": (128, 128, 0),
    "lime": (0, 255, 0),
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "purple": (128, 0, 128),
    "orange": (255, 165, 0),
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
    "pink": (255, 192, 203),
    "magenta": (255, 0, 255),
    "aqua": (0, 255, 255),
    "gray": (128, 128, 128),
    "green": (0, 128, 0),
    "maroon": (128, 0, 0),
    "navy": (0, 0, 128),
    "silver": (192, 192, 192),
    "teal": (0, 128, 128),
    "gold": (255, 215, 0),
}


def quoted(observation: Observation) -> list[str]:
    """Return the texts that the goal puts into double quotes."""
    return re.findall(r'"([^"]*)"', observation.goal)


def ordinal(observation: Observation) -> int:
    """Return the place, from 0, that the goal counts, as in "2nd"; 0 where it counts none."""
    match = re.search(r"(\d+)(?:st|nd|rd|th)\b", observation.goal)
    return int(match[1]) - 1 if match else 0


def of_role(observation: Observation, role: str) -> list[Element]:
    """Return the elements of a role, in their order."""
    return [element for element in observation.elements if element.role == role]


def named(observation: Observation, name: str, *, role: str) -> Element | None:
    """Return the first element of a role and a name."""
    return next((element for element in of_role(observation, role) if element.name == name), None)


def submit(observation: Observation) -> Action:
    """Click the button "Submit"."""
    return click(named(observation, "Submit", role="button"))


def enter(observation: Observation, field: Element, text: str) -> Action:
    """Type a text into a field, then submit."""
    return submit(observation) if field.value == text else Type(field.id, text)


def click(element: Element | None) -> Action:
    """Click an element; give up where there is none."""
    return Click(element.id) if element is not None else GiveUp("what the goal names is not on the page")


def cells(observation: Observation) -> list[Point]:
    """Return where the cells of the page are clicked."""
    columns, rows = cell_grid(CompactConfig())
    return [cell_point(index, (columns, rows), observation.viewport) for index in range(columns * rows)]


def pixels(observation: Observation, element: Element) -> Screenshot:
    """Return the part of the screenshot that an element covers: (height, width, 3)."""
    assert observation.screenshot is not None, "this expert needs pixels"
    x, y, width, height = element.box
    return observation.screenshot[int(y) : int(np.ceil(y + height)), int(x) : int(np.ceil(x + width))]


def color_at(observation: Observation, element: Element) -> tuple[int, ...]:
    """Return the colour of an element's middle pixel."""
    region = pixels(observation, element)
    return tuple(int(channel) for channel in region[region.shape[0] // 2, region.shape[1] // 2])


def ink(observation: Observation, element: Element) -> Ink:
    """Return which pixels are dark, in the tight bounding box of those."""
    return _tight(pixels(observation, element).max(axis=2) < 140)


def fill_fraction(observation: Observation, element: Element) -> float:
    """Return how much of the figure's tight bounding box is not white."""
    return float(_tight(pixels(observation, element).min(axis=2) < 250).mean())


def _tight(mask: Ink) -> Ink:
    """Return the part of a mask from its first row and column to its last."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] if rows.size else mask[:0, :0]
