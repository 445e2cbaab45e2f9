"""Tasks that are told by pixels."""

from __future__ import annotations

import re

from browser_env.action import Action
from browser_env.observation import Observation
from experiments.experts.seeing import COLORS, Expert, click, color_at, fill_fraction, named


def click_color(observation: Observation) -> Action:
    """Click the box that has the named colour, looking at its middle pixel."""
    match = re.fullmatch(r"Click on the (\w+) colored box\.", observation.goal)
    wanted = COLORS.get(match[1] if match else "")
    boxes = [e for e in observation.elements if not e.name and e.box[1] >= 50 and e.box[2] >= 8]
    return click(next((box for box in boxes if color_at(observation, box) == wanted), None))


def identify_shape(observation: Observation) -> Action:
    """Click the button that names the figure: its text tells letters and digits, its pixels the shapes."""
    figure = next(e for e in observation.elements if e.role == "graphics-symbol")
    if figure.name:
        return click(named(observation, "Number" if figure.name.isdigit() else "Letter", role="button"))
    filled = fill_fraction(observation, figure)
    shape = "Rectangle" if filled > 0.92 else "Circle" if filled > 0.65 else "Triangle"
    return click(named(observation, shape, role="button"))


EXPERTS: dict[str, Expert] = {
    "click-color": click_color,
    "identify-shape": identify_shape,
}
