"""What an update of mixed learning is made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from browser_env.action import Click
from experiments.approaching import Approach, Route
from experiments.curriculum import Curriculum, CurriculumConfig
from experiments.learning import Experience, again
from experiments.recipes import smoke
from replay.buffer import ReplayBuffer
from rewards import Outcome
from tests.replay.conftest import make_episode

TASK = "suite/click"
ROUTE = (Click("e1"), Click("e2"), Click("e3"))


def test_a_repeated_success_is_compared_to_episodes_that_begin_alike() -> None:
    experience = Experience(
        curriculum=Curriculum([TASK], CurriculumConfig(decay=1.0)),
        approach=Approach({TASK: [Route(actions=ROUTE)]}),
        buffer=ReplayBuffer(demonstrations=()),
    )
    failed = [make_episode(f"f{i}", outcome=Outcome.FAILURE, seed=i) for i in range(8)]
    near = make_episode("near", seed=20, prefix=ROUTE[:2], num_steps=1)
    experience.add([*failed, make_episode("far", seed=21, num_steps=1), near])
    recipe = replace(smoke(), repeated_samples=64)
    drawn = again(recipe, experience, {TASK: 1.0}, np.random.default_rng(0))
    advantages = {sample.episode: sample.advantage for sample in drawn}
    assert advantages["far"] == pytest.approx(1 - 2 / 11), "nine from the start, of which one succeeded"
    assert advantages["near"] == pytest.approx(1 - 2 / 3), "one from near the goal, which succeeded"
    assert all(sample.weight == 0 for sample in drawn)
