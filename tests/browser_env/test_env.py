import asyncio
import gc
import json
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

from browser_env.action import Answer, Click, Point, Wait
from browser_env.env import BrowserEnv, make_miniwob, make_web
from browser_env.errors import ActionError, DataError, UsageError
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation
from browser_env.registration import register_envs
from browser_env.task import Task
from rewards.outcome import Outcome


@pytest.fixture(scope="module", params=["MiniWoB", "Web"])
def env(request: pytest.FixtureRequest, site: str) -> Iterator[gym.Env[Any, Any]]:
    """Each kind of environment, as :func:`gymnasium.make` builds it."""
    if request.param == "MiniWoB":
        env = gym.make("browser_env:webdual/MiniWoB-v0", task="click-button", render_mode="rgb_array")
    else:
        env = gym.make("webdual/Web-v0", task=f"{site}/order.html", goal="Order tea", render_mode="rgb_array")
    yield env
    env.close()


@pytest.mark.parametrize("pixels", [True, False])
@pytest.mark.parametrize("name", ["MiniWoB", "Web"])
def test_gymnasium_finds_nothing_to_complain_about(name: str, pixels: bool, site: str) -> None:
    task = "click-button" if name == "MiniWoB" else f"{site}/order.html"
    env = gym.make(f"webdual/{name}-v0", task=task, pixels=pixels, render_mode="rgb_array")
    check_env(env.unwrapped)
    env.close()


def test_reset_and_step_return_what_they_promise(env: gym.Env[Any, Any]) -> None:
    observation, info = env.reset(seed=3)
    assert isinstance(observation, Observation)
    assert info["seed"] == 3
    assert observation in env.observation_space
    assert observation.goal
    assert (env.render() == observation.screenshot).all()
    observation, reward, terminated, truncated, info = env.step(Wait(10))
    assert observation in env.observation_space
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert info.keys() == {"outcome", "reason", "evidence", "settled", "blocked", "misses"}
    assert (info["outcome"], info["evidence"], info["blocked"]) == (None, None, ())


def test_an_episode_goes_on_until_it_is_over(env: gym.Env[Any, Any]) -> None:
    env.reset(seed=3)
    for _ in range(3):
        assert not env.step(Click(Point(1, 1)))[2], "clicking beside everything ends nothing"
    *_, terminated, truncated, info = env.step("answer('42')")
    assert (terminated, truncated, info["outcome"]) == (True, False, Outcome.FAILURE)
    assert info["evidence"].answer == "42"


def test_text_is_an_action(env: gym.Env[Any, Any]) -> None:
    env.reset(seed=3)
    assert env.step("wait(5)")[0].error is None
    with pytest.raises(ActionError, match="unknown action"):
        env.step("fly()")


def test_an_environment_seeds_itself(env: gym.Env[Any, Any]) -> None:
    env.reset(seed=3)
    first = [env.reset()[1]["seed"] for _ in range(2)]
    env.reset(seed=3)
    assert [env.reset()[1]["seed"] for _ in range(2)] == first
    assert first[0] != first[1]


def test_it_works_inside_a_running_event_loop(env: gym.Env[Any, Any]) -> None:
    async def play() -> Observation:
        env.reset(seed=3)
        return env.step(Wait(1))[0]

    assert asyncio.run(play()) in env.observation_space


def test_it_works_in_another_thread(env: gym.Env[Any, Any]) -> None:
    seen: list[Observation] = []
    thread = threading.Thread(target=lambda: seen.extend([env.reset(seed=3)[0], env.step(Wait(1))[0]]))
    thread.start()
    thread.join()
    assert len(seen) == 2
    assert seen[0] == env.reset(seed=3)[0]


def test_a_task_can_be_solved() -> None:
    env = BrowserEnv(miniwob_task("click-button"), pixels=False)
    observation, _ = env.reset(seed=1)
    wanted = observation.goal.split('"')[1]
    button = next(e for e in observation.elements if (e.role, e.name) == ("button", wanted))
    observation, reward, terminated, truncated, info = env.step(Click(button.id))
    assert (reward, terminated, truncated, info["outcome"]) == (1.0, True, False, Outcome.SUCCESS)
    assert observation.screenshot is None
    assert env.render() is None
    with pytest.raises(UsageError, match="reset"):
        env.step(Wait())
    env.close()
    env.close()
    for use in (env.reset, lambda: env.step(Wait())):
        with pytest.raises(UsageError, match="closed"):
            use()


def test_stepping_needs_a_reset(page_task: Callable[..., Task]) -> None:
    env = BrowserEnv(page_task("blank"))
    with pytest.raises(UsageError, match="reset"):
        env.step(Answer("x"))
    env.close()


@pytest.mark.parametrize(
    ("id_", "task", "message"),
    [
        ("MiniWoB", "click-buton", "did you mean"),
        ("Web", "order.html", "no http"),
        ("Web", "file:///etc/passwd", "no http"),
    ],
)
def test_unknown_tasks_are_usage_errors(id_: str, task: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        gym.make(f"webdual/{id_}-v0", task=task)


def test_whatever_stands_for_a_task_makes_an_environment(page_task: Callable[..., Task], tmp_path: Path) -> None:
    task = page_task("order", allowed_origins=("http://elsewhere.test",))
    file = tmp_path / "task.json"
    file.write_text(json.dumps(task.to_json()))
    for source in (task, task.to_json(), str(file), file):
        for name in ("MiniWoB", "Web"):
            assert gym.make(f"webdual/{name}-v0", task=source).unwrapped.task == task
    env = gym.make("webdual/Web-v0", task=task.url, goal="Order tea", viewport=[640, 480], max_steps=5)
    assert (env.unwrapped.task.goal, env.unwrapped.task.viewport) == ("Order tea", (640, 480))
    assert gym.make("webdual/MiniWoB-v0", task="click-button", max_steps=3).unwrapped.task.max_steps == 3


def test_a_spec_survives_json(page_task: Callable[..., Task]) -> None:
    for source in ("click-button", page_task("order")):
        env = gym.make("webdual/MiniWoB-v0", task=source, pixels=False)
        assert env.spec is not None
        again = EnvSpec.from_json(env.spec.to_json()).make()
        assert again.unwrapped.task == env.unwrapped.task
        assert again.observation_space == env.observation_space


def test_bad_sources_and_modes_are_usage_errors(page_task: Callable[..., Task], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="takes no goal"):
        make_web(page_task("order"), goal="Another")
    with pytest.raises(UsageError, match="cannot be read"):
        make_web(str(tmp_path / "none.json"))
    with pytest.raises(UsageError, match="fields are in"):
        make_web("http://localhost/", colour="red")
    with pytest.raises(UsageError, match="has no colour"):
        make_miniwob("click-button", colour="red")
    with pytest.raises(UsageError, match="rgb_array"):
        make_web("http://localhost/", render_mode="ansi")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        make_web(tmp_path / "bad.json")


def test_registering_twice_changes_nothing() -> None:
    before = dict(gym.registry)
    register_envs()
    assert gym.registry == before


def test_rendering_needs_no_observed_pixels() -> None:
    env = make_miniwob("click-button", pixels=False, render_mode="rgb_array")
    observation, _ = env.reset(seed=1)
    assert observation.screenshot is None
    assert observation in env.observation_space
    picture = env.render()
    assert picture is not None
    assert picture.shape == (210, 160, 3)
    env.close()


def test_an_unused_environment_is_plain_data() -> None:
    threads = threading.active_count()
    env = make_miniwob("click-button", pixels=False)
    assert threading.active_count() == threads
    copy = pickle.loads(pickle.dumps(env))
    first = env.reset(seed=3)[0]
    used = pickle.loads(pickle.dumps(env))
    assert copy.reset(seed=3)[0] == used.reset(seed=3)[0] == first
    for one in (env, copy, used):
        one.close()


def test_an_environment_that_is_forgotten_ends_its_browser() -> None:
    before = set(threading.enumerate())
    env = make_miniwob("click-button", pixels=False)
    env.reset(seed=1)
    own = set(threading.enumerate()) - before
    assert own
    del env
    gc.collect()
    for thread in own:
        thread.join(timeout=30)  # where the browser's own thread collects the garbage, nobody has waited for it
    assert not any(thread.is_alive() for thread in own)
