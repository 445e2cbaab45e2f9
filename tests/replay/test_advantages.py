from __future__ import annotations

from collections.abc import Callable

import pytest

from browser_env.episode import Episode
from replay.advantages import group_advantages
from rewards import Outcome

Make = Callable[..., Episode]


def _group(make_episode: Make, name: str | None, rewards: list[float]) -> list[Episode]:
    return [make_episode(f"{name}-{i}", group=name, reward=reward) for i, reward in enumerate(rewards)]


def test_values_worked_out_by_hand(make_episode: Make) -> None:
    advantages = group_advantages(_group(make_episode, "g", [1.0, 0.0, 0.0, 0.5]))
    # 1 - (0 + 0 + .5)/3, 0 - (1 + 0 + .5)/3 twice, .5 - (1 + 0 + 0)/3
    expected = {"g-0": 5 / 6, "g-1": -0.5, "g-2": -0.5, "g-3": 1 / 6}
    assert advantages == pytest.approx(expected)
    assert sum(advantages.values()) == pytest.approx(0.0)


def test_two_groups_do_not_mix(make_episode: Make) -> None:
    episodes = _group(make_episode, "a", [1.0, 0.0]) + _group(make_episode, "b", [1.0, 1.0])
    assert group_advantages(episodes) == {"a-0": 1.0, "a-1": -1.0, "b-0": 0.0, "b-1": 0.0}


def test_no_variance_gives_exactly_zero(make_episode: Make) -> None:
    assert set(group_advantages(_group(make_episode, "g", [0.1] * 7)).values()) == {0.0}


def test_an_episode_alone_is_compared_to_what_was_expected(make_episode: Make) -> None:
    alone = make_episode("x", task="t", reward=1.0)
    assert group_advantages([alone]) == {"x": 0.0}
    assert group_advantages([alone], expected=lambda episode: 0.25) == {"x": 0.75}
    assert group_advantages(_group(make_episode, None, [1.0, 0.0])) == {"None-0": 0.0, "None-1": 0.0}


def test_a_group_name_is_never_an_id(make_episode: Make) -> None:
    episodes = [make_episode("g", reward=1.0), *_group(make_episode, "g", [0.0])]
    assert group_advantages(episodes) == {"g": 0.0, "g-0": 0.0}


def test_a_crashed_browser_is_no_reward_of_zero(make_episode: Make) -> None:
    crashed = make_episode("crashed", group="g", outcome=Outcome.INFRA_ERROR)
    assert group_advantages([crashed, *_group(make_episode, "g", [1.0, 1.0])]) == {"g-0": 0.0, "g-1": 0.0}


def test_nothing_gives_nothing() -> None:
    assert group_advantages([]) == {}
