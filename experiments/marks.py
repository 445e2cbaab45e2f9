"""Where an action lands on a page: what is drawn over a screenshot, in CSS pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from browser_env.action import (
    Action,
    Answer,
    Check,
    Dialog,
    Drag,
    GiveUp,
    Navigate,
    NewTab,
    Point,
    Press,
    Scroll,
    Select,
    Target,
    Type,
    Upload,
)
from browser_env.observation import Observation

Place = tuple[float, float]  # x, y
Box = tuple[float, float, float, float]  # x, y, width, height
LABEL_LENGTH = 60  # characters
SCROLL_ARROW = 60.0  # the longest arrow a scroll is drawn with


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What to draw for one action; empty where it has no place on the page, or its target is gone."""

    boxes: tuple[Box, ...] = ()  # of the targeted elements
    pointer: Place | None = None  # where the pointer acts
    path: tuple[Place, ...] = ()  # a drag's way, or a scroll's direction
    label: str = ""  # what is typed, pressed, chosen or answered


def marks(action: Action, observation: Observation) -> Marks:
    """Return what an action on an observed page is drawn as."""
    targets = _targets(action)
    places = tuple(place for target in targets if (place := _place(target, observation)) is not None)
    boxes = tuple(box for target in targets if (box := _box(target, observation)) is not None)
    path = places if isinstance(action, Drag) else ()
    if isinstance(action, Scroll) and places:
        path = (places[0], _scrolled(places[0], action))
    return Marks(boxes=boxes, pointer=places[0] if places else None, path=path, label=_label(action))


def _targets(action: Action) -> tuple[Target, ...]:
    if isinstance(action, Drag):
        return action.path
    target = getattr(action, "target", None)
    return () if target is None else (target,)


def _place(target: Target, observation: Observation) -> Place | None:
    if isinstance(target, Point):
        return (target.x, target.y)
    element = observation.element(target)
    return None if element is None else element.center


def _box(target: Target, observation: Observation) -> Box | None:
    element = None if isinstance(target, Point) else observation.element(target)
    return None if element is None else element.box


def _scrolled(start: Place, action: Scroll) -> Place:
    length = math.hypot(action.dx, action.dy)
    scale = min(1.0, SCROLL_ARROW / length) if length else 0.0
    return (start[0] + action.dx * scale, start[1] + action.dy * scale)


def _label(action: Action) -> str:
    match action:
        case Type(text=text) | Answer(text=text):
            label = f"“{text}”"
        case Press(key=key, times=times):
            label = key if times == 1 else f"{key} × {times}"
        case Select(options=options):
            label = ", ".join(options)
        case Upload(names=names):
            label = ", ".join(names)
        case Check(checked=checked):
            label = "check" if checked else "uncheck"
        case Dialog(accept=accept, text=text):
            label = (f"accepts “{text}”" if text else "accepts") if accept else "dismisses"
        case Navigate(url=url) | NewTab(url=url):
            label = url
        case GiveUp(reason=reason):
            label = reason or "gives up"
        case _:
            label = ""
    return label if len(label) <= LABEL_LENGTH else f"{label[: LABEL_LENGTH - 1]}…"
