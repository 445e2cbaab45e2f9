"""What of an element shows, and whether a pointer would reach it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from browser_env.action import Click

OpenTab = Callable[..., Any]


@pytest.mark.parametrize(
    ("name", "visible"),
    [
        ("In scroller", True),
        ("Below scroller", False),
        ("Absolute cut", False),
        ("Fixed escapes", True),
        ("Absolute escapes", True),
        ("Flow cut", False),
        ("Fixed cut", False),
        ("Under cover", True),
        ("Contents", True),
        ("Page below", False),
    ],
)
def test_what_is_cut_off_is_not_visible(open_tab: OpenTab, name: str, visible: bool) -> None:
    assert open_tab("visibility").named(name).visible == visible


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("In scroller", False),
        ("Under cover", True),
        ("Half covered", False),
        ("Styled box", False),
        ("Fixed escapes", False),
        ("Doubled", False),
        ("Untouchable", True),
    ],
)
def test_what_no_pointer_reaches_is_covered(open_tab: OpenTab, name: str, covered: bool) -> None:
    element = next(
        e for e in open_tab("visibility").observe().elements if e.name == name and e.role in ("button", "checkbox")
    )
    assert ("covered" in element.states) == covered


def test_what_lies_behind_a_modal_dialog_is_covered(open_tab: OpenTab) -> None:
    tab = open_tab("blank")
    tab.evaluate("document.body.innerHTML = '<button>Behind</button><dialog><button>Inside</button></dialog>'")
    tab.evaluate("document.querySelector('dialog').showModal()")
    assert "covered" in tab.named("Behind").states
    assert "covered" not in tab.named("Inside").states


def test_what_is_not_drawn_is_not_listed(open_tab: OpenTab) -> None:
    names = {element.name for element in open_tab("visibility").observe().elements}
    assert not names & {"Until found", "Skipped", "Folded"}
    assert {"Silent", "Fold"} <= names, "hidden from screen readers is still drawn"


def test_inert_elements_are_disabled(open_tab: OpenTab) -> None:
    tab = open_tab("visibility")
    assert tab.named("Inert").states == ("disabled",)
    assert tab.named("Inert field").states == ("disabled",)


def test_transformed_boxes_are_where_they_are_drawn(open_tab: OpenTab) -> None:
    assert open_tab("visibility").named("Doubled").box == (0, 180, 80, 20)


def test_what_is_cut_off_is_scrolled_to(open_tab: OpenTab) -> None:
    tab = open_tab("visibility")
    tab.act(Click(tab.named("Below scroller").id))
    assert tab.evaluate("window.below")
    assert tab.evaluate("scrollY") == 0


def test_scroll_positions_of_page_and_scrollers_are_told(open_tab: OpenTab) -> None:
    tab = open_tab("visibility")
    observation = tab.observe()
    assert observation.scroll == (0, 0, 0, 1200)
    scroller = next(element for element in observation.elements if element.scroll)
    assert scroller.scroll[:3] == (0, 0, 0)
    assert scroller.scroll[3] > 100
    assert observation.element(tab.named("In scroller").parent) == scroller
    tab.evaluate("document.getElementById('scroller').scrollTop = 50, scrollTo(0, 70)")
    after = tab.observe()
    assert (after.scroll[1], after.element(scroller.id).scroll[1]) == (70, 50)
