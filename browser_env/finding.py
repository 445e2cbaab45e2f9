"""Finds elements by the selectors that recorders write: CSS, XPath, text, and what a screen reader says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from browser_env.aiming import ask
from browser_env.page import Frame, Page

KINDS = ("css", "pierce", "xpath", "text", "role", "label", "placeholder", "alt", "title", "testid", "frame")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One selector; it is looked up, never run. The kind ``frame`` goes into the frame found so far."""

    kind: str  # of KINDS
    text: str | None = None  # a selector or words; None: any name, with a role
    role: str | None = None
    exact: bool = True  # the words are all of the text, in their case
    nth: int | None = None  # which of those found, -1 the last; None: the first that shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An element, and where it lies in its frame."""

    id: str
    box: tuple[float, float, float, float] | None  # x, y, width, height in its frame, in CSS px; None: not drawn
    in_frame: bool  # of a frame inside the page


async def find(page: Page, chain: Sequence[Query], *, frame: Sequence[int] = ()) -> Found | None:
    """Return the element that a chain of queries leads to, in a frame given by its places; None where none is there."""
    frames = page.frames
    current = _descend(frames, 0, frame)
    part: list[dict[str, Any]] = []
    for query in [*chain, None]:
        if query is not None and query.kind != "frame":
            part.append(asdict(query))
            continue
        found = await ask(frames[current], "find", part) if current is not None and part else None
        if found is None or current is None:
            return None
        if query is None:
            box = found["box"]
            return Found(id=found["id"], box=None if box is None else tuple(box), in_frame=current != 0)
        current, part = _descend(frames, current, [found["frame"]]), []
    return None


def _descend(frames: Sequence[Frame], start: int | None, places: Sequence[int]) -> int | None:
    """Return the index of the frame that is reached from another by places among the frames inside."""
    inner = {(frame.parent, frame.index): index for index, frame in enumerate(frames)}
    for place in places:
        start = inner.get((start, place))
    return start
