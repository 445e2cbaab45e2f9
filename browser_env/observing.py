"""Turns a page into an :class:`Observation` and into :class:`Evidence`, changing nothing on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from browser_env.drawing import decode_picture
from browser_env.errors import BrowserCrashedError, InfraError
from browser_env.merging import Reading, merge, scroll
from browser_env.observation import Element, Observation, Screenshot, Tab
from browser_env.page import Frame, Page
from rewards.evidence import ElementState, Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was read of a page at one moment."""

    observation: Observation
    evidence: Evidence | None  # where it was asked for


async def observe(
    page: Page,
    *,
    goal: str,
    ignore: str | None,
    pixels: bool,
    error: str | None = None,
    with_evidence: bool = False,
) -> Seen:
    """Read elements, pixels and, if asked, evidence of one moment: page time stands still meanwhile."""
    picture = await page.drawing.picture() if pixels else None
    if picture is None:
        await page.drawing.frame()
    frames = page.frames
    reading = asyncio.ensure_future(_read_all(frames, reading_arguments(ignore, with_evidence=with_evidence)))
    await asyncio.sleep(0)  # what is read is asked for before the picture is decoded
    screenshot = None if picture is None else decode_picture(picture)
    places = [(frame.parent, frame.index) for frame in frames]
    return see(await reading, places, goal=goal, screenshot=screenshot, error=error)


def reading_arguments(ignore: str | None, *, with_evidence: bool) -> str:
    """Return the arguments with which a page is asked to read itself, as JavaScript."""
    return f"{json.dumps(ignore)}, {json.dumps(with_evidence)}"


def see(
    readings: Sequence[Reading | None],
    places: Sequence[tuple[int | None, int]],
    *,
    goal: str,
    screenshot: Screenshot | None,
    error: str | None = None,
) -> Seen:
    """Make an observation of what frames, the main one first, read of themselves; ``places`` as for :func:`merge`."""
    main = readings[0]
    assert main is not None  # a main frame that cannot be read raises
    merged = merge(readings, places)
    focused = readings[merged.focused_frame] or main
    observation = Observation(
        goal=goal,
        url=main["url"],
        screenshot=screenshot,
        elements=merged.elements,
        focus=merged.focus,
        tabs=(Tab(url=main["url"], title=main["title"]),),
        viewport=(main["viewport"][0], main["viewport"][1]),
        error=error,
        truncated=merged.truncated,
        scroll=scroll(main["scroll"]),
        selection=focused["selection"] or main["selection"],
    )
    return Seen(observation=observation, evidence=_evidence(readings, merged.elements))


async def _read_all(frames: Sequence[Frame], call: str) -> list[Reading | None]:
    """Read all frames at once; a frame that took the number of an older one is given another and read again."""
    if len(frames) == 1:
        return [await _read(frames[0], call, 0)]
    inner = [_read_inner(frame, call, number) for number, frame in enumerate(frames[1:], start=1)]
    readings: list[Reading | None] = list(await asyncio.gather(_read(frames[0], call, 0), *inner))
    order = sorted(range(len(frames)), key=lambda i: (bool(reading["fresh"]) if (reading := readings[i]) else False, i))
    used: set[int] = set()
    for i in order:
        reading = readings[i]
        if reading is not None and reading["number"] in used:
            await frames[i].evaluate("webdual.forget()")
            reading = readings[i] = await _read_inner(frames[i], call, max(used) + 1)
        if reading is not None:
            used.add(reading["number"])
    return readings


async def _read(frame: Frame, call: str, number: int) -> Reading:
    reading: Reading = json.loads(await frame.evaluate(f"JSON.stringify(webdual.observe({call}, {number}))"))
    return reading


async def _read_inner(frame: Frame, call: str, number: int) -> Reading | None:
    try:
        return await _read(frame, call, number)
    except BrowserCrashedError:
        raise
    except InfraError:  # it went away meanwhile, or its document cannot be read
        return None


def _evidence(readings: Sequence[Reading | None], elements: tuple[Element, ...]) -> Evidence | None:
    """Join the frames' evidence; where two have a field of the same name, the outer one counts."""
    found: list[dict[str, Any]] = [reading["evidence"] for reading in readings if reading and reading["evidence"]]
    if not found:
        return None
    values = {key: value for evidence in reversed(found) for key, value in evidence["form_values"].items()}
    states = tuple(
        ElementState(role=e.role, name=e.name, value=e.value, states=e.states, headers=e.headers) for e in elements
    )
    text = "\n".join(evidence["text"] for evidence in found)
    return Evidence(**found[0] | {"text": text, "form_values": values}, elements=states)
