"""Tasks in which a point of a drawing is clicked."""

from __future__ import annotations

import re

from browser_env.action import Action
from browser_env.observation import Observation
from experiments.experts.seeing import Expert, click, of_role

SIDE = 5  # points in a row of the grid; 0 is in the middle


def grid_coordinate(observation: Observation) -> Action:
    """Click the point with these coordinates: columns come from the left, each from its top."""
    match = re.search(r"\((-?\d),(-?\d)\)", observation.goal)
    x, y = (int(match[1]), int(match[2])) if match else (0, 0)
    points = [point for point in of_role(observation, "graphics-symbol") if point.box[2] < 20]
    return click(points[(x + SIDE // 2) * SIDE + SIDE // 2 - y])


EXPERTS: dict[str, Expert] = {
    "grid-coordinate": grid_coordinate,
}
