"""Tasks in which a point of a drawing is clicked."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from browser_env.action import Action, Click, GiveUp
from browser_env.arguments import Point
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, Spot, cells, click, of_role, submit

SIDE = 5  # points in a row of the grid; 0 is in the middle
LINES = 2  # that are drawn for an angle
SHIFT = 2  # from the pixel that is clicked, right and down, to the point that it makes, in CSS px
SMALLER = 0.5  # by how much a made point's radius may be less, which shifts the corner that counts
NEAR = 25  # within which of the vertex a point gives no exact angle, in CSS px


def grid_coordinate(observation: Observation) -> Action:
    """Click the point with these coordinates: columns come from the left, each from its top."""
    match = re.search(r"\((-?\d),(-?\d)\)", observation.goal)
    x, y = (int(match[1]), int(match[2])) if match else (0, 0)
    points = [point for point in of_role(observation, "graphics-symbol") if point.box[2] < 20]
    return click(points[(x + SIDE // 2) * SIDE + SIDE // 2 - y])


def circle_center(observation: Observation) -> Action:
    """Click the circle in its middle, then submit."""
    circle, *others = of_role(observation, "graphics-symbol")
    return submit(observation) if others else click(circle)


def find_midpoint(observation: Observation) -> Action:
    """Click half-way between the two points, then submit."""
    one, other, *others = of_role(observation, "graphics-symbol")
    if others:
        return submit(observation)
    x, y = ((a + b) / 2 - SHIFT for a, b in zip(one.center, other.center, strict=True))
    return Click(Point(x, y))


def bisect_angle(observation: Observation) -> Action:
    """Click near the line between both sides of the angle, then submit."""
    vertex, one, other, *others = of_role(observation, "graphics-symbol")
    if len(others) > LINES:
        return submit(observation)
    half = _angle(one.center, other.center, vertex.center) / 2

    def error(spot: Spot) -> float:
        larger = max(_angle(spot, side.center, vertex.center) for side in (one, other))
        return larger / half - 1

    return _click_best(observation, vertex, error, enough=0.08)


def right_angle(observation: Observation) -> Action:
    """Click where the angle is nearly a right one, then submit."""
    one, vertex, *others = of_role(observation, "graphics-symbol")
    if len(others) > 1:
        return submit(observation)

    def error(spot: Spot) -> float:
        counted = spot[0] + SMALLER, spot[1] + SMALLER
        return abs(_angle(counted, one.center, vertex.center) / (math.pi / 2) - 1)

    return _click_best(observation, vertex, error, enough=0.04)


def _angle(one: Spot, other: Spot, vertex: Spot) -> float:
    """Return the angle at a vertex between two spots, in radians."""
    difference = math.atan2(one[1] - vertex[1], one[0] - vertex[0]) - math.atan2(
        other[1] - vertex[1], other[0] - vertex[0]
    )
    return abs(math.remainder(difference, math.tau))


def _click_best(observation: Observation, vertex: Element, error: Callable[[Spot], float], *, enough: float) -> Action:
    """Click the middle of the cell with the least error where that is little enough, otherwise a pixel."""
    width, height = observation.viewport
    pixels = [Point(x + 0.5, y + 0.5) for x in range(width) for y in range(height)]
    for points in (cells(observation), pixels):
        errors = {point: error(_made(point)) for point in points if _is_usable(observation, point, vertex)}
        best = min(errors, key=errors.__getitem__, default=None)
        if best is not None and errors[best] < enough:
            break
    return Click(best) if best is not None else GiveUp("no place gives this angle")


def _is_usable(observation: Observation, point: Point, vertex: Element) -> bool:
    """Tell whether a click at a point makes one, far enough from the vertex."""
    x, y, width, height = of_role(observation, "img")[0].box
    bottom = min(y + height, of_role(observation, "button")[0].box[1] - 2)
    return x < point.x < x + width and y < point.y < bottom and math.dist(_made(point), vertex.center) > NEAR


def _made(point: Point) -> Spot:
    """Return the spot that a click makes."""
    return int(point.x) + SHIFT, int(point.y) + SHIFT


EXPERTS: dict[str, Expert] = {
    "bisect-angle": bisect_angle,
    "circle-center": circle_center,
    "find-midpoint": find_midpoint,
    "grid-coordinate": grid_coordinate,
    "right-angle": right_angle,
}
