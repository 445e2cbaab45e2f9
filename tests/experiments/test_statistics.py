from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.errors import UsageError
from experiments.statistics import (
    Estimate,
    bootstrap,
    bootstrap_improvement,
    interquartile_mean,
    interquartile_mean_of_means,
    mean_of_means,
    probability_of_improvement,
    rate_difference,
    wilson,
)


def scores(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


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
    assert interquartile_mean(scores(100, 1, 2, 3, 4, 5, 6, -50)) == 3.5  # two cut from each end
    assert interquartile_mean(scores(1, 2, 6)) == 3.0  # too few to cut
    assert interquartile_mean(scores(9, 1, 2, 3, 4)) == 3.0  # one cut from each end
    assert interquartile_mean(np.array([[1.0, 2, 3, 40], [5, 5, 5, 5]])).tolist() == [2.5, 5.0]


def test_means_count_every_stratum_the_same() -> None:
    strata = [scores(1, 1, 1, 1), scores(0)]
    assert mean_of_means(strata) == 0.5
    assert interquartile_mean_of_means([scores(0, 1), scores(9), scores(1), scores(0)]) == 0.75


def test_probability_of_improvement_by_hand() -> None:
    assert probability_of_improvement([scores(1, 2)], [scores(2, 3)]) == 3.5 / 4  # 3 wins, one tie
    assert probability_of_improvement([scores(1)], [scores(1)]) == 0.5
    assert probability_of_improvement([scores(0), scores(1)], [scores(1), scores(0)]) == 0.5
    with pytest.raises(UsageError, match="same tasks"):
        probability_of_improvement([scores(1)], [])


def test_bootstrap_is_seeded_and_holds_the_value() -> None:
    strata = [scores(*([1] * 7 + [0] * 3)), scores(*([1] * 2 + [0] * 8))]
    first = bootstrap(strata, mean_of_means, seed=1)
    assert first == bootstrap(strata, mean_of_means, seed=1)
    assert first.value == pytest.approx(0.45)
    # normal approximation: the mean of two means has variance (0.021 + 0.016) / 4, so 0.45 +- 1.96 * 0.0962
    assert first.low == pytest.approx(0.2615, abs=0.03)
    assert first.high == pytest.approx(0.6385, abs=0.03)


def test_bootstrap_resamples_within_strata_only() -> None:
    constant = bootstrap([scores(0, 0), scores(1, 1)], mean_of_means, seed=0, resamples=777)
    assert constant == Estimate(value=0.5, low=0.5, high=0.5)


def test_bootstrap_refuses_empty_strata() -> None:
    for strata in ([], [scores(1), scores()]):
        with pytest.raises(UsageError, match="at least one score"):
            bootstrap(strata, mean_of_means, seed=0)


def test_bootstrap_improvement_tells_apart_what_differs() -> None:
    worse, better = [scores(*([0] * 18 + [1] * 2))] * 5, [scores(*([0] * 2 + [1] * 18))] * 5
    assert bootstrap_improvement(worse, better, seed=0).low > 0.5
    assert bootstrap_improvement(better, worse, seed=0).high < 0.5
    same = bootstrap_improvement(worse, worse, seed=0)
    assert same.low < 0.5 < same.high
