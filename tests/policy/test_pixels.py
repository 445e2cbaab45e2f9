from dataclasses import replace

import numpy as np

from browser_env.observation import Element, Observation
from policy.config import CompactConfig
from policy.pixels import crop, shrink, usable

CONFIG = CompactConfig()


def coloured() -> Observation:
    screenshot = np.zeros((210, 160, 3), dtype=np.uint8)
    screenshot[50:90, 20:60] = (200, 100, 50)
    element = Element(id="e1", role="generic", box=(20.0, 50.0, 40.0, 40.0))
    return Observation(goal="", elements=(element,), screenshot=screenshot)


def test_an_elements_picture_is_what_its_box_shows() -> None:
    observation = coloured()
    pictures, shown = crop(observation, observation.elements, CONFIG)
    assert shown.tolist() == [True]
    assert pictures.shape == (1, 3, 16, 16)
    assert pictures.mean(axis=(0, 2, 3)).tolist() == [200, 100, 50]


def test_pictures_follow_the_screenshots_scale() -> None:
    observation = replace(coloured(), viewport=(80, 105))
    half = replace(observation.elements[0], box=(10.0, 25.0, 20.0, 20.0))
    assert crop(observation, [half], CONFIG)[0].mean(axis=(0, 2, 3)).tolist() == [200, 100, 50]


def test_hidden_empty_outside_and_broken_boxes_have_no_picture() -> None:
    observation = coloured()
    first = observation.elements[0]
    boxes = [(0.0, 0.0, 0.0, 0.0), (500.0, 0.0, 9.0, 9.0), (float("nan"), 0.0, 9.0, 9.0), (0.0, 0.0, float("inf"), 9.0)]
    hidden = [replace(first, visible=False), *(replace(first, box=box) for box in boxes)]
    pictures, shown = crop(observation, hidden, CONFIG)
    assert not shown.any()
    assert not pictures.any()


def test_a_box_larger_than_the_page_is_cut() -> None:
    observation = coloured()
    _, shown = crop(observation, [replace(observation.elements[0], box=(-1e5, -1e5, 2e5, 2e5))], CONFIG)
    assert shown.tolist() == [True]


def test_screenshots_that_are_none_are_black_and_unusable() -> None:
    observation = replace(coloured(), screenshot=None)
    assert not usable(observation, CONFIG)
    assert not usable(coloured(), replace(CONFIG, use_screenshot=False))
    assert shrink(observation, CONFIG).shape == (105, 80, 3)
    assert not shrink(observation, CONFIG).any()
