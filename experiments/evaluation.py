"""How good a policy is, on seeds that it never trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from browser_env.acting import Policy
from browser_env.episode import Episode
from browser_env.errors import InfraError
from browser_env.pool import Pool, RolloutRequest
from browser_env.seeds import held_out_seed
from browser_env.task import Task
from experiments.statistics import wilson
from rewards.cost import Cost, Prices, cost_per_success

MAX_ATTEMPTS = 3  # at an episode that infrastructure breaks


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScore:
    """What a policy reached on a task."""

    task: str
    successes: int
    episodes: int
    low: float  # of the 95% Wilson interval
    high: float
    mean_steps: float
    cost_per_success: float | None  # in the prices' currency

    @property
    def success(self) -> float:
        """The share of episodes that succeeded."""
        return self.successes / self.episodes

    def to_row(self) -> dict[str, Any]:
        """Return the score as a row of a table."""
        return asdict(self) | {"success": self.success}


def evaluate(
    policy: Policy,
    pool: Pool,
    tasks: Sequence[Task],
    *,
    episodes_per_task: int,
    greedy: bool = True,
    done: Sequence[Episode] = (),
    on_episode: Callable[[Episode], None] = lambda episode: None,
) -> list[Episode]:
    """Return episodes on held-out seeds; those in ``done`` are not made again.

    An episode that infrastructure broke is made again; raise :class:`InfraError` where it breaks every time.
    """
    have = {(e.task.name, e.seed): e for e in done if e.outcome.learnable}
    wanted = {(task.name, held_out_seed(i)): task for i in range(episodes_per_task) for task in tasks}
    for _ in range(MAX_ATTEMPTS):
        missing = [RolloutRequest(task=task, seed=key[1]) for key, task in wanted.items() if key not in have]
        for episode in _roll(policy, pool, missing, greedy=greedy):
            if episode.outcome.learnable:
                have[episode.task.name, episode.seed] = episode
                on_episode(episode)
    broken = sorted({task for task, seed in wanted if (task, seed) not in have})
    if broken:
        raise InfraError(f"{', '.join(broken)} cannot be evaluated: its episodes break; run `webdual doctor`")
    return [have[key] for key in wanted]


def _roll(policy: Policy, pool: Pool, requests: Sequence[RolloutRequest], *, greedy: bool) -> Iterator[Episode]:
    if requests:
        yield from pool.rollout(policy, requests, greedy=greedy)


def tagged(episode: Episode, tag: str) -> Episode:
    """Return the episode with a tag added."""
    return replace(episode, tags=(*episode.tags, tag))


def score(episodes: Sequence[Episode], prices: Prices) -> list[TaskScore]:
    """Return a score for each task, in the order in which the tasks first appear."""
    by_task: dict[str, list[Episode]] = {}
    for episode in episodes:
        if episode.outcome.learnable:
            by_task.setdefault(episode.task.name, []).append(episode)
    return [_score(task, group, prices) for task, group in by_task.items()]


def _score(task: str, episodes: Sequence[Episode], prices: Prices) -> TaskScore:
    successes = sum(episode.success for episode in episodes)
    estimate = wilson(successes, len(episodes))
    return TaskScore(
        task=task,
        successes=successes,
        episodes=len(episodes),
        low=estimate.low,
        high=estimate.high,
        mean_steps=sum(len(episode.steps) for episode in episodes) / len(episodes),
        cost_per_success=cost_per_success(total_cost(episodes), successes, prices),
    )


def mean_success(scores: Sequence[TaskScore]) -> float:
    """Return the mean over tasks; each counts the same."""
    return sum(score.success for score in scores) / len(scores)


def total_cost(episodes: Sequence[Episode]) -> Cost:
    """Return what all episodes cost together."""
    return sum((episode.cost for episode in episodes), start=Cost())
