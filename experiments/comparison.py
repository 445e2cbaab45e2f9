"""What differs between runs: their settings, and their success task by task, as far as the episodes can tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from browser_env.episode import Episode
from browser_env.errors import DataError, UsageError
from experiments.statistics import (
    Estimate,
    Scores,
    bootstrap,
    bootstrap_improvement,
    interquartile_mean_of_means,
    mean_of_means,
    rate_difference,
    wilson,
)
from rewards.cost import Cost, Prices

TABLE = "success"  # the table that an evaluation logs


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScore:
    """How a run did on one task."""

    task: str
    successes: int
    episodes: int  # that ended by the policy's own doing
    mean_steps: float | None = None
    cost: float | None = None  # money, of all episodes; None where it is not known

    @property
    def rate(self) -> Estimate:
        """The success rate with its interval."""
        return wilson(self.successes, self.episodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScores:
    """A run with its settings and its scores."""

    id: str
    name: str
    params: dict[str, str]
    tasks: dict[str, TaskScore]


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A run over the tasks that all runs share."""

    successes: int
    episodes: int
    mean: Estimate  # of the tasks' success rates
    interquartile_mean: Estimate
    cost_per_success: float | None
    improvement: Estimate | None  # probability of improvement over the first run; None for the first
    verdict: str  # against the first run


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """One task across the runs."""

    task: str
    rates: tuple[Estimate | None, ...]  # None where a run has no episode of it
    differences: tuple[Estimate | None, ...]  # to the first run, one for each other run


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs side by side; the first is what the others are compared to."""

    runs: tuple[RunScores, ...]
    params: dict[str, tuple[str | None, ...]]  # only those that differ
    lines: tuple[TaskLine, ...]
    shared: tuple[str, ...]  # tasks that every run has episodes of
    totals: tuple[Total, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON-serialisable data."""
        return {
            "runs": [{"id": run.id, "name": run.name} for run in self.runs],
            "params": {key: list(values) for key, values in self.params.items()},
            "tasks": [asdict(line) for line in self.lines],
            "shared_tasks": list(self.shared),
            "totals": [asdict(total) for total in self.totals],
        }


def success_rows(episodes: Iterable[Episode], *, prices: Prices | None = None) -> list[dict[str, Any]]:
    """Return the rows of the table "success"; episodes that say nothing of the policy count only as cost."""
    groups: dict[str, list[Episode]] = {}
    for episode in episodes:
        groups.setdefault(episode.task.name, []).append(episode)
    return [_row(task, groups[task], prices=prices or Prices()) for task in sorted(groups)]


def read_scores(rows: Sequence[Mapping[str, Any]]) -> dict[str, TaskScore]:
    """Return the scores of a table "success" by task; raise :class:`DataError` on anything else."""
    try:
        scores = [_score(row) for row in rows]
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise DataError(f"not a table of successes: {error}; log one with success_rows()") from error
    return {score.task: score for score in scores}


def compare(runs: Sequence[RunScores], *, seed: int = 0) -> Comparison:
    """Compare runs to the first of them; the seed draws the resamples of the intervals."""
    if len(runs) < 2:
        raise UsageError("a comparison needs two runs; name another one")
    tasks = sorted({task for run in runs for task in run.tasks})
    shared = tuple(task for task in tasks if all(_tried(run, task) for run in runs))
    if not shared:
        raise UsageError("the runs share no task with episodes; evaluate them on the same tasks")
    return Comparison(
        runs=tuple(runs),
        params=_differing([run.params for run in runs]),
        lines=tuple(_line(task, runs) for task in tasks),
        shared=shared,
        totals=tuple(_total(run, runs[0], shared=shared, seed=seed) for run in runs),
    )


def _row(task: str, episodes: Sequence[Episode], *, prices: Prices) -> dict[str, Any]:
    counted = [episode for episode in episodes if episode.outcome.learnable]
    successes = sum(episode.success for episode in counted)
    rate = wilson(successes, len(counted))
    cost = prices.money(sum((episode.cost for episode in episodes), Cost()))
    return {
        "task": task,
        "successes": successes,
        "episodes": len(counted),
        "success": rate.value if counted else None,
        "low": rate.low,
        "high": rate.high,
        "mean_steps": sum(len(episode.steps) for episode in counted) / len(counted) if counted else None,
        "cost_per_success": cost / successes if successes else None,
        "cost": cost,
    }


def _score(row: Mapping[str, Any]) -> TaskScore:
    successes, cost, per_success = int(row["successes"]), row.get("cost"), row.get("cost_per_success")
    if cost is None and per_success is not None:
        cost = per_success * successes
    score = TaskScore(
        task=str(row["task"]),
        successes=successes,
        episodes=int(row["episodes"]),
        mean_steps=row.get("mean_steps"),
        cost=None if cost is None else float(cost),
    )
    wilson(score.successes, score.episodes)  # refuses impossible counts
    return score


def _tried(run: RunScores, task: str) -> bool:
    return task in run.tasks and run.tasks[task].episodes > 0


def _differing(params: Sequence[Mapping[str, str]]) -> dict[str, tuple[str | None, ...]]:
    keys = sorted({key for each in params for key in each})
    rows = {key: tuple(each.get(key) for each in params) for key in keys}
    return {key: values for key, values in rows.items() if len(set(values)) > 1}


def _line(task: str, runs: Sequence[RunScores]) -> TaskLine:
    rates = tuple(run.tasks[task].rate if _tried(run, task) else None for run in runs)
    first = rates[0]
    differences = tuple(None if first is None or rate is None else rate_difference(first, rate) for rate in rates[1:])
    return TaskLine(task=task, rates=rates, differences=differences)


def _total(run: RunScores, first: RunScores, *, shared: Sequence[str], seed: int) -> Total:
    scores = [run.tasks[task] for task in shared]
    strata, successes = _strata(scores), sum(score.successes for score in scores)
    improvement = None
    if run is not first:
        improvement = bootstrap_improvement(_strata([first.tasks[task] for task in shared]), strata, seed=seed)
    return Total(
        successes=successes,
        episodes=sum(score.episodes for score in scores),
        mean=bootstrap(strata, mean_of_means, seed=seed),
        interquartile_mean=bootstrap(strata, interquartile_mean_of_means, seed=seed),
        cost_per_success=_cost_per_success([score.cost for score in scores], successes),
        improvement=improvement,
        verdict=_verdict(improvement),
    )


def _cost_per_success(costs: Sequence[float | None], successes: int) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) / successes if successes and len(known) == len(costs) else None


def _verdict(improvement: Estimate | None) -> str:
    if improvement is None:
        return "baseline"
    if improvement.low > 0.5:
        return "better"
    return "worse" if improvement.high < 0.5 else "cannot be told apart"


def _strata(scores: Sequence[TaskScore]) -> list[Scores]:
    """Return each task's episodes as ones and zeros."""
    return [np.repeat([1.0, 0.0], [score.successes, score.episodes - score.successes]) for score in scores]
