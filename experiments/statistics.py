"""Intervals and aggregates for success rates: what may be said about a difference, and what may not.

Wilson (1927) and Newcombe (1998, method 10) for proportions; interquartile mean, stratified bootstrap and
probability of improvement after Agarwal et al. (2021), "Deep RL at the edge of the statistical precipice".
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
CHUNK = 500  # resamples drawn at once: bounds memory, not the result's meaning

Scores = NDArray[np.float64]  # (..., n): one stratum, e.g. the episodes of one task
Statistic = Callable[[Sequence[Scores]], Scores]  # strata of (..., n_i) -> (...)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its 95% interval."""

    value: float
    low: float
    high: float


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


def interquartile_mean(scores: Scores) -> Scores:
    """Return the mean of the middle half along the last axis; a quarter, rounded down, is cut from each end."""
    cut = scores.shape[-1] // 4
    middle: Scores = np.sort(scores, axis=-1)[..., cut : scores.shape[-1] - cut]
    return np.asarray(middle.mean(axis=-1))


def mean_of_means(strata: Sequence[Scores]) -> Scores:
    """Return the mean over strata of each stratum's mean: every task counts the same."""
    return np.asarray(_means(strata).mean(axis=-1))


def interquartile_mean_of_means(strata: Sequence[Scores]) -> Scores:
    """Return the interquartile mean over strata of each stratum's mean."""
    return interquartile_mean(_means(strata))


def probability_of_improvement(first: Sequence[Scores], second: Sequence[Scores]) -> Scores:
    """Return P(second > first) + P(equal) / 2 for a random pair of scores, averaged over strata."""
    if len(first) != len(second):
        raise UsageError(f"{len(first)} strata cannot be paired with {len(second)}; compare the same tasks")
    return np.asarray(np.stack([_mann_whitney(x, y) for x, y in zip(first, second, strict=True)], axis=-1).mean(-1))


def bootstrap(strata: Sequence[Scores], statistic: Statistic, *, seed: int, resamples: int = RESAMPLES) -> Estimate:
    """Return a statistic with its percentile interval; each stratum is resampled within itself."""
    _require_scores(strata)
    rng = np.random.default_rng(seed)
    sizes = _chunks(resamples)
    draws = np.concatenate([statistic([_resample(s, rng, size=size) for s in strata]) for size in sizes])
    return _percentile(float(statistic(strata)), draws)


def bootstrap_improvement(
    first: Sequence[Scores], second: Sequence[Scores], *, seed: int, resamples: int = RESAMPLES
) -> Estimate:
    """Return the probability of improvement with its percentile interval, both sides resampled."""
    return bootstrap(
        [*first, *second],
        lambda both: probability_of_improvement(both[: len(first)], both[len(first) :]),
        seed=seed,
        resamples=resamples,
    )


def _means(strata: Sequence[Scores]) -> Scores:
    return np.stack([scores.mean(axis=-1) for scores in strata], axis=-1)


def _mann_whitney(first: Scores, second: Scores) -> Scores:
    pairs = np.sign(second[..., :, None] - first[..., None, :])  # (..., n_second, n_first)
    return np.asarray((pairs.mean(axis=(-2, -1)) + 1) / 2)


def _resample(scores: Scores, rng: np.random.Generator, *, size: int) -> Scores:
    return np.asarray(scores[rng.integers(len(scores), size=(size, len(scores)))])


def _chunks(resamples: int) -> list[int]:
    return [min(CHUNK, resamples - start) for start in range(0, resamples, CHUNK)]


def _percentile(value: float, draws: Scores) -> Estimate:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Estimate(value=value, low=float(low), high=float(high))


def _require_scores(strata: Sequence[Scores]) -> None:
    if not strata or any(scores.ndim != 1 or not len(scores) for scores in strata):
        raise UsageError("an interval needs at least one score in every stratum; leave out tasks without episodes")
