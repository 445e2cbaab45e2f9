"""What the policy sees of a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

Screenshot = NDArray[np.uint8]  # (height, width, 3), RGB
Scroll = tuple[float, float, float, float]  # x, y, and how far each goes, in CSS px
NO_SCROLL: Scroll = (0.0, 0.0, 0.0, 0.0)


def black_picture(viewport: tuple[int, int]) -> Screenshot:
    """Return the picture of a page that has shown nothing yet."""
    width, height = viewport
    return np.zeros((height, width, 3), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element of a page; its id stays the same throughout an episode."""

    id: str  # e.g. "e12"
    role: str  # ARIA role, or the HTML tag where there is none
    name: str = ""  # accessible name, or the element's own text
    value: str = ""  # what a control holds
    states: tuple[str, ...] = ()  # sorted, of STATES
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)  # x, y, width, height in CSS px
    visible: bool = True  # some of it lies in the viewport
    parent: str | None = None  # id of the nearest listed ancestor
    description: str = ""  # what describes it besides its name: a hint, an option's group
    headers: tuple[str, ...] = ()  # names of its row's and its column's header, inside a table
    scroll: Scroll | None = None  # where what can be scrolled within it stands

    @property
    def center(self) -> tuple[float, float]:
        """The middle of the box, in CSS pixels."""
        x, y, width, height = self.box
        return x + width / 2, y + height / 2

    def __reduce__(self) -> tuple[Callable[..., Element], tuple[object, ...]]:
        """Return how to make this anew: pages have many, and slotted dataclasses pickle slowly by themselves."""
        return _element, _values(self)


_FIELDS = tuple(field.name for field in fields(Element))
_values = attrgetter(*_FIELDS)


def _element(*values: object) -> Element:
    element = object.__new__(Element)
    for name, value in zip(_FIELDS, values, strict=True):
        object.__setattr__(element, name, value)
    return element


STATES = (
    *("busy", "checked", "clickable", "collapsed", "covered", "current", "disabled", "editable", "expanded", "focused"),
    *("haspopup", "invalid", "mixed", "multiple", "pressed", "readonly", "required", "selected"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """An open tab."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """A JavaScript dialog; its page stands still until it is answered."""

    kind: str  # "alert", "confirm" or "prompt"
    message: str
    default: str = ""  # what a prompt suggests


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """The page, in pixels and elements of the same moment, and what the last action led to."""

    goal: str
    url: str = ""
    screenshot: Screenshot | None = None  # None where a recording or a set-up has no pixels
    elements: tuple[Element, ...] = ()  # in document order
    focus: str | None = None  # id of the focused element
    tabs: tuple[Tab, ...] = ()
    active_tab: int = 0
    viewport: tuple[int, int] = (160, 210)  # width, height in CSS px
    error: str | None = None  # why the last action did not work
    dialog: Dialog | None = None  # what has to be answered before anything else
    truncated: bool = False  # the page has more elements than are listed
    scroll: Scroll = NO_SCROLL  # of the page
    selection: str = ""  # selected text, cut like a name
    downloads: tuple[str, ...] = ()  # names of the episode's files that arrived whole, as the site called them

    def element(self, element_id: str) -> Element | None:
        """Return the element with this id, or None."""
        return next((element for element in self.elements if element.id == element_id), None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Observation):
            return NotImplemented
        same_pixels = (
            self.screenshot is other.screenshot
            if self.screenshot is None or other.screenshot is None
            else np.array_equal(self.screenshot, other.screenshot)
        )
        return same_pixels and all(
            getattr(self, name) == getattr(other, name) for name in self.__slots__ if name != "screenshot"
        )

    __hash__ = None  # type: ignore[assignment]
