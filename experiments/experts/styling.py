"""Tasks in which words of an editor are given a style or a colour."""

from __future__ import annotations

import re

import numpy as np

from browser_env.action import Action, Drag
from browser_env.arguments import Point
from browser_env.observation import Element, Observation
from experiments.experts.seeing import Expert, click, of_role, pixels, submit
from experiments.experts.sweeping import mark

STYLES = ("bold", "italics", "underlined")  # in the order of their buttons
HUES = ("black", "red", "orange", "yellow", "green", "blue", "purple")  # in the order of the palette's first row
LINE = 18.45  # height of a line of text, in CSS px
GAP = 3  # columns without ink between two words
EDGE = 1.0  # from a word's ink to where a sweep begins or ends, in CSS px


def text_editor(observation: Observation) -> Action:
    """Mark the word or everything, click the style, or the colour in the opened palette, then submit."""
    match = re.search(r"(?:the text (\S+)|everything) the (style|color) (\w+)", observation.goal)
    word, kind, wanted = match.groups() if match else (None, "style", "bold")
    editor = next(element for element in observation.elements if "editable" in element.states)
    text = word or editor.value
    palette = [e for e in of_role(observation, "generic") if not e.name and "clickable" in e.states]
    if palette:
        return click(palette[HUES.index(wanted)])
    inside = observation.elements[observation.elements.index(editor) + 1 :]
    if any(element.role != "paragraph" and _is_same(element.name, text) for element in inside):
        return submit(observation)
    if not _is_same(observation.selection, text):
        return _mark_word(observation, inside[0], word) if word else mark(inside[0])
    if kind == "color":
        return click(of_role(observation, "img")[0])
    return click(of_role(observation, "button")[STYLES.index(wanted)])


def _is_same(text: str, other: str) -> bool:
    return text.split() == other.split()


def _mark_word(observation: Observation, paragraph: Element, word: str) -> Action:
    """Sweep over a word, found by its number among the paragraph's pieces of ink."""
    first, last, y = _words(observation, paragraph)[paragraph.name.split().index(word)]
    return Drag((Point(first - EDGE, y), Point(last + EDGE, y)))


def _words(observation: Observation, paragraph: Element) -> list[tuple[float, float, float]]:
    """Return where each word begins and ends, and the height of its middle."""
    x, y, _, height = paragraph.box
    drawn = pixels(observation, paragraph).max(axis=2) < 180
    words = []
    for line in range(round(height / LINE)):
        columns = np.flatnonzero(drawn[int(line * LINE) : int((line + 1) * LINE)].any(axis=0))
        for piece in np.split(columns, np.flatnonzero(np.diff(columns) > GAP) + 1):
            words.append((int(x) + float(piece[0]), int(x) + float(piece[-1]) + 1, y + (line + 0.5) * LINE))
    return words


EXPERTS: dict[str, Expert] = {
    "text-editor": text_editor,
}
