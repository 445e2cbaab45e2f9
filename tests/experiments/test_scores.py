from __future__ import annotations

from typing import Any

import pytest

from browser_env.episode import Episode, Source
from browser_env.errors import DataError
from browser_env.observation import Observation
from browser_env.task import Task, VerifierSpec
from experiments.scores import TaskScore, by_group, read_scores, score_episodes
from experiments.statistics import wilson
from rewards.cost import Cost, Prices
from rewards.evidence import Evidence
from rewards.outcome import Outcome


def episode(task: str, outcome: Outcome, *, cpu_s: float = 3600.0) -> Episode:
    return Episode(
        id="0" * 32,
        task=Task(name=task, url="http://127.0.0.1", verifier=VerifierSpec(name="page")),
        seed=0,
        source=Source.AGENT,
        steps=(),
        final=Observation(goal=""),
        outcome=outcome,
        reward=0.0,
        evidence=Evidence(),
        cost=Cost(cpu_s=cpu_s),
    )


def row(task: str, successes: int, episodes: int, **changes: Any) -> dict[str, Any]:
    rate = wilson(successes, episodes)
    return {
        "task": task,
        "successes": successes,
        "episodes": episodes,
        "success": rate.value,
        "low": rate.low,
        "high": rate.high,
        "mean_steps": 2.0,
        "cost_per_success": 0.5 if successes else None,
        **changes,
    }


def test_success_rows_count_only_what_the_policy_did() -> None:
    outcomes = [Outcome.SUCCESS, Outcome.FAILURE, Outcome.TRUNCATED, Outcome.INFRA_ERROR, Outcome.VERIFIER_ERROR]
    episodes = [*(episode("b", outcome) for outcome in outcomes), episode("a", Outcome.BLOCKED)]
    rows = [score.to_row() for score in score_episodes(episodes, prices=Prices(cpu_hour=0.1))]
    a, b = rows
    assert (a["task"], a["episodes"], a["success"], a["cost_per_success"]) == ("a", 0, None, None)
    assert (b["successes"], b["episodes"], b["mean_steps"]) == (1, 3, 0.0)
    assert b["cost_per_success"] == pytest.approx(0.5)  # the other two cost as well
    assert (b["low"], b["high"]) == (wilson(1, 3).low, wilson(1, 3).high)
    assert read_scores(rows)["b"] == TaskScore(task="b", successes=1, episodes=3, mean_steps=0.0, cost=b["cost"])


@pytest.mark.parametrize(
    "rows",
    [
        [{}],
        [None],
        [row("a", 1, 2) | {"successes": 3}],
        [row("a", 1, 2) | {"episodes": "many"}],
        [row("a", 1, 2, cost="dear")],
        [row("a", 1, 2, cost=float("nan"))],
        [row("a", 1, 2) | {"successes": float("nan")}],
    ],
)
def test_a_table_that_is_none_is_refused(rows: list[Any]) -> None:
    with pytest.raises(DataError, match="not a table of successes"):
        read_scores(rows)


def test_cost_is_known_from_successes_alone_only_where_there_are_some() -> None:
    read = read_scores([row("a", 4, 8), row("b", 0, 8)])
    assert (read["a"].cost, read["b"].cost) == (2.0, None)


def test_tasks_of_a_set_are_grouped_by_family_and_others_are_their_own() -> None:
    values = {"miniwob/click-tab-2": 1.0, "shop/reach-1": 0.5, "shop/reach-12": 1.0, "shop/find-answer-3": 0.0}
    assert by_group(values) == {"click-tab-2": 1.0, "reach": 0.75, "find-answer": 0.0}
    assert by_group({f"miniwob/task-{i}": 1.0 for i in range(56)}) == {}, "more than a run takes as metrics"


def test_a_row_says_whether_its_task_was_held_out() -> None:
    rows = [TaskScore(task=task, successes=1, episodes=2, held_out=task == "b").to_row() for task in "ab"]
    assert [score.held_out for score in read_scores(rows).values()] == [False, True]
    del rows[1]["held_out"]  # as rows were before
    assert not read_scores(rows)["b"].held_out
