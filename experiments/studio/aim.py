"""Which element a person meant by a point of the page they saw."""

from __future__ import annotations

from collections.abc import Iterator

from browser_env.action import Point, Target
from browser_env.observation import Element, Observation

BY_ID = frozenset({"button", "link", "checkbox", "radio", "switch", "tab", "menuitem", "menuitemcheckbox"})
BY_ID |= {"menuitemradio", "option", "textbox", "searchbox", "combobox", "spinbutton", "listbox"}
WHOLE = frozenset({"button", "link"})  # what is within them acts as they do
LEAST_SHARE = 0.25  # of such a one's area: what acts within it and is smaller is a control of its own
SMALL = 64.0  # CSS px: where in such a box somebody clicks means nothing
MAX_OUTER = 100  # elements around one
TEXT_ROLES = frozenset({"textbox", "searchbox", "combobox", "spinbutton"})


def resolve(seen: Observation, x: float, y: float) -> Target:
    """Return the id of what a point means where its middle means the same, else the point itself."""
    element = _meant(seen, x, y)
    if element is None or "covered" in element.states or _has_caret(element):
        return Point(round(x, 1), round(y, 1))
    middle_x, middle_y = element.center
    width, height = seen.viewport
    on_screen = 0 <= middle_x < width and 0 <= middle_y < height
    if not on_screen or _meant(seen, middle_x, middle_y) is not element:
        return Point(round(x, 1), round(y, 1))
    return element.id


def resolve_scroller(seen: Observation, x: float, y: float) -> Target:
    """Return the id of the smallest box at a point that scrolls, else the point."""
    width, height = seen.viewport
    boxes = [e for e in seen.elements if e.visible and e.scroll is not None and _holds(e, x, y)]
    found = min(boxes, key=_area, default=None)
    if found is None or not (0 <= found.center[0] < width and 0 <= found.center[1] < height):
        return Point(round(x, 1), round(y, 1))
    return found.id


def element_at(seen: Observation, x: float, y: float) -> Element | None:
    """Return the smallest visible element at a point; of equals, the inner one."""
    found = [element for element in seen.elements if element.visible and _holds(element, x, y)]
    drawn = [element for element in found if not _is_folded(seen, element)]
    return min(reversed(drawn), key=_area, default=None)


def _meant(seen: Observation, x: float, y: float) -> Element | None:
    """Return the control at a point, the button or link around what is there, or a text or small box that acts."""
    found = element_at(seen, x, y)
    if found is None or found.role in BY_ID:
        return found
    around = next((outer for outer in _outer(seen, found) if outer.role in WHOLE and _holds(outer, x, y)), None)
    if around is not None and "clickable" in found.states and _area(found) < LEAST_SHARE * _area(around):
        return None
    is_text = bool(found.name) and "clickable" in found.states and found.role != "img"
    is_box = found.role == "generic" and max(found.box[2:]) <= SMALL
    return around or (found if is_text or is_box else None)


def _has_caret(element: Element) -> bool:
    """Whether it matters where in a field somebody clicks: there is a text, or arrows to count up and down."""
    return element.role == "spinbutton" or (element.role in ("textbox", "searchbox") and bool(element.value))


def takes_text(seen: Observation) -> bool:
    """Whether what has the focus can be typed into."""
    focused = seen.element(seen.focus) if seen.focus else None
    if focused is None or {"disabled", "readonly"} & set(focused.states):
        return False
    return "editable" in focused.states or focused.role in TEXT_ROLES


def choices(seen: Observation, target: Target) -> tuple[str, ...]:
    """Return the labels of a closed list's options; they are drawn outside the page, so the studio shows them."""
    if not isinstance(target, str):
        return ()
    element = seen.element(target)
    if element is None or element.role not in ("combobox", "listbox"):
        return ()
    return tuple(e.name for e in seen.elements if e.role == "option" and _is_inside(seen, e, target))


def list_of(seen: Observation, target: Target) -> str | None:
    """Return the list that an option belongs to, or None."""
    element = seen.element(target) if isinstance(target, str) else None
    outer = _outer(seen, element) if element is not None else ()
    return next((found.id for found in outer if found.role in ("combobox", "listbox")), None)


def _is_inside(seen: Observation, element: Element, ancestor: str) -> bool:
    return any(outer.id == ancestor for outer in _outer(seen, element))


def _outer(seen: Observation, element: Element) -> Iterator[Element]:
    """Yield the elements around one, from the inside out."""
    for _ in range(MAX_OUTER):
        found = seen.element(element.parent) if element.parent is not None else None
        if found is None:
            return
        yield found
        element = found


def _is_folded(seen: Observation, element: Element) -> bool:
    """Whether it is an option of a closed list, which has the list's box and is not drawn."""
    if element.role != "option":
        return False
    owner = seen.element(list_of(seen, element.id) or "")
    return owner is not None and owner.box == element.box


def _holds(element: Element, x: float, y: float) -> bool:
    left, top, width, height = element.box
    return left <= x < left + width and top <= y < top + height


def _area(element: Element) -> float:
    return element.box[2] * element.box[3]
