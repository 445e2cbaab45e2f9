from collections.abc import Callable
from typing import Any

import pytest

from browser_env.action import (
    Check,
    Click,
    DoubleClick,
    Drag,
    Hover,
    MiddleClick,
    Point,
    Press,
    RightClick,
    Scroll,
    Select,
    Type,
    Upload,
)
from browser_env.errors import ActionError
from tests.browser_env.bench import Bench


@pytest.fixture
def bench(open_tab: Callable[..., Any]) -> Bench:
    return Bench(open_tab("events"))


BUTTONS = ("mousedown", "mouseup", "click", "dblclick", "contextmenu")


def test_a_click_is_trusted(bench: Bench) -> None:
    on_element = bench.of(Click(bench.ids["Button"]), *BUTTONS)
    assert on_element == [("mousedown", "button"), ("mouseup", "button"), ("click", "button")]
    assert bench.of(Click(Point(20, 20)), *BUTTONS) == on_element


def test_a_partly_covered_element_is_hit(bench: Bench) -> None:
    assert ("click", "covered") in bench.of(Click(bench.ids["Covered"]), "click")


@pytest.mark.parametrize("name", ["Far", "Deep"])
def test_what_lies_outside_is_scrolled_to(bench: Bench, name: str) -> None:
    assert bench.of(Click(bench.ids[name]), "click") == [("click", name.lower())]


def test_double_and_right_clicks_are_what_they_say(bench: Bench) -> None:
    double = bench.act(DoubleClick(bench.ids["Button"]))
    assert [event["detail"] for event in double if event["type"] in ("click", "dblclick")] == [1, 2, 2]
    assert [event["type"] for event in double if event["type"] == "dblclick"] == ["dblclick"]
    right = bench.of(RightClick(bench.ids["Button"]), *BUTTONS)
    assert right == [("mousedown", "button"), ("contextmenu", "button"), ("mouseup", "button")]


@pytest.mark.parametrize("modifiers", [("Shift",), ("Control", "Alt")])
@pytest.mark.parametrize(
    ("cls", "kind", "button"),
    [(Click, "click", 0), (DoubleClick, "dblclick", 0), (RightClick, "contextmenu", 2), (MiddleClick, "auxclick", 1)],
)
def test_clicks_hold_modifiers(bench: Bench, cls: Any, kind: str, button: int, modifiers: tuple[str, ...]) -> None:
    log = bench.act(cls(bench.ids["Button"], modifiers))
    event = next(event for event in log if event["type"] == kind)
    held = tuple(name for name, key in (("Shift", "shift"), ("Control", "ctrl"), ("Alt", "alt")) if event[key])
    assert held == modifiers
    assert event["button"] == button
    assert [e["key"] for e in log if e["type"] == "keydown"] == list(modifiers)
    assert [e["key"] for e in log if e["type"] == "keyup"] == list(reversed(modifiers))


def test_hovering_moves_the_pointer_only(bench: Bench) -> None:
    log = bench.act(Hover(bench.ids["Pad"]))
    assert ("mouseover", "pad") in [(event["type"], event["id"]) for event in log]
    assert {event["type"] for event in log} <= {"mouseover", "mousemove", "pointermove"}


def test_a_drag_follows_its_path(bench: Bench) -> None:
    log = bench.act(Drag((Point(210, 80), Point(310, 80), Point(310, 160))))
    kinds = [event["type"] for event in log if event["type"] in ("mousedown", "mousemove", "mouseup")]
    assert kinds[kinds.index("mousedown") + 1 : -1] == ["mousemove"] * 16
    assert kinds[-1] == "mouseup"
    held = [(event["x"], event["y"]) for event in log if event["type"] == "mousemove" and event["buttons"] == 1]
    assert len(held) == 16
    assert (310, 80) in held
    assert held[-1] == (310, 160)


def test_a_hover_holds_modifiers(bench: Bench) -> None:
    log = bench.act(Hover(bench.ids["Pad"], ("Shift",)))
    assert {event["shift"] for event in log if event["type"] == "mousemove"} == {True}


def test_keys_are_repeated(bench: Bench) -> None:
    bench.act(Type(bench.ids["Field"], "abcdef"))
    bench.act(Press("Shift+ArrowLeft", 3))
    assert bench.tab.evaluate("[field.selectionStart, field.selectionEnd]") == [3, 6]
    bench.act(Press("Backspace", 2))
    assert bench.tab.evaluate("field.value") == "ab"
    bench.act(Press("x", 500))
    assert bench.tab.evaluate("field.value.length") == 502


@pytest.mark.parametrize(
    ("chord", "key", "code", "key_code", "location"),
    [
        *[("!", "!", "Digit1", 49, 0), ("Shift+/", "?", "Slash", 191, 0), ("Numpad5", "5", "Numpad5", 101, 3)],
        *[("Shift", "Shift", "ShiftLeft", 16, 1), ("Space", " ", "Space", 32, 0), ("F2", "F2", "F2", 113, 0)],
    ],
)
def test_pages_are_told_the_whole_key(
    bench: Bench, chord: str, key: str, code: str, key_code: int, location: int
) -> None:
    bench.act(Click(bench.ids["Field"]))
    down = [event for event in bench.act(Press(chord)) if event["type"] == "keydown"][-1]
    assert (down["key"], down["code"], down["keyCode"], down["location"]) == (key, code, key_code, location)


def test_a_click_on_a_closed_list_is_a_whole_click(bench: Bench) -> None:
    log = bench.act(Click(bench.ids["List"]))
    told = [e["type"] for e in log if e["type"] not in ("mousemove", "mouseover", "pointermove")]
    assert told == ["pointerdown", "mousedown", "focus", "pointerup", "mouseup", "click"]


def test_no_touch_is_told(bench: Bench) -> None:
    for action in (
        Click(bench.ids["Button"]),
        Drag((Point(210, 80), Point(310, 160))),
        Scroll(bench.ids["Long"], 0, 50),
    ):
        assert not [event for event in bench.act(action) if event["type"].startswith("touch")]


def test_the_wheel_turns_what_lies_under_it(bench: Bench) -> None:
    bench.act(Scroll(bench.ids["Long"], 0, 120))
    assert bench.tab.evaluate("[scroller.scrollTop, scrollY]") == [120, 0]
    bench.act(Scroll(Point(390, 150), 0, 200))
    assert bench.tab.evaluate("[scroller.scrollTop, scrollY]") == [120, 200]
    bench.act(Scroll(Point(390, 150), 0, -50))
    assert bench.tab.evaluate("scrollY") == 150


@pytest.mark.parametrize("text", ["new", "", "A b! (c) @#", "\u00e9\u4e2d\U0001f600", "tab\tbed"])
def test_typing_replaces_what_was_there(bench: Bench, text: str) -> None:
    log = bench.act(Type(bench.ids["Field"], text))
    assert bench.tab.evaluate("field.value") == text
    ascii_keys = [char for char in text if char.isascii() and char.isprintable()]
    assert [event["key"] for event in log if event["type"] == "keypress"] == ascii_keys
    bench.act(Type(Point(200, 50), "by point"))
    assert bench.tab.evaluate("editor.textContent") == "by point"


def test_a_lone_surrogate_crashes_nothing(bench: Bench) -> None:
    bench.act(Type(bench.ids["Field"], "a\ud83db"))
    assert bench.tab.evaluate("field.value.length") == 3


def test_keys_and_chords_are_pressed(bench: Bench) -> None:
    bench.act(Type(bench.ids["Field"], "abc"))
    chord = bench.act(Press("Control+a"))
    assert [(e["type"], e["key"], e["ctrl"]) for e in chord] == [
        ("keydown", "Control", True),
        ("keydown", "a", True),
        ("keyup", "a", True),
        ("keyup", "Control", False),
    ]
    assert bench.tab.evaluate("[field.selectionStart, field.selectionEnd]") == [0, 3]
    bench.act(Press("Shift+x"))
    bench.act(Press("+"))
    assert bench.tab.evaluate("field.value") == "X+"
    bench.act(Press("Backspace"))
    bench.act(Press("Tab"))
    assert bench.tab.evaluate("field.value") == "X"
    assert bench.tab.evaluate("document.activeElement.id") == "editor"


@pytest.mark.parametrize("wanted", ["Option 1", "Option 50", "v58", "Last"])
def test_select_ends_at_the_option_and_changes_once(bench: Bench, wanted: str) -> None:
    log = bench.of(Select(bench.ids["List"], (wanted,)), "input", "change")
    assert bench.tab.evaluate(f"[list.value, list.selectedOptions[0].label].includes({wanted!r})")
    assert log == [("input", "list"), ("change", "list")]
    upwards = bench.of(Select(bench.ids["List"], ("Option 0",)), "input", "change")
    assert bench.tab.evaluate("list.value") == "v0"
    assert upwards == log
    assert bench.of(Select(bench.ids["List"], ("Option 0",)), "input", "change") == []


def test_select_leaves_no_key_held(bench: Bench) -> None:
    for option in ("Option 5", "Option 8"):
        log = bench.act(Select(bench.ids["List"], (option,)))
        assert [event for event in log if event["type"].startswith("key")] == []


def test_select_starts_from_a_disabled_option(bench: Bench) -> None:
    bench.tab.evaluate("list.selectedIndex = 10")
    bench.act(Select(bench.ids["List"], ("Option 12",)))
    assert bench.tab.evaluate("list.value") == "v12"
    bench.tab.evaluate("list.selectedIndex = 10")
    bench.act(Select(bench.ids["List"], ("Option 8",)))
    assert bench.tab.evaluate("list.value") == "v8"


def test_select_works_on_an_open_list(bench: Bench) -> None:
    bench.act(Select(bench.ids["Many"], ("Eel",)))
    assert bench.tab.evaluate("many.value") == "Eel"
    bench.act(Select(bench.ids["Many"], ("Ant",)))
    assert bench.tab.evaluate("many.value") == "Ant"


def test_a_click_on_a_closed_list_focuses_it_and_opens_nothing(bench: Bench) -> None:
    bench.act(Click(bench.ids["List"]))
    assert bench.tab.evaluate("document.activeElement === list")
    bench.act(Select(bench.ids["List"], ("Option 8",)))  # nothing hangs on an open list
    assert bench.tab.evaluate("list.value") == "v8"


def test_a_picker_left_open_does_not_stop_the_frames(bench: Bench) -> None:
    bench.act(Click(bench.ids["List"]))
    bench.act(Press("Alt+ArrowDown"))
    assert ("click", "button") in bench.of(Click(bench.ids["Button"]), "click")


def test_check_brings_into_a_state(bench: Bench) -> None:
    box = bench.ids["Box"]
    assert ("change", "box") in bench.of(Check(box), "change")
    assert bench.of(Check(box), "change", "click") == []
    assert ("change", "box") in bench.of(Check(box, False), "change")
    assert bench.of(Check(bench.ids["Radio"]), "change") == [("change", "radio")]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda ids: Click("e999"), "not on the page"),
        (lambda ids: Hover("e999"), "not on the page"),
        (lambda ids: Drag(("e999", Point(1, 1))), "not on the page"),
        (lambda ids: Click(ids["Option 5"]), "is an option"),
        (lambda ids: Type(ids["Button"], "x"), "takes no text"),
        (lambda ids: Type(ids["Late"], "x"), "did not take the focus"),
        (lambda ids: Select(ids["Button"], ("x",)), "not a list"),
        (lambda ids: Select(ids["List"], ("Absent",)), "no option"),
        (lambda ids: Select(ids["List"], ("Option 3",)), "no option"),
        (lambda ids: Select(ids["List"], ("Grouped",)), "no option"),
        (lambda ids: Select(ids["List"], ("Option 1", "Option 2")), "one option"),
        (lambda ids: Select(Point(1, 1), ("x",)), "element id"),
        (lambda ids: Check(ids["Button"]), "cannot be checked"),
        (lambda ids: Press("Hyper+x"), "unknown key"),
        (lambda ids: Upload(ids["Field"], ("a.txt",)), "no upload folder"),
        (lambda ids: Click(Point(-1, 5)), "outside the viewport"),
        (lambda ids: Hover(Point(5, 300)), "outside the viewport"),
        (lambda ids: Scroll(Point(400, 5), dy=10), "outside the viewport"),
        (lambda ids: Drag((Point(5, 5), Point(5, 1e6))), "outside the viewport"),
        (lambda ids: Type(Point(-50, 1e6), "x"), "outside the viewport"),
    ],
)
def test_what_cannot_be_done_is_an_action_error(bench: Bench, action: Any, message: str) -> None:
    with pytest.raises(ActionError, match=message):
        bench.act(action(bench.ids))


def test_what_has_been_hidden_cannot_be_clicked(bench: Bench) -> None:
    bench.act(Click(bench.ids["Goner"]))
    with pytest.raises(ActionError, match="not visible"):
        bench.act(Click(bench.ids["Goner"]))
