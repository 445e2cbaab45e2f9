"""Turns a recorded DOM into the elements of an observation, in the live walker's conventions.

- Listed is what has text of its own, is interactive, takes text, is a picture, or has no children; text between
  elements (tag ``t``) belongs to its parent's own text. Line breaks and boxless elements are left out.
- Role: the element's ARIA role or its HTML counterpart. Recordings hold no ``role`` attributes: those that jQuery UI
  sets are restored from its class names. A list higher than one line is a listbox.
- Name: all inner text for interactive roles, else own text; for a control its label's text or the text before it.
- Value: passwords as dots, a list's chosen labels where the recording shows them. A chosen option has a background.
- Clickable: interactive roles, and elements that the suite's pages give a hand cursor or a tab index, by class.
- Not recorded: disabled, readonly, required; a closed list's options; placeholders; the goal's own text on the page.
- An element id stays the same in all observations of an episode; a closed list's options have the list's box.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from browser_env.observation import Element
from replay.miniwob_recordings.recording import Node

VIEWPORT = (160, 210)  # width, height of the suite's pages in CSS px
MAX_CHARS = 300  # of one name or value
ONE_LINE = 40  # a list higher than this, in CSS px, shows several options at once
SKIPPED = {"BR", "t"}
ROLES = {
    "A": "link", "BUTTON": "button", "DD": "definition", "DT": "term", "FORM": "form", "H1": "heading", "H2": "heading",
    "H3": "heading", "H4": "heading", "H5": "heading", "H6": "heading", "HR": "separator", "IMG": "img",
    "LABEL": "label", "LI": "listitem", "OL": "list", "OPTION": "option", "P": "paragraph", "TABLE": "table",
    "TD": "cell", "TEXTAREA": "textbox", "TH": "columnheader", "TR": "row", "UL": "list", "DIV": "generic",
    "SPAN": "generic", "CANVAS": "img", "svg": "img",
}  # fmt: skip
INPUT_ROLES = {
    "button": "button", "checkbox": "checkbox", "file": "button", "image": "button", "number": "spinbutton",
    "radio": "radio", "range": "slider", "reset": "button", "search": "searchbox", "submit": "button",
}  # fmt: skip
CLASS_ROLES = {
    "ui-tabs-tab": "tab", "ui-accordion-header": "tab", "ui-tabs-panel": "tabpanel", "ui-accordion-content": "tabpanel",
    "ui-tabs-nav": "tablist", "ui-accordion": "tablist", "ui-dialog": "dialog", "ui-spinner-button": "button",
    "ui-spinner-input": "spinbutton", "ui-helper-hidden-accessible": "status",
}  # fmt: skip
INTERACTIVE = {
    "button", "checkbox", "combobox", "link", "listbox", "menuitem", "option", "radio", "searchbox", "slider",
    "spinbutton", "tab", "textbox",
}  # fmt: skip
TAB_INDEX = {
    "ui-menu",
    "ui-menu-item-wrapper",
    "ui-dialog",
    "ui-tabs-tab",
    "ui-accordion-header",
}  # they can have focus
OPEN = {"ui-tabs-active", "ui-accordion-header-active"}
HAND_CURSOR = {
    "alink", "email-thread", "email-send", "trash", "star", "ui-menu-item", "ui-submit", "#tree", "#open-search",
    "#search-cancel", "#close-email", "#close-reply", "#send-reply", "#close-forward", "#send-forward",
}  # fmt: skip
NOT_TYPED = {"button", "checkbox", "color", "file", "image", "radio", "range", "reset", "submit", "hidden"}
TRANSPARENT = {"", "transparent", "rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"}


@dataclass(frozen=True, slots=True)
class ElementIds:
    """Gives out an episode's element ids in the order of first sight."""

    ids: dict[int, str] = field(default_factory=dict)  # node's key -> e.g. "e12"

    def of(self, node: Node) -> str:
        """Return the node's id, a new one at first sight."""
        return self.ids.setdefault(node.key, f"e{len(self.ids) + 1}")


@dataclass(frozen=True, slots=True)
class _Place:
    """What an element's surroundings say about it."""

    parent: str | None = None  # id of the nearest listed ancestor
    clickable: bool = False  # a hand cursor is inherited
    in_menu: bool = False  # jQuery UI's menu items have a role in menus only, not in suggestions
    label: str = ""  # text of the label around or before a control


def list_elements(root: Node, ids: ElementIds) -> tuple[Element, ...]:
    """Return the page's listed elements in document order."""
    return tuple(_list(root, _Place(), ids))


def _list(node: Node, place: _Place, ids: ElementIds) -> Iterator[Element]:
    if node.tag in SKIPPED:
        return
    clickable = place.clickable or bool(node.classes & HAND_CURSOR)
    parent = place.parent
    role = role_of(node, in_menu=place.in_menu)
    if _has_box(node) and _is_listed(node, role):
        yield _element(node, role, place, clickable=clickable, ids=ids)
        parent = ids.of(node)
        if node.tag == "SELECT":
            yield from (_option(option, node, parent, ids) for option in node.children if option.tag == "OPTION")
            return
    in_menu = place.in_menu or ("ui-menu" in node.classes and "ui-autocomplete" not in node.classes)
    before, previous = place.label, ""
    for child in node.children:
        if is_control(child):
            label = _deep_text(node) if node.tag == "LABEL" else before
        else:
            label = before if previous == "LABEL" else ""  # a control may be wrapped
        yield from _list(child, _Place(parent=parent, clickable=clickable, in_menu=in_menu, label=label), ids)
        before = "" if is_control(child) or child.tag == "BUTTON" else _deep_text(child) or before
        previous = child.tag


def _element(node: Node, role: str, place: _Place, *, clickable: bool, ids: ElementIds) -> Element:
    flags = {
        "checked": node.value is True,
        "clickable": clickable or role in INTERACTIVE or bool(node.classes & TAB_INDEX) or _is_shape(node),
        "editable": is_text_field(node),
        "expanded": bool(node.classes & OPEN),
        "focused": node.focused,
        "selected": bool(node.classes & OPEN),
    }
    return Element(
        id=ids.of(node),
        role=role,
        name=_shorten(_name(node, role, place.label)),
        value=_shorten(_value(node)),
        states=tuple(state for state, holds in flags.items() if holds),
        box=_rounded(node.box),
        visible=_in_viewport(node.box),
        parent=place.parent,
    )


def _option(option: Node, select: Node, parent: str, ids: ElementIds) -> Element:
    return Element(
        id=ids.of(option),
        role="option",
        name=_shorten(option.text),
        states=("clickable", "selected") if is_chosen(option) else ("clickable",),
        box=_rounded(select.box),
        visible=_in_viewport(select.box),
        parent=parent,
    )


def role_of(node: Node, *, in_menu: bool = False) -> str:
    """Return the element's role."""
    if role := next((CLASS_ROLES[name] for name in sorted(node.classes) if name in CLASS_ROLES), None):
        return role
    if in_menu and "ui-menu-item-wrapper" in node.classes:
        return "menuitem"
    if node.tag.startswith("INPUT_"):
        return INPUT_ROLES.get(node.tag.removeprefix("INPUT_"), "textbox")
    if node.tag == "SELECT":
        return "listbox" if is_listbox(node) else "combobox"
    return "graphics-symbol" if _is_shape(node) else ROLES.get(node.tag, node.tag.lower())


def is_text_field(node: Node) -> bool:
    """Whether text can be typed into the element."""
    return node.tag == "TEXTAREA" or (
        node.tag.startswith("INPUT_") and node.tag.removeprefix("INPUT_") not in NOT_TYPED
    )


def is_control(node: Node) -> bool:
    """Whether the element is a form control other than a button element."""
    return node.tag in ("TEXTAREA", "SELECT") or node.tag.startswith("INPUT_")


def is_listbox(node: Node) -> bool:
    """Whether a list shows several options at once."""
    return node.box[3] > ONE_LINE


def is_chosen(option: Node) -> bool:
    """Whether an option is drawn as chosen."""
    return option.background not in TRANSPARENT


def own_text(node: Node) -> str:
    """Return the text that belongs to the element itself."""
    return node.text or " ".join(child.text for child in node.children if child.tag == "t")


def _deep_text(node: Node) -> str:
    """Return all text inside, but for what controls hold."""
    return " ".join(inner.text for inner in node.walk() if inner.text and not is_control(inner))


def _name(node: Node, role: str, label: str) -> str:
    if is_control(node):
        return str(node.value or node.tag.removeprefix("INPUT_")) if role == "button" else label
    return _deep_text(node) if role in INTERACTIVE else own_text(node)


def _value(node: Node) -> str:
    if node.tag == "SELECT":
        return ", ".join(option.text for option in node.children if is_chosen(option))
    if not is_text_field(node):
        return ""
    return "\u2022" * min(len(str(node.value)), 64) if node.tag == "INPUT_password" else str(node.value)


def _is_shape(node: Node) -> bool:
    """Whether the element is part of an SVG drawing; their tags alone are recorded in lower case."""
    return node.tag.islower() and node.tag not in ("svg", "t")


def _is_listed(node: Node, role: str) -> bool:
    if role in INTERACTIVE or role == "img" or node.classes & TAB_INDEX:
        return True
    return own_text(node) != "" or all(child.tag in SKIPPED for child in node.children)


def _has_box(node: Node) -> bool:
    return node.box[2] > 0 and node.box[3] > 0


def _in_viewport(box: tuple[float, float, float, float]) -> bool:
    left, top, width, height = box
    return left + width > 0 and top + height > 0 and left < VIEWPORT[0] and top < VIEWPORT[1]


def _rounded(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, width, height = (round(side, 2) for side in box)
    return left, top, width, height


def _shorten(text: str) -> str:
    tidy = " ".join(text.split())
    return tidy if len(tidy) <= MAX_CHARS else tidy[: MAX_CHARS - 1] + "…"
