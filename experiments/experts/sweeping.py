"""Tasks in which the pointer is held down on its way: a text is marked, an edge is moved, a line drawn."""

from __future__ import annotations

import math
from dataclasses import replace

from browser_env.action import Action, Drag
from browser_env.arguments import Point
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, of_role, ordinal, pixels, submit

REACH = 24  # of a line from the dot, in CSS px
CORNERS = 16  # of what is drawn for a circle
INSET = 0.5  # from a text's corner to where a sweep begins or ends, in CSS px
SHORTEST, LONGEST = 56, (101, 76)  # sides that an area may have at first; the longest by axis
SHORT, LONG = 40, (112, 90)  # sides that none has at first


def highlight_text(observation: Observation) -> Action:
    """Mark the counted paragraph, or the only one, from corner to corner, then submit."""
    paragraphs = of_role(observation, "paragraph") or of_role(observation, "generic")[1:]
    paragraph = paragraphs[ordinal(observation)]
    if observation.selection.split() == paragraph.name.split():
        return submit(observation)
    return mark(paragraph)


def resize_textarea(observation: Observation) -> Action:
    """Drag the right or the lower edge until the side is of a length that none has at first, then submit."""
    area = of_role(observation, "textbox")[0]
    axis = int("the height" in observation.goal)
    larger = "larger" in observation.goal
    side = area.box[2 + axis]
    if side > LONGEST[axis] if larger else side < SHORTEST:
        return submit(observation)
    edge = _edges(observation, area)[axis]
    end = list(edge.center)
    end[axis] = area.box[axis] + (LONG[axis] if larger else SHORT)
    return Drag((edge.id, Point(*end)))


def draw_line(observation: Observation) -> Action:
    """Draw a level or an upright line through the dot, then submit; the line is seen half-way to its end."""
    dot = of_role(observation, "graphics-symbol")[0]
    x, y = dot.center
    across, down = (REACH, 0) if "horizontal" in observation.goal else (0, REACH)
    beside = replace(dot, box=(x + across / 2 - 2, y + down / 2 - 2, 4, 4))
    if pixels(observation, beside).min() < 200:
        return submit(observation)
    return Drag((Point(x - across, y - down), Point(x, y), Point(x + across, y + down)))


def draw_circle(observation: Observation) -> Action:
    """Draw a circle around the dot, then submit."""
    dot, *drawn = of_role(observation, "graphics-symbol")
    if drawn:
        return submit(observation)
    x, y = dot.center
    turns = [math.pi + 2 * math.pi * corner / CORNERS for corner in range(CORNERS + 1)]
    return Drag(tuple(Point(x + REACH * math.cos(turn), y + REACH * math.sin(turn)) for turn in turns))


def mark(paragraph: Element) -> Action:
    """Mark a paragraph's text from corner to corner."""
    x, y, width, height = paragraph.box
    return Drag((Point(x + INSET, y + INSET), Point(x + width - INSET, y + height - INSET)))


def _edges(observation: Observation, area: Element) -> list[Element]:
    """Return the right and the lower edge of an area."""
    place = observation.elements.index(area)
    return list(observation.elements[place + 1 : place + 3])


EXPERTS: dict[str, Expert] = {
    "draw-circle": draw_circle,
    "draw-line": draw_line,
    "highlight-text": highlight_text,
    "highlight-text-2": highlight_text,
    "resize-textarea": resize_textarea,
}
