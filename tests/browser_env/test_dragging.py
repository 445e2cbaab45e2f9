from collections.abc import Callable
from typing import Any

import pytest

from browser_env.action import Click, Drag, Point
from browser_env.errors import ActionError
from tests.browser_env.bench import Bench


@pytest.fixture
def drags(open_tab: Callable[..., Any]) -> Bench:
    return Bench(open_tab("drags"))


def kinds(log: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in log]


def test_html_drag_and_drop_carries_data(drags: Bench) -> None:
    log = drags.act(Drag((drags.ids["Card"], drags.ids["Bin"])))
    assert drags.tab.evaluate("bin.textContent") == "ace"
    seen = kinds(log)
    assert all(seen.count(kind) == 1 for kind in ("dragstart", "drop", "dragend", "pointercancel"))
    assert "mouseup" not in seen
    assert seen.count("dragover") >= 6
    assert seen.index("dragstart") < seen.index("dragenter") < seen.index("drop") < seen.index("dragend")
    assert drags.of(Click(drags.ids["Bin"]), "click") == [("click", "bin")]


def test_drags_leave_nothing_that_listens(drags: Bench) -> None:
    drags.act(Drag((drags.ids["Card"], drags.ids["Bin"])))
    before = dict(drags.tab.page._devtools._listeners)
    for _ in range(3):
        drags.act(Drag((drags.ids["Card"], drags.ids["Bin"])))
    assert drags.tab.page._devtools._listeners == before


def test_a_drop_where_none_is_wanted_ends_the_drag(drags: Bench) -> None:
    log = drags.act(Drag((drags.ids["Card"], Point(100, 250))))
    assert "drop" not in kinds(log)
    assert kinds(log)[-1] == "dragend"
    assert drags.tab.evaluate("bin.textContent") == "Bin"


def test_a_drag_with_data_that_the_page_refuses_is_one_by_mouse(drags: Bench) -> None:
    log = drags.act(Drag((drags.ids["Stubborn"], drags.ids["Bin"])))
    assert [kinds(log).count(kind) for kind in ("dragstart", "drop", "mouseup")] == [1, 0, 1]
    moves = [event for event in log if event["type"] == "mousemove" and event["buttons"] == 1]
    assert len(moves) == 8


def test_a_captured_pointer_follows_the_path(drags: Bench) -> None:
    drags.act(Drag((drags.ids["Knob"], Point(200, 200), Point(350, 120))))
    held = drags.tab.evaluate("held")
    assert len(held) == 16
    assert held[7] == [200, 200]
    assert held[-1] == [350, 120]


def test_a_canvas_is_drawn_on(drags: Bench) -> None:
    drags.act(Drag((Point(290, 20), Point(370, 20), Point(370, 80))))
    assert drags.tab.evaluate("drawn") == [20, 30, 40, 50, 60, 70, 80, 90, *[90] * 8]


def test_text_is_selected_and_carried(drags: Bench) -> None:
    width = drags.tab.evaluate("words.getBoundingClientRect().width / 25")
    drags.act(Drag((Point(10 + 5 * width, 150), Point(10 + 10 * width, 150))))
    assert drags.tab.evaluate("getSelection() + ''") == "words"
    drags.act(Drag((Point(10 + 7 * width, 150), drags.ids["Area"])))
    assert drags.tab.evaluate("area.value") == "words"


def test_a_slider_follows_the_pointer(drags: Bench) -> None:
    drags.act(Drag((Point(18, 188), Point(68, 188))))
    assert drags.tab.evaluate("slider.value") == "50"


def test_a_path_is_scrolled_into_view_as_a_whole(drags: Bench) -> None:
    log = drags.act(Drag((drags.ids["Card"], drags.ids["Low"])))
    assert log[[event["type"] for event in log].index("mousedown")]["id"] == "card"
    assert drags.tab.evaluate("scrollY") > 0


def test_a_path_that_fits_on_no_screen_is_an_action_error(drags: Bench) -> None:
    with pytest.raises(ActionError, match="does not fit"):
        drags.act(Drag((drags.ids["Card"], drags.ids["Lowest"])))


def test_the_same_drag_is_the_same_events(drags: Bench, open_tab: Callable[..., Any]) -> None:
    path = Drag((drags.ids["Card"], Point(120, 60), drags.ids["Bin"]))
    assert drags.act(path) == Bench(open_tab("drags")).act(path)


def test_drags_work_where_frames_are_not_under_control(open_tab: Callable[..., Any], plain_browser: Any) -> None:
    drags = Bench(open_tab("drags", browser=plain_browser))
    drags.act(Drag((drags.ids["Card"], drags.ids["Bin"])))
    assert drags.tab.evaluate("bin.textContent") == "ace"
