from dataclasses import replace

import numpy as np
import pytest

from browser_env.action import Click
from browser_env.episode import Episode, Source, Step
from browser_env.errors import UsageError
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
    curriculum = Curriculum(TASKS, CurriculumConfig(learnable=0.5, uniform=0.3, unsolved=0.2, decay=1.0))
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


def test_what_fails_too_often_in_a_row_is_parked_until_it_succeeds() -> None:
    curriculum = Curriculum(TASKS, CurriculumConfig(uniform=0.3, parked_after=5))
    curriculum.observe([episode(TASKS[0], Outcome.FAILURE)] * 5)
    assert curriculum.parked() == {TASKS[0]}
    assert curriculum.shares()[TASKS[0]] == pytest.approx(0.3 / 3 / 1.2)
    near = replace(episode(TASKS[0], Outcome.SUCCESS), prefix=(Click("e1"),))
    before = curriculum.success()[TASKS[0]]
    curriculum.observe([near])
    assert curriculum.parked() == frozenset()
    assert curriculum.success()[TASKS[0]] == before, "it did not begin at the task's start"


def test_where_all_is_parked_every_task_is_as_likely() -> None:
    curriculum = Curriculum(TASKS, CurriculumConfig(parked_after=1))
    curriculum.observe([episode(task, Outcome.FAILURE) for task in TASKS])
    assert curriculum.probabilities() == pytest.approx([1 / 3] * 3)


def test_learnability_counts_by_what_it_costs() -> None:
    config = CurriculumConfig(learnable=1.0, uniform=1e-9, unsolved=0.0, cost_exponent=1.0)
    curriculum = Curriculum(TASKS[:2], config)
    step = Step(observation=Observation(goal=""), action=Click("e1"))
    for task, steps in zip(TASKS, (1, 7), strict=False):
        curriculum.observe([replace(episode(task, Outcome.SUCCESS), steps=(step,) * steps)])
    assert curriculum.probabilities() == pytest.approx([0.8, 0.2])  # as 2 / 2 steps to 8 / 2


def test_what_is_known_is_a_table() -> None:
    curriculum = Curriculum(TASKS, CurriculumConfig())
    curriculum.observe([episode(TASKS[0], Outcome.SUCCESS)])
    first, *others = curriculum.rows()
    assert (first["task"], first["episodes"], first["parked"]) == (TASKS[0], 1, False)
    assert sum(row["share"] for row in (first, *others)) == pytest.approx(1)


@pytest.mark.parametrize("change", [{"uniform": 0.0}, {"learnable": -1.0}, {"decay": 0.0}, {"parked_after": 0}])
def test_a_curriculum_that_cannot_be_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        CurriculumConfig(**change)  # type: ignore[arg-type]


def test_mean_practised_counts_every_task_the_same_and_one_never_practised_as_failed() -> None:
    curriculum = Curriculum(TASKS, CurriculumConfig(decay=0.5))
    assert curriculum.mean_practised(TASKS) == 0.0
    curriculum.observe([episode(TASKS[0], Outcome.SUCCESS), episode(TASKS[0], Outcome.FAILURE)])
    curriculum.observe([episode(TASKS[1], Outcome.SUCCESS)])
    assert curriculum.mean_practised(TASKS) == pytest.approx((0.5 / 1.5 + 1) / 3)
    assert curriculum.mean_practised(TASKS[1:2]) == 1.0


def test_the_unsolved_that_were_shown_have_a_share() -> None:
    config = CurriculumConfig(learnable=0.0, uniform=0.1, unsolved=0.9)
    curriculum = Curriculum(TASKS, config)
    curriculum.observe([episode(TASKS[0], Outcome.FAILURE)] * 8 + [episode(TASKS[1], Outcome.FAILURE)] * 4)
    assert max(curriculum.shares(), key=curriculum.shares().__getitem__) == TASKS[0], "the least solved"
    curriculum.show(TASKS[1])
    curriculum.show("miniwob/of-another-run")
    shares = curriculum.shares()
    assert shares[TASKS[1]] == pytest.approx(0.9 + 0.1 / 3), "the least solved of those that were shown"
    curriculum.observe([episode(TASKS[1], Outcome.FAILURE)] * config.parked_after)
    assert curriculum.shares()[TASKS[0]] == pytest.approx(0.9 + 0.1 / 3), "it is parked, so the others"
