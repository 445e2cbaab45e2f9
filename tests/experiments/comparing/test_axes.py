from __future__ import annotations

import pytest

from experiments.comparing.axes import Axis, Line, Mark, Row, interval_plot, line_plot, round_ticks
from experiments.statistics import Estimate


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.0, 13_000.0, [0.0, 5000.0, 10_000.0]),
        (0.0, 0.009, [0.0, 0.002, 0.004, 0.006, 0.008]),
        (3.0, 3.0, [3.0]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert round_ticks(low, high, 5) == pytest.approx(ticks)


def test_lines_stand_where_their_values_are() -> None:
    y = [Estimate(value=0.0, low=0.0, high=0.0), Estimate(value=1.0, low=0.5, high=1.0)]
    axis = Axis(label="<x>", low=0.0, high=10.0, text=str)
    rate = Axis(label="y", low=0.0, high=1.0, text=str)
    plot = line_plot([Line(colour=9, x=[0.0, 10.0], y=y)], x=axis, y=rate, width=170, height=158)
    assert 'd="M56.0 112.0L156.0 12.0"' in plot  # margins of 56, 14, 12 and 46 around 100 x 100 pixels
    assert 'd="M56.0 112.0L156.0 12.0L156.0 62.0L56.0 112.0Z"' in plot
    assert 'class="s1 d1"' in plot  # colours begin anew, with other dashes
    assert "&lt;x&gt;" in plot
    assert "<x>" not in plot


def test_intervals_stand_where_their_values_are() -> None:
    mark = Mark(colour=0, estimate=Estimate(value=0.5, low=0.25, high=1.0), hollow=True)
    axis = Axis(label="y", low=0.0, high=1.0, text=str)
    plot = interval_plot([Row(label="<b>" * 40, marks=[mark])], axis=axis, width=1000, neutral=0.5)
    # 42% of the width for the label, 18 pixels at the right: 562 in between
    assert 'd="M560.5 18.0H982.0"' in plot
    assert 'cx="701.0"' in plot
    assert "<b>" not in plot
