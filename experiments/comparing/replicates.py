"""Evaluated runs as MLflow has them: settings, scores, and how success grew with what it took."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from experiments.scores import TABLE, TaskScore, read_scores
from experiments.tracking import MlflowTracker, RunSummary

AXES = ("steps", "seconds", "money")  # what learning takes; attributes of a curve
SUCCESS, STEPS, SECONDS, MONEY = "rollout/task_success", "rollout/steps", "train/update_s", "train/money"
PARENT, COMMIT = "mlflow.parentRunId", "mlflow.source.git.commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Success in practice update by update, with what had been spent by then."""

    success: tuple[float, ...] = ()
    steps: tuple[float, ...] = ()  # in the environment
    seconds: tuple[float, ...] = ()  # wall clock
    money: tuple[float, ...] = ()  # empty where a run did not log it


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicate:
    """One evaluated run."""

    id: str
    name: str
    experiment: str
    arm: str  # the part of a nested run's name that its parent's lacks
    params: dict[str, str]
    scores: dict[str, TaskScore]  # of tasks with episodes
    curve: Curve = Curve()
    commit: str = ""

    @property
    def seed(self) -> str:
        """The run's seed as it was logged."""
        return self.params.get("seed", "")


def read_replicate(tracker: MlflowTracker, run: RunSummary, *, experiment: str) -> Replicate:
    """Return a run with its table of successes; raise an error where it has none, or a broken one."""
    scores = read_scores(tracker.table(run, name=TABLE))
    return Replicate(
        id=run.id,
        name=run.name,
        experiment=experiment,
        arm=run.name.rpartition("/")[2] if PARENT in run.tags else "",
        params=run.params,
        scores={task: score for task, score in scores.items() if score.episodes},
        curve=read_curve(lambda metric: tracker.history(run, metric=metric)),
        commit=run.tags.get(COMMIT, ""),
    )


def read_curve(history: Callable[[str], Mapping[int, float]]) -> Curve:
    """Return a run's learning curve; updates whose success, steps or time is no number are left out."""
    success, steps = _numbers(history(SUCCESS)), _numbers(history(STEPS))
    seconds, money = _numbers(history(SECONDS)), _numbers(history(MONEY))
    updates = sorted(success.keys() & steps.keys() & seconds.keys())
    if not updates:
        return Curve()
    return Curve(
        success=tuple(min(success[update], 1.0) for update in updates),
        steps=_running_sum(steps[update] for update in updates),
        seconds=_running_sum(seconds[update] for update in updates),
        money=_running_sum(money[update] for update in updates) if money.keys() >= set(updates) else (),
    )


def _numbers(values: Mapping[int, float]) -> dict[int, float]:
    """Return what can have been measured; MLflow's stand-in for infinity is the largest float."""
    return {step: value for step, value in values.items() if math.isfinite(value) and 0 <= value < 1e300}


def _running_sum(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(accumulate(values))
