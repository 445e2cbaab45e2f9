"""Where on the screen the targets of actions are, in whatever frame, as the isolated worlds of a page tell it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from browser_env.arguments import Point, Target
from browser_env.errors import ActionError
from browser_env.input import Place
from browser_env.page import Frame, Page
from browser_env.targets import frame_at, frame_of, to_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Where a target is, and what sort of thing."""

    frame: Frame
    place: Place  # on the page
    kind: str = ""  # "text", "date", "menu" (a closed list) ...; see kindOf in js/acting.js
    disabled: bool = False
    readonly: bool = False
    checked: bool | None = None  # None: neither, or nothing that can be
    focused: bool = False


async def ask(frame: Frame, function: str, *arguments: Any) -> Any:
    """Call one of the functions of ``js/acting.js``; raise :class:`ActionError` where it answers with an error."""
    call = f"webdual.{function}({', '.join(json.dumps(argument) for argument in arguments)})"
    answer = await frame.evaluate(call)
    if isinstance(answer, dict) and "error" in answer:
        raise ActionError(answer["error"])
    return answer


async def locate(page: Page, target: Target) -> Aim:
    """Return where a target is, scrolled into view; raise :class:`ActionError` where it cannot be aimed at."""
    if isinstance(target, Point):
        place = on_screen(page, (target.x, target.y))
        frame, inner = await frame_at(page, place)
        return _aim(frame, place, await ask(frame, "locate", inner))
    frame = await frame_of(page, target)
    place, found = await reach(page, frame, "locate", target)
    return _aim(frame, place, found)


async def reach(page: Page, frame: Frame, function: str, *arguments: Any) -> tuple[Place, dict[str, Any]]:
    """Ask where something is, and have it scrolled to where a frame higher than the screen hides it."""
    found = await ask(frame, function, *arguments)
    place = await lift(page, frame, found)
    if frame.parent is not None and not _is_on_screen(page, place):
        found = await ask(frame, function, *arguments, True)
        place = await lift(page, frame, found)
    return on_screen(page, place), found


async def aim(page: Page, target: Target) -> Place:
    """Return the place of a target that is no option of a closed list."""
    found = await locate(page, target)
    if found.kind == "option":
        raise ActionError(f"element {target} is an option: use select(list, [label])")
    return found.place


async def lift(page: Page, frame: Frame, found: dict[str, Any]) -> Place:
    """Return the place on the page of what a frame's answer says."""
    place = (found["x"], found["y"])
    return place if frame.parent is None else await to_page(page, frame, place)


def on_screen(page: Page, place: Place) -> Place:
    """Return a place; raise :class:`ActionError` where it is outside the viewport."""
    if _is_on_screen(page, place):
        return place
    width, height = page.viewport
    raise ActionError(f"({place[0]:g}, {place[1]:g}) is outside the viewport of {width} x {height}; scroll first")


def _is_on_screen(page: Page, place: Place) -> bool:
    return 0 <= place[0] < page.viewport[0] and 0 <= place[1] < page.viewport[1]


def _aim(frame: Frame, place: Place, found: dict[str, Any]) -> Aim:
    return Aim(frame=frame, place=place, **{name: value for name, value in found.items() if name not in ("x", "y")})
