import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.errors import ActionError
from browser_env.keys import (
    CHARACTERS,
    MODIFIERS,
    NAMED_KEYS,
    STROKES_AT_MOST,
    holding,
    modifier_bits,
    press_events,
    type_events,
)

CHORDS = st.tuples(
    st.lists(st.sampled_from(sorted(MODIFIERS)), unique=True, min_size=1, max_size=3),
    st.sampled_from(sorted(NAMED_KEYS)) | st.characters(),
)


def sent(events: list[tuple[str, dict[str, Any]]], *kinds: str) -> list[dict[str, Any]]:
    return [params for _, params in events if params.get("type") in kinds]


@given(CHORDS)
def test_what_goes_down_comes_up_in_reverse(chord: tuple[list[str], str]) -> None:
    held, key = chord
    events = press_events("+".join([*held, key]))
    down = [event["key"] for event in sent(events, "keyDown", "rawKeyDown")]
    up = [event["key"] for event in sent(events, "keyUp")]
    assert up == down[::-1]
    assert down[:-1] == held


@given(CHORDS)
def test_modifiers_are_held_one_after_the_other(chord: tuple[list[str], str]) -> None:
    held, key = chord
    bits = [event["modifiers"] for event in sent(press_events("+".join([*held, key])), "keyDown", "rawKeyDown")]
    assert bits == [modifier_bits(held[: count + 1]) for count in range(len(held))] + [modifier_bits(held)]


@given(st.text(max_size=20))
def test_any_text_can_be_pressed_or_is_an_action_error(chord: str) -> None:
    with contextlib.suppress(ActionError):
        assert press_events(chord)


@given(st.text(max_size=20) | st.text("abAB12 !?", max_size=20) | st.text(min_size=600, max_size=700))
def test_typing_writes_every_character(text: str) -> None:
    written = "".join(params.get("text", "") for _, params in type_events(text))
    assert written.replace("\r", "\n") == text.replace("\r\n", "\n").replace("\r", "\n")


def test_every_character_of_the_keyboard_has_its_key() -> None:
    assert set(CHARACTERS) == {chr(code) for code in range(32, 127)}
    assert all(key.key == char == key.text for char, key in CHARACTERS.items())


@pytest.mark.parametrize(
    ("char", "code", "virtual", "shifted"),
    [
        *[("a", "KeyA", 65, False), ("A", "KeyA", 65, True), ("1", "Digit1", 49, False), ("!", "Digit1", 49, True)],
        *[(")", "Digit0", 48, True), ("/", "Slash", 191, False), ("?", "Slash", 191, True), (" ", "Space", 32, False)],
        *[('"', "Quote", 222, True), (";", "Semicolon", 186, False), ("|", "Backslash", 220, True)],
    ],
)
def test_characters_are_on_the_keys_of_a_us_keyboard(char: str, code: str, virtual: int, shifted: bool) -> None:
    events = type_events(char)
    down = sent(events, "keyDown")[0]
    assert (down["key"], down["code"], down["windowsVirtualKeyCode"]) == (char, code, virtual)
    assert down["modifiers"] == (MODIFIERS["Shift"] if shifted else 0)
    assert [event["key"] for event in sent(events, "rawKeyDown")] == (["Shift"] if shifted else [])


def test_shift_is_held_over_a_run() -> None:
    downs = [event["key"] for event in sent(type_events("aBCd"), "keyDown", "rawKeyDown")]
    assert downs == ["a", "Shift", "B", "C", "d"]


def test_what_no_key_writes_is_put_in_together() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert [params["text"] for name, params in type_events(f"a{family}b") if name == "Input.insertText"] == [family]


def test_a_long_text_is_put_in_line_by_line() -> None:
    text = "a" * STROKES_AT_MOST + "\nb"
    assert [name for name, _ in type_events(text)] == [
        "Input.insertText",
        *["Input.dispatchKeyEvent"] * 2,
        "Input.insertText",
    ]


@pytest.mark.parametrize(
    ("chord", "written"),
    [
        *[("a", "a"), ("Shift+a", "A"), ("Shift+1", "!"), ("+", "+"), ("Shift++", "+"), ("Space", " "), ("A", "A")],
        *[("Enter", "\r"), ("!", "!"), ("\u00e9", "\u00e9"), ("Numpad7", "7"), ("Alt+x", None), ("Control+a", None)],
    ],
)
def test_a_chord_writes(chord: str, written: str | None) -> None:
    texts = [params["text"] for _, params in press_events(chord) if "text" in params]
    assert texts == ([written] if written is not None else [])


@pytest.mark.parametrize(
    ("name", "location", "code"),
    [("Shift", 1, "ShiftLeft"), ("NumpadEnter", 3, "NumpadEnter"), ("Numpad1", 3, "Numpad1"), ("Enter", 0, "Enter")],
)
def test_keys_say_where_they_are(name: str, location: int, code: str) -> None:
    _, params = press_events(name)[0]
    assert (params.get("location", 0), params["code"]) == (location, code)


@pytest.mark.parametrize(
    ("chord", "command"),
    [("Control+a", "selectAll"), ("Control+A", "selectAll"), ("Control+z", "undo"), ("Control+Shift+z", "redo")],
)
def test_editing_chords_name_their_commands(chord: str, command: str) -> None:
    assert [params["commands"] for _, params in press_events(chord) if "commands" in params] == [[command]]


def test_events_are_held_between_modifiers() -> None:
    inner = ("Input.dispatchMouseEvent", {"type": "mousePressed"})
    events = holding(["Control", "Shift"], [inner])
    assert [(params["type"], params.get("key"), params.get("modifiers")) for _, params in events] == [
        ("rawKeyDown", "Control", 2),
        ("rawKeyDown", "Shift", 10),
        ("mousePressed", None, None),
        ("keyUp", "Shift", 2),
        ("keyUp", "Control", 0),
    ]


@pytest.mark.parametrize("chord", ["", "Ctrl+a", "a+b", "Control+", "enter", "Control+Nothing", "x" * 5000])
def test_unknown_keys_are_action_errors(chord: str) -> None:
    with pytest.raises(ActionError, match="Control\\+a") as caught:
        press_events(chord)
    assert len(str(caught.value)) < 800
