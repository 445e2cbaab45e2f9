"""Fills the boxes of what shows a secret."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from browser_env.observation import Element, Observation, Screenshot

SHADE = 128  # of the filling, in all channels
MARGIN = 3.0  # CSS px around a box: what letters and focus rings draw beyond it
LINE = 40.0  # CSS px; what is lower than this holds one line
TEXT = 17.0  # CSS px of an ordinary line of text
WIDE, USUAL, NARROW = 0.65, 0.5, 0.35  # widths of letters, as shares of their line's height
MAX_LINES = 20
CUT_UNITS = 300  # UTF-16 units of a name or value that an observation cut off
ELLIPSIS = "\u2026"
FIELDS = frozenset(("textbox", "searchbox", "combobox", "spinbutton", "listbox"))  # these show nothing beyond their box
GROWING = frozenset(("cell", "gridcell", "columnheader", "rowheader", "button", "option", "tab", "menuitem"))
INLINE = frozenset(  # roles and tags of what runs on in lines: its box is that of its longest line alone
    (
        *("link", "strong", "em", "b", "i", "u", "s", "q", "a", "span", "code", "mark", "emphasis", "label", "small"),
        *("cite", "abbr", "time", "insertion", "deletion", "generic", "del", "ins", "sub", "sup", "kbd", "samp", "var"),
    )
)

Box = tuple[float, float, float, float]  # x, y, width, height in CSS px


def boxes_of(observation: Observation, shows: Callable[[str], bool], own: Callable[[Element], bool]) -> list[Box]:
    """Return the boxes that show a secret: ``shows`` judges texts, ``own`` fields whose value is (part of) one."""
    boxes = {element.id: element.box for element in observation.elements}
    found: list[Box] = []
    for element in observation.elements:
        texts = [text for text in (element.name, element.value) if shows(text)]
        if element.visible and (texts or shows(element.description) or own(element)):
            found.append(element.box)
            if texts and element.role not in FIELDS:
                found += _beyond(element, len(max(texts, key=len)), outer=boxes.get(element.parent or ""))
    return found


def _beyond(element: Element, letters: int, *, outer: Box | None) -> list[Box]:
    """Return where else the text of an element may be: on further lines, or on the same one beyond its box."""
    x, y, width, height = element.box
    if not all(math.isfinite(number) for number in element.box) or not 0 < height <= LINE or element.scroll is not None:
        return []
    likely = letters * (NARROW / 2 if element.role in GROWING else USUAL) * min(height, TEXT)
    if likely <= width:
        return []
    found = [(x, y, letters * WIDE * height, height)]
    if element.role in INLINE:
        reach = min(math.ceil(letters * WIDE * height / max(width, 1.0)), MAX_LINES) * height * 1.5
        left, across = (outer[0], outer[2]) if outer is not None else (-math.inf, math.inf)
        found.append((left, y - reach, across, height + 2 * reach))
    return found


def is_cut(text: str) -> bool:
    """Whether a text goes on where it is shown: nobody can tell what the rest of it says."""
    return text.endswith(ELLIPSIS) and len(text.encode("utf-16-le", "surrogatepass")) == 2 * CUT_UNITS


def fill(pixels: Screenshot, boxes: Sequence[Box], *, viewport: tuple[int, int]) -> Screenshot:
    """Return a screenshot with boxes filled flat; a box without bounds fills all there is that way."""
    if not boxes:
        return pixels
    filled = np.array(pixels)
    height, width = filled.shape[:2]
    for x, y, across, down in boxes:
        columns = _range(x, across, shown=viewport[0], size=width)
        filled[_range(y, down, shown=viewport[1], size=height), columns] = SHADE
    filled.setflags(write=False)
    return filled


def _range(start: float, length: float, *, shown: int, size: int) -> slice:
    """Return the pixels of a stretch in CSS px, its margins included; ``shown`` CSS px are ``size`` pixels."""
    scale = size / shown if shown > 0 else math.nan
    first, last = (start - MARGIN) * scale, (start + length + MARGIN) * scale
    if not (math.isfinite(first) and math.isfinite(last)):
        return slice(0, size)
    return slice(max(math.floor(first), 0), max(min(math.ceil(last), size), 0))
