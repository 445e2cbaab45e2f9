"""Actions on what is inside frames."""

from collections.abc import Callable
from typing import Any

import pytest

from browser_env.action import Action, Check, Click, Drag, Point, Scroll, Select, Type


class Inside:
    """The page whose frames are pages of their own."""

    def __init__(self, tab: Any):
        self.tab = tab
        elements = tab.observe().elements
        self.frames = [element.id for element in elements if element.role == "iframe"]
        self.elements = elements

    def id(self, frame: int, name: str) -> str:
        inside: set[str] = {self.frames[frame]}
        for element in self.elements:
            if element.parent in inside:
                inside.add(element.id)
                if element.name == name and element.role not in ("label", "option"):
                    return element.id
        raise AssertionError(f"there is no {name}")

    def act(self, action: Action) -> None:
        self.tab.act(action)
        self.tab.observe()

    def value(self, frame: int, expression: str) -> Any:
        return self.tab.evaluate(f"frames[{frame}].eval({expression!r})")


@pytest.fixture
def inside(open_tab: Callable[..., Any]) -> Inside:
    return Inside(open_tab("inside"))


@pytest.mark.parametrize("frame", [0, 1])
def test_fields_in_frames_are_filled_in(inside: Inside, frame: int) -> None:
    inside.act(Type(inside.id(frame, "Email"), "anna@example.org"))
    inside.act(Type(inside.id(frame, "Date"), "2024-05-01"))
    inside.act(Type(inside.id(frame, "Range"), "73"))
    inside.act(Select(inside.id(frame, "Several"), ("Sort 2", "Sort 20")))
    inside.act(Check(inside.id(frame, "Two")))
    inside.act(Check(inside.id(frame, "Switch")))
    found = inside.value(frame, "[email.value, date.value, range.value, several.selectedOptions.length, two.checked]")
    assert found == ["anna@example.org", "2024-05-01", "73", 2, True]
    assert inside.value(frame, "log.every((event) => event.isTrusted !== false && event.trusted)")


def test_points_reach_into_frames(inside: Inside) -> None:
    box = next(e for e in inside.elements if e.id == inside.id(0, "Email")).box
    inside.act(Type(Point(box[0] + 5, box[1] + 5), "typed"))
    assert inside.value(0, "email.value") == "typed"


def test_drags_in_frames_carry_data(inside: Inside) -> None:
    inside.act(Drag((inside.id(2, "Card"), inside.id(2, "Bin"))))
    assert inside.value(2, "bin.textContent") == "ace"


def test_the_wheel_turns_in_frames(inside: Inside) -> None:
    inside.act(Scroll(inside.id(3, "Deep"), dy=50))
    assert inside.value(3, "[inner.scrollTop, outer.scrollTop, scrollY]") == [50, 0, 0]
    assert inside.tab.evaluate("document.scrollingElement.scrollTop") > 1000


def test_a_click_in_a_frame_hits_what_was_meant(inside: Inside) -> None:
    for frame in (0, 1):
        inside.act(Click(inside.id(frame, "Number")))
        assert inside.value(frame, "document.activeElement.id") == "number"


def test_text_goes_to_the_caret_of_the_frame_that_was_meant(inside: Inside) -> None:
    for frame, text in ((0, "a"), (1, "b"), (0, "c")):
        inside.act(Type(inside.id(frame, "Email"), text, clear=False))
    assert [inside.value(frame, "email.value") for frame in (0, 1)] == ["ac", "b"]
