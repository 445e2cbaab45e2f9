"""Batches that mix demonstrations with the policy's own experience."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from browser_env.action import Action
from browser_env.episode import Episode
from browser_env.errors import UsageError
from browser_env.observation import Observation

LEAST_SURPRISE, MOST_SURPRISE = 0.3, 5.0  # in nats: what was sure is still repeated, what was absurd not for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One decision to learn from, and which losses it enters."""

    observation: Observation
    action: Action
    weight: float  # of the imitation loss; 0: not imitated
    advantage: float | None = None  # None: not in the policy gradient
    log_prob: float | None = None  # of the action under the policy that acted
    policy_version: int | None = None  # of the policy that acted
    target_return: float | None = None  # None: not in the value loss
    task: str  # the task's name
    episode: str  # the episode's id
    step: int  # from 0


class ReplayBuffer:
    """Demonstrations, and the newest successes of each task, in memory."""

    def __init__(self, *, demonstrations: Sequence[Episode], successes_per_task: int = 8) -> None:
        if successes_per_task < 0:
            raise UsageError(f"successes_per_task is {successes_per_task}; it must be 0 or more")
        self._successes_per_task = successes_per_task
        self._rejected = 0
        self._demonstrations: dict[str, list[Episode]] = {}
        self._successes: dict[str, dict[int, Episode]] = {}  # task -> seed -> episode, oldest first
        for episode in demonstrations:
            if episode.success and episode.steps:
                self._demonstrations.setdefault(episode.task.name, []).append(episode)

    @property
    def num_demonstrations(self) -> int:
        """How many demonstrations there are to imitate; failed and empty ones are not."""
        return sum(len(episodes) for episodes in self._demonstrations.values())

    @property
    def num_successes(self) -> int:
        """How many own successes are kept."""
        return sum(len(episodes) for episodes in self._successes.values())

    @property
    def rejected(self) -> int:
        """How many own episodes ended in a way that says nothing of the policy."""
        return self._rejected

    def add(self, episodes: Sequence[Episode]) -> None:
        """Keep own successes, the newest per task and seed; count what no learner may see."""
        for episode in episodes:
            if not episode.outcome.learnable:
                self._rejected += 1
            elif episode.success and episode.steps:
                self._keep(episode)

    def sample(
        self,
        batch_size: int,
        *,
        demo_fraction: float,
        rng: np.random.Generator,
        shares: Mapping[str, float] | None = None,
    ) -> list[Sample]:
        """Draw ``round(batch_size * demo_fraction)`` demonstration steps, the rest from own successes.

        The task is drawn uniformly, or in proportion to its ``shares``, then the episode, own ones in proportion to
        how much their last step surprised the policy, then the step. Where one side has nothing the other fills
        the batch; where both have nothing the batch is empty.
        """
        if batch_size < 0 or not 0.0 <= demo_fraction <= 1.0:
            raise UsageError(f"no batch of {batch_size} with {demo_fraction} demonstrations; give a fraction of 0 to 1")
        demonstrations = self._demonstrations
        successes = {task: list(by_seed.values()) for task, by_seed in self._successes.items()}
        num_demonstrations = round(batch_size * demo_fraction)
        if not demonstrations or not successes:
            num_demonstrations = batch_size if demonstrations else 0
        num_successes = batch_size - num_demonstrations if successes else 0
        return [
            *_draw(demonstrations, num_demonstrations, rng, shares),
            *_draw(successes, num_successes, rng, shares),
        ]

    def epoch(self, batch_size: int, rng: np.random.Generator) -> Iterator[list[Sample]]:
        """Yield every demonstration step once, shuffled; the last batch may be smaller."""
        if batch_size < 1:
            raise UsageError(f"batch_size is {batch_size}; it must be 1 or more")
        episodes = [episode for group in self._demonstrations.values() for episode in group]
        steps = [(episode, index) for episode in episodes for index in range(len(episode.steps))]
        order = rng.permutation(len(steps))
        for start in range(0, len(steps), batch_size):
            chosen = [steps[i] for i in order[start : start + batch_size]]
            yield [replace(_imitated(*step), target_return=step[0].reward) for step in chosen]

    def _keep(self, episode: Episode) -> None:
        if self._successes_per_task == 0:
            return
        by_seed = self._successes.setdefault(episode.task.name, {})
        by_seed.pop(episode.seed, None)  # the newest goes to the end
        by_seed[episode.seed] = episode
        while len(by_seed) > self._successes_per_task:
            del by_seed[next(iter(by_seed))]


def experience_samples(episodes: Sequence[Episode], *, advantages: Mapping[str, float]) -> list[Sample]:
    """Return the steps of own episodes for the policy gradient; episodes without an advantage are left out.

    Steps a person took over, and steps without a log-probability, enter no loss until their weight is set.
    """
    return [
        _experienced(episode, index, advantages[episode.id])
        for episode in episodes
        if episode.id in advantages and episode.outcome.learnable
        for index in range(len(episode.steps))
    ]


def _draw(
    tasks: Mapping[str, list[Episode]], count: int, rng: np.random.Generator, shares: Mapping[str, float] | None
) -> list[Sample]:
    if not tasks or not count:
        return []
    chances = np.array([1.0 if shares is None else shares.get(task, 0.0) for task in tasks])
    chances = chances / chances.sum() if chances.sum() > 0 else np.full(len(tasks), 1 / len(tasks))
    groups = list(tasks.values())
    samples = []
    for index in rng.choice(len(groups), size=count, p=chances):
        surprise = np.array([_surprise(episode) for episode in groups[index]])
        episode = groups[index][rng.choice(len(surprise), p=surprise / surprise.sum())]
        samples.append(_imitated(episode, int(rng.integers(len(episode.steps)))))
    return samples


def _surprise(episode: Episode) -> float:
    """Return how unlikely the last step was to the policy that took it, bounded; 1 for demonstrations.

    The last step earned the success. An odd step before it is as likely a detour, not to be preferred.
    """
    log_prob = episode.steps[-1].log_prob
    return 1.0 if log_prob is None else float(np.clip(-log_prob, LEAST_SURPRISE, MOST_SURPRISE))


def _imitated(episode: Episode, index: int) -> Sample:
    return Sample(
        observation=episode.steps[index].observation,
        action=episode.steps[index].action,
        weight=1.0,
        log_prob=episode.steps[index].log_prob,
        policy_version=episode.policy_version,
        task=episode.task.name,
        episode=episode.id,
        step=index,
    )


def _experienced(episode: Episode, index: int, advantage: float) -> Sample:
    step = episode.steps[index]
    own = step.log_prob is not None and not step.intervention
    return Sample(
        observation=step.observation,
        action=step.action,
        weight=0.0,
        advantage=advantage if own else None,
        log_prob=step.log_prob,
        policy_version=episode.policy_version,
        target_return=episode.reward if own else None,
        task=episode.task.name,
        episode=episode.id,
        step=index,
    )
