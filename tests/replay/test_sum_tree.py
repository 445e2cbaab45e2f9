from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser_env.errors import UsageError
from replay.sum_tree import SumTree

weights = st.floats(0, 1e6, allow_subnormal=False)


def _tree(values: list[float]) -> SumTree:
    tree = SumTree()
    tree.set(np.arange(len(values)), np.array(values))
    return tree


def test_a_point_finds_the_stretch_it_lies_in() -> None:
    tree = _tree([3.0, 0.0, 1.0, 2.0])  # stretches: 0-3, none, 3-4, 4-6
    assert tree.total == 6.0
    assert tree.find(np.array([0.0, 2.99, 3.0, 3.5, 4.0, 5.99, 6.0])).tolist() == [0, 0, 2, 2, 3, 3, 3]


def test_weights_change_and_the_tree_grows() -> None:
    tree = _tree([1.0])
    tree.set(np.array([5, 0]), np.array([2.0, 4.0]))
    assert tree.total == 6.0
    assert tree.weights[:6].tolist() == [4, 0, 0, 0, 0, 2]
    assert tree.find(np.array([3.9, 4.1])).tolist() == [0, 5]


@given(st.lists(weights, min_size=1, max_size=70), st.data())
def test_it_agrees_with_a_running_sum(values: list[float], data: st.DataObject) -> None:
    tree = _tree(values)
    changed = data.draw(st.dictionaries(st.integers(0, 99), weights, max_size=20))
    tree.set(np.array(list(changed), dtype=np.int64), np.array(list(changed.values())))
    now = np.zeros(100)
    now[: len(values)] = values
    now[list(changed)] = list(changed.values())
    assert tree.total == pytest.approx(now.sum())
    if tree.total > 0:
        points = np.array(data.draw(st.lists(st.floats(0, 1, exclude_max=True), max_size=20))) * tree.total
        found = tree.find(points)
        assert np.all(now[found] > 0)
        ends = np.cumsum(now)
        slack = 1e-9 * tree.total
        assert np.all(points <= ends[found] + slack)
        assert np.all(points >= ends[found] - now[found] - slack)


def test_draws_come_in_proportion() -> None:
    rng = np.random.default_rng(0)
    tree = _tree([1.0, 2.0, 7.0])
    counts = np.bincount(tree.find(rng.random(100_000) * tree.total)) / 100_000
    assert counts == pytest.approx([0.1, 0.2, 0.7], abs=0.01)


def test_a_million_changes_leave_no_rounding_behind() -> None:
    tree, rng = _tree([0.0] * 1000), np.random.default_rng(0)
    for _ in range(1000):
        tree.set(rng.integers(0, 1000, 1000), rng.random(1000) * 1e9)
    tree.set(np.arange(1000), np.zeros(1000))
    assert tree.total == 0.0


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_what_is_no_weight_is_refused(weight: float) -> None:
    with pytest.raises(UsageError, match="finite"):
        _tree([1.0, weight])


def test_nothing_is_drawn_from_nothing() -> None:
    with pytest.raises(UsageError, match="nothing to draw"):
        _tree([0.0]).find(np.array([0.0]))
