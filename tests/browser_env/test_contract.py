"""What every environment class and every vector class keeps."""

from collections.abc import Iterator

import numpy as np
import pytest

from browser_env.action import Click, Wait
from browser_env.env import make_miniwob
from browser_env.errors import ActionError, UsageError
from browser_env.observation import Observation
from rewards.outcome import Outcome
from tests.browser_env.contract import KINDS, RESET_INFO, STEP_INFO, Kind, Subject

NO_STEP = (UsageError, AssertionError)  # Gymnasium's own SyncVectorEnv asserts


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def subject(kind: Kind, site: str) -> Iterator[Subject]:
    subject = kind.make(site)
    yield subject
    subject.close()


def test_reset_and_step_return_what_they_promise(subject: Subject) -> None:
    observation, info = subject.reset(seed=3)
    assert isinstance(observation, Observation)
    assert observation in subject.observation_space
    assert observation.goal
    assert observation.elements
    assert set(info) == RESET_INFO
    assert info["seed"] == 3
    observation, reward, terminated, truncated, info = subject.step(Wait(10))
    assert observation in subject.observation_space
    assert observation.error is None
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert {type(reward), type(terminated), type(truncated)} == {float, bool}
    assert set(info) == STEP_INFO
    assert (info["outcome"], info["reason"], info["evidence"], info["blocked"]) == (None, "", None, ())


def test_a_seed_gives_the_same_episode_again(subject: Subject) -> None:
    def play() -> list[Observation]:
        return [subject.reset(seed=11)[0], *(subject.step(action)[0] for action in ("wait(5)", "click((20, 80))"))]

    first = play()
    subject.reset(seed=12)
    subject.step("click((30, 60))")
    assert play() == first


def test_without_a_seed_episodes_differ_and_follow_the_last_seed(subject: Subject, kind: Kind) -> None:
    if kind.name.startswith("Pool"):
        pytest.skip("a pool is always told the seed")
    subject.reset(seed=5)
    seeds = [subject.reset()[1]["seed"] for _ in range(2)]
    subject.reset(seed=5)
    assert [subject.reset()[1]["seed"] for _ in range(2)] == seeds
    assert seeds[0] != seeds[1]


def test_every_sample_is_valid(subject: Subject) -> None:
    subject.action_space.seed(1)
    subject.reset(seed=1)
    for _ in range(15):
        action = subject.action_space.sample()
        assert action in subject.action_space
        observation, _, terminated, truncated, _ = subject.step(action)
        assert observation in subject.observation_space
        if terminated or truncated:
            subject.reset(seed=2)


def test_an_unknown_element_is_an_error_to_see_and_costs_nothing(subject: Subject) -> None:
    before = subject.reset(seed=3)[0]
    observation, _, terminated, truncated, _ = subject.step("click(e99999)")
    assert observation.error
    assert "e99999" in observation.error
    assert (terminated, truncated) == (False, False)
    assert observation.elements == before.elements
    assert subject.step(Wait(1))[0].error is None


def test_the_picture_is_what_was_observed(subject: Subject) -> None:
    observation = subject.reset(seed=3)[0]
    assert np.array_equal(subject.render(), observation.screenshot)
    observation = subject.step("hover((30, 60))")[0]
    picture = subject.render()
    assert np.array_equal(picture, observation.screenshot)
    assert picture.dtype == np.uint8


def test_an_answer_ends_the_episode_with_its_evidence(subject: Subject) -> None:
    subject.reset(seed=3)
    observation, reward, terminated, truncated, info = subject.step("answer('42')")
    assert observation in subject.observation_space
    assert (reward, terminated, truncated) == (0.0, True, False)
    assert set(info) == STEP_INFO
    assert info["outcome"] is Outcome.FAILURE
    assert info["evidence"].answer == "42"


def test_a_malformed_action_raises_and_loses_nothing(subject: Subject, kind: Kind) -> None:
    if not kind.survives_errors:
        pytest.skip("Gymnasium ends the processes at any error")
    before = subject.reset(seed=3)[0]
    for text in ("fly()", "click(", "click(button)", "__import__('os')"):
        with pytest.raises(ActionError):
            subject.step(text)
    after = subject.step(Wait(1))[0]
    assert after.elements == before.elements
    assert after.error is None


def test_all_ways_of_running_a_task_agree(subject: Subject, kind: Kind) -> None:
    if kind.is_page:
        pytest.skip("of another task")
    plain = make_miniwob("click-button")
    expected = plain.reset(seed=21)[0]
    assert subject.reset(seed=21)[0] == expected
    button = next(element for element in expected.elements if element.role == "button")
    ours, theirs = subject.step(Click(button.id)), plain.step(Click(button.id))
    assert ours[:4] == theirs[:4]
    assert ours[4]["outcome"] == theirs[4]["outcome"]
    plain.close()


def test_nothing_goes_on_after_the_end(kind: Kind, site: str) -> None:
    if not kind.survives_errors:
        pytest.skip("Gymnasium ends the processes at any error")
    subject = kind.make(site)
    subject.reset(seed=3)
    subject.step("answer('42')")
    with pytest.raises(NO_STEP):
        subject.step(Wait(1))
    assert subject.reset(seed=3)[0] in subject.observation_space
    subject.close()


def test_closing_twice_is_fine_and_using_it_then_is_not(kind: Kind, site: str) -> None:
    subject = kind.make(site)
    subject.reset(seed=1)
    subject.close()
    subject.close()
    with pytest.raises(Exception, match="clos"):
        subject.reset(seed=1)
