from collections.abc import Iterator
from dataclasses import replace

import pytest

from browser_env.action import Click, GiveUp
from browser_env.episode import Source
from browser_env.errors import UsageError
from browser_env.miniwob import DEFAULT_TASKS, miniwob_task
from browser_env.observation import Element, Observation
from browser_env.pool import Pool, RolloutRequest
from browser_env.seeds import demonstration_seed
from experiments.experts.policy import EXPERTS, ExpertPolicy


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(num_envs=1) as pool:
        yield pool


def test_every_default_task_has_an_expert() -> None:
    assert set(EXPERTS) >= {f"miniwob/{name}" for name in DEFAULT_TASKS}


@pytest.mark.parametrize("name", sorted(EXPERTS))
def test_an_expert_solves_its_task(pool: Pool, name: str) -> None:
    request = RolloutRequest(task=miniwob_task(name), seed=demonstration_seed(0))
    (episode,) = pool.rollout(ExpertPolicy(name), [request], source=Source.SCRIPT)
    assert episode.success, episode.reason


def test_what_is_not_on_the_page_is_given_up() -> None:
    observation = Observation(goal='Click on the "Yes" button.', elements=(Element(id="e1", role="button", name="No"),))
    assert isinstance(EXPERTS["miniwob/click-button"](observation), GiveUp)
    yes = replace(observation, elements=(Element(id="e1", role="button", name="Yes"),))
    assert ExpertPolicy("miniwob/click-button").act([yes])[0].action == Click("e1")


def test_an_unknown_task_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no scripted expert for 'miniwob/none'"):
        ExpertPolicy("miniwob/none")
