from dataclasses import replace

import numpy as np
import pytest

from browser_env.observation import Element, Observation, Tab

PIXELS = np.zeros((2, 3, 3), dtype=np.uint8)
BUTTON = Element(id="e1", role="button", name="Pay", box=(10.0, 20.0, 30.0, 40.0))
PAGE = Observation(goal="Pay.", url="https://a.org/", screenshot=PIXELS, elements=(BUTTON,), tabs=(Tab(url="x"),))


def test_the_center_is_the_middle_of_the_box() -> None:
    assert BUTTON.center == (25.0, 40.0)


def test_elements_are_found_by_id() -> None:
    assert PAGE.element("e1") is BUTTON
    assert PAGE.element("e2") is None


def test_equal_pixels_are_equal_whatever_array_holds_them() -> None:
    assert replace(PAGE, screenshot=PIXELS.copy()) == PAGE


@pytest.mark.parametrize(
    "other",
    [
        replace(PAGE, screenshot=PIXELS + 1),
        replace(PAGE, screenshot=np.zeros((3, 2, 3), dtype=np.uint8)),
        replace(PAGE, screenshot=None),
        replace(PAGE, elements=()),
        replace(PAGE, goal="Leave."),
        replace(PAGE, error="no such element"),
        "a page",
    ],
)
def test_any_difference_makes_observations_differ(other: object) -> None:
    assert other != PAGE


def test_pages_without_pixels_are_compared_by_the_rest() -> None:
    blind = replace(PAGE, screenshot=None)
    assert blind == replace(PAGE, screenshot=None)
    assert blind != replace(blind, focus="e1")


def test_an_observation_is_not_hashable() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(PAGE)
