from __future__ import annotations

import math

import pytest

from experiments.comparing.groups import Group
from experiments.comparing.learning import demonstration_lines, group_curve, needed
from experiments.comparing.replicates import MONEY, SECONDS, STEPS, SUCCESS, Curve, read_curve
from experiments.statistics import Estimate
from experiments.study import find_study, trials
from tests.experiments.comparing.building import curve, group, replicate

HISTORY = {
    SUCCESS: {0: 0.1, 1: 0.2, 2: 0.3},
    STEPS: {0: 10.0, 1: 20.0, 2: 30.0},
    SECONDS: {0: 1.5, 1: 1.5, 2: 1.5},
    MONEY: {0: 0.25, 1: 0.25, 2: 0.25},
}


def read(**changes: dict[int, float]) -> Curve:
    history = HISTORY | changes
    return read_curve(lambda metric: history.get(metric, {}))


def test_a_curve_adds_up_what_updates_took() -> None:
    made = read()
    assert made.success == (0.1, 0.2, 0.3)
    assert (made.steps, made.seconds, made.money) == ((10, 30, 60), (1.5, 3.0, 4.5), (0.25, 0.5, 0.75))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0, 1.7976931348623157e308])
def test_an_update_without_numbers_is_left_out(bad: float) -> None:
    made = read(**{SUCCESS: {0: 0.1, 1: bad, 2: 0.3}})
    assert (made.success, made.steps) == ((0.1, 0.3), (10, 40))
    assert read(**{MONEY: {0: 0.25, 1: bad, 2: 0.25}}).money == ()
    assert read(**{SUCCESS: {}}) == read(**{STEPS: {}}) == Curve()


def test_a_groups_curve_is_the_mean_as_far_as_all_went() -> None:
    made = group_curve([curve(0.0, 0.2, 0.4), curve(0.4, 0.4)], axis="steps", seed=0)
    assert made is not None
    assert (made.at[0], made.at[-1], made.seeds) == (10.0, 20.0, 2)
    first, last = made.success.estimates()[0], made.success.estimates()[-1]
    assert first == Estimate(value=0.2, low=0.0, high=0.4)
    assert (last.value, last.low, last.high) == pytest.approx((0.3, 0.2, 0.4))


def test_a_curve_that_nobody_knows_is_none() -> None:
    assert group_curve([], axis="steps", seed=0) is None
    assert group_curve([curve(0.1, 0.2, money=None)], axis="money", seed=0) is None
    assert group_curve([curve(0.5)], axis="steps", seed=0) is None  # one update is no line
    assert group_curve([curve(0.1, 0.2), curve(0.1, 0.2, steps=1000)], axis="steps", seed=0) is None


def test_what_a_threshold_took_is_the_median_over_seeds() -> None:
    fast, slow, never = curve(0.1, 0.9), curve(0.1, 0.2, 0.9), curve(0.1, 0.2)
    found = needed([fast, slow, never], threshold=0.9)
    assert found is not None
    assert (found.reached, found.seeds) == (2, 3)
    assert found.spent == {"steps": 30.0, "seconds": 6.0, "money": 1.5}
    half = needed([fast, never], threshold=0.9)
    assert half is not None
    assert (half.reached, half.spent["steps"]) == (1, None)  # not more than half reached it
    dear = needed([fast, curve(0.9, money=None)], threshold=0.9)
    assert dear is not None
    assert (dear.spent["money"], dear.spent["steps"]) == (None, 20.0)
    assert needed([], threshold=0.9) is None


def test_groups_that_differ_in_demonstrations_only_form_a_line() -> None:
    def of(count: str, arm: str, rate: str = "1") -> object:
        return group(f"{arm} {count}", replicate(arm=arm, settings={"demonstrations_per_task": count, "rate": rate}))

    groups = [of("10", "mixed"), of("5", "mixed"), of("20", "mixed"), of("5", "imitation"), of("nan", "mixed")]
    means = [Estimate(value=value, low=value, high=value) for value in (0.9, 0.5, 0.95, 0.1, 1.0)]
    (line,) = demonstration_lines(groups, means, threshold=0.9)
    assert (line.label, line.needed) == ("mixed", 10.0)
    assert [(point.group, point.demonstrations) for point in line.points] == [(1, 5.0), (0, 10.0), (2, 20.0)]
    assert demonstration_lines([groups[1], of("10", "mixed", rate="2")], means[:2], threshold=0.9) == ()


def test_a_studys_variants_form_a_line() -> None:
    def of(variant: str) -> Group:
        (trial,) = trials(find_study("ablations"), seeds=[0], variants=[variant])
        settings = {key: str(value) for key, value in trial.to_json().items()}
        return group(variant, replicate(arm="mixed", settings=settings))

    names = ("full", "1-demonstration", "20-demonstrations", "no-curriculum")
    means = [Estimate(value=value, low=value, high=value) for value in (0.8, 0.4, 0.95, 0.7)]
    (line,) = demonstration_lines([of(name) for name in names], means, threshold=0.9)
    assert [(point.group, point.demonstrations) for point in line.points] == [(1, 1.0), (0, 5.0), (2, 20.0)]
    assert line.needed == 20.0
