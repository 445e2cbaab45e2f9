from collections.abc import Sequence

import pytest

from browser_env.errors import DataError
from experiments.benchmarks.figures import (
    Run,
    Spread,
    TaskCount,
    best,
    mean_lengths,
    percentile,
    ratio,
    spread,
    summarise,
)


def count(*, rate: float, steps: int = 10, episodes: int = 5, cpu_s: float = 1.0) -> TaskCount:
    return TaskCount(
        rate=rate, steps=steps, episodes=episodes, cpu_s={"renderer": cpu_s}, step_s=[0.01] * steps, reset_s=[0.02]
    )


def run(*rates: float) -> Run:
    return Run(counts=[count(rate=rate) for rate in rates], memory_mib=300)


def test_every_task_weighs_with_equally_many_episodes() -> None:
    short = count(rate=10, steps=10, episodes=10)  # one step an episode: 0.1 s
    long = count(rate=100, steps=90, episodes=10)  # nine steps an episode: 0.09 s
    assert Run(counts=[short, long], memory_mib=0).steps_per_s == pytest.approx(10 / 0.19)
    assert Run(counts=[short, long], memory_mib=0).length == 5


def test_processor_time_weighs_likewise() -> None:
    short = count(rate=1, steps=10, episodes=10, cpu_s=1.0)  # 0.1 s a step, one step an episode
    long = count(rate=1, steps=90, episodes=10, cpu_s=1.8)  # 0.02 s a step, nine steps an episode
    assert Run(counts=[short, long], memory_mib=0).cpu_s_per_step == pytest.approx((0.1 + 0.18) / 10)


def test_sides_are_reckoned_with_episodes_of_the_same_length() -> None:
    lucky = TaskCount(rate=0.25, steps=2, episodes=2, cpu_s={"gpu": 2.0}, step_s=[1.0, 1.0])  # reset 3 s, a step 1 s
    assert Run(counts=[lucky], memory_mib=0, lengths=[4.0]).steps_per_s == pytest.approx(4 / 7)
    assert Run(counts=[lucky], memory_mib=0, lengths=[4.0]).cpu_s_per_step == pytest.approx(1.0 * 7 / 4 / 4)
    pair = TaskCount(rate=0.5, steps=2, episodes=2, cpu_s={}, step_s=[1.0, 1.0])  # two at once
    assert Run(counts=[pair], memory_mib=0, num_envs=2, lengths=[4.0]).steps_per_s == pytest.approx(8 / 7)


def test_the_mean_length_is_of_all_runs() -> None:
    first, second = count(rate=1, steps=10, episodes=5), count(rate=1, steps=20, episodes=5)
    assert mean_lengths([Run(counts=[first, first], memory_mib=0), Run(counts=[second, first], memory_mib=0)]) == [3, 2]


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([3.0, 1.0, 2.0], 50, 2.0), ([1.0, 2.0], 50, 1.5), ([0.0, 10.0, 20.0], 95, 19.0), ([7.0], 95, 7.0)],
)
def test_a_percentile_lies_between_its_neighbours(values: Sequence[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == pytest.approx(expected)


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(DataError):
        percentile([], 50)


def test_a_ratio_is_taken_repetition_by_repetition() -> None:
    ours, theirs = [run(100.0), run(40.0), run(90.0)], [run(10.0), run(5.0), run(10.0)]
    assert ratio(ours, theirs) == Spread(value=9.0, low=8.0, high=10.0)


def test_the_best_number_has_the_highest_median() -> None:
    assert best({1: [run(10.0), run(10.0), run(99.0)], 2: [run(20.0), run(19.0), run(1.0)]}) == 2


def test_a_summary_is_of_all_repetitions() -> None:
    first = Run(counts=[count(rate=10, cpu_s=0.5)], memory_mib=400, num_envs=2)
    second = Run(counts=[count(rate=30, cpu_s=1.5)], memory_mib=400, num_envs=2)
    summary = summarise([first, second])
    assert summary.steps_per_s == spread([10.0, 30.0]) == Spread(value=20.0, low=10.0, high=30.0)
    assert summary.steps_per_core_s == pytest.approx(10.0)
    assert (summary.step_p50_ms, summary.reset_p95_ms) == pytest.approx((10.0, 20.0))
    assert summary.memory_mib == 200
    assert summary.cpu_ms == {"renderer": pytest.approx(100.0)}
    assert (summary.steps, summary.episodes, summary.episode_steps) == (20, 10, 2.0)
