from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from browser_env.action import Answer, Click, Select, Type
from browser_env.branching import digest
from browser_env.env import BrowserEnv
from browser_env.errors import DivergedError, InfraError, UsageError
from browser_env.miniwob import miniwob_task
from browser_env.observation import Element, Observation
from browser_env.task import Task
from rewards.outcome import Outcome

MakeTask = Callable[..., Task]


def state(episodes: Any) -> str:
    return str(episodes.loop.run(episodes.environment.state_hash()))


def reset(episodes: Any, task: Task, seed: int, **where: Any) -> Observation:
    observation: Observation = episodes.loop.run(episodes.environment.reset(task, seed=seed, **where))
    return observation


def named(observation: Observation, name: str) -> str:
    return next(e.id for e in observation.elements if e.name == name)


@pytest.mark.parametrize("name", ["login-user", "click-checkboxes"])
def test_an_episode_begins_in_its_middle(episodes: Any, other_episodes: Any, name: str) -> None:
    task = miniwob_task(name)
    fields = [e.id for e in reset(episodes, task, 3).elements if e.role in ("textbox", "checkbox")]
    prefix = [Click(element) for element in fields]
    for action in prefix:
        observation = episodes.step(action).observation
    middle = state(episodes)
    for where in (episodes, other_episodes):
        assert reset(where, task, 3, prefix=prefix, expected=middle) == observation
    assert state(episodes) == middle


def test_a_site_begins_in_its_middle(episodes: Any, page_task: MakeTask) -> None:
    task = page_task("order", max_steps=2)
    first = reset(episodes, task, 1)
    field = next(e.id for e in first.elements if e.role == "textbox")
    prefix = [Type(field, "Anna"), Select(named(first, "Drink"), ("Coffee",))]
    episodes.step(prefix[0])
    half = state(episodes)
    again = reset(episodes, task, 1, prefix=prefix[:1], expected=half)
    assert again.element(field).value == "Anna"
    assert episodes.step(prefix[1]).outcome is None, "the prefix's steps do not count"


def test_a_prefix_may_be_as_long_as_an_episode(episodes: Any, page_task: MakeTask) -> None:
    task = page_task("order", max_steps=2)
    field = next(e.id for e in reset(episodes, task, 1).elements if e.role == "textbox")
    reset(episodes, task, 1, prefix=[Type(field, letter) for letter in "Anna"])
    assert episodes.step(Type(field, "B")).outcome is None
    assert episodes.step(Type(field, "C")).outcome is Outcome.TRUNCATED


def test_a_reset_that_fails_in_its_prefix_begins_no_episode(episodes: Any, page_task: MakeTask) -> None:
    with pytest.raises(DivergedError):
        reset(episodes, page_task("order"), 1, prefix=[Click("e999")])
    with pytest.raises(UsageError, match="call reset"):
        episodes.step(Click("e1"))


def test_another_state_is_not_taken_for_the_same(episodes: Any) -> None:
    task = miniwob_task("login-user")
    reset(episodes, task, 3)
    with pytest.raises(DivergedError, match="another state"):
        reset(episodes, task, 4, expected=state(episodes))


def test_a_prefix_that_ends_the_episode_is_refused(episodes: Any, page_task: MakeTask) -> None:
    with pytest.raises(UsageError, match="action 0 of the prefix ends the episode"):
        reset(episodes, page_task("order"), 1, prefix=[Answer("x")])


def test_a_browser_that_fails_within_a_prefix_is_no_misuse(episodes: Any, page_task: MakeTask) -> None:
    task = page_task("trouble")
    spin = named(reset(episodes, task, 1), "Spin")
    with pytest.raises(InfraError, match=r"action 0 of the prefix: .*did not answer"):
        reset(episodes, task, 1, prefix=[Click(spin)])


def test_gymnasiums_reset_takes_a_prefix() -> None:
    env = BrowserEnv(miniwob_task("login-user"))
    try:
        env.reset(seed=3)
        observation, *_ = env.step("type(e3, 'ab')")
        middle = env.state_hash()
        again, _ = env.reset(seed=3, options={"prefix": ["type(e3, 'ab')"], "state": middle})
        assert again == observation
        with pytest.raises(DivergedError):
            env.reset(seed=4, options={"prefix": ["type(e3, 'ab')"], "state": middle})
        with pytest.raises(UsageError, match="no option 'start'"):
            env.reset(seed=3, options={"start": 1})
    finally:
        env.close()


def test_the_random_part_of_a_blobs_address_is_no_state(episodes: Any, page_task: MakeTask) -> None:
    task = page_task("blob")
    states = []
    for _ in range(2):
        reset(episodes, task, 1)
        states.append(state(episodes))
    assert states[0] == states[1]
    base = Observation(goal="g")
    first, second = (
        "blob:http://a.test/0f8fad5b-d9cb-469f-a165-70867728950e",
        "blob:http://b.test/7c9e6679-7425-40de-944b-e07fc1f90ae7",
    )
    assert digest(base, first, 5) != digest(base, second, 5), "the origin is"
    assert digest(base, first.removeprefix("blob:"), 5) != digest(base, first[5:-1] + "f", 5), "so are other addresses"


def test_the_digest_tells_states_apart() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    base = Observation(goal="g", screenshot=pixels, elements=(Element(id="e1", role="button"),))
    same = Observation(goal="g", screenshot=pixels.copy(), elements=(Element(id="e1", role="button"),), error="no")
    assert digest(base, "<p>", 5) == digest(same, "<p>", 5.0)
    others = [
        digest(Observation(goal="g", screenshot=pixels + 1, elements=base.elements), "<p>", 5),
        digest(Observation(goal="g", screenshot=pixels), "<p>", 5),
        digest(base, "<b>", 5),
        digest(base, "<p>", 6),
    ]
    assert len({digest(base, "<p>", 5), *others}) == 5
