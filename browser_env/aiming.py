"""Where on the screen the targets of actions are, as the page's isolated world tells it."""

from __future__ import annotations

import json
from typing import Any

from browser_env.arguments import Point, Target
from browser_env.errors import ActionError
from browser_env.input import Place
from browser_env.page import Page


async def ask(page: Page, function: str, *arguments: Any) -> Any:
    """Call one of the functions of ``js/acting.js``; raise :class:`ActionError` where it answers with an error."""
    call = f"webdual.{function}({', '.join(json.dumps(argument) for argument in arguments)})"
    answer = await page.evaluate(call, isolated=True)
    if isinstance(answer, dict) and "error" in answer:
        raise ActionError(answer["error"])
    return answer


async def locate(page: Page, target: Target) -> dict[str, Any]:
    """Return where a target is and what kind of thing: {x, y, kind, disabled, readonly, checked}."""
    found: dict[str, Any] = await ask(page, "locate", plain(page, target))
    return found


async def aim(page: Page, target: Target) -> Place:
    """Return the place of a target that is no option of a closed list."""
    found = await locate(page, target)
    if found["kind"] == "option":
        raise ActionError(f"element {target} is an option: use select(list, [label])")
    return place_of(found)


def place_of(found: dict[str, Any]) -> Place:
    """Return the place in what was found."""
    return found["x"], found["y"]


def plain(page: Page, target: Target) -> str | tuple[float, float]:
    """Return a target as the page's functions take it; raise :class:`ActionError` for a point outside the viewport."""
    if not isinstance(target, Point):
        return target
    width, height = page.viewport
    if not (0 <= target.x < width and 0 <= target.y < height):
        raise ActionError(f"({target.x:g}, {target.y:g}) is outside the viewport of {width} x {height}; scroll first")
    return target.x, target.y
