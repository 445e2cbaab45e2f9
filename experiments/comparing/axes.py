"""Plots as inline SVG: lines with bands, and rows of values with intervals. Colours are the page's classes s0 to s7."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from experiments.statistics import Estimate

COLOURS = 8  # classes that the page's style knows
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 12, 46  # margins of a line plot, in pixels
ROW, LANE, FOOT = 14, 15, 46  # of an interval plot: pixels above and below a row, between its marks, under all
CHARACTER = 6.9  # pixels of one, on average


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What an axis shows, from where to where."""

    label: str
    low: float
    high: float
    text: Callable[[float], str]  # of a tick
    scale: float = 1.0  # a tick stands at a round number of this
    count: int = 5  # of ticks, about

    def ticks(self) -> list[float]:
        """Return round numbers within the axis."""
        return [tick * self.scale for tick in round_ticks(self.low / self.scale, self.high / self.scale, self.count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Values over x with their intervals."""

    colour: int
    x: Sequence[float]
    y: Sequence[Estimate]
    dots: bool = False  # whether each point was measured, and is marked with its interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A value with its interval in a row."""

    colour: int
    estimate: Estimate
    hollow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Marks under one another beside a label."""

    label: str
    marks: Sequence[Mark]


def round_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about ``count`` multiples of 1, 2 or 5 times a power of ten from low to high."""
    if not high > low:
        return [low]
    raw = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [position * step for position in range(first, last + 1)]


def line_plot(
    lines: Sequence[Line], *, x: Axis, y: Axis, width: int, height: int, threshold: float | None = None
) -> str:
    """Return lines over one another, each with its band; a threshold is a dotted line across."""
    inner = (LEFT, TOP, width - LEFT - RIGHT, height - TOP - BOTTOM)

    def at_x(value: float) -> float:
        return inner[0] + (value - x.low) / ((x.high - x.low) or 1) * inner[2]

    def at_y(value: float) -> float:
        return inner[1] + (y.high - value) / ((y.high - y.low) or 1) * inner[3]

    parts = [_y_grid(y, at_y, left=LEFT, right=width - RIGHT), _x_ticks(x, at_x, bottom=height - BOTTOM, width=width)]
    if threshold is not None:
        parts.append(f'<path class="threshold" d="M{LEFT} {at_y(threshold):.1f}H{width - RIGHT}"/>')
    parts += [_band(line, at_x, at_y) for line in lines]
    parts += [_curve(line, at_x, at_y) for line in lines]
    parts.append(_axis_labels(x, y, width=width, height=height))
    return _svg(parts, width=width, height=height, label=f"{y.label} over {x.label}")


def interval_plot(rows: Sequence[Row], *, axis: Axis, width: int, neutral: float | None = None) -> str:
    """Return rows of values with intervals over one axis; what would be no difference is a line down."""
    left = min(max(len(row.label) for row in rows) * CHARACTER + 18, width * 0.42)
    tops, height = _row_tops(rows)

    def at(value: float) -> float:
        return left + (value - axis.low) / (axis.high - axis.low) * (width - left - 18)

    grid = "".join(f'<path class="grid" d="M{at(tick):.1f} 4V{height - FOOT}"/>' for tick in axis.ticks())
    bottom = f'<path class="axis" d="M{left:.0f} {height - FOOT}H{width - 18}"/>'
    parts = [grid, bottom, _x_ticks(axis, at, bottom=height - FOOT, width=width)]
    if neutral is not None:
        parts.append(f'<path class="neutral" d="M{at(neutral):.1f} 4V{height - FOOT}"/>')
    parts += [_row(row, at, top=top, left=left) for row, top in zip(rows, tops, strict=True)]
    middle = left + (width - left - 18) / 2
    parts.append(f'<text class="label" x="{middle:.0f}" y="{height - 8}">{escape(axis.label)}</text>')
    return _svg(parts, width=width, height=height, label=axis.label)


def legend(names: Mapping[int, str], *, dots: bool = False) -> str:
    """Return names by colour, each beside its line or dot."""
    items = (_legend_item(colour, name, dots=dots) for colour, name in names.items())
    return f'<ul class="legend">{"".join(items)}</ul>'


def cut(text: str, length: int) -> str:
    """Return a text that is no longer than ``length``."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _legend_item(colour: int, name: str, *, dots: bool) -> str:
    drawn = '<circle class="dot" cx="13" cy="6" r="4"/>' if dots else '<path class="line" d="M1 6H25"/>'
    picture = f'<svg viewBox="0 0 26 12" aria-hidden="true"><g class="{_colour(colour)}">{drawn}</g></svg>'
    return f"<li>{picture}{escape(name)}</li>"


def _row_tops(rows: Sequence[Row]) -> tuple[list[float], int]:
    tops, y = [], 4.0
    for row in rows:
        tops.append(y)
        y += 2 * ROW + LANE * (len(row.marks) - 1)
    return tops, math.ceil(y) + FOOT


def _row(row: Row, at: Callable[[float], float], *, top: float, left: float) -> str:
    middle = top + ROW + LANE * (len(row.marks) - 1) / 2
    text = escape(cut(row.label, int((left - 14) / CHARACTER)))
    title = f"<title>{escape(row.label)}</title>"
    parts = [f'<text class="row" x="{left - 14:.0f}" y="{middle + 4:.1f}">{title}{text}</text>']
    for lane, mark in enumerate(row.marks):
        y, x = top + ROW + LANE * lane, mark.estimate
        kind = "dot hollow" if mark.hollow else "dot"
        parts.append(
            f'<g class="{_colour(mark.colour)}"><path class="span" d="M{at(x.low):.1f} {y:.1f}H{at(x.high):.1f}"/>'
            f'<circle class="{kind}" cx="{at(x.value):.1f}" cy="{y:.1f}" r="4.2"/></g>'
        )
    return "".join(parts)


def _band(line: Line, at_x: Callable[[float], float], at_y: Callable[[float], float]) -> str:
    if line.dots or all(y.low == y.high for y in line.y):
        return ""
    up = [f"{at_x(x):.1f} {at_y(y.high):.1f}" for x, y in zip(line.x, line.y, strict=True)]
    down = [f"{at_x(x):.1f} {at_y(y.low):.1f}" for x, y in zip(line.x, line.y, strict=True)]
    return f'<path class="band {_colour(line.colour)}" d="M{"L".join([*up, *reversed(down)])}Z"/>'


def _curve(line: Line, at_x: Callable[[float], float], at_y: Callable[[float], float]) -> str:
    points = [(at_x(x), at_y(y.value)) for x, y in zip(line.x, line.y, strict=True)]
    path = f'<path class="line" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'
    marks = ""
    if line.dots:
        for (x, y), each in zip(points, line.y, strict=True):
            marks += f'<path class="span" d="M{x:.1f} {at_y(each.low):.1f}V{at_y(each.high):.1f}"/>'
            marks += f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4.2"/>'
    return f'<g class="{_colour(line.colour)}">{path}{marks}</g>'


def _y_grid(axis: Axis, at: Callable[[float], float], *, left: float, right: float) -> str:
    return "".join(
        f'<path class="grid" d="M{left} {at(tick):.1f}H{right}"/>'
        f'<text class="tick end" x="{left - 8}" y="{at(tick) + 4:.1f}">{escape(axis.text(tick))}</text>'
        for tick in axis.ticks()
    )


def _x_ticks(axis: Axis, at: Callable[[float], float], *, bottom: float, width: int) -> str:
    """Return marks with their labels below, the last of which stays within the picture."""
    parts = []
    for tick in axis.ticks():
        text = axis.text(tick)
        x = min(at(tick), width - len(text) * CHARACTER / 2)
        parts.append(f'<path class="axis" d="M{at(tick):.1f} {bottom}v4"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 17}">{escape(text)}</text>')
    return "".join(parts)


def _axis_labels(x: Axis, y: Axis, *, width: int, height: int) -> str:
    middle_x, middle_y = LEFT + (width - LEFT - RIGHT) / 2, TOP + (height - TOP - BOTTOM) / 2
    turn = f"rotate(-90 13 {middle_y:.0f})"
    return (
        f'<path class="axis" d="M{LEFT} {height - BOTTOM}H{width - RIGHT}"/>'
        f'<text class="label" x="{middle_x:.0f}" y="{height - 8}">{escape(x.label)}</text>'
        f'<text class="label" x="13" y="{middle_y:.0f}" transform="{turn}">{escape(y.label)}</text>'
    )


def _colour(position: int) -> str:
    """Return the classes of a colour; where they begin anew, the dashes differ."""
    return f"s{position % COLOURS} d{position // COLOURS % 4}" if position >= COLOURS else f"s{position}"


def _svg(parts: Sequence[str], *, width: int, height: int, label: str) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )
