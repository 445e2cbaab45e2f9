"""Experts show what they can; one that keeps failing is told."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from browser_env.episode import Episode
from browser_env.errors import InfraError
from browser_env.miniwob import miniwob_task
from browser_env.pool import RolloutRequest
from browser_env.seeds import demonstration_seed
from experiments.training import make_demonstrations
from rewards import Outcome
from tests.replay.conftest import make_episode

TASK = miniwob_task("click-test")


def shop(succeeds: Callable[[int], bool], *, seed: int = 0) -> Any:
    """A workshop whose pool plays episodes that end as their number says."""
    numbers = itertools.count()

    def rollout(policy: object, requests: Sequence[RolloutRequest], **options: object) -> Iterator[Episode]:
        for request in requests:
            outcome = Outcome.SUCCESS if succeeds(next(numbers)) else Outcome.FAILURE
            yield make_episode(f"e{request.seed}", seed=request.seed, outcome=outcome)

    return SimpleNamespace(
        pool=SimpleNamespace(rollout=rollout),
        recipe=SimpleNamespace(seed=seed),
        keeper=SimpleNamespace(note=lambda episode: None),
    )


def test_an_expert_that_often_fails_shows_as_many_on_the_runs_own_seeds() -> None:
    used = {demonstration_seed(0, run=4), demonstration_seed(3, run=4)}
    made = list(make_demonstrations(shop(lambda number: number % 4 == 0, seed=4), TASK, count=30, used=used))
    seeds = [episode.seed for episode in made]
    assert len(seeds) == len(set(seeds)) == 30
    assert not used & set(seeds)
    assert demonstration_seed(1, run=4) <= min(seeds)
    assert max(seeds) <= demonstration_seed(121, run=4)


def test_an_expert_that_fails_many_times_in_a_row_is_told() -> None:
    shown = make_demonstrations(shop(lambda number: number < 5), TASK, count=6, used=set())
    assert [next(shown).success for _ in range(5)] == [True] * 5, "what was made before is kept"
    with pytest.raises(InfraError, match="click-test keeps failing"):
        next(shown)
