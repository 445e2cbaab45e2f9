"""What is relabelled on real pages is what a scripted expert would have done there."""

from collections.abc import Sequence

import pytest

from browser_env.acting import Decision
from browser_env.action import Action, Click
from browser_env.miniwob import miniwob_task
from browser_env.observation import Element, Observation
from browser_env.pool import Pool, RolloutRequest
from experiments.experts.policy import EXPERTS
from replay.hindsight import PAGES, in_hindsight


class WrongClicks:
    """An expert that reads another name than the goal's wherever the page has one."""

    version = 0

    def __init__(self, task: str) -> None:
        self._expert = EXPERTS[task]

    def act(self, observations: Sequence[Observation], *, greedy: bool = False) -> list[Decision]:
        return [Decision(action=self._act(observation)) for observation in observations]

    def _act(self, seen: Observation) -> Action:
        right = self._expert(seen)
        target = seen.element(str(right.target)) if isinstance(right, Click) else None
        others = [element.id for element in seen.elements if target is not None and _alike(element, target)]
        return Click(others[0]) if others else right


def _alike(other: Element, target: Element) -> bool:
    same = (other.role, other.parent) == (target.role, target.parent) and other.id != target.id
    return same and "clickable" in other.states and bool(other.name)


@pytest.mark.parametrize("task", sorted(set(PAGES) & set(EXPERTS) - {"miniwob/enter-text"}))
def test_an_expert_agrees_with_what_is_relabelled(task: str) -> None:
    with Pool(num_envs=1) as pool:
        requests = [RolloutRequest(task=miniwob_task(task), seed=seed) for seed in range(12)]
        episodes = list(pool.rollout(WrongClicks(task), requests))
    relabelled = [found for found in map(in_hindsight, episodes) if found is not None]
    assert relabelled
    for episode in relabelled:
        step = episode.steps[-1]
        expected = EXPERTS[task](step.observation)
        assert isinstance(expected, Click)
        assert isinstance(step.action, Click)
        names = [step.observation.element(str(click.target)) for click in (expected, step.action)]
        assert names[0] is not None
        assert names[1] is not None
        assert names[0].name == names[1].name
