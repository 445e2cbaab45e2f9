from collections.abc import Callable
from typing import Any

import pytest

from browser_env.action import Click, Point, Scroll
from tests.browser_env.bench import Bench

PLACES = "[outer.scrollTop, inner.scrollTop, wide.scrollLeft, stopper.scrollTop, area.scrollTop, scrollX, scrollY]"


@pytest.fixture
def scrollers(open_tab: Callable[..., Any]) -> Bench:
    return Bench(open_tab("scrollers"))


def moved(scrollers: Bench, *actions: Scroll) -> dict[str, float]:
    for action in actions:
        scrollers.act(action)
    names = ("outer", "inner", "wide", "stopper", "area", "x", "y")
    places = dict(zip(names, scrollers.tab.evaluate(PLACES), strict=True))
    return {name: place for name, place in places.items() if place}


def test_the_nearest_scroller_around_an_element_moves(scrollers: Bench) -> None:
    ids = scrollers.ids
    assert moved(scrollers, Scroll(ids["Deep"], dy=50)) == {"inner": 50}
    assert moved(scrollers, Scroll(ids["First"], dy=30)) == {"inner": 50, "outer": 30}
    assert moved(scrollers, Scroll(ids["Long"], dx=120)) == {"inner": 50, "outer": 30, "wide": 120}
    assert moved(scrollers, Scroll(ids["Long"], dx=-20)) == {"inner": 50, "outer": 30, "wide": 100}


def test_an_element_out_of_its_scroller_s_sight_need_not_be_scrolled_to(scrollers: Bench) -> None:
    assert moved(scrollers, Scroll(scrollers.ids["Below"], dy=40)) == {"outer": 40}


def test_the_other_direction_is_the_page_s(scrollers: Bench) -> None:
    assert moved(scrollers, Scroll(scrollers.ids["Long"], dy=70)) == {"y": 70}
    assert moved(scrollers, Scroll(scrollers.ids["Hidden"], dx=60)) == {"x": 60, "y": 70}


def test_a_scroller_at_its_end_hands_on_unless_it_contains(scrollers: Bench) -> None:
    ids = scrollers.ids
    assert moved(scrollers, Scroll(ids["Deep"], dy=5000)) == {"inner": 420}
    assert moved(scrollers, Scroll(ids["Deep"], dy=25)) == {"inner": 420, "outer": 25}
    assert moved(scrollers, *[Scroll(ids["Short"], dy=500)] * 2) == {"inner": 420, "outer": 25, "stopper": 40}


def test_a_text_area_scrolls(scrollers: Bench) -> None:
    assert moved(scrollers, Scroll(scrollers.ids["Area"], dy=45)) == {"area": 45}


def test_points_scroll_what_lies_under_them(scrollers: Bench) -> None:
    assert moved(scrollers, Scroll(Point(300, 35), dx=33)) == {"wide": 33}
    assert moved(scrollers, Scroll(Point(215, 290), dx=11, dy=22)) == {"wide": 33, "x": 11, "y": 22}


def test_smooth_scrolling_is_over_at_once(scrollers: Bench) -> None:
    scrollers.act(Click(scrollers.ids["a link over two or three lines"]))
    scrollers.tab.evaluate("void scrollTo({ top: 321, behavior: 'smooth' })")
    scrollers.tab.observe()
    assert scrollers.tab.evaluate("scrollY") == 321


def test_a_link_over_lines_is_hit_in_its_largest_part(scrollers: Bench) -> None:
    log = scrollers.act(Click(scrollers.ids["a link over two or three lines"]))
    assert [event["id"] for event in log if event["type"] == "click"] == ["link"]
    assert scrollers.tab.evaluate("location.hash") == "#there"
