import copy
import json
from dataclasses import replace

import numpy as np
import pytest
from gymnasium.vector.utils import (
    batch_space,
    concatenate,
    create_empty_array,
    create_shared_memory,
    iterate,
    read_from_shared_memory,
    write_to_shared_memory,
)

from browser_env.action import Click, Point, Type
from browser_env.observation import Element, Observation
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


@pytest.mark.parametrize("pixels", [True, False])
def test_samples_survive_json_and_shared_memory(pixels: bool) -> None:
    actions = ActionSpace(viewport=VIEWPORT, seed=1)
    acts = [actions.sample() for _ in range(20)]
    assert actions.from_jsonable(json.loads(json.dumps(actions.to_jsonable(acts)))) == acts
    space = ObservationSpace(viewport=VIEWPORT, pixels=pixels, seed=1)
    seen = [space.sample() for _ in range(3)]
    assert space.from_jsonable(json.loads(json.dumps(space.to_jsonable(seen)))) == seen
    memory = create_shared_memory(space, n=3)
    view = read_from_shared_memory(space, memory, n=3)
    assert copy.deepcopy(view) == (space.blank(),) * 3
    for index, observation in enumerate(seen):
        write_to_shared_memory(space, index, observation, memory)
    assert copy.deepcopy(view) in batch_space(space, 3)
    assert list(view) == seen
    assert view[-1] == seen[2]
    assert view[1:] == tuple(seen[1:])


def test_a_missing_picture_leaves_none_of_another_observation_in_shared_memory() -> None:
    space = ObservationSpace(viewport=VIEWPORT, seed=1)
    memory = create_shared_memory(space, n=1)
    write_to_shared_memory(space, 0, space.sample(), memory)
    write_to_shared_memory(space, 0, replace(space.blank("g"), screenshot=None), memory)
    assert read_from_shared_memory(space, memory, n=1)[0] == space.blank("g")


def test_what_is_too_long_for_shared_memory_loses_its_last_elements() -> None:
    space = ObservationSpace(viewport=VIEWPORT, pixels=False)
    elements = tuple(Element(id=f"e{index}", role="link", name="x" * 5000) for index in range(1, 1001))
    memory = create_shared_memory(space, n=1)
    write_to_shared_memory(space, 0, replace(space.blank("g"), elements=elements), memory)
    read = read_from_shared_memory(space, memory, n=1)[0]
    assert read.truncated
    assert 100 < len(read.elements) < 210
    assert read.elements == elements[: len(read.elements)]
    with pytest.raises(ValueError, match="without elements"):
        write_to_shared_memory(space, 0, space.blank("g" * 2_000_000), memory)


def test_batches_are_tuples() -> None:
    space = ActionSpace(viewport=VIEWPORT, seed=1)
    batch = batch_space(space, 3)
    actions = batch.sample()
    assert len(set(actions)) > 1
    assert list(iterate(batch, actions)) == list(actions)
    assert concatenate(space, actions, create_empty_array(space, 3)) == actions
