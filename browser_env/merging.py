"""Joins what the frames of a page say of themselves into one list of elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from browser_env.observation import Element, Scroll

MAX_ELEMENTS = 1000  # of a page, all frames together
Reading = dict[str, Any]  # what webdual.observe() of one frame returns
Area = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where a frame is drawn on the page."""

    x: float = 0.0  # of its top left corner
    y: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    shown: Area | None = None  # the part of the page that it may draw on; None: all
    owner: str | None = None  # id of the element that holds it
    covered: bool = False  # by something outside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The elements of all frames in document order, each frame's behind the element that holds it."""

    elements: tuple[Element, ...]
    focus: str | None
    focused_frame: int  # index of the frame that has the focus
    truncated: bool


def merge(readings: Sequence[Reading | None], parents: Sequence[tuple[int | None, int]]) -> Merged:
    """Join readings, main frame first; ``parents`` holds each frame's parent and its place among that one's frames."""
    places = {parent: index for index, parent in enumerate(parents)}
    elements: list[Element] = []
    holders: dict[str, int] = {}  # id of a frame's element -> index of the frame

    def visit(index: int, view: View) -> None:
        reading = readings[index]
        for row in reading["elements"] if reading else ():
            element = place(row, view)
            elements.append(element)
            frame = row[8].get("frame")
            inner = places.get((index, frame["index"])) if frame else None
            if inner is not None:
                holders[element.id] = inner
                visit(inner, _within(view, frame, element))

    visit(0, View())
    focus, focused_frame = _focus(readings, holders)
    truncated = len(elements) > MAX_ELEMENTS or any(reading["truncated"] for reading in readings if reading)
    return Merged(elements=_fit(elements), focus=focus, focused_frame=focused_frame, truncated=truncated)


def place(row: list[Any], view: View) -> Element:
    """Return a row of a reading as an element at its place on the page."""
    id_, role, name, value, states, box, visible, parent, more = row
    if view.owner is not None:
        box = [
            view.x + box[0] * view.scale_x,
            view.y + box[1] * view.scale_y,
            box[2] * view.scale_x,
            box[3] * view.scale_y,
        ]
        visible = visible and _shows(box, view.shown)
        parent = parent or view.owner
        if view.covered and "clickable" in states:
            states = sorted({*states, "covered"})
    return Element(
        id=id_,
        role=role,
        name=name,
        value=value,
        states=tuple(states),
        box=(box[0], box[1], box[2], box[3]),
        visible=visible,
        parent=parent,
        description=more.get("description", ""),
        headers=tuple(more.get("headers", ())),
        scroll=scroll(more["scroll"]) if "scroll" in more else None,
    )


def scroll(values: Sequence[float]) -> Scroll:
    """Return four numbers as a scroll position."""
    return (values[0], values[1], values[2], values[3])


def _within(view: View, frame: dict[str, Any], holder: Element) -> View:
    left, top, right, bottom = frame["shown"]
    shown = (
        view.x + left * view.scale_x,
        view.y + top * view.scale_y,
        view.x + right * view.scale_x,
        view.y + bottom * view.scale_y,
    )
    return View(
        x=view.x + frame["x"] * view.scale_x,
        y=view.y + frame["y"] * view.scale_y,
        scale_x=view.scale_x * frame["scaleX"],
        scale_y=view.scale_y * frame["scaleY"],
        shown=shown if view.shown is None else _cut(shown, view.shown),
        owner=holder.id,
        covered=view.covered or "covered" in holder.states,
    )


def _cut(a: Area, b: Area) -> Area:
    return (max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))


def _shows(box: Sequence[float], shown: Area | None) -> bool:
    if shown is None:
        return True
    x, y, width, height = box
    return x + width > shown[0] and y + height > shown[1] and x < shown[2] and y < shown[3]


def _focus(readings: Sequence[Reading | None], holders: dict[str, int]) -> tuple[str | None, int]:
    """Follow the focus into the frames that have it."""
    focus: str | None = None
    index = 0
    while (reading := readings[index]) is not None:
        focus = reading["focus"] or focus
        if reading["focus"] not in holders:
            break
        index = holders[reading["focus"]]
    return focus, index


def _fit(elements: list[Element]) -> tuple[Element, ...]:
    """Keep the most important elements: what shows first, interactive before the rest."""
    if len(elements) <= MAX_ELEMENTS:
        return tuple(elements)
    ranked = sorted(
        range(len(elements)), key=lambda i: (not elements[i].visible, "clickable" not in elements[i].states, i)
    )
    kept = {elements[i].id for i in ranked[:MAX_ELEMENTS]}
    parents = {element.id: element.parent for element in elements}

    def nearest(id_: str | None) -> str | None:
        while id_ is not None and id_ not in kept:
            id_ = parents.get(id_)
        return id_

    return tuple(replace(element, parent=nearest(element.parent)) for element in elements if element.id in kept)
