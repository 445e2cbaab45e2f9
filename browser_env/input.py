"""What a pointer does, as sequences of DevTools input events."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from browser_env.keys import holding, modifier_bits

DRAG_STEPS = 8  # pointer moves between two points of a path
BUTTON_BITS = {"left": 1, "right": 2, "middle": 4}
Place = tuple[float, float]  # x, y in CSS pixels from the viewport's top left corner
InputEvent = tuple[str, dict[str, Any]]  # a DevTools method and its parameters


def click_events(
    place: Place, *, button: str = "left", clicks: int = 1, modifiers: Sequence[str] = ()
) -> list[InputEvent]:
    """Return the events of a pointer that goes to a place and clicks there, so many times in quick succession."""
    bits = modifier_bits(modifiers)
    events = [_mouse("mouseMoved", place, modifiers=bits)]
    for count in range(1, clicks + 1):
        pressed = {"button": button, "clickCount": count, "modifiers": bits}
        events.append(_mouse("mousePressed", place, buttons=BUTTON_BITS[button], **pressed))
        events.append(_mouse("mouseReleased", place, **pressed))
    return holding(modifiers, events)


def hover_events(place: Place, *, modifiers: Sequence[str] = ()) -> list[InputEvent]:
    """Return the events of a pointer that goes to a place."""
    return holding(modifiers, [_mouse("mouseMoved", place, modifiers=modifier_bits(modifiers))])


def wheel_events(place: Place, *, dx: float, dy: float) -> list[InputEvent]:
    """Return the event of a wheel turned at a place, by CSS pixels to the right and down."""
    return [_mouse("mouseWheel", place, deltaX=dx, deltaY=dy)]


def press_at(place: Place) -> list[InputEvent]:
    """Return the events of a pointer that goes to a place and holds the primary button down."""
    return [_mouse("mouseMoved", place), _mouse("mousePressed", place, button="left", buttons=1, clickCount=1)]


def held_move(place: Place) -> InputEvent:
    """Return the event of a pointer that moves with the primary button held."""
    return _mouse("mouseMoved", place, button="left", buttons=1)


def release_at(place: Place) -> InputEvent:
    """Return the event that the primary button is let go."""
    return _mouse("mouseReleased", place, button="left", clickCount=1)


def drag_event(kind: str, place: Place, data: dict[str, Any]) -> InputEvent:
    """Return one event (dragEnter, dragOver, drop or dragCancel) of the browser's own drag with data."""
    return "Input.dispatchDragEvent", {"type": kind, "x": place[0], "y": place[1], "data": data}


def way(path: Sequence[Place]) -> list[Place]:
    """Return the places that a pointer passes on a path after its first."""
    parts = [step / DRAG_STEPS for step in range(1, DRAG_STEPS + 1)]
    return [
        ((1 - part) * start[0] + part * end[0], (1 - part) * start[1] + part * end[1])
        for start, end in itertools.pairwise(path)
        for part in parts
    ]


def _mouse(kind: str, place: Place, **more: Any) -> InputEvent:
    return "Input.dispatchMouseEvent", {"type": kind, "x": place[0], "y": place[1], **more}
