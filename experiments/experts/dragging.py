"""Tasks in which figures are dragged to a place."""

from __future__ import annotations

import re

from browser_env.action import Action, Drag
from browser_env.arguments import Point
from browser_env.observation import Element, Observation
from experiments.experts.figures import color_of, kinds
from experiments.experts.seeing import Expert, of_role, submit

FAR = {  # direction -> axis and where figures are that were dragged there, in CSS px
    "left": (0, (0.0, 25.0)),
    "right": (0, (142.0, 160.0)),
    "up": (1, (50.0, 75.0)),
    "down": (1, (152.0, 182.0)),
}
SLOT = 21  # side of the place for a figure in a box, in CSS px


def drag_box(observation: Observation) -> Action:
    """Drag the small box by the corner that is farthest from the large one until both have one middle, then submit."""
    small, large = of_role(observation, "generic")[-2:]
    ways = [there - here for there, here in zip(large.center, small.center, strict=True)]
    if max(map(abs, ways)) < (large.box[2] - small.box[2]) / 2 - 1:
        return submit(observation)
    corner = [
        middle - (1 if way > 0 else -1) * (side / 2 - 3)
        for middle, way, side in zip(small.center, ways, small.box[2:], strict=True)
    ]
    end = [start + way for start, way in zip(corner, ways, strict=True)]
    return Drag((Point(*corner), Point(*end)))


def drag_aside(observation: Observation) -> Action:
    """Drag the figure to the end of the drawing in the goal's direction, then submit."""
    figure = of_role(observation, "graphics-symbol")[0]
    match = re.search(r"Drag the \w+ (\w+) then", observation.goal)
    axis, (low, high) = FAR[match[1] if match else "left"]
    if low < figure.center[axis] < high:
        return submit(observation)
    end = list(figure.center)
    end[axis] = (low + high) / 2
    return Drag((figure.id, Point(*end)))


def drag_shapes(observation: Observation) -> Action:
    """Drag each figure of the named kind into the box, then submit."""
    *figures, box = of_role(observation, "graphics-symbol")
    wanted = [figure for figure in figures if _is_meant(observation, figure)]
    return _drag_into(figures, [(figure, box) for figure in wanted]) or submit(observation)


def drag_shapes_2(observation: Observation) -> Action:
    """Drag each figure into its box, then submit."""
    *figures, left, right = of_role(observation, "graphics-symbol")
    pairs = [(figure, left if _is_meant(observation, figure) else right) for figure in figures]
    return _drag_into(figures, pairs) or submit(observation)


def _is_meant(observation: Observation, figure: Element) -> bool:
    """Tell whether a figure is of the goal's kind or colour."""
    match = re.match(r"Drag all (\w+)", observation.goal)
    word = match[1] if match else ""
    return word.removesuffix("s") in kinds(observation, figure) or word == color_of(observation, figure)


def _drag_into(figures: list[Element], pairs: list[tuple[Element, Element]]) -> Action | None:
    """Drag the first figure that is not in its box to the next free slot there; None where all are."""
    for figure, box in pairs:
        if not _is_in(figure, box):
            x, y, width, _ = box.box
            row, column = divmod(sum(_is_in(other, box) for other in figures), int(width / SLOT))
            return Drag((figure.id, Point(x + (column + 0.6) * SLOT, y + (row + 0.6) * SLOT)))
    return None


def _is_in(figure: Element, box: Element) -> bool:
    x, y, width, height = box.box
    return x < figure.center[0] < x + width and y < figure.center[1] < y + height


EXPERTS: dict[str, Expert] = {
    "drag-box": drag_box,
    "drag-circle": drag_aside,
    "drag-single-shape": drag_aside,
    "drag-shapes": drag_shapes,
    "drag-shapes-2": drag_shapes_2,
}
