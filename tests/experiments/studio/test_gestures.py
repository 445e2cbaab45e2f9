from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.action import (
    Action,
    Click,
    DoubleClick,
    Drag,
    Hover,
    MiddleClick,
    Point,
    Press,
    RightClick,
    Scroll,
    Type,
    parse_action,
)
from browser_env.errors import UsageError
from browser_env.observation import Element, Observation
from experiments.studio.gestures import Event, Gestures, due, flush, hear
from experiments.studio.messages import KINDS

BUTTON = Element(id="e1", role="button", name="Go", box=(10, 10, 40, 20))
FIELD = Element(id="e2", role="textbox", box=(10, 40, 80, 20), states=("editable",))
PICTURE = Element(id="e3", role="img", box=(100, 10, 80, 80))
BOX = Element(id="e4", role="generic", box=(0, 120, 150, 80), scroll=(0, 0, 0, 500))
SEEN = Observation(goal="", elements=(BUTTON, FIELD, PICTURE, BOX), viewport=(200, 210))
IN_FIELD = replace(SEEN, focus="e2")


def event(kind: str, at_ms: float, x: float = 20.0, y: float = 20.0, **more: Any) -> Event:
    return Event(kind=kind, at_ms=at_ms, x=x, y=y, **more)


def press(at_ms: float, x: float = 20.0, y: float = 20.0, **more: Any) -> list[Event]:
    return [event("down", at_ms, x, y, **more), event("up", at_ms + 50, x, y, **more)]


def actions_of(events: Sequence[Event], seen: Observation = SEEN, *, until: float = math.inf) -> list[Action]:
    state, actions = Gestures(), []
    for one in events:
        heard = hear(state, one, seen)
        state = heard.state
        actions += heard.actions
    return [*actions, *due(state, until, seen).actions]


def test_a_click_on_a_button_is_one_at_once() -> None:
    assert actions_of(press(0), until=0) == [Click("e1")]


def test_a_click_beside_the_middle_of_a_button_means_the_button() -> None:
    assert actions_of(press(0, 11, 28), until=0) == [Click("e1")]


def test_a_click_on_what_is_no_control_is_a_point_and_waits_for_a_second_one() -> None:
    events = press(0, 120.04, 30)
    assert actions_of(events, until=200) == []
    assert actions_of(events, until=400) == [Click(Point(120.0, 30.0))]


def test_two_quick_clicks_are_a_double_click() -> None:
    assert actions_of([*press(0, 120, 30), *press(120, 121, 30)]) == [DoubleClick(Point(121.0, 30.0))]


def test_a_long_drag_begins_where_it_began() -> None:
    way = [event("move", n, 10 + n / 20, 150) for n in range(3000)]
    (drag,) = actions_of([event("down", 0, 10, 150), *way, event("up", 3001, 160, 150)])
    assert isinstance(drag, Drag)
    assert (drag.path[0], drag.path[-1]) == (Point(10.0, 150.0), Point(160.0, 150.0))


def test_two_quick_clicks_on_a_button_are_two_clicks() -> None:
    assert actions_of([*press(0), *press(120)]) == [Click("e1"), Click("e1")]


def test_two_slow_clicks_are_two_clicks() -> None:
    assert actions_of([*press(0, 120, 30), *press(600, 120, 30)]) == [Click(Point(120.0, 30.0))] * 2


def test_two_quick_clicks_in_two_places_are_two_clicks() -> None:
    found = actions_of([*press(0, 120, 30), *press(100, 160, 70)])
    assert found == [Click(Point(120.0, 30.0)), Click(Point(160.0, 70.0))]


def test_the_other_buttons_and_held_keys_are_kept() -> None:
    assert actions_of(press(0, button=2)) == [RightClick("e1")]
    assert actions_of(press(0, button=1)) == [MiddleClick("e1")]
    assert actions_of(press(0, modifiers=("Control", "Shift"))) == [Click("e1", ("Control", "Shift"))]


def test_a_press_that_moves_is_a_drag_along_its_way() -> None:
    events = [
        event("down", 0, 100, 20),
        *(event("move", t, 100 + t, 20) for t in (10, 20, 30)),
        event("up", 40, 140, 60),
    ]
    points = [(100, 20), (110, 20), (120, 20), (130, 20), (140, 60)]
    assert actions_of(events) == [Drag(tuple(Point(float(x), float(y)) for x, y in points))]


def test_a_long_drag_keeps_its_ends_and_few_points() -> None:
    moves = [event("move", t, 10 + t / 10, 20) for t in range(500)]
    (drag,) = actions_of([event("down", 0, 10, 20), *moves, event("up", 600, 190, 90)])
    assert isinstance(drag, Drag)
    assert drag.path[0] == Point(10.0, 20.0)
    assert drag.path[-1] == Point(190.0, 90.0)
    assert len(drag.path) <= 24


def test_a_finger_that_moves_scrolls_and_one_that_stays_asks_for_the_menu() -> None:
    pushed = [event("down", 0, 50, 180, pointer="touch"), event("up", 200, 50, 130, pointer="touch")]
    assert actions_of(pushed) == [Scroll("e4", 0.0, 50.0)]
    held = [event("down", 0, pointer="touch"), event("up", 900, pointer="touch")]
    assert actions_of(held) == [RightClick("e1")]


def test_pointing_at_something_is_a_hover_after_what_was_typed() -> None:
    events = [event("text", 0, text="a"), event("hover", 100)]
    assert actions_of(events, IN_FIELD) == [Type("e2", "a"), Hover("e1")]
    assert actions_of([event("hover", 0, 110, 50)]) == [Hover(Point(110, 50))]


def test_a_press_that_is_broken_off_is_nothing() -> None:
    assert actions_of([event("down", 0), event("cancel", 10), event("up", 20)]) == []


def test_turns_of_the_wheel_add_up_until_it_rests() -> None:
    turns = [event("wheel", t, 50, 150, dy=40.0) for t in (0, 50, 100)]
    assert actions_of(turns, until=150) == []
    assert actions_of(turns) == [Scroll("e4", 0.0, 120.0)]
    assert actions_of([*turns, event("wheel", 500, 50, 150, dy=-40.0)]) == [Scroll("e4", 0, 120), Scroll("e4", 0, -40)]


def test_the_wheel_over_two_boxes_is_two_actions() -> None:
    turns = [event("wheel", 0, 50, 150, dy=40.0), event("wheel", 20, 120, 30, dy=40.0)]
    assert actions_of(turns) == [Scroll("e4", 0.0, 40.0), Scroll(Point(120.0, 30.0), 0.0, 40.0)]


def typed(text: str, at_ms: float = 0.0) -> list[Event]:
    return [event("text", at_ms + 50 * i, text=char) for i, char in enumerate(text)]


def test_typing_is_one_action_once_the_person_pauses() -> None:
    assert actions_of(typed("Añ🎈"), IN_FIELD, until=500) == []
    assert actions_of(typed("Añ🎈"), IN_FIELD) == [Type("e2", "Añ🎈")]


def test_typing_into_a_field_that_holds_something_goes_to_the_caret() -> None:
    holds = replace(IN_FIELD, elements=(BUTTON, replace(FIELD, value="A"), PICTURE))
    assert actions_of(typed("b"), holds) == [Type("e2", "b", clear=False)]


def test_a_long_text_arrives_whole_in_parts() -> None:
    text = "abcd" * 3_000
    parts = [part for part in actions_of([event("text", 0, text=text)], IN_FIELD) if isinstance(part, Type)]
    assert [part.clear for part in parts] == [True, False, False]
    assert "".join(part.text for part in parts) == text


def test_what_is_taken_back_before_it_was_sent_was_never_typed() -> None:
    events = [*typed("An"), event("key", 200, text="Backspace"), *typed("b", 250)]
    assert actions_of(events, IN_FIELD) == [Type("e2", "Ab")]


def test_a_key_or_a_click_ends_a_text() -> None:
    assert actions_of([*typed("a"), event("key", 60, text="Enter")], IN_FIELD) == [Type("e2", "a"), Press("Enter")]
    assert actions_of([*typed("a"), *press(60)], IN_FIELD) == [Type("e2", "a"), Click("e1")]


def test_a_chord_is_a_press() -> None:
    chord = event("key", 0, text="a", modifiers=("Control",))
    assert actions_of([chord], IN_FIELD) == [Press("Control+a")]


def test_keys_that_nothing_takes_as_text_are_presses() -> None:
    assert actions_of(typed("ab")) == [Press("a"), Press("b")]
    disabled = replace(IN_FIELD, elements=(replace(FIELD, states=("disabled", "editable")),))
    assert actions_of(typed("a"), disabled) == [Press("a")]


def test_a_text_that_no_field_takes_is_pressed_whole() -> None:
    nowhere = replace(SEEN, focus=None)
    text = "a pasted line of more than twenty letters\r\n\t+\x00"
    pressed = hear(Gestures(), event("text", 0, text=text), nowhere).actions
    assert pressed == tuple(Press(key) for key in (*text[:41], "Enter", "Tab", "+"))
    with pytest.raises(UsageError, match="click into one before you paste 201 characters"):
        hear(Gestures(), event("text", 0, text="a" * 201), nowhere)


def test_a_text_whose_field_has_gone_is_pressed_whole() -> None:
    gone = replace(SEEN, focus=None)
    assert due(Gestures(text="An", text_ms=0.0), 10_000, gone).actions == (Press("A"), Press("n"))


def test_flushing_forgets_a_press_that_is_still_held() -> None:
    held = hear(Gestures(), event("down", 0), SEEN).state
    assert flush(held, SEEN).state == Gestures()
    assert flush(held, SEEN).actions == ()


EVENT = st.builds(
    Event,
    kind=st.sampled_from(KINDS),
    at_ms=st.floats(0, 1e6),
    x=st.floats(-50, 300),
    y=st.floats(-50, 300),
    dx=st.floats(-500, 500),
    dy=st.floats(-500, 500),
    button=st.integers(0, 2),
    pointer=st.sampled_from(["mouse", "pen", "touch"]),
    text=st.sampled_from(["", "a", "Enter", "Backspace", "xyz", "'\"\\"]),
    modifiers=st.sampled_from([(), ("Shift",), ("Control", "Alt")]),
)


@pytest.mark.parametrize("seen", [SEEN, IN_FIELD, Observation(goal="")])
@given(events=st.lists(EVENT, max_size=12))
def test_whatever_happens_becomes_actions_that_can_be_written_and_read(seen: Observation, events: list[Event]) -> None:
    for action in actions_of(events, seen):
        assert parse_action(action.to_text()) == action
