import json

import pytest

from rewards import Cost, Prices


def test_costs_add_up() -> None:
    one = Cost(wall_s=1.0, cpu_s=2.0, gpu_s=3.0, steps=4, tokens=5)
    assert one + one == Cost(wall_s=2.0, cpu_s=4.0, gpu_s=6.0, steps=8, tokens=10)
    assert one + Cost() == one


def test_money_is_hours_and_millions_times_prices() -> None:
    prices = Prices(cpu_hour=0.1, gpu_hour=2.0, million_tokens=3.0)
    assert prices.money(Cost(cpu_s=7200, gpu_s=1800, tokens=500_000)) == pytest.approx(0.2 + 1.0 + 1.5)


def test_wall_clock_alone_costs_nothing() -> None:
    assert Prices().money(Cost(wall_s=3600, steps=100)) == 0.0


def test_costs_survive_json() -> None:
    cost = Cost(wall_s=0.1, tokens=3)
    assert Cost.from_json(json.loads(json.dumps(cost.to_json()))) == cost
