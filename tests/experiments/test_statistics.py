from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.errors import UsageError
from experiments.statistics import (
    Estimate,
    Floats,
    Sample,
    bootstrap,
    bootstrap_rows,
    estimate,
    interquartile_mean,
    mean,
    performance_profile,
    probability_of_improvement,
    rate_difference,
    task_differences,
    task_means,
    wilson,
)


def scores(*seeds: list[float]) -> Floats:
    """A row for each seed, a column for each task."""
    return np.array(seeds, dtype=np.float64)


def sample(*seeds: list[float], episodes: int = 50) -> Sample:
    return Sample(scores=scores(*seeds), episodes=np.full((len(seeds), len(seeds[0])), episodes))


@pytest.mark.parametrize(
    ("successes", "episodes", "low", "high"),
    [
        (0, 10, 0.0, 0.27753),  # z^2 / (n + z^2) = 3.841459 / 13.841459
        (10, 10, 0.72247, 1.0),
        (5, 10, 0.23659, 0.76341),
        (81, 263, 0.25525, 0.36621),  # Newcombe (1998), table I: 0.2553 to 0.3662
        (15, 148, 0.06242, 0.16048),  # Newcombe (1998), table I: 0.0624 to 0.1605
        (1, 29, 0.00611, 0.17176),  # Newcombe (1998), table I: 0.0061 to 0.1718
    ],
)
def test_wilson_known_values(successes: int, episodes: int, low: float, high: float) -> None:
    estimate = wilson(successes, episodes)
    assert estimate.value == successes / episodes
    assert estimate.low == pytest.approx(low, abs=5e-5)
    assert estimate.high == pytest.approx(high, abs=5e-5)


def test_wilson_of_nothing_says_nothing() -> None:
    assert wilson(0, 0) == Estimate(value=0.5, low=0.0, high=1.0)


@pytest.mark.parametrize(("successes", "episodes"), [(-1, 3), (4, 3), (1, 0)])
def test_wilson_refuses_impossible_counts(successes: int, episodes: int) -> None:
    with pytest.raises(UsageError, match="cannot be"):
        wilson(successes, episodes)


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_rate_and_stays_within_bounds(a: int, b: int) -> None:
    estimate = wilson(min(a, b), max(a, b))
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_rate_difference_known_values() -> None:
    # Newcombe (1998), table II, method 10: 56/70 against 48/80 is 0.2000, from 0.0524 to 0.3339
    difference = rate_difference(wilson(48, 80), wilson(56, 70))
    assert difference.value == pytest.approx(0.2)
    assert difference.low == pytest.approx(0.0524, abs=5e-5)
    assert difference.high == pytest.approx(0.3339, abs=5e-5)


def test_interquartile_mean_by_hand() -> None:
    assert interquartile_mean(scores([0, 0.1, 0.2, 0.9], [0.3, 0.4, 0.5, 1])) == pytest.approx(0.35)  # of 0.2 to 0.5
    assert interquartile_mean(scores([0.1], [0.2], [0.6])) == pytest.approx(0.3)  # too few to cut
    assert interquartile_mean(scores([0.9, 0.1, 0.2, 0.3, 0.4])) == pytest.approx(0.3)  # one cut off both ends
    both = np.stack([scores([1, 2], [3, 40]), scores([5, 5], [5, 5])])
    assert interquartile_mean(both).tolist() == [2.5, 5.0]


def test_means_by_hand() -> None:
    two = scores([0.0, 1.0], [0.5, 0.5])
    assert mean(two) == 0.5
    assert task_means(two).tolist() == [0.25, 0.75]
    assert task_differences(two, scores([1.0, 0.5])).tolist() == [0.75, -0.25]


def test_probability_of_improvement_counts_pairs() -> None:
    one_task = scores([0.1], [0.2]), scores([0.2], [0.3])
    assert probability_of_improvement(*one_task) == 3.5 / 4  # 3 wins, one tie
    two_tasks = scores([0.1, 0.9], [0.2, 0.9]), scores([0.2, 0.1], [0.3, 0.1], [0.0, 0.1])
    assert probability_of_improvement(*two_tasks) == pytest.approx((3.5 / 6 + 0 / 6) / 2)
    assert probability_of_improvement(scores([1.0]), scores([1.0])) == 0.5
    with pytest.raises(UsageError, match="same tasks"):
        probability_of_improvement(scores([1.0]), scores([1.0, 1.0]))


def test_performance_profile_by_hand() -> None:
    profile = performance_profile(scores([0.0, 0.5], [0.5, 1.0]), above=[0.0, 0.4, 0.5, 1.0])
    assert profile.tolist() == [0.75, 0.75, 0.25, 0.0]  # above, not at


def test_bootstrap_of_seeds_is_seeded_and_holds_the_value() -> None:
    drawn = sample([0.5, 0.2], [0.7, 0.2], [0.9, 0.2])
    first = estimate(mean, drawn, seed=1)
    assert first == estimate(mean, drawn, seed=1)
    assert first.value == pytest.approx((0.7 + 0.2) / 2)
    # 1 of 27 draws of the first task's seeds is its lowest three times: more than 2.5%, so the ends are the extremes
    assert first.low == pytest.approx((0.5 + 0.2) / 2)
    assert first.high == pytest.approx((0.9 + 0.2) / 2)


def test_bootstrap_resamples_each_task_within_itself() -> None:
    constant = estimate(mean, sample([0.0, 1.0], [0.0, 1.0]), seed=0, resamples=777)
    assert constant == Estimate(value=0.5, low=0.5, high=0.5)
    # were whole seeds drawn, their mean would be 0.5 each time
    mirrored = estimate(mean, sample([0.0, 1.0], [1.0, 0.0]), seed=0)
    assert mirrored.low == pytest.approx(1 - mirrored.high)
    assert mirrored.low < 0.25


def test_a_single_seeds_episodes_are_resampled() -> None:
    drawn = sample([0.7, 0.2], episodes=10)
    single = estimate(mean, drawn, seed=0)
    # normal approximation: the mean of two rates has variance (0.021 + 0.016) / 4, so 0.45 +- 1.96 * 0.0962
    assert not drawn.of_seeds
    assert (single.low, single.high) == (pytest.approx(0.2615, abs=0.03), pytest.approx(0.6385, abs=0.03))
    assert estimate(mean, sample([1.0, 0.0]), seed=0) == Estimate(value=0.5, low=0.5, high=0.5)


def test_bootstrap_gives_a_band_for_a_statistic_of_many_values() -> None:
    band = bootstrap(task_means, sample([0.0, 0.3], [1.0, 0.3]), seed=0)
    first, second = band.estimates()
    assert (first.low, first.value, first.high) == (0.0, 0.5, 1.0)
    assert (second.low, second.value, second.high) == (pytest.approx(0.3), pytest.approx(0.3), pytest.approx(0.3))


def test_bootstrap_tells_apart_what_differs_with_unequal_seeds() -> None:
    worse, better = sample([0.1, 0.2], [0.2, 0.1]), sample([0.8, 0.9], [0.9, 0.8], [0.7, 0.7])
    assert estimate(probability_of_improvement, worse, better, seed=0) == Estimate(value=1.0, low=1.0, high=1.0)
    assert estimate(probability_of_improvement, better, worse, seed=0).high == 0.0
    same = estimate(probability_of_improvement, worse, worse, seed=0)
    assert same.low < 0.5 < same.high


def test_bootstrap_of_rows_draws_them_whole() -> None:
    band = bootstrap_rows(scores([0.0, 1.0], [1.0, 0.0]), seed=0)
    assert (band.value.tolist(), band.low.tolist(), band.high.tolist()) == ([0.5, 0.5], [0.0, 0.0], [1.0, 1.0])
    one = bootstrap_rows(scores([0.2, 0.4]), seed=0)
    assert one.low.tolist() == one.high.tolist() == [0.2, 0.4]


def test_a_sample_without_scores_is_refused() -> None:
    for empty in (np.zeros((0, 3)), np.zeros((2, 0)), np.zeros(3)):
        with pytest.raises(UsageError, match="at least one score"):
            Sample(scores=empty, episodes=np.zeros(empty.shape, dtype=np.int64))
