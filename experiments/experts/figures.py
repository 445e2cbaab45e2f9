"""Tasks in which figures are told by size, colour and kind."""

from __future__ import annotations

import re

import numpy as np

from browser_env.action import Action
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, click, color_at, fill_fraction, named, of_role, pixels, submit

INKS = {  # colour name -> what it takes from white, as a direction
    name: np.array(taken) / np.linalg.norm(taken)
    for name, taken in {
        "red": (0, 255, 255),
        "green": (255, 127, 255),
        "blue": (255, 255, 0),
        "aqua": (255, 0, 0),
        "black": (255, 255, 255),
        "magenta": (0, 255, 0),
        "yellow": (0, 0, 255),
    }.items()
}
SIZES = ("small", "large")
LARGE = 15  # height from which a figure is large, in CSS px
SHADE = 14  # width above which a shade is selected, in CSS px


def click_shape(observation: Observation) -> Action:
    """Click the first figure that the goal describes."""
    words = observation.goal.removeprefix("Click on a ").split()
    return click(next(iter(_described(observation, words)), None))


def count_shape(observation: Observation) -> Action:
    """Click the number of figures that the goal describes."""
    match = re.fullmatch(r"How many (.*)s are there\?", observation.goal)
    words = match[1].split() if match else []
    return click(named(observation, str(len(_described(observation, words))), role="button"))


def click_shades(observation: Observation) -> Action:
    """Select each shade of the named colour by its strongest channel, then submit."""
    match = re.fullmatch(r"Select all the shades of (\w+) and press Submit\.", observation.goal)
    channel = ("red", "green", "blue").index(match[1] if match else "red")
    for shade in observation.elements[1:-1]:
        if np.argmax(color_at(observation, shade)) == channel and shade.box[2] < SHADE:
            return click(shade)
    return submit(observation)


def _described(observation: Observation, words: list[str]) -> list[Element]:
    """Return the figures of which all words but the last, and the last, are true."""
    figures = of_role(observation, "graphics-symbol")
    return [figure for figure in figures if _is_described(observation, figure, words)]


def _is_described(observation: Observation, figure: Element, words: list[str]) -> bool:
    *qualities, kind = words
    size = SIZES[figure.box[3] >= LARGE]
    return all(
        word == (size if word in SIZES else color_of(observation, figure)) for word in qualities
    ) and kind in kinds(observation, figure)


def kinds(observation: Observation, figure: Element) -> tuple[str, ...]:
    """Return the words that are true of a figure's kind."""
    if figure.name:
        return "item", figure.name, "digit" if figure.name.isdigit() else "letter"
    filled = fill_fraction(observation, figure)
    shape = "rectangle" if filled > 0.92 else "circle" if filled > 0.65 else "triangle"
    return "item", "shape", shape


def color_of(observation: Observation, figure: Element) -> str:
    """Return the colour whose direction from white is nearest to that of the figure's pixels."""
    taken = (255.0 - pixels(observation, figure)).sum(axis=(0, 1))
    return max(INKS, key=lambda name: float(INKS[name] @ taken))


EXPERTS: dict[str, Expert] = {
    "click-shades": click_shades,
    "click-shape": click_shape,
    "count-shape": count_shape,
}
