from dataclasses import replace

import numpy as np
import pytest

from browser_env.action import Click, Point, Type
from browser_env.observation import Observation
from browser_env.spaces import ActionSpace, ObservationSpace

VIEWPORT = (40, 30)


def test_samples_belong_to_their_space_and_follow_the_seed() -> None:
    for make in (ActionSpace, ObservationSpace):
        first, second = make(viewport=VIEWPORT, seed=5), make(viewport=VIEWPORT, seed=5)
        for _ in range(50):
            sample = first.sample()
            assert sample in first
            assert sample == second.sample()


@pytest.mark.parametrize("x", [None, "click(e1)", Type("e1", 3), Click("button"), Click(Point(float("nan"), 0))])
def test_what_is_no_action_is_not_in_the_space(x: object) -> None:
    assert x not in ActionSpace(viewport=VIEWPORT)


def test_an_observation_needs_the_right_picture() -> None:
    space = ObservationSpace(viewport=VIEWPORT)
    good = space.sample()
    assert good in space
    assert replace(good, screenshot=None) not in space
    assert replace(good, screenshot=np.zeros((40, 30, 3), np.uint8)) not in space
    assert replace(good, screenshot=np.zeros((30, 40, 3), np.float32)) not in space
    assert "page" not in space
    assert Observation(goal="", viewport=VIEWPORT) in ObservationSpace(viewport=VIEWPORT, pixels=False)


def test_spaces_are_equal_by_what_they_hold() -> None:
    assert ActionSpace(viewport=VIEWPORT) == ActionSpace(viewport=VIEWPORT)
    assert ObservationSpace(viewport=VIEWPORT) != ObservationSpace(viewport=VIEWPORT, pixels=False)
    assert ActionSpace(viewport=VIEWPORT) != ObservationSpace(viewport=VIEWPORT)
