"""Drags: by the mouse alone, or, where that begins a drag with data, by the browser's own drag and drop."""

from __future__ import annotations

import asyncio
from typing import Any

from browser_env.aiming import ask, locate, on_screen
from browser_env.arguments import Point, Target
from browser_env.errors import ActionError, InfraError
from browser_env.input import Place, drag_event, held_move, press_at, release_at, way
from browser_env.page import Frame, Page
from browser_env.targets import frame_at, frame_of

INTERCEPTED = "Input.dragIntercepted"
LOOKS = 500  # frames within which the browser tells of a drag that has begun


async def drag(page: Page, path: tuple[Target, ...]) -> None:
    """Press at the first target, move along the others, let go at the last; each move is seen on a frame of its own."""
    frame, places, draggable = await _find(page, path)
    if not draggable:
        await page.dispatch(press_at(places[0]))
        for place in way(places):
            await page.dispatch([held_move(place)])  # sent together, some would be merged, and which would be chance
        await page.dispatch([release_at(places[-1])])
        return
    await page.send("Input.setInterceptDrags", {"enabled": True})
    try:
        with page.heard(INTERCEPTED) as reports:
            await _drag_data(page, frame, places, reports)
    finally:
        await page.send("Input.setInterceptDrags", {"enabled": False})


async def _find(page: Page, path: tuple[Target, ...]) -> tuple[Frame, list[Place], bool]:
    """Return the frame in which the path begins, its places, and whether the browser may drag what is at the first."""
    for target in path:
        if isinstance(target, Point):
            on_screen(page, (target.x, target.y))
    if len(page.frames) == 1:
        targets = [(target.x, target.y) if isinstance(target, Point) else target for target in path]
        found = await ask(page.frames[0], "locatePath", targets)
        return page.frames[0], [(x, y) for x, y in found["places"]], found["draggable"]
    first = [(await locate(page, target)).place for target in path]
    places = [(await locate(page, target)).place for target in path]
    if places != first:  # scrolling to one moves another away
        raise ActionError("the path does not fit on the screen: scroll first, or drag in parts")
    frame, inner = await frame_at(page, places[0])
    if isinstance(path[0], str):
        frame = await frame_of(page, path[0])
    return frame, places, await ask(frame, "mayDrag", *inner)


async def _drag_data(page: Page, frame: Frame, places: list[Place], reports: list[dict[str, Any]]) -> None:
    await page.dispatch(press_at(places[0]))
    data, state = None, "none"
    for place in way(places):
        if data is not None:
            await page.dispatch([drag_event("dragOver", place, data)])
            continue
        await page.dispatch([held_move(place)])
        if state == "none":
            state = await ask(frame, "dragState")
        if state == "begun":
            data = await _intercepted(page, reports)
            await page.dispatch([drag_event("dragEnter", place, data)])
    # After a drop the browser tells no page that the button was let go.
    last = release_at(places[-1]) if data is None else drag_event("drop", places[-1], data)
    await page.dispatch([last])


async def _intercepted(page: Page, reports: list[dict[str, Any]]) -> dict[str, Any]:
    for _ in range(LOOKS):
        if reports:
            data: dict[str, Any] = reports[-1]["data"]
            return data
        await page.drawing.frame()
        await asyncio.sleep(0.002)  # the browser's answer comes by another way than the page's
    raise InfraError("the browser began a drag but did not tell of it")
