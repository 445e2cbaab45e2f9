"""What a policy reached on a task, and the table that keeps it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Self

from browser_env.episode import Episode
from browser_env.errors import DataError, UsageError
from experiments.statistics import Estimate, wilson
from replay.opinions import JUDGED
from rewards.cost import Cost, Prices

TABLE = "success"  # the table that an evaluation logs
MOST_GROUPS = 24  # that are metrics of their own, once while learning and once when evaluated


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScore:
    """How a policy did on one task."""

    task: str
    successes: int
    episodes: int  # that ended by the policy's own doing
    mean_steps: float | None = None
    cost: float | None = None  # money, of all episodes; None where it is not known
    held_out: bool = False  # whether training kept the task for evaluation alone
    judged: bool = False  # whether a model said how episodes ended, as no verifier can

    @property
    def rate(self) -> Estimate:
        """The success rate with its interval."""
        return wilson(self.successes, self.episodes)

    @property
    def cost_per_success(self) -> float | None:
        """What one success cost; failed episodes count in it."""
        return self.cost / self.successes if self.cost is not None and self.successes else None

    def to_row(self) -> dict[str, Any]:
        """Return the score as a row of the table "success"."""
        return {
            "task": self.task,
            "successes": self.successes,
            "episodes": self.episodes,
            "success": self.rate.value if self.episodes else None,
            "low": self.rate.low,
            "high": self.rate.high,
            "mean_steps": self.mean_steps,
            "cost_per_success": self.cost_per_success,
            "cost": self.cost,
            "held_out": self.held_out,
            "judged": self.judged,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Rebuild a score from :meth:`to_row`."""
        successes, cost, per_success = int(row["successes"]), row.get("cost"), row.get("cost_per_success")
        if cost is None and per_success is not None:
            cost = per_success * successes
        score = cls(
            task=str(row["task"]),
            successes=successes,
            episodes=int(row["episodes"]),
            mean_steps=row.get("mean_steps"),
            cost=None if cost is None else float(cost),
            held_out=bool(row.get("held_out", False)),
            judged=bool(row.get("judged", False)),
        )
        wilson(score.successes, score.episodes)  # refuses impossible counts
        if score.cost is not None and not isfinite(score.cost):
            raise ValueError(f"a cost of {score.cost}")
        return score


def score_episodes(
    episodes: Iterable[Episode], *, prices: Prices | None = None, held_out: Container[str] = ()
) -> list[TaskScore]:
    """Return a score for each task, by name; episodes that say nothing of the policy count only as cost.

    ``held_out`` has the names of the tasks that training kept for evaluation alone.
    """
    groups: dict[str, list[Episode]] = {}
    for episode in episodes:
        groups.setdefault(episode.task.name, []).append(episode)
    return [_score(task, groups[task], prices=prices or Prices(), held_out=task in held_out) for task in sorted(groups)]


def mean_success(scores: Sequence[TaskScore]) -> float:
    """Return the mean over tasks with episodes; each counts the same."""
    rates = [score.rate.value for score in scores if score.episodes]
    return sum(rates) / len(rates) if rates else 0.0


def total_cost(episodes: Iterable[Episode]) -> Cost:
    """Return what all episodes cost together."""
    return sum((episode.cost for episode in episodes), start=Cost())


def read_scores(rows: Sequence[Mapping[str, Any]]) -> dict[str, TaskScore]:
    """Return the scores of a table "success" by task; raise :class:`DataError` on anything else."""
    try:
        scores = [TaskScore.from_row(row) for row in rows]
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise DataError(f"not a table of successes: {error}; log the rows of score_episodes()") from error
    return {score.task: score for score in scores}


def _score(task: str, episodes: Sequence[Episode], *, prices: Prices, held_out: bool) -> TaskScore:
    counted = [episode for episode in episodes if episode.outcome.learnable]
    return TaskScore(
        task=task,
        successes=sum(episode.success for episode in counted),
        episodes=len(counted),
        mean_steps=sum(len(episode.steps) for episode in counted) / len(counted) if counted else None,
        cost=prices.money(total_cost(episodes)),
        held_out=held_out,
        judged=any(JUDGED in episode.tags for episode in episodes),
    )


def by_group(values: Mapping[str, float]) -> dict[str, float]:
    """Return the mean over each group of tasks: a compiled set's families; each task of the suite is its own.

    Nothing where there are more groups than a run has room for as metrics; its tables hold them.
    """
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for task, value in values.items():
        suite, _, name = task.rpartition("/")
        groups[name if suite == "miniwob" else name.rpartition("-")[0] or name].append(value)
    return {group: sum(found) / len(found) for group, found in groups.items()} if len(groups) <= MOST_GROUPS else {}
