import os
import signal
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

from browser_env.env import make_miniwob
from browser_env.errors import ActionError, InfraError, UsageError
from browser_env.miniwob import miniwob_task
from browser_env.task import Task
from browser_env.vector import BrowserVectorEnv, make_miniwob_vec, make_web_vec
from rewards.outcome import Outcome

TASKS = ("click-button", "click-test-2")
MODES = (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)
PLAN = (("answer('x')", "wait(1)"), ("wait(1)", "give_up()"), ("wait(1)", "wait(2)"), ("answer('y')", "answer('z')"))


@pytest.fixture(scope="module", params=AutoresetMode)
def mode(request: pytest.FixtureRequest) -> AutoresetMode:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def envs(mode: AutoresetMode) -> Iterator[BrowserVectorEnv]:
    envs = make_miniwob_vec(2, task=list(TASKS), pixels=False, autoreset_mode=mode)
    yield envs
    envs.close()


def pids(envs: BrowserVectorEnv) -> list[int]:
    assert envs._pool is not None
    return envs._pool.pids


def plain(value: Any) -> Any:
    """Infos as lists, which compare."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def as_gymnasium_orders_it(infos: dict[str, Any]) -> dict[str, Any]:
    """Without the evidence, which holds floats of page time."""
    return {name: plain(infos[name]) for name in sorted(infos) if "evidence" not in name and "final_info" not in name}


def test_gymnasium_makes_it(mode: AutoresetMode) -> None:
    envs = gym.make_vec("webdual/MiniWoB-v0", num_envs=2, task="click-button", autoreset_mode=mode.value)
    assert isinstance(envs, BrowserVectorEnv)
    assert envs.metadata["autoreset_mode"] is mode
    assert (envs.num_envs, envs.single_observation_space.pixels) == (2, True)
    actions = envs.action_space.sample()
    assert actions in envs.action_space
    envs.close()


def test_it_does_what_gymnasiums_own_does(envs: BrowserVectorEnv, mode: AutoresetMode) -> None:
    makers = [lambda task=task: make_miniwob(task, pixels=False) for task in TASKS]
    own = SyncVectorEnv(makers, autoreset_mode=mode)
    assert envs.observation_space == own.observation_space
    mine, yours = envs.reset(seed=3), own.reset(seed=3)
    assert mine[0] == yours[0]
    assert as_gymnasium_orders_it(mine[1]) == as_gymnasium_orders_it(yours[1])
    for actions in PLAN:
        mine, yours = envs.step(actions), own.step(actions)
        assert mine[0] == yours[0]
        for ours, theirs in zip(mine[1:4], yours[1:4], strict=True):
            assert np.array_equal(ours, theirs)
            assert ours.dtype == theirs.dtype
        assert as_gymnasium_orders_it(mine[4]) == as_gymnasium_orders_it(yours[4])
        over = np.logical_or(mine[2], mine[3])
        if mode is AutoresetMode.DISABLED and over.any():
            seed = [5, None]
            mine = envs.reset(seed=seed, options={"reset_mask": over})
            yours = own.reset(seed=seed, options={"reset_mask": over})
            assert mine[0] == yours[0]
            assert as_gymnasium_orders_it(mine[1]) == as_gymnasium_orders_it(yours[1])
    own.close()


def test_a_dead_browser_costs_its_own_episode(envs: BrowserVectorEnv, mode: AutoresetMode) -> None:
    before, _ = envs.reset(seed=3)
    os.kill(pids(envs)[0], signal.SIGKILL)
    observations, rewards, terminated, truncated, infos = envs.step(["wait(1)", "wait(1)"])
    assert observations in envs.observation_space
    assert (rewards.tolist(), terminated.tolist(), truncated.tolist()) == ([0, 0], [False, False], [True, False])
    ended = infos["final_info"] if mode is AutoresetMode.SAME_STEP else infos
    assert ended["outcome"][0] is Outcome.INFRA_ERROR
    assert infos["outcome"][1] is None
    last = infos["final_obs"][0] if mode is AutoresetMode.SAME_STEP else observations[0]
    assert last == before[0]
    if mode is AutoresetMode.DISABLED:
        envs.reset(options={"reset_mask": np.array([True, False])})
    _, _, terminated, truncated, _ = envs.step(["wait(1)", "wait(1)"])
    assert not terminated.any()
    assert not truncated.any()


@pytest.mark.parametrize("mode", MODES)
def test_an_episode_that_cannot_begin_is_an_infra_error_of_its_environment(mode: AutoresetMode, site: str) -> None:
    task = Task.from_json(miniwob_task("click-button").to_json())
    envs = BrowserVectorEnv([task, task], pixels=True, autoreset_mode=mode)
    envs.reset(seed=1)
    broken = make_web_vec(2, task=["http://127.0.0.1:9/", f"{site}/order.html"], viewport=(160, 210))
    envs.tasks = broken.tasks  # the first environment's site goes down
    for _ in range(3):
        observations, _, terminated, truncated, infos = envs.step(["answer('x')", "wait(1)"])
        assert observations in envs.observation_space
        assert bool((terminated | truncated)[0])
    assert infos["outcome"][0] is Outcome.INFRA_ERROR
    assert "did not load" in infos["reason"][0]
    assert not truncated[1]
    envs.close()
    with pytest.raises(InfraError, match="environment 0"):
        broken.reset(seed=1)
    broken.close()


def test_what_is_wrong_changes_nothing(envs: BrowserVectorEnv) -> None:
    before, _ = envs.reset(seed=3)
    with pytest.raises(ActionError):
        envs.step(["wait(1)", "fly()"])
    with pytest.raises(UsageError, match="2 actions"):
        envs.step(["wait(1)"])
    for options in ({"reset_mask": [True, False]}, {"reset_mask": np.zeros(2, np.bool_)}):
        with pytest.raises(UsageError, match="reset_mask"):
            envs.reset(options=options)
    for option in ("prefix", "state", "mask"):
        with pytest.raises(UsageError, match=f"no option '{option}'"):
            envs.reset(options={option: ["wait(1)"]})
    with pytest.raises(UsageError, match="seeds"):
        envs.reset(seed=[1])
    assert [seen.elements for seen in envs.step(["wait(1)", "wait(1)"])[0]] == [seen.elements for seen in before]


def test_a_vector_environment_needs_fitting_tasks(site: str) -> None:
    with pytest.raises(UsageError, match="do not fit"):
        make_miniwob_vec(3, task=["click-button", "click-test-2"])
    with pytest.raises(UsageError, match="viewport"):
        BrowserVectorEnv([miniwob_task("click-button"), make_web_vec(1, task=site).tasks[0]])
    envs = make_miniwob_vec(1)
    with pytest.raises(UsageError, match="reset"):
        envs.step(["wait(1)"])
    envs.close()
    with pytest.raises(UsageError, match="closed"):
        envs.reset()


def test_it_renders_without_observed_pixels() -> None:
    envs = make_miniwob_vec(1, pixels=False, render_mode="rgb_array")
    observations, _ = envs.reset(seed=1)
    assert observations[0].screenshot is None
    pictures = envs.render()
    assert pictures is not None
    assert pictures[0].shape == (210, 160, 3)
    assert pictures[0].std() > 0
    envs.close()


def test_gymnasiums_vector_wrappers_take_it() -> None:
    envs = DictInfoToList(RecordEpisodeStatistics(make_miniwob_vec(2, pixels=False)))
    assert [info["seed"] for info in envs.reset(seed=4)[1]] == [4, 5]
    infos = envs.step(["wait(1)", "answer('x')"])[4]
    assert (infos[1]["episode"]["l"], "episode" in infos[0]) == (1, False)
    envs.close()
