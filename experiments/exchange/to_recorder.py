"""Writes an episode as Chrome DevTools Recorder's JSON; what that format has no step for is counted and left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from browser_env.action import (
    Action,
    Back,
    Check,
    Click,
    DoubleClick,
    Forward,
    Hover,
    MiddleClick,
    Navigate,
    Press,
    RightClick,
    Scroll,
    Select,
    Type,
    Wait,
)
from browser_env.episode import Episode
from browser_env.observation import Observation
from experiments.exchange.pointing import Aim, aim
from replay.redaction.typing import split

Data = dict[str, Any]
BUTTONS: dict[type[Action], Data] = {
    Click: {"type": "click"},
    DoubleClick: {"type": "doubleClick"},
    RightClick: {"type": "click", "button": "secondary"},
    MiddleClick: {"type": "click", "button": "auxiliary"},
}


def to_recorder(episode: Episode) -> tuple[Data, Counter[str]]:
    """Return the recording, and how many actions of which verb it lacks."""
    left_out: Counter[str] = Counter()
    width, height = episode.task.viewport
    screen = {"deviceScaleFactor": 1, "isMobile": False, "hasTouch": False, "isLandscape": False}
    steps: list[Data] = [
        {"type": "setViewport", "width": width, "height": height, **screen},
        {"type": "navigate", "url": episode.task.url},
    ]
    for step, after in zip(episode.steps, episode.observations[1:], strict=True):
        written = list(_steps(step.action, step.observation, after))
        if not written and not isinstance(step.action, Wait | Scroll):
            left_out[step.action.verb] += 1
        steps += written
    return {"title": episode.task.goal or episode.final.goal or episode.task.name, "steps": steps}, left_out


def _steps(action: Action, seen: Observation, after: Observation) -> Iterator[Data]:
    match action:
        case Click(target, modifiers) | DoubleClick(target, modifiers):
            yield from _holding(modifiers, _clicks(BUTTONS[type(action)], aim(seen, target), seen))
        case RightClick(target, modifiers) | MiddleClick(target, modifiers):
            yield from _holding(modifiers, _clicks(BUTTONS[type(action)], aim(seen, target), seen))
        case Check(target, checked):
            element = aim(seen, target).element
            if element is None or ("checked" in element.states) != checked:
                yield from _clicks(BUTTONS[Click], aim(seen, target), seen)
        case Hover(target):
            yield {"type": "hover", "selectors": _selectors(aim(seen, target))}
        case Type():
            yield from _typing(action, seen)
        case Press(key, times):
            for _ in range(times):
                yield from _press(key)
        case Select(target, options) if len(options) == 1:
            there = aim(seen, target)
            if there.role is not None:
                yield {"type": "change", "selectors": _selectors(there), "value": options[0]}
        case Scroll(target):
            yield from _scroll(aim(seen, target), seen, after)
        case Navigate(url):
            yield {"type": "navigate", "url": url}
        case Back() | Forward():
            yield {"type": "navigate", "url": after.url}
        case _:
            return


def _selectors(there: Aim) -> list[list[str]]:
    """Return what leads to a target; a place is one of the whole page."""
    return [["html"]] if there.role is None else [[f'aria/{there.name}[role="{there.role}"]']]


def _clicks(kind: Data, there: Aim, seen: Observation) -> Iterator[Data]:
    if there.role is not None:
        offset = {"offsetX": there.width / 2, "offsetY": there.height / 2}
        yield {**kind, "target": "main", "selectors": _selectors(there), **offset}
        return
    across, down = seen.scroll[0] + there.x, seen.scroll[1] + there.y
    width, height = seen.viewport
    if not (0 <= there.x < width and 0 <= there.y < height):
        yield {"type": "scroll", "x": max(across - width / 2, 0), "y": max(down - height / 2, 0)}
    yield {**kind, "target": "main", "selectors": [["html"]], "offsetX": across, "offsetY": down}


def _typing(action: Type, seen: Observation) -> Iterator[Data]:
    there = aim(seen, action.target)
    if action.clear and there.role is not None:
        yield {"type": "change", "target": "main", "selectors": _selectors(there), "value": action.text}
        return
    if action.clear or there.element is None or seen.focus != there.element.id:
        yield from _clicks(BUTTONS[Click], there, seen)
        yield from _press("Control+a" if action.clear else "Control+End")
    for char in split(action.text):  # a placeholder is one key
        yield from _press("Enter" if char == "\n" else char)


def _press(key: str) -> Iterator[Data]:
    *held, last = key.split("+") if len(key) > 1 and not key.endswith("+") else [key]
    yield from _holding(held, [{"type": kind, "target": "main", "key": last} for kind in ("keyDown", "keyUp")])


def _holding(modifiers: Sequence[str], steps: Iterator[Data] | list[Data]) -> Iterator[Data]:
    yield from ({"type": "keyDown", "target": "main", "key": name} for name in modifiers)
    yield from steps
    yield from ({"type": "keyUp", "target": "main", "key": name} for name in reversed(modifiers))


def _scroll(there: Aim, seen: Observation, after: Observation) -> Iterator[Data]:
    """Yield where a turn of the wheel led to: of the element, of the page, or of both."""
    moved = None if there.element is None else after.element(there.element.id)
    if there.role is not None and moved is not None and moved.scroll is not None:
        yield {"type": "scroll", "selectors": _selectors(there), "x": moved.scroll[0], "y": moved.scroll[1]}
    if after.scroll[:2] != seen.scroll[:2]:
        yield {"type": "scroll", "x": after.scroll[0], "y": after.scroll[1]}
