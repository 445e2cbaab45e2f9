"""Carries actions out: the only way that anybody, agent, person or script, acts on a page."""

from __future__ import annotations

import itertools
import json
from typing import Any

from browser_env.action import (
    Action,
    Back,
    Check,
    Click,
    DoubleClick,
    Drag,
    Forward,
    Hover,
    Navigate,
    Point,
    Press,
    RightClick,
    Scroll,
    Select,
    Target,
    Type,
)
from browser_env.errors import ActionError
from browser_env.keys import press_events, type_events
from browser_env.page import Page

DRAG_STEPS = 8  # pointer moves between two points of a path
Place = tuple[float, float]
Events = list[tuple[str, dict[str, Any]]]


async def execute(page: Page, action: Action) -> None:
    """Carry an action out on a page; raise :class:`ActionError` where that cannot be done."""
    match action:
        case Click(target):
            await _click(page, await _place(page, target))
        case DoubleClick(target):
            place = await _place(page, target)
            await page.dispatch([*_click_events(place), *_click_events(place, count=2)[1:]])
        case RightClick(target):
            await page.dispatch(_click_events(await _place(page, target), button="right"))
        case Hover(target):
            await page.dispatch([_mouse("mouseMoved", await _place(page, target))])
        case Drag(path):
            for event in _drag_events([await _place(page, target) for target in path]):
                await page.dispatch([event])  # sent together, some moves would be merged, and which would be chance
        case Scroll(target, dx, dy):
            wheel = _mouse("mouseWheel", await _place(page, target), deltaX=dx, deltaY=dy)
            await page.dispatch([wheel])
        case Type(target, text):
            await _type(page, target, text)
        case Press(key):
            await page.dispatch(press_events(key))
        case Select(target, options):
            await _select(page, target, options)
        case Check(target, checked):
            await _check(page, target, checked=checked)
        case Navigate(url):
            await page.navigate(url)
        case Back():
            await page.go("back")
        case Forward():
            await page.go("forward")
        case _:
            raise ActionError(f"{action.verb} cannot be carried out on this page")


async def _locate(page: Page, target: Target) -> dict[str, Any]:
    if isinstance(target, Point):
        return {"x": target.x, "y": target.y}
    found: dict[str, Any] = await page.evaluate(f"webdual.locate({json.dumps(target)})", isolated=True)
    if "error" in found:
        raise ActionError(found["error"])
    return found


async def _place(page: Page, target: Target) -> Place:
    found = await _locate(page, target)
    if found.get("tag") == "option":
        raise ActionError(f"element {target} is an option: use select(list, [label])")
    return found["x"], found["y"]


async def _click(page: Page, place: Place) -> None:
    """Click, but only focus a closed list: what it would open is drawn outside the page, and `select` chooses."""
    if not await page.evaluate(f"webdual.focusList({place[0]}, {place[1]})", isolated=True):
        await page.dispatch(_click_events(place))


async def _type(page: Page, target: Target, text: str) -> None:
    found = await _locate(page, target)
    if isinstance(target, str) and not found["editable"]:
        raise ActionError(f"element {target} takes no text")
    await page.dispatch(_click_events((found["x"], found["y"])))
    if isinstance(target, str) and not await page.evaluate(f"webdual.isFocused({json.dumps(target)})", isolated=True):
        raise ActionError(f"element {target} did not take the focus, so nothing was typed")
    clear = [*press_events("Control+a"), *press_events("Delete")]
    await page.dispatch([*clear, *type_events(text)])


async def _select(page: Page, target: Target, options: tuple[str, ...]) -> None:
    """Open the list and choose one option with the arrow keys: one change, as when a person does it."""
    if isinstance(target, Point) or len(options) != 1:
        raise ActionError("select needs a list's element id and one option, e.g. select(e4, ['Anna'])")
    wanted = f"{json.dumps(target)}, {json.dumps(options[0])}"
    plan = await page.evaluate(f"webdual.planSelect({wanted})", isolated=True)
    if "error" in plan:
        raise ActionError(plan["error"])
    if not await page.evaluate(f"webdual.focus({json.dumps(target)})", isolated=True):
        raise ActionError(f"element {target} did not take the focus, so nothing was chosen")
    if plan["offset"] == 0:
        return
    arrows = press_events("ArrowDown" if plan["offset"] > 0 else "ArrowUp") * abs(plan["offset"])
    await page.dispatch([*press_events("Alt+ArrowDown"), *arrows, *press_events("Enter")] if plan["opens"] else arrows)


async def _check(page: Page, target: Target, *, checked: bool) -> None:
    found = await _locate(page, target)
    if found.get("type") not in ("checkbox", "radio"):
        raise ActionError(f"element {target} cannot be checked")
    if found["checked"] != checked:
        await page.dispatch(_click_events((found["x"], found["y"])))


def _mouse(kind: str, place: Place, **more: Any) -> tuple[str, dict[str, Any]]:
    return "Input.dispatchMouseEvent", {"type": kind, "x": place[0], "y": place[1], **more}


def _click_events(place: Place, *, button: str = "left", count: int = 1) -> Events:
    press = {"button": button, "clickCount": count}
    return [
        _mouse("mouseMoved", place),
        _mouse("mousePressed", place, **press),
        _mouse("mouseReleased", place, **press),
    ]


def _drag_events(path: list[Place]) -> Events:
    held = {"button": "left", "buttons": 1}
    events = [_mouse("mouseMoved", path[0]), _mouse("mousePressed", path[0], clickCount=1, **held)]
    for start, end in itertools.pairwise(path):
        for step in range(1, DRAG_STEPS + 1):
            part = step / DRAG_STEPS
            place = (start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1]))
            events.append(_mouse("mouseMoved", place, **held))
    return [*events, _mouse("mouseReleased", path[-1], button="left", clickCount=1)]
