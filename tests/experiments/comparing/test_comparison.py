from __future__ import annotations

import json
import time

import numpy as np
import pytest

from browser_env.errors import UsageError
from experiments.comparing.comparison import compare
from experiments.statistics import rate_difference, wilson
from tests.experiments.comparing.building import choice, curve, group, replicate


def test_single_runs_are_compared_by_their_episodes() -> None:
    first = group("a", replicate("a", settings={"rate": "0.1"}, x=(10, 100), y=(50, 100), only=(1, 2)))
    second = group("b", replicate("b", settings={"rate": "0.2", "new": "1"}, x=(90, 100), y=(50, 100)))
    made = compare(choice(first, second))
    assert (made.shared, made.not_shared) == (("x", "y"), ("only",))
    assert made.settings == {"new": (None, "1"), "rate": ("0.1", "0.2")}
    x, y = made.lines
    assert x.rates == (wilson(10, 100), wilson(90, 100))
    assert x.differences == (rate_difference(wilson(10, 100), wilson(90, 100)),)
    assert y.rates[0].value == 0.5
    baseline, total = made.totals
    assert (baseline.verdict, baseline.improvement, baseline.of_seeds) == ("baseline", None, False)
    assert (total.mean.value, total.cost_per_success) == (pytest.approx(0.7), pytest.approx(2 / 140))
    assert total.improvement is not None
    assert total.improvement.value == 0.75  # a win and a tie
    assert total.mean.low < 0.7 < total.mean.high


def test_seeds_are_what_groups_are_compared_by() -> None:
    worse = group("a", *(replicate("a", seed=i, x=(wins, 10), y=(wins, 10)) for i, wins in enumerate((1, 2, 3))))
    better = group("b", *(replicate("b", seed=i, x=(wins, 10), y=(2, 10)) for i, wins in enumerate((8, 9))))
    made = compare(choice(worse, better))
    total = made.totals[1]
    assert total.of_seeds
    assert total.improvement is not None
    # x: all 6 pairs are won; y: of 6 pairs 2 are won, 2 tied, 2 lost
    assert total.improvement.value == 0.75
    assert (total.improvement.low, total.improvement.high, total.verdict) == (0.5, 1.0, "cannot be told apart")
    assert [(pair.over, pair.group) for pair in made.improvements] == [(0, 1)]
    x, y = made.lines
    assert (x.rates[1].low, x.rates[1].value, x.rates[1].high) == pytest.approx((0.8, 0.85, 0.9))
    assert (y.differences[0].low, y.differences[0].value) == pytest.approx((-0.1, 0.0))
    assert total.profile.value[[0, 20, 80, 90]].tolist() == [1.0, 0.5, 0.25, 0.0]


def test_verdicts_say_so_where_groups_cannot_be_told_apart() -> None:
    runs = [group(name, replicate(name, x=(wins, 10))) for name, wins in (("a", 5), ("b", 6), ("c", 0), ("d", 10))]
    made = compare(choice(*runs))
    assert [t.verdict for t in made.totals] == ["baseline", "cannot be told apart", "worse", "better"]
    assert made.to_json() == compare(choice(*runs)).to_json()
    assert made.totals[2].cost_per_success is None


def test_a_single_group_is_summed_up() -> None:
    made = compare(choice(group("a", replicate(x=(1, 2)))))
    assert (made.improvements, made.lines[0].differences, made.settings) == ((), (), {})


def test_the_result_is_strict_json_with_all_figures() -> None:
    learned = group("a", *(replicate(seed=i, curve=curve(0.1, 0.9), x=(i, 2)) for i in range(2)))
    data = json.loads(
        json.dumps(compare(choice(learned, group("b", replicate("b", x=(1, 2))))).to_json(), allow_nan=False)
    )
    assert [run["seed"] for run in data["groups"][0]["runs"]] == ["0", "1"]
    assert len(data["totals"][0]["profile"]["low"]) == len(data["profile_above"]) == 101
    assert {curve["axis"] for curve in data["curves"][0]} == {"steps", "seconds", "money"}
    assert (data["needed"][0]["spent"]["steps"], data["needed"][1]) == (20.0, None)


def test_what_cannot_be_compared_is_refused() -> None:
    apart = choice(group("a", replicate(x=(1, 2))), group("b", replicate(y=(1, 2))))
    with pytest.raises(UsageError, match="share no task"):
        compare(apart)
    for threshold in (0.0, 1.1, float("nan")):
        with pytest.raises(UsageError, match="threshold"):
            compare(choice(group("a", replicate(x=(1, 2)))), threshold=threshold)


def test_many_seeds_and_tasks_take_seconds() -> None:
    rng = np.random.default_rng(0)
    groups = [
        group(
            name,
            *(replicate(name, seed=i, **{f"t{j}": (int(rng.integers(51)), 50) for j in range(20)}) for i in range(5)),
        )
        for name in "abc"
    ]
    began = time.process_time()
    compare(choice(*groups))
    assert time.process_time() - began < 10


def test_held_out_tasks_are_compared_by_themselves() -> None:
    runs = [replicate(f"r{won}", held_out=("new",), old=(9, 10), new=(won, 10)) for won in (2, 6)]
    groups = choice(*(group(run.name, run) for run in runs))
    assert compare(groups).shared == ("new", "old")
    apart = compare(groups, held_out=True)
    assert (apart.shared, apart.not_shared) == (("new",), ("old",))
    assert [total.mean.value for total in apart.totals] == [0.2, 0.6]
    assert [total.mean.value for total in compare(groups, held_out=False).totals] == [0.9, 0.9]
    practised = choice(group("all", replicate("all", old=(9, 10))))
    with pytest.raises(UsageError, match="share no held-out task"):
        compare(practised, held_out=True)
