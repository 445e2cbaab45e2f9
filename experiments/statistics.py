"""Intervals and aggregates for success rates: what may be said about a difference, and what may not.

Wilson (1927) and Newcombe (1998, method 10) for proportions; interquartile mean, stratified bootstrap, probability of
improvement and performance profiles after Agarwal et al. (2021), "Deep RL at the edge of the statistical precipice".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from browser_env.errors import UsageError

Z95 = 1.959963984540054  # the standard normal's 97.5% quantile
RESAMPLES = 10_000
CHUNK = 500  # resamples drawn at once: bounds memory

Floats = NDArray[np.float64]
Statistic = Callable[..., Floats]  # of scores (..., num_seeds, num_tasks), one for each sample; gives (..., *shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Values with their 95% intervals, all of one shape."""

    value: Floats
    low: Floats
    high: Floats

    def estimates(self) -> list[Estimate]:
        """Return the values one by one."""
        rows = zip(self.value.ravel(), self.low.ravel(), self.high.ravel(), strict=True)
        return [Estimate(value=float(value), low=float(low), high=float(high)) for value, low, high in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the seeds of one configuration scored."""

    scores: Floats  # (num_seeds, num_tasks): success rates
    episodes: NDArray[np.int64]  # (num_seeds, num_tasks): behind each rate

    def __post_init__(self) -> None:
        if self.scores.ndim != 2 or not self.scores.size or self.scores.shape != self.episodes.shape:
            raise UsageError("an interval needs at least one score of every task; leave out tasks without episodes")

    @property
    def of_seeds(self) -> bool:
        """Whether seeds are resampled; of a single seed it is the evaluation's episodes."""
        return len(self.scores) > 1

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """Return resamples, each task (stratum) within itself: (size, num_seeds, num_tasks)."""
        if not self.of_seeds:
            return rng.binomial(self.episodes, self.scores, size=(size, *self.scores.shape)) / self.episodes
        chosen = rng.integers(len(self.scores), size=(size, *self.scores.shape))
        return np.take_along_axis(self.scores[None], chosen, axis=1)


def wilson(successes: int, episodes: int, *, z: float = Z95) -> Estimate:
    """Return a success rate with its Wilson score interval; nothing tried is [0, 1] around one half."""
    if not 0 <= successes <= episodes:
        raise UsageError(f"{successes} successes of {episodes} episodes cannot be; count again")
    if episodes == 0:
        return Estimate(value=0.5, low=0.0, high=1.0)
    rate = successes / episodes
    shrink = 1 + z * z / episodes
    middle = (rate + z * z / (2 * episodes)) / shrink
    half = z / shrink * sqrt(rate * (1 - rate) / episodes + z * z / (4 * episodes * episodes))
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == episodes else middle + half
    return Estimate(value=rate, low=low, high=high)


def rate_difference(first: Estimate, second: Estimate) -> Estimate:
    """Return second minus first with Newcombe's hybrid score interval, from two Wilson estimates."""
    value = second.value - first.value
    low = value - hypot(second.value - second.low, first.high - first.value)
    high = value + hypot(second.high - second.value, first.value - first.low)
    return Estimate(value=value, low=low, high=high)


def mean(scores: Floats) -> Floats:
    """Return the mean over seeds and tasks: every task counts the same."""
    return np.asarray(scores.mean(axis=(-2, -1)))


def task_means(scores: Floats) -> Floats:
    """Return each task's mean over seeds: (..., num_tasks)."""
    return np.asarray(scores.mean(axis=-2))


def task_differences(first: Floats, second: Floats) -> Floats:
    """Return by how much the second's mean over seeds is higher, task by task: (..., num_tasks)."""
    return task_means(second) - task_means(first)


def interquartile_mean(scores: Floats) -> Floats:
    """Return the mean of all seeds' and tasks' scores but the lowest and highest quarter of them, rounded down."""
    flat = np.sort(scores.reshape(*scores.shape[:-2], -1), axis=-1)
    cut = flat.shape[-1] // 4
    return np.asarray(flat[..., cut : flat.shape[-1] - cut].mean(axis=-1))


def probability_of_improvement(first: Floats, second: Floats) -> Floats:
    """Return P(second > first) + P(equal) / 2 for a random pair of seeds on one task, averaged over tasks."""
    if first.shape[-1] != second.shape[-1]:
        raise UsageError(f"{first.shape[-1]} tasks cannot be paired with {second.shape[-1]}; compare the same tasks")
    pairs = np.sign(second[..., :, None, :] - first[..., None, :, :])  # (..., n_second, n_first, num_tasks)
    return np.asarray((pairs.mean(axis=(-3, -2, -1)) + 1) / 2)


def performance_profile(scores: Floats, *, above: Sequence[float]) -> Floats:
    """Return the share of all seeds' and tasks' scores that lie above each threshold: (..., len(above))."""
    return np.stack([(scores > threshold).mean(axis=(-2, -1)) for threshold in above], axis=-1)


def bootstrap(statistic: Statistic, *samples: Sample, seed: int, resamples: int = RESAMPLES) -> Band:
    """Return a statistic of samples with its percentile intervals; every sample is resampled by itself."""
    rngs = [np.random.default_rng([seed, position]) for position in range(len(samples))]
    draws = np.concatenate(
        [
            statistic(*(sample.draw(size, rng) for sample, rng in zip(samples, rngs, strict=True)))
            for size in _chunks(resamples)
        ]
    )
    return _percentiles(statistic(*(sample.scores for sample in samples)), draws)


def estimate(statistic: Statistic, *samples: Sample, seed: int, resamples: int = RESAMPLES) -> Estimate:
    """Return :func:`bootstrap` of a statistic that is one number."""
    return bootstrap(statistic, *samples, seed=seed, resamples=resamples).estimates()[0]


def bootstrap_rows(rows: Floats, *, seed: int, resamples: int = RESAMPLES) -> Band:
    """Return the mean over rows, (num_seeds, num_points), with intervals over whole rows; one row has no width."""
    count = len(rows)
    weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples) / count
    return _percentiles(rows.mean(axis=0), weights @ rows)


def _chunks(resamples: int) -> list[int]:
    return [min(CHUNK, resamples - start) for start in range(0, resamples, CHUNK)]


def _percentiles(value: Floats, draws: Floats) -> Band:
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    return Band(value=np.asarray(value), low=np.asarray(low), high=np.asarray(high))
