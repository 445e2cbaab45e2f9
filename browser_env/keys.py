"""Keys by name, as DevTools input events want them."""

from __future__ import annotations

from typing import Any

from browser_env.errors import ActionError

MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}  # bits of an input event
NAMED_KEYS = {  # name -> (virtual key code, text it writes)
    "Alt": (18, ""),
    "ArrowDown": (40, ""),
    "ArrowLeft": (37, ""),
    "ArrowRight": (39, ""),
    "ArrowUp": (38, ""),
    "Backspace": (8, ""),
    "Control": (17, ""),
    "Delete": (46, ""),
    "End": (35, ""),
    "Enter": (13, "\r"),
    "Escape": (27, ""),
    "Home": (36, ""),
    "Insert": (45, ""),
    "Meta": (91, ""),
    "PageDown": (34, ""),
    "PageUp": (33, ""),
    "Shift": (16, ""),
    "Space": (32, " "),
    "Tab": (9, "\t"),
    **{f"F{number}": (111 + number, "") for number in range(1, 13)},
}
EDITING_COMMANDS = {"a": "selectAll", "c": "copy", "v": "paste", "x": "cut", "z": "undo", "y": "redo"}  # with Control

KeyEvent = tuple[str, dict[str, Any]]


def press_events(chord: str) -> list[KeyEvent]:
    """Return the events that press and release a key or chord such as ``Control+a``."""
    *held, key = chord.split("+") if chord != "+" and not chord.endswith("++") else [*chord[:-2].split("+"), "+"]
    held = [name for name in held if name]
    unknown = [name for name in held if name not in MODIFIERS]
    if unknown or not (key in NAMED_KEYS or len(key) == 1):
        known = ", ".join(NAMED_KEYS)
        raise ActionError(f"unknown key {chord!r}; use one character or one of {known}, e.g. Control+a")
    bits = sum(MODIFIERS[name] for name in set(held))
    key = key.upper() if len(key) == 1 and "Shift" in held else key
    down = [_event("rawKeyDown", name, bits=bits) for name in held]
    up = [_event("keyUp", name, bits=0) for name in reversed(held)]
    return [*down, *_stroke(key, bits=bits), *up]


def type_events(text: str) -> list[KeyEvent]:
    """Return the events that type a text, one key stroke per character."""
    events: list[KeyEvent] = []
    for char in text:
        if char == "\n":
            events += _stroke("Enter", bits=0)
        elif char.isascii() and char.isprintable():
            events += _stroke(char, bits=MODIFIERS["Shift"] if char.isupper() else 0)
        else:
            events.append(("Input.insertText", {"text": char}))
    return events


def _stroke(key: str, *, bits: int) -> list[KeyEvent]:
    text = NAMED_KEYS[key][1] if key in NAMED_KEYS else key
    writes = text and not bits & ~MODIFIERS["Shift"]
    down = _event("keyDown" if writes else "rawKeyDown", key, bits=bits)
    if writes:
        down[1]["text"] = text
    if bits & MODIFIERS["Control"] and key.lower() in EDITING_COMMANDS:
        down[1]["commands"] = [EDITING_COMMANDS[key.lower()]]
    return [down, _event("keyUp", key, bits=bits)]


def _event(kind: str, key: str, *, bits: int) -> KeyEvent:
    if key in NAMED_KEYS:
        code, name = NAMED_KEYS[key][0], " " if key == "Space" else key
        return "Input.dispatchKeyEvent", _params(kind, key=name, code=key, virtual=code, bits=bits)
    code_name = f"Key{key.upper()}" if key.isalpha() else f"Digit{key}" if key.isdigit() else ""
    virtual = ord(key.upper()) if key.isascii() and key.isalnum() else 0
    return "Input.dispatchKeyEvent", _params(kind, key=key, code=code_name, virtual=virtual, bits=bits)


def _params(kind: str, *, key: str, code: str, virtual: int, bits: int) -> dict[str, Any]:
    return {"type": kind, "key": key, "code": code, "windowsVirtualKeyCode": virtual, "modifiers": bits}
