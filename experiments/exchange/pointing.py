"""How an element of an observation can be named outside: by what a screen reader says of it, or by its place."""

from __future__ import annotations

from dataclasses import dataclass

from browser_env.action import Point, Target
from browser_env.observation import Element, Observation

FRAME_IDS = 100_000  # element ids of one frame; the page's own come first
NAMELESS = frozenset(("paragraph", "generic", "label", "listitem", "cell"))  # roles that get no name from their words


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """A target, as other tools can find it."""

    role: str | None  # None: only its place tells it from others
    name: str
    x: float  # of its middle in the viewport, in CSS px
    y: float
    width: float = 0.0
    height: float = 0.0
    element: Element | None = None


def aim(seen: Observation, target: Target) -> Aim:
    """Return how a target of an action can be found."""
    if isinstance(target, Point):
        return Aim(role=None, name="", x=target.x, y=target.y)
    element = seen.element(target)
    if element is None:
        return Aim(role=None, name="", x=0.0, y=0.0)
    x, y = element.center
    _, _, width, height = element.box
    role = element.role if _is_only_one(element, seen) else None
    return Aim(role=role, name=element.name, x=x, y=y, width=width, height=height, element=element)


def is_in_frame(element: Element) -> bool:
    """Whether it is part of a frame in the page."""
    return int(element.id[1:]) >= FRAME_IDS


def _is_only_one(element: Element, seen: Observation) -> bool:
    """Whether role and name tell an element of the page itself from all others."""
    if not element.name or element.role in NAMELESS or is_in_frame(element):
        return False
    alike = (other for other in seen.elements if (other.role, other.name) == (element.role, element.name))
    return sum(1 for _ in alike) == 1 and not seen.truncated
