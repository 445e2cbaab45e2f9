import pytest

from browser_env.input import DRAG_STEPS, click_events, hover_events, way, wheel_events


def test_a_double_click_is_one_move_and_two_counted_presses() -> None:
    events = [params for _, params in click_events((3.0, 4.0), clicks=2)]
    assert [event["type"] for event in events] == ["mouseMoved", *["mousePressed", "mouseReleased"] * 2]
    assert [event["clickCount"] for event in events[1:]] == [1, 1, 2, 2]


@pytest.mark.parametrize(("button", "bits"), [("left", 1), ("right", 2), ("middle", 4)])
def test_the_pressed_button_is_held_until_it_is_released(button: str, bits: int) -> None:
    _, pressed, released = [params for _, params in click_events((3.0, 4.0), button=button)]
    assert (pressed["button"], pressed["buttons"]) == (button, bits)
    assert "buttons" not in released


def test_modifiers_are_held_around_the_pointer() -> None:
    events = [params for _, params in hover_events((3.0, 4.0), modifiers=("Shift",))]
    assert [(event["type"], event["modifiers"]) for event in events] == [
        ("rawKeyDown", 8),
        ("mouseMoved", 8),
        ("keyUp", 0),
    ]


def test_a_wheel_turns_by_pixels() -> None:
    [(_, params)] = wheel_events((3.0, 4.0), dx=1.0, dy=-2.0)
    assert (params["deltaX"], params["deltaY"]) == (1.0, -2.0)


def test_a_way_ends_each_part_of_its_path_exactly() -> None:
    places = way([(0.0, 0.0), (0.3, 0.7), (10.1, -3.3)])
    assert len(places) == 2 * DRAG_STEPS
    assert places[DRAG_STEPS - 1] == (0.3, 0.7)
    assert places[-1] == (10.1, -3.3)
