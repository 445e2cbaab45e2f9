"""Tasks in which something is counted or calculated."""

from __future__ import annotations

import math
import re

import numpy as np

from browser_env.action import Action
from browser_env.observation import Observation
from experiments.experts.seeing import Expert, click, enter, named, of_role, pixels, submit

RADIUS = 35  # of a shape's corners around its middle, in CSS px
HALF_LINE = 1.5  # half the width of the line that a shape is drawn with, in CSS px


def simple_arithmetic(observation: Observation) -> Action:
    """Type what the two numbers give, then submit."""
    match = next(m for e in observation.elements if (m := re.fullmatch(r"(\d+) ([-+x]) (\d+) =", e.name)))
    one, other = int(match[1]), int(match[3])
    result = {"+": one + other, "-": one - other, "x": one * other}[match[2]]
    return enter(observation, of_role(observation, "textbox")[0], str(result))


def simple_algebra(observation: Observation) -> Action:
    """Type what x is, then submit."""
    match = next(m for e in observation.elements if (m := re.fullmatch(r"(\w+) ([-+]) (\w+) = (\d+)", e.name)))
    first, sign, second, result = match.groups()
    if first != "x":
        solution = int(result) - int(first) if sign == "+" else int(first) - int(result)
    else:
        solution = int(result) - int(second) if sign == "+" else int(result) + int(second)
    return enter(observation, of_role(observation, "textbox")[0], str(solution))


def visual_addition(observation: Observation) -> Action:
    """Type how many blocks there are, then submit."""
    blocks = [element for element in of_role(observation, "generic") if not element.name]
    return enter(observation, of_role(observation, "textbox")[0], str(len(blocks)))


def generate_number(observation: Observation) -> Action:
    """Draw numbers until one is as the goal says, then submit."""
    shown = of_role(observation, "generic")[1].name
    if shown.isdigit() and _is_wanted(int(shown), observation.goal):
        return submit(observation)
    return click(named(observation, "Generate", role="button"))


def count_sides(observation: Observation) -> Action:
    """Click the number of sides of the polygon whose area is nearest to that of the drawn shape."""
    drawn = pixels(observation, of_role(observation, "canvas")[0]).max(axis=2) < 128
    rows = [np.flatnonzero(row) for row in drawn]
    area = sum(int(row.max() - row.min()) + 1 for row in rows if row.size)
    sides = min(range(3, 8), key=lambda sides: abs(_area(sides) - area))
    return click(named(observation, str(sides), role="button"))


def _is_wanted(number: int, goal: str) -> bool:
    bound = re.search(r"(less|greater) than (\d+)", goal)
    if bound is None:
        return number % 2 == ("odd" in goal)
    return number < int(bound[2]) if bound[1] == "less" else number > int(bound[2])


def _area(sides: int) -> float:
    """Return the area of a regular polygon with half of its line around it."""
    apothem = RADIUS * math.cos(math.pi / sides) + HALF_LINE
    return sides * apothem**2 * math.tan(math.pi / sides)


EXPERTS: dict[str, Expert] = {
    "count-sides": count_sides,
    "generate-number": generate_number,
    "simple-algebra": simple_algebra,
    "simple-arithmetic": simple_arithmetic,
    "visual-addition": visual_addition,
}
