"""Groups a recording's raw events into gestures: presses of the mouse, of a key, turns of the wheel."""

from __future__ import annotations

from dataclasses import dataclass, replace

from replay.miniwob_recordings.dom import is_text_field
from replay.miniwob_recordings.recording import MODIFIERS, Event, Frame, Node

KEYS = {
    8: "Backspace", 9: "Tab", 13: "Enter", 27: "Escape", 32: "Space", 33: "PageUp", 34: "PageDown", 35: "End",
    36: "Home", 37: "ArrowLeft", 38: "ArrowUp", 39: "ArrowRight", 40: "ArrowDown", 45: "Insert", 46: "Delete",
    **{111 + n: f"F{n}" for n in range(1, 13)},
}  # fmt: skip
SCROLL_KEYS = {"Space", "PageUp", "PageDown", "End", "Home", "ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"}
CHORD_ORDER = ("Control", "Alt", "Meta", "Shift")
FLEETING = ("hover", "active", "focus")  # parts of class names that come and go with pointer and focus


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """The mouse button went down, and what came of it."""

    start: int  # index of the frame before it
    down: Event
    up: Event | None = None
    clicked: bool = False  # the browser made a click of it
    double: bool = False  # and, with the click before, a double click


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key other than a modifier went down."""

    start: int
    key: str  # name or chord, e.g. "a", "Enter", "Control+c"; empty where the recording does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A part of the page was scrolled by wheel, bar or keys."""

    start: int
    area: int  # key of the scrolled node


Gesture = Pointer | Key | Wheel


def read_gestures(frames: tuple[Frame, ...]) -> list[Gesture]:
    """Return the gestures in the order in which they began."""
    gestures: list[Gesture] = []
    held: set[str] = set()  # modifier keys
    for index, frame in enumerate(frames):
        if frame.event is not None:
            _read(frame.event, index, frames, gestures, held)
    return _merge_double_clicks(frames, _merge_scrolls(gestures))


def _read(event: Event, index: int, frames: tuple[Frame, ...], gestures: list[Gesture], held: set[str]) -> None:
    """Add an event to the gestures so far."""
    modifier = MODIFIERS.get(event.key_code)
    if event.kind == "mousedown":
        gestures.append(Pointer(start=index, down=event))
    elif event.kind in ("mouseup", "click", "dblclick"):
        _continue_pointer(event, gestures)
    elif event.kind == "keydown" and modifier:
        held.add(modifier)
    elif event.kind == "keydown":
        gestures.append(Key(start=index, key=_chord(event, held)))
    elif event.kind == "keyup" and modifier:
        held.discard(modifier)
    elif event.kind == "keypress" and not held - {"Shift"}:
        _name_key(event, gestures)
    elif event.kind == "scroll" and (area := frames[index].target):
        _add_scroll(area, index, frames, gestures)


def _continue_pointer(event: Event, gestures: list[Gesture]) -> None:
    """Attach an event to the press that it ends; clicks that labels and keys set off have none and are left out."""
    position = next((i for i in reversed(range(len(gestures))) if isinstance(gestures[i], Pointer)), None)
    if position is None:
        return
    press = gestures[position]
    assert isinstance(press, Pointer)
    if event.kind == "mouseup" and press.up is None:
        gestures[position] = replace(press, up=event)
    elif event.kind == "click" and press.up is not None:
        gestures[position] = replace(press, clicked=True)
    elif event.kind == "dblclick":
        gestures[position] = replace(press, double=True)


def _chord(event: Event, held: set[str]) -> str:
    code = event.key_code
    key = KEYS.get(code) or (chr(code).lower() if 48 <= code <= 57 or 65 <= code <= 90 else "")
    names = [name for name in CHORD_ORDER if name in held]
    return "+".join([*names, key]) if key else ""


def _name_key(event: Event, gestures: list[Gesture]) -> None:
    """Correct the last key to the character that it produced."""
    code = event.char_code
    if gestures and isinstance(last := gestures[-1], Key) and 32 < code <= 0x10FFFF and chr(code).isprintable():
        gestures[-1] = replace(last, key=chr(code))


def _add_scroll(area: Node, index: int, frames: tuple[Frame, ...], gestures: list[Gesture]) -> None:
    """Add a scroll, which has happened already; it takes the place of the bar's press or the key that caused it."""
    start = max(0, index - 1)
    last = gestures[-1] if gestures else None
    by_bar = isinstance(last, Pointer) and last.up is None and not is_text_field(area) and area.tag != "SELECT"
    by_key = isinstance(last, Key) and last.key in SCROLL_KEYS and frames[last.start].focus is None
    if by_bar or by_key:
        start = gestures.pop().start
    gestures.append(Wheel(start=start, area=area.key))


def _merge_scrolls(gestures: list[Gesture]) -> list[Gesture]:
    """Make one of scrolls of the same area in a row."""
    merged: list[Gesture] = []
    for gesture in gestures:
        last = merged[-1] if merged else None
        if not (isinstance(gesture, Wheel) and isinstance(last, Wheel) and last.area == gesture.area):
            merged.append(gesture)
    return merged


def _merge_double_clicks(frames: tuple[Frame, ...], gestures: list[Gesture]) -> list[Gesture]:
    """Make one of the two clicks of a double click, unless the first one alone did something."""
    merged: list[Gesture] = []
    for gesture in gestures:
        if isinstance(gesture, Pointer) and gesture.double:
            first = merged[-1] if merged else None
            if isinstance(first, Pointer) and first.clicked and _is_same(frames[first.start], frames[gesture.start]):
                merged[-1] = replace(gesture, start=first.start)
                continue
            gesture = replace(gesture, double=False)
        merged.append(gesture)
    return merged


def _is_same(first: Frame, second: Frame) -> bool:
    keys = [frame.target and frame.target.key for frame in (first, second)]
    return keys[0] == keys[1] and content(first.root) == content(second.root)


def content(root: Node) -> tuple[object, ...]:
    """Return what makes two pages differ other than by scrolling, pointer and focus."""
    return tuple((node.key, node.text, node.value, _lasting(node.classes)) for node in root.walk())


def _lasting(classes: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in classes if not any(part in name for part in FLEETING))
