"""Keys of a US keyboard by name and by character, as DevTools input events want them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from browser_env.errors import ActionError

KeyEvent = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Key:
    """What a page is told of a key: the fields of its keyboard events."""

    key: str  # what it means, e.g. "!" or "Enter"
    code: str  # which key of the keyboard it is, e.g. "Digit1"
    virtual: int  # keyCode
    text: str = ""  # what it writes
    shifted: bool = False  # Shift has to be held for it
    location: int = 0  # 0 in the middle, 1 left, 2 right, 3 on the number pad


MODIFIERS = {"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}  # bits of an input event
SYMBOL_KEYS = {  # code -> (keyCode, its characters without and with Shift)
    "Backquote": (192, "`~"),
    "Minus": (189, "-_"),
    "Equal": (187, "=+"),
    "BracketLeft": (219, "[{"),
    "BracketRight": (221, "]}"),
    "Backslash": (220, "\\|"),
    "Semicolon": (186, ";:"),
    "Quote": (222, "'\""),
    "Comma": (188, ",<"),
    "Period": (190, ".>"),
    "Slash": (191, "/?"),
    **{f"Digit{digit}": (48 + digit, f"{digit}{symbol}") for digit, symbol in enumerate(")!@#$%^&*(")},
    **{f"Key{letter}": (ord(letter), letter.lower() + letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
}
CHARACTERS = {" ": Key(" ", "Space", 32, " ")} | {
    char: Key(char, code, virtual, char, shifted)
    for code, (virtual, pair) in SYMBOL_KEYS.items()
    for char, shifted in zip(pair, (False, True), strict=True)
}
NUMBER_PAD = {  # name -> (keyCode, character)
    **{f"Numpad{digit}": (96 + digit, str(digit)) for digit in range(10)},
    "NumpadMultiply": (106, "*"),
    "NumpadAdd": (107, "+"),
    "NumpadSubtract": (109, "-"),
    "NumpadDecimal": (110, "."),
    "NumpadDivide": (111, "/"),
}
CONTROL_KEYS = {
    "ArrowDown": 40,
    "ArrowLeft": 37,
    "ArrowRight": 39,
    "ArrowUp": 38,
    "Backspace": 8,
    "CapsLock": 20,
    "ContextMenu": 93,
    "Delete": 46,
    "End": 35,
    "Escape": 27,
    "Home": 36,
    "Insert": 45,
    "NumLock": 144,
    "PageDown": 34,
    "PageUp": 33,
    "Pause": 19,
    "ScrollLock": 145,
    **{f"F{number}": 111 + number for number in range(1, 13)},
}
NAMED_KEYS = {
    "Alt": Key("Alt", "AltLeft", 18, location=1),
    "Control": Key("Control", "ControlLeft", 17, location=1),
    "Meta": Key("Meta", "MetaLeft", 91, location=1),
    "Shift": Key("Shift", "ShiftLeft", 16, location=1),
    "Enter": Key("Enter", "Enter", 13, "\r"),
    "NumpadEnter": Key("Enter", "NumpadEnter", 13, "\r", location=3),
    "Space": CHARACTERS[" "],
    "Tab": Key("Tab", "Tab", 9, "\t"),
    **{name: Key(name, name, virtual) for name, virtual in CONTROL_KEYS.items()},
    **{name: Key(char, name, virtual, char, location=3) for name, (virtual, char) in NUMBER_PAD.items()},
}
EDITING_COMMANDS = {"a": "selectAll", "c": "copy", "v": "paste", "x": "cut", "z": "undo", "y": "redo"}  # with Control
STROKES_AT_MOST = 500  # characters typed key by key; a longer text is put in as a paste would
SHIFT = MODIFIERS["Shift"]


def press_events(chord: str) -> list[KeyEvent]:
    """Return the events that press and release a key or chord such as ``Control+a``."""
    held, name = _split(chord)
    held = list(dict.fromkeys(held))
    key = _find(name, held)
    unknown = [modifier for modifier in held if modifier not in MODIFIERS]
    if unknown or key is None:
        known = ", ".join(NAMED_KEYS)
        raise ActionError(f"unknown key {chord[:80]!r}; use one character or one of {known}, e.g. Control+a")
    if key.shifted and not held:
        held = ["Shift"]
    return holding(held, _stroke(key, bits=modifier_bits(held)))


def type_events(text: str) -> list[KeyEvent]:
    """Return the events that type a text: key strokes, and insertions of what no key writes."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    write = _insertion if len(text) > STROKES_AT_MOST else _strokes
    events: list[KeyEvent] = write(lines[0])
    for line in lines[1:]:
        events += [*_stroke(NAMED_KEYS["Enter"], bits=0), *write(line)]
    return events


def holding(modifiers: Sequence[str], events: Sequence[KeyEvent]) -> list[KeyEvent]:
    """Return events with modifier keys pressed before and released after them."""
    bits = [modifier_bits(modifiers[: count + 1]) for count in range(len(modifiers))]
    down = [_event("rawKeyDown", NAMED_KEYS[name], bits=now) for name, now in zip(modifiers, bits, strict=True)]
    up = [_event("keyUp", NAMED_KEYS[name], bits=now) for name, now in zip(modifiers, [0, *bits], strict=False)]
    return [*down, *events, *reversed(up)]


def modifier_bits(modifiers: Sequence[str]) -> int:
    """Return the bits of an input event that say which modifier keys are held."""
    return sum(MODIFIERS.get(name, 0) for name in set(modifiers))


def key_down(name: str) -> KeyEvent:
    """Return the event that a named key goes down, without a character."""
    return _event("rawKeyDown", NAMED_KEYS[name], bits=0)


def _split(chord: str) -> tuple[list[str], str]:
    if chord.endswith("+") and (chord == "+" or chord.endswith("++")):
        return [name for name in chord[:-2].split("+") if name], "+"
    *held, name = chord.split("+")
    return held, name


def _find(name: str, held: Sequence[str]) -> Key | None:
    if name in NAMED_KEYS:
        return NAMED_KEYS[name]
    if len(name) != 1:
        return None
    if name in CHARACTERS:
        pair = SYMBOL_KEYS[CHARACTERS[name].code][1] if name != " " else "  "
        if "Shift" in held:
            return CHARACTERS[pair[1]]
        return CHARACTERS[name.lower() if held else name]
    return Key(name, "", 0, name)


def _strokes(text: str) -> list[KeyEvent]:
    """Return one stroke a character, Shift held over those that want it; what no key writes is put in together."""
    events: list[KeyEvent] = []
    for shifted, run in itertools.groupby(text, lambda char: CHARACTERS[char].shifted if char in CHARACTERS else None):
        if shifted is None:
            events += _insertion("".join(run))
        else:
            bits = SHIFT if shifted else 0
            strokes = [event for char in run for event in _stroke(CHARACTERS[char], bits=bits)]
            events += holding(["Shift"] if shifted else [], strokes)
    return events


def _insertion(text: str) -> list[KeyEvent]:
    return [("Input.insertText", {"text": text})] if text else []


def _stroke(key: Key, *, bits: int) -> list[KeyEvent]:
    writes = bool(key.text) and not bits & ~SHIFT
    down = _event("keyDown" if writes else "rawKeyDown", key, bits=bits)
    if writes:
        down[1]["text"] = key.text
        down[1]["unmodifiedText"] = key.text
    command = EDITING_COMMANDS.get(key.key.lower()) if bits & MODIFIERS["Control"] else None
    if command:
        down[1]["commands"] = ["redo" if command == "undo" and bits & SHIFT else command]
    return [down, _event("keyUp", key, bits=bits)]


def _event(kind: str, key: Key, *, bits: int) -> KeyEvent:
    params = {"type": kind, "key": key.key, "code": key.code, "windowsVirtualKeyCode": key.virtual, "modifiers": bits}
    if key.location:
        params |= {"location": key.location, "isKeypad": key.location == 3}
    return "Input.dispatchKeyEvent", params
