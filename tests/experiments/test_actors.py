"""A policy acts in real browsers on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from browser_env.acting import Decision, DecisionStream, Turn
from browser_env.action import Wait
from browser_env.episode import Episode
from browser_env.errors import InfraError
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation
from browser_env.pool import Pool, RolloutRequest
from experiments.actors import Actors, Group
from policy.compact import CompactPolicy
from policy.config import CompactConfig

SMALL = CompactConfig(d_model=32, layers=1, heads=2, embedding=16, spell_hidden=16)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(num_envs=2) as pool:
        yield pool


def groups(*names: str, size: int = 1) -> list[Group]:
    task = miniwob_task("click-test-2")
    return [[RolloutRequest(task=task, seed=5, group=name)] * size for name in names]


def ignore(episode: Episode) -> None:
    """Keep nothing."""


def test_groups_come_back_whole_while_more_are_requested(pool: Pool) -> None:
    kept: list[Episode] = []
    with Actors(pool, CompactPolicy(SMALL, seed=0), on_step=ignore, on_episode=kept.append) as actors:
        actors.request(groups("a", "b", size=2))
        actors.request(groups("c"))
        taken = actors.take(2) + actors.take(5)
        assert sorted(tuple(episode.group for episode in group) for group in taken) == [("a", "a"), ("b", "b"), ("c",)]
        assert actors.take(1) == []
        actors.request(groups("d"))
        assert [len(group) for group in actors.take(1)] == [1]
    assert len(kept) == 6


def test_published_weights_act_from_the_next_decision_on(pool: Pool) -> None:
    policy = CompactPolicy(SMALL, seed=0)
    with Actors(pool, policy, on_step=ignore, on_episode=ignore) as actors:
        actors.request(groups("a"))
        (first,) = actors.take(1)[0]
        policy.version = 7
        actors.request(groups("b"))
        (unpublished,) = actors.take(1)[0]
        actors.publish(policy)
        actors.request(groups("c"))
        (published,) = actors.take(1)[0]
        actors.request(groups("d"))
        (later,) = actors.take(1)[0]
    assert first.policy_version == unpublished.policy_version == 0
    assert {step.policy_version for step in published.steps} == {7}, "it was begun under the version before"
    assert (later.policy_version, {step.policy_version for step in later.steps}) == (7, {None})


class Slow(CompactPolicy):
    """Needs two looks for a decision."""

    def stream(self, *, greedy: bool = False) -> DecisionStream:
        return Slowly(self)


class Slowly:
    def __init__(self, policy: Slow) -> None:
        self._policy = policy
        self._open: dict[int, tuple[int, int]] = {}  # by key: the version it was begun with, and looks that are left

    def put(self, key: int, observation: Observation, past: Sequence[Turn]) -> None:
        self._open[key] = self._policy.version, 2

    def take(self, *, wait_s: float) -> list[tuple[int, Decision]]:
        assert all(version == self._policy.version for version, _ in self._open.values()), "weights changed meanwhile"
        self._open = {key: (version, left - 1) for key, (version, left) in self._open.items()}
        decided = [key for key, (_, left) in self._open.items() if not left]
        for key in decided:
            del self._open[key]
        return [(key, Decision(action=Wait(0))) for key in decided]

    def close(self) -> None:
        self._open.clear()


def test_weights_are_taken_over_where_nothing_is_half_decided(pool: Pool) -> None:
    policy = Slow(SMALL, seed=0)

    def renew(episode: Episode) -> None:
        policy.version += 1
        actors.publish(policy)

    with Actors(pool, policy, on_step=renew, on_episode=ignore) as actors:
        actors.request(groups("a", "b", "c", size=2))
        episodes = [episode for group in actors.take(3) for episode in group]
    versions = [step.policy_version for episode in episodes for step in episode.steps]
    assert len(episodes) == 6
    assert len({version for version in versions if version}) > 3


def test_it_stops_in_the_middle_and_the_pool_can_be_used_again(pool: Pool) -> None:
    before = threading.active_count()
    with Actors(pool, CompactPolicy(SMALL, seed=0), on_step=ignore, on_episode=ignore) as actors:
        actors.request(groups(*map(str, range(40))))
        actors.take(1)
    assert threading.active_count() == before
    policy = CompactPolicy(SMALL, seed=0)
    assert len(list(pool.rollout(policy, groups("x")[0]))) == 1


def test_what_went_wrong_is_raised_where_episodes_are_taken(pool: Pool) -> None:
    def full(episode: Episode) -> None:
        raise OSError("the disk is full")

    with Actors(pool, CompactPolicy(SMALL, seed=0), on_step=ignore, on_episode=full) as actors:
        actors.request(groups("a"))
        with pytest.raises(InfraError, match="the disk is full"):
            actors.take(1)
