from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

import browser_env  # noqa: F401 - makes the environments known
from browser_env.action import Click, Hover, Point, Press, Scroll, Select, Type
from browser_env.env import make_miniwob
from browser_env.errors import UsageError
from browser_env.observation import STATES, Element, Observation
from browser_env.wrappers import IDLE, ROLES, VERBS, DictObservation, PointActions, SlotActions, slot_action, slots

LIST = Element(id="e1", role="listbox", name="Drinks", states=("clickable",), box=(0, 0, 80, 20))
TEA = Element(id="e2", role="option", name="Tea", parent="e1")
TEXT = Element(id="e3", role="paragraph", name="Hello")
FIELD = Element(id="e4", role="textbox", name="Name", value="Añ", states=("editable",), box=(8, 21, 80, -9999))
FAR = Element(id="e5", role="button", name="Send", states=("clickable",), visible=False)
SEEN = Observation(goal='Type "Anna" now', elements=(LIST, TEA, TEXT, FIELD, FAR))


@pytest.fixture(scope="module")
def flat() -> Iterator[gym.Env[Any, Any]]:
    env = gym.make("webdual/MiniWoB-v0", task="click-button", render_mode="rgb_array")
    yield DictObservation(SlotActions(env, max_elements=16, max_words=4), max_elements=16)
    env.close()


def test_visible_elements_fill_slots_those_that_can_be_used_first() -> None:
    assert slots(SEEN, 9) == (LIST, TEA, TEXT, FIELD)
    assert slots(SEEN, 3) == (LIST, TEA, FIELD)


@pytest.mark.parametrize(
    ("verb", "slot", "word", "action"),
    [
        ("click", 0, 0, Click("e1")),
        ("hover", 2, 0, Hover("e3")),
        ("type", 3, 1, Type("e4", "Anna")),
        ("type", 3, 3, IDLE),
        ("select", 1, 0, Select("e1", ("Tea",))),
        ("select", 0, 0, IDLE),
        ("scroll up", 0, 0, Scroll("e1", 0.0, -200.0)),
        ("scroll down", 0, 0, Scroll("e1", 0.0, 200.0)),
        ("press Enter", 9, 9, Press("Enter")),
        ("wait", 0, 0, IDLE),
        ("click", 4, 0, IDLE),
    ],
)
def test_three_numbers_are_an_action(verb: str, slot: int, word: int, action: object) -> None:
    assert slot_action(SEEN, verb, slot, word, max_elements=9) == action


def test_an_observation_becomes_arrays() -> None:
    env = DictObservation(make_miniwob(pixels=False), max_elements=5, name_bytes=4)
    flat = env.observation(replace(SEEN, error="no"))
    assert flat in env.observation_space
    assert set(flat) == {"goal", "failed", "boxes", "roles", "states", "names", "contents"}
    assert bytes(flat["goal"]).rstrip(b"\0") == b'Type "Anna" now'
    assert flat["failed"].tolist() == [1]
    assert [ROLES[role] for role in flat["roles"]] == ["listbox", "option", "other", "textbox", ""]
    assert [bytes(name).rstrip(b"\0") for name in flat["names"]] == [b"Drin", b"Tea", b"Hell", b"Name", b""]
    assert bytes(flat["contents"][3]).rstrip(b"\0").decode() == "Añ"
    assert flat["states"][0].tolist() == [state == "clickable" for state in STATES]
    assert np.allclose(flat["boxes"][3], [0.05, 0.1, 0.5, -2.0])


def test_gymnasium_finds_nothing_to_complain_about(flat: gym.Env[Any, Any]) -> None:
    class Whole(gym.Wrapper[Any, Any, Any, Any]):
        """Stands for itself, so that the check sees the wrapped spaces."""

        unwrapped = property(lambda self: self)  # type: ignore[assignment]
        _np_random = property(lambda self: self.env.unwrapped._np_random)  # type: ignore[assignment]

    check_env(Whole(flat), skip_close_check=True, skip_render_check=True)


def test_random_numbers_solve_a_task(flat: gym.Env[Any, Any]) -> None:
    flat.action_space.seed(0)
    flat.reset(seed=0)
    rewards = []
    for _ in range(200):
        action = flat.action_space.sample()
        action[0] = VERBS.index("click")
        observation, reward, terminated, truncated, _ = flat.step(action)
        assert observation in flat.observation_space
        rewards.append(reward)
        if terminated or truncated:
            flat.reset()
    assert max(rewards) == 1.0


def test_gymnasiums_own_vector_environments_and_specs_take_them(flat: gym.Env[Any, Any]) -> None:
    assert flat.spec is not None
    again = EnvSpec.from_json(flat.spec.to_json()).make()
    assert again.observation_space == flat.observation_space
    assert again.action_space == flat.action_space
    envs = gym.make_vec(
        "browser_env:webdual/MiniWoB-v0",
        num_envs=2,
        vectorization_mode="async",
        wrappers=[SlotActions, DictObservation],
        vector_kwargs={"context": "spawn"},
    )
    observations, _ = envs.reset(seed=3)
    assert observations in envs.observation_space
    assert observations["screenshot"].shape == (2, 210, 160, 3)
    assert envs.step(envs.action_space.sample())[0] in envs.observation_space
    envs.close()


def test_cells_are_points() -> None:
    env = PointActions(make_miniwob(), columns=4, rows=3)
    assert env.action(np.int64(0)) == Click(Point(20.0, 35.0))
    assert env.action(np.int64(11)) == Click(Point(140.0, 175.0))
    assert env.action_space.n == 12  # type: ignore[attr-defined]


def test_wrappers_say_in_which_order_they_go() -> None:
    flat = DictObservation(make_miniwob())
    for wrapper in (DictObservation, PointActions):
        with pytest.raises(UsageError):
            wrapper(flat)
    with pytest.raises(UsageError, match="reset"):
        SlotActions(make_miniwob()).step(np.zeros(3, np.int64))
