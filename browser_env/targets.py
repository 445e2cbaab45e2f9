"""Finds an element in whatever frame of a page it is, and where that is on the page."""

from __future__ import annotations

import asyncio
import json

from browser_env.errors import ActionError, BrowserCrashedError, InfraError
from browser_env.page import Frame, Page

Place = tuple[float, float]  # x, y in CSS px


async def frame_of(page: Page, element_id: str) -> Frame:
    """Return the frame that an element is in; the main one where no frame has it."""
    frames = page.frames
    if len(frames) == 1:
        return frames[0]
    held = await asyncio.gather(*(_holds(frame, element_id) for frame in frames))
    return next((frame for frame, holds in zip(frames, held, strict=True) if holds), frames[0])


async def to_page(page: Page, frame: Frame, place: Place) -> Place:
    """Return where a point of a frame is on the page, scrolled into view in the frames around it."""
    frames = page.frames
    while frame.parent is not None:
        outer = frames[frame.parent]
        found = await outer.evaluate(f"webdual.placeInFrame({frame.index}, {place[0]}, {place[1]})")
        if "error" in found:
            raise ActionError(found["error"])
        frame, place = outer, (found["x"], found["y"])
    return place


async def frame_at(page: Page, place: Place) -> tuple[Frame, Place]:
    """Return the innermost frame at a point of the page, and the point in its own coordinates."""
    frames = page.frames
    inner = {(frame.parent, frame.index): index for index, frame in enumerate(frames)}
    current = 0
    while len(frames) > 1:
        found = await frames[current].evaluate(f"webdual.frameAt({place[0]}, {place[1]})")
        if found is None or (current, found["index"]) not in inner:
            break
        current, place = inner[current, found["index"]], (found["x"], found["y"])
    return frames[current], place


async def _holds(frame: Frame, element_id: str) -> bool:
    try:
        return bool(await frame.evaluate(f"webdual.holds({json.dumps(element_id)})"))
    except BrowserCrashedError:
        raise
    except InfraError:  # it went away meanwhile
        return False
