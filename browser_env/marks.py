"""A set-of-marks picture: the screenshot with a box and a number on every element that can be acted on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from browser_env.errors import UsageError
from browser_env.observation import Element, Observation, Screenshot

COLORS = ("#d7191c", "#1a53c4", "#0b7a3b", "#8a2be2", "#b35900", "#00707a", "#c2187a", "#4d4d4d")  # white reads on all
TEXT_SIZE = 11
PADDING = 2  # around a number, in pixels
LABEL_COST = 100.0  # of a pixel that two labels share, against one of an element that is hidden
Area = tuple[float, float, float, float]  # left, top, right, bottom


def marked_elements(observation: Observation) -> tuple[Element, ...]:
    """Return what the picture marks: what shows, can be acted on and is no option of a closed list."""
    boxes = {element.id: element.box for element in observation.elements}
    return tuple(
        element
        for element in observation.elements
        if element.visible
        and {"clickable", "editable"} & set(element.states)
        and not {"covered", "disabled"} & set(element.states)
        and not (element.role == "option" and element.parent in boxes and boxes[element.parent] == element.box)
    )


def set_of_marks(observation: Observation, *, scale: int = 1) -> Screenshot:
    """Return a copy of the screenshot, ``scale`` times as large, with marks; ``e12`` is marked 12.

    Small pages are easier to read at a scale of 2 or 3. Shape (scale * height, scale * width, 3), uint8. Raises
    :class:`UsageError` where the observation has no screenshot.
    """
    if observation.screenshot is None:
        raise UsageError("an observation without pixels cannot be marked; make the environment with pixels")
    page = Image.fromarray(observation.screenshot)
    picture = page.resize((page.width * scale, page.height * scale), Image.Resampling.NEAREST)
    canvas = ImageDraw.Draw(picture)
    font = ImageFont.load_default(TEXT_SIZE + 2 * (scale - 1))
    marked = marked_elements(observation)
    areas = [_area(element, picture.size, scale) for element in marked]
    texts = [element.id.lstrip("e") for element in marked]
    words = [_area(e, picture.size, scale) for e in observation.elements if e.visible and e.name and e not in marked]
    labels = place_labels(areas, [_size(text, font) for text in texts], picture.size, words=words)
    for index, area in enumerate(areas):
        canvas.rectangle(_pixels(area), outline=COLORS[index % len(COLORS)], width=1)
    for index, (text, (left, top, right, bottom)) in enumerate(zip(texts, labels, strict=True)):
        canvas.rectangle(_pixels((left, top, right, bottom)), fill=COLORS[index % len(COLORS)])
        canvas.text(((left + right) / 2, (top + bottom) / 2), text, fill="#ffffff", font=font, anchor="mm")
    return np.asarray(picture, dtype=np.uint8)


def place_labels(
    areas: Sequence[Area],
    sizes: Sequence[tuple[float, float]],
    picture: tuple[int, int],
    *,
    words: Sequence[Area] = (),
) -> tuple[Area, ...]:
    """Return where each area's label goes: within the picture, off other labels, then off elements and words."""
    placed: list[Area] = []
    for area, size in zip(areas, sizes, strict=True):
        choices = _choices(area, size, picture)
        costs = [
            LABEL_COST * sum(_shared(choice, label) for label in placed)
            + sum(_shared(choice, other) for other in (*areas, *words))
            for choice in choices
        ]
        placed.append(choices[costs.index(min(costs))])
    return tuple(placed)


def _choices(area: Area, size: tuple[float, float], picture: tuple[int, int]) -> list[Area]:
    """Return places around an area, the likeliest first: beside it, above, below, then over its corners."""
    left, top, right, bottom = area
    width, height = size
    middle = (top + bottom - height) / 2
    corners = [
        (left - width, middle),
        (right, middle),
        (left, top - height),
        (right - width, top - height),
        (left, bottom),
        (right - width, bottom),
        (left, top),
        (right - width, top),
        (left, bottom - height),
        (right - width, bottom - height),
    ]
    inside = [(_within(x, picture[0] - width), _within(y, picture[1] - height)) for x, y in corners]
    return [(x, y, x + width, y + height) for x, y in inside]


def _within(value: float, most: float) -> float:
    return max(0.0, min(value, most))


def _shared(a: Area, b: Area) -> float:
    """Return the area that two areas have in common, in pixels."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _area(element: Element, picture: tuple[int, int], scale: int) -> Area:
    x, y, width, height = (value * scale for value in element.box)
    return (max(0.0, x), max(0.0, y), min(x + width, float(picture[0])), min(y + height, float(picture[1])))


def _pixels(area: Area) -> Area:
    """Return an area as Pillow draws it, whose last pixel counts."""
    left, top, right, bottom = (round(value) for value in area)
    return (left, top, max(left, right - 1), max(top, bottom - 1))


def _size(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> tuple[float, float]:
    left, top, right, bottom = font.getbbox(text)
    return (right - left + 2 * PADDING, bottom - top + 2 * PADDING)
