"""The choices a compact policy can make, and the typed actions they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from browser_env.action import Action, Answer, Check, Click, Hover, Point, Press, Scroll, Select, Target, Type, Wait
from browser_env.observation import Element
from policy.page import Page, element_at, has_area


class Kind(IntEnum):
    """What sort of thing is done; the network's first decision."""

    CLICK = 0  # an element
    POINT = 1  # click a cell of the viewport
    TYPE = 2  # a text into an element
    SELECT = 3  # an option of a list
    PRESS = 4  # a key
    SCROLL = 5  # the page
    ANSWER = 6  # a text
    WAIT = 7
    READ = 8  # answer with what an element says
    HOVER = 9  # over an element


POINTER_KINDS = (Kind.CLICK, Kind.TYPE, Kind.SELECT, Kind.READ, Kind.HOVER)  # those that need an element
TEXT_KINDS = (Kind.TYPE, Kind.ANSWER, Kind.READ)  # those with a text, which for the last is the element's
KEYS = ("Enter", "Tab", "Escape", "Backspace", "Delete", "Space", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight")
SCROLLS = (-1.0, 1.0)  # up, down: in halves of the viewport's height


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One action in the network's terms."""

    kind: Kind
    elements: tuple[int, ...] = ()  # indices of elements that give the very same action
    index: int = 0  # cell, key or scroll direction
    text: str = ""


def kind_mask(page: Page) -> NDArray[np.bool_]:
    """Return which kinds are possible on a page."""
    mask = np.ones(len(Kind), dtype=np.bool_)
    for kind, allowed in zip(POINTER_KINDS, pointer_masks(page), strict=True):
        mask[kind] = allowed.any()
    width, height = page.observation.viewport
    mask[Kind.POINT] = min(width, height) >= 1
    mask[Kind.SCROLL] = height >= 2
    return mask


def pointer_masks(page: Page) -> NDArray[np.bool_]:
    """Return which elements each pointer kind may choose: (num_pointer_kinds, num_elements)."""
    return np.stack([page.clickable, page.editable, page.selectable, page.readable, page.clickable])


def decode(choice: Choice, page: Page, grid: tuple[int, int]) -> Action:
    """Return the typed action of a choice; ``grid`` counts the viewport's columns and rows of cells."""
    match choice.kind:
        case Kind.POINT:
            return Click(cell_point(choice.index, grid, page.observation.viewport))
        case Kind.PRESS:
            return Press(KEYS[choice.index])
        case Kind.SCROLL:
            width, height = page.observation.viewport
            return Scroll(Point(width / 2, height / 2), 0.0, SCROLLS[choice.index] * (height // 2))
        case Kind.ANSWER:
            return Answer(choice.text)
        case Kind.READ:
            return Answer(page.says(choice.elements[0]))
        case Kind.WAIT:
            return Wait()
    element = page.elements[choice.elements[0]]
    if choice.kind is Kind.TYPE:
        return Type(element.id, choice.text)
    if choice.kind is Kind.HOVER:
        return Hover(element.id)
    if choice.kind is Kind.SELECT and element.parent is not None:
        return Select(element.parent, _selected_with(choice.elements[0], page))
    return Click(element.id)


def encode(action: Action, page: Page, grid: tuple[int, int]) -> Choice | None:
    """Return the choice that stands for an action, or None where there is none."""
    match action:
        case Click(target, ()):
            return _encode_click(target, page, grid)
        case Hover(target, ()):
            index = _aim(target, page, page.clickable)
            return None if index is None else Choice(kind=Kind.HOVER, elements=(index,))
        case Check(target, checked):
            return _encode_check(target, checked, page)
        case Type(target, text, True):
            index = _aim(target, page, page.editable)
            return None if index is None else Choice(kind=Kind.TYPE, elements=(index,), text=text)
        case Select(target, options):
            return _encode_select(target, options, page)
        case Press(key, 1) if key in KEYS:
            return Choice(kind=Kind.PRESS, index=KEYS.index(key))
        case Scroll(_, dx, dy) if dx == 0 and dy != 0:
            return Choice(kind=Kind.SCROLL, index=int(dy > 0))
        case Answer(text):
            said = tuple(int(i) for i in np.flatnonzero(page.readable) if page.says(int(i)) == text)
            return Choice(kind=Kind.READ if said else Kind.ANSWER, elements=said, text=text)
        case Wait():
            return Choice(kind=Kind.WAIT)
    return None


def cell_point(index: int, grid: tuple[int, int], viewport: tuple[int, int]) -> Point:
    """Return where a cell is clicked: near its middle, and between whole pixels, as no person's click is."""
    column, row = index % grid[0], index // grid[0]
    return Point(
        int((column + 0.5) * viewport[0] / grid[0]) + 0.5,
        int((row + 0.5) * viewport[1] / grid[1]) + 0.5,
    )


def _encode_click(target: Target, page: Page, grid: tuple[int, int]) -> Choice | None:
    if isinstance(target, str) and target not in page.rows:
        return _encode_unlisted(page.observation.element(target), page, grid)
    index = _aim(target, page, page.clickable)
    cell = _cell(target, grid, page.observation.viewport) if isinstance(target, Point) else None
    own = cell is not None and target == cell_point(cell, grid, page.observation.viewport)
    if cell is not None and (own or index is None):
        return Choice(kind=Kind.POINT, index=cell)
    return None if index is None else Choice(kind=Kind.CLICK, elements=(index,))


def _encode_unlisted(element: Element | None, page: Page, grid: tuple[int, int]) -> Choice | None:
    """Return the click at the middle of an element that the page shows, but does not list."""
    if element is None or not element.visible or not has_area(element):
        return None
    x, y, width, height = element.box
    cell = _cell(Point(x + width / 2, y + height / 2), grid, page.observation.viewport)
    return None if cell is None else Choice(kind=Kind.POINT, index=cell)


def _encode_check(target: Target, checked: bool, page: Page) -> Choice | None:
    """Return the click that brings a control into a state, or None where it is in it already."""
    index = _aim(target, page, page.clickable)
    if index is None or ("checked" in page.elements[index].states) == checked:
        return None
    return Choice(kind=Kind.CLICK, elements=(index,))


def _encode_select(target: Target, options: tuple[str, ...], page: Page) -> Choice | None:
    """Return the choice of one option, by its name or else its value, of a list; what else is selected stays."""
    parent = target if isinstance(target, str) else element_at(target, page.elements)
    indices = [int(i) for i in np.flatnonzero(page.selectable) if page.elements[i].parent == parent]
    named = tuple(i for i in indices if sorted(_selected_with(i, page)) == sorted(options))
    valued = tuple(i for i in indices if (page.elements[i].value,) == options)[:1]
    return Choice(kind=Kind.SELECT, elements=named or valued) if named or valued else None


def _selected_with(index: int, page: Page) -> tuple[str, ...]:
    """Return the names of all options that are selected once this one is; lists that take several keep the others."""
    option = page.elements[index]
    parent = None if option.parent is None else page.observation.element(option.parent)
    if parent is None or "multiple" not in parent.states:
        return (option.name,)
    return tuple(
        page.elements[i].name
        for i in np.flatnonzero(page.selectable)
        if page.elements[i].parent == option.parent and (i == index or "selected" in page.elements[i].states)
    )


def _aim(target: Target, page: Page, allowed: NDArray[np.bool_]) -> int | None:
    """Return the index of the allowed element that a target means."""
    if isinstance(target, Point):
        candidates = tuple(page.elements[i] for i in np.flatnonzero(allowed))
        found = element_at(target, candidates)
        return None if found is None else page.rows[found]
    index = page.rows.get(target)
    return index if index is not None and allowed[index] else None


def _cell(point: Point, grid: tuple[int, int], viewport: tuple[int, int]) -> int | None:
    """Return the cell around a point, or None outside the viewport."""
    if not (0 <= point.x < viewport[0] and 0 <= point.y < viewport[1]):
        return None
    return int(point.y * grid[1] / viewport[1]) * grid[0] + int(point.x * grid[0] / viewport[0])
