from dataclasses import replace

import numpy as np
import pytest

from browser_env.episode import Episode, Source
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation
from experiments.curriculum import Curriculum, CurriculumConfig
from rewards import Evidence, Outcome

TASKS = ("miniwob/click-test", "miniwob/click-button", "miniwob/enter-text")


def episode(task: str, outcome: Outcome) -> Episode:
    return Episode(
        id="0",
        task=miniwob_task(task),
        seed=0,
        source=Source.AGENT,
        steps=(),
        final=Observation(goal=""),
        outcome=outcome,
        reward=float(outcome is Outcome.SUCCESS),
        evidence=Evidence(),
    )


def test_without_outcomes_every_task_is_as_likely() -> None:
    assert Curriculum(TASKS, CurriculumConfig()).probabilities() == pytest.approx([1 / 3] * 3)


def test_success_is_the_mean_of_decayed_beta_counts() -> None:
    curriculum = Curriculum(TASKS, CurriculumConfig(decay=0.5))
    curriculum.observe([episode(TASKS[0], Outcome.SUCCESS), episode(TASKS[0], Outcome.FAILURE)])
    assert curriculum.success()[TASKS[0]] == pytest.approx((0.5 + 1) / (0.5 + 1 + 2))
    assert curriculum.success()[TASKS[1]] == 0.5


def test_probabilities_are_worked_out_by_hand() -> None:
    curriculum = Curriculum(TASKS, CurriculumConfig(learnable=0.5, uniform=0.3, least_solved=0.2, decay=1.0))
    curriculum.observe([episode(TASKS[0], Outcome.SUCCESS)] * 8)  # 0.9
    curriculum.observe([episode(TASKS[1], Outcome.FAILURE)] * 8)  # 0.1
    learnable = np.array([0.09, 0.09, 0.25])
    expected = 0.5 * learnable / learnable.sum() + 0.1 + 0.2 * np.array([0.0, 1.0, 0.0])
    assert curriculum.probabilities() == pytest.approx(expected)
    assert sum(curriculum.shares().values()) == pytest.approx(1.0)


@pytest.mark.parametrize("outcome", [Outcome.INFRA_ERROR, Outcome.BLOCKED, Outcome.VERIFIER_ERROR])
def test_what_says_nothing_of_the_policy_is_not_counted(outcome: Outcome) -> None:
    curriculum = Curriculum(TASKS, CurriculumConfig())
    curriculum.observe([episode(TASKS[0], outcome)])
    assert curriculum.success()[TASKS[0]] == 0.5


def test_tasks_outside_the_curriculum_are_not_counted() -> None:
    curriculum = Curriculum(TASKS[:1], CurriculumConfig())
    curriculum.observe([replace(episode(TASKS[1], Outcome.SUCCESS))])
    assert set(curriculum.success()) == {TASKS[0]}


def test_drawing_follows_the_seed() -> None:
    curriculum = Curriculum(TASKS, CurriculumConfig())
    assert curriculum.draw(20, np.random.default_rng(3)) == curriculum.draw(20, np.random.default_rng(3))


def test_mean_observed_counts_every_practised_task_the_same() -> None:
    curriculum = Curriculum(TASKS, CurriculumConfig(decay=0.5))
    assert curriculum.mean_observed() == 0.0
    curriculum.observe([episode(TASKS[0], Outcome.SUCCESS), episode(TASKS[0], Outcome.FAILURE)])
    curriculum.observe([episode(TASKS[1], Outcome.SUCCESS)])
    assert curriculum.mean_observed() == pytest.approx((0.5 / 1.5 + 1) / 2)
