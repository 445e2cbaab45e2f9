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

SEEDS = 2
MISWORDED = {"miniwob/email-inbox-forward-nl-turk": [1]}  # seeds whose goal has sender and recipient interchanged


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(num_envs=2) as pool:
        yield pool


def test_every_default_task_has_an_expert() -> None:
    assert set(EXPERTS) >= {f"miniwob/{name}" for name in DEFAULT_TASKS}


@pytest.mark.parametrize("name", sorted(EXPERTS))
def test_an_expert_solves_its_task(pool: Pool, name: str) -> None:
    requests = [RolloutRequest(task=miniwob_task(name), seed=demonstration_seed(i)) for i in range(SEEDS)]
    episodes = list(pool.rollout(ExpertPolicy(name), requests, source=Source.SCRIPT))
    assert len(episodes) == SEEDS
    failed = {episode.seed: episode.reason for episode in episodes if not episode.success}
    assert list(failed) == [demonstration_seed(i) for i in MISWORDED.get(name, [])], failed


def test_what_is_not_on_the_page_is_given_up() -> None:
    observation = Observation(goal='Click on the "Yes" button.', elements=(Element(id="e1", role="button", name="No"),))
    assert isinstance(EXPERTS["miniwob/click-button"](observation), GiveUp)
    yes = replace(observation, elements=(Element(id="e1", role="button", name="Yes"),))
    assert ExpertPolicy("miniwob/click-button").act([yes])[0].action == Click("e1")


def test_an_unknown_task_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no scripted expert for 'miniwob/none'"):
        ExpertPolicy("miniwob/none")
