import math
from collections import Counter

import pytest
import torch

from browser_env.action import Click, Select
from browser_env.observation import Observation
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
