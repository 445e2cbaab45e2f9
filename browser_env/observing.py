"""Turns a page into an :class:`Observation` and into :class:`Evidence`, changing nothing on it."""

from __future__ import annotations

import json
from typing import Any

from browser_env.observation import Element, Observation, Tab
from browser_env.page import Page
from rewards.evidence import ElementState, Evidence


async def observe(
    page: Page,
    *,
    goal: str,
    ignore: str | None,
    pixels: bool,
    error: str | None = None,
    with_evidence: bool = False,
) -> tuple[Observation, Evidence | None]:
    """Read elements, pixels and, if asked, evidence of one moment: page time stands still meanwhile."""
    if pixels:
        screenshot = await page.screenshot()
    else:
        await page.frame()
        screenshot = None
    call = f"webdual.observe({json.dumps(ignore)}, {json.dumps(with_evidence)})"
    data = json.loads(await page.evaluate(f"JSON.stringify({call})", isolated=True))
    elements = tuple(_element(row) for row in data["elements"])
    observation = Observation(
        goal=goal,
        url=data["url"],
        screenshot=screenshot,
        elements=elements,
        focus=data["focus"],
        tabs=(Tab(url=data["url"], title=data["title"]),),
        viewport=(data["viewport"][0], data["viewport"][1]),
        error=error,
        truncated=data["truncated"],
    )
    if data["evidence"] is None:
        return observation, None
    states = tuple(ElementState(role=e.role, name=e.name, value=e.value, states=e.states) for e in elements)
    return observation, Evidence(**data["evidence"], elements=states)


def _element(row: list[Any]) -> Element:
    id_, role, name, value, states, box, visible, parent = row
    return Element(
        id=id_,
        role=role,
        name=name,
        value=value,
        states=tuple(states),
        box=(box[0], box[1], box[2], box[3]),
        visible=visible,
        parent=parent,
    )
