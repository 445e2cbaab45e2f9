import math
from collections import Counter
from dataclasses import replace

import pytest
import torch

from browser_env.action import Click, Select
from browser_env.observation import Element, Observation
from policy.choice import Choice, Kind
from policy.compact import CompactPolicy
from policy.config import CompactConfig
from policy.exploring import exploration_chance, explore, mixed_log_prob
from policy.page import read_page

CONFIG = CompactConfig(d_model=32, layers=1, heads=2, embedding=16)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_every_click_and_selection_is_explored_equally_often(form: Observation) -> None:
    page = read_page(form, CONFIG)
    wait = Choice(kind=Kind.WAIT)
    drawn = explore([wait] * 4000, [page] * 4000, chances=[1.0] * 4000, generator=generator())
    counts = Counter((choice.kind, choice.elements) for choice in drawn)
    expected = int(page.clickable.sum() + page.selectable.sum())
    assert len(counts) == expected
    assert {kind for kind, _ in counts} == {Kind.CLICK, Kind.SELECT}
    assert max(counts.values()) < 1.3 * 4000 / expected


def test_what_can_be_clicked_is_tried_more_often_and_the_goal_never() -> None:
    def element(number: int, name: str, *states: str) -> Element:
        return Element(id=f"e{number}", role="generic", name=name, states=states, box=(0, 20 * number, 50, 10))

    listed = (element(0, "Click the red thing"), element(1, "red"), element(2, "thing", "clickable"), element(3, "x"))
    shown = (listed[0], replace(listed[1], parent="e0"), *listed[2:])
    page = read_page(Observation(goal="Click the red thing", elements=shown), CONFIG)
    wait = Choice(kind=Kind.WAIT)
    drawn = explore([wait] * 2000, [page] * 2000, chances=[1.0] * 2000, generator=generator())
    counts = Counter(choice.elements[0] for choice in drawn)
    assert set(counts) == {2, 3}
    assert counts[2] / 2000 == pytest.approx(0.8, abs=0.04)
    seen = mixed_log_prob(math.log(0.2), Choice(kind=Kind.CLICK, elements=(3,)), page, chance=0.5)
    assert seen == pytest.approx(math.log(0.5 * 0.2 + 0.5 * 0.2))
    goal = mixed_log_prob(math.log(0.2), Choice(kind=Kind.CLICK, elements=(0,)), page, chance=0.5)
    assert goal == pytest.approx(math.log(0.5 * 0.2))


def test_without_a_chance_nothing_changes(form: Observation) -> None:
    page = read_page(form, CONFIG)
    wait = Choice(kind=Kind.WAIT)
    assert explore([wait], [page], chances=[0.0], generator=generator()) == [wait]
    assert mixed_log_prob(-2.0, wait, page, chance=0.0) == -2.0


def test_an_empty_page_leaves_nothing_to_explore() -> None:
    page = read_page(Observation(goal="Nothing here"), CONFIG)
    wait = Choice(kind=Kind.WAIT)
    assert explore([wait], [page], chances=[1.0], generator=generator()) == [wait]
    assert mixed_log_prob(-2.0, wait, page, chance=0.5) == -2.0


def test_the_mixture_is_worked_out_by_hand(form: Observation) -> None:
    page = read_page(form, CONFIG)
    count = int(page.clickable.sum() + page.selectable.sum())
    click = mixed_log_prob(math.log(0.2), Choice(kind=Kind.CLICK, elements=(0,)), page, chance=0.1)
    assert click == pytest.approx(math.log(0.9 * 0.2 + 0.1 / count))
    twins = mixed_log_prob(math.log(0.2), Choice(kind=Kind.SELECT, elements=(5, 6)), page, chance=0.1)
    assert twins == pytest.approx(math.log(0.9 * 0.2 + 0.1 * 2 / count))
    wait = mixed_log_prob(math.log(0.2), Choice(kind=Kind.WAIT), page, chance=0.1)
    assert wait == pytest.approx(math.log(0.9 * 0.2))


def test_an_exploring_policy_reports_the_mixture_and_greedy_does_not(form: Observation) -> None:
    policy = CompactPolicy(CONFIG, seed=0)
    policy.exploration = 0.5
    chance = exploration_chance(policy.act([form], greedy=True)[0].value or 0.0, most=0.5)
    page = read_page(form, CONFIG)
    count = int(page.clickable.sum() + page.selectable.sum())
    for decision in policy.act([form] * 16):
        alone = math.exp(policy.log_prob([form], [decision.action])[0])
        assert decision.log_prob is not None
        if isinstance(decision.action, Click) and isinstance(decision.action.target, str):
            assert math.exp(decision.log_prob) == pytest.approx((1 - chance) * alone + chance / count, rel=1e-3)
        elif not isinstance(decision.action, Select):
            assert math.exp(decision.log_prob) == pytest.approx((1 - chance) * alone, rel=1e-3)
    greedy = policy.act([form], greedy=True)[0]
    assert greedy.log_prob == pytest.approx(policy.log_prob([form], [greedy.action])[0], abs=1e-4)


@pytest.mark.parametrize(("value", "chance"), [(-1.0, 0.4), (0.0, 0.4), (0.5, 0.1), (1.0, 0.0), (7.0, 0.0)])
def test_the_chance_falls_with_the_square_of_what_is_hoped_for(value: float, chance: float) -> None:
    assert exploration_chance(value, most=0.4) == pytest.approx(chance)
    assert exploration_chance(value, most=0.4, turns=3) == pytest.approx(chance / 4)
