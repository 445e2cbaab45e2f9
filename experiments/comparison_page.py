"""A comparison of runs as one self-contained web page."""

from __future__ import annotations

from html import escape

import numpy as np

from experiments.comparison import Comparison, TaskLine, Total
from experiments.html_table import html_table
from experiments.statistics import Estimate
from experiments.watching import fill_template

CAUTION = "One run is one seed: this speaks of these trained policies, not of the recipes behind them."
WIDTH, MIDDLE = 150, 6  # of an interval's drawing, in pixels


def comparison_page(comparison: Comparison) -> str:
    """Return the page; names and values are escaped."""
    names = [run.name for run in comparison.runs]
    return fill_template(
        "compare.html",
        title=escape(" against ".join([", ".join(names[1:]), names[0]])),
        shared=str(len(comparison.shared)),
        caution=CAUTION,
        totals=_totals(comparison),
        tasks=html_table(
            ["task", *names, *(f"{name} − {names[0]}" for name in names[1:])], map(_task_cells, comparison.lines)
        ),
        params=html_table(
            ["setting", *names],
            (
                [_code(key), *(_code("–" if value is None else value) for value in values)]
                for key, values in comparison.params.items()
            ),
        ),
    )


def format_rate(estimate: Estimate) -> str:
    """Return a rate in percent with its interval, e.g. ``50% (24 to 76)``."""
    return f"{estimate.value:.0%} ({100 * estimate.low:.0f} to {100 * estimate.high:.0f})"


def format_difference(estimate: Estimate) -> str:
    """Return a difference in percentage points with its interval, e.g. ``+20 (5 to 33)``."""
    return f"{100 * estimate.value:+.0f} ({100 * estimate.low:+.0f} to {100 * estimate.high:+.0f})"


def format_money(amount: float | None) -> str:
    """Return a price in dollars, e.g. ``$12.35`` or ``$0.000012``."""
    if amount is None:
        return "–"
    return f"${amount:.2f}" if amount >= 1 else f"${np.format_float_positional(amount, 2, fractional=False, trim='-')}"


def tone(estimate: Estimate, *, neutral: float) -> str:
    """Return "good" or "bad" where the whole interval lies on one side of what would be no difference, else ""."""
    return "good" if estimate.low > neutral else "bad" if estimate.high < neutral else ""


def _totals(comparison: Comparison) -> str:
    heads = ["run", "mean success", "interquartile mean", "probability of improvement", "cost per success", "episodes"]
    pairs = zip(comparison.runs, comparison.totals, strict=True)
    return html_table(heads, (_total_cells(run.name, run.id, total) for run, total in pairs))


def _total_cells(name: str, run_id: str, total: Total) -> list[str]:
    improvement = "–"
    if total.improvement is not None:
        text = f"{format_rate(total.improvement)}<br>{escape(total.verdict)}"
        improvement = f'<span class="{tone(total.improvement, neutral=0.5)}">{text}</span>'
    return [
        f"{escape(name)}<br><small>{escape(run_id[:8])}</small>",
        format_rate(total.mean) + _drawing(total.mean, low=0, high=1),
        format_rate(total.interquartile_mean) + _drawing(total.interquartile_mean, low=0, high=1),
        improvement,
        format_money(total.cost_per_success),
        f"{total.successes} of {total.episodes}",
    ]


def _task_cells(line: TaskLine) -> list[str]:
    rates = ["–" if rate is None else format_rate(rate) + _drawing(rate, low=0, high=1) for rate in line.rates]
    return [escape(line.task), *rates, *map(_difference_cell, line.differences)]


def _difference_cell(difference: Estimate | None) -> str:
    if difference is None:
        return "–"
    kind = tone(difference, neutral=0)
    return f'<span class="{kind}">{format_difference(difference)}</span>{_drawing(difference, low=-1, high=1)}'


def _drawing(estimate: Estimate, *, low: float, high: float) -> str:
    """Return an interval drawn on a rail from low to high."""
    x0, x, x1 = (
        4 + (value - low) / (high - low) * (WIDTH - 8) for value in (estimate.low, estimate.value, estimate.high)
    )
    zero = f'<path class="zero" d="M{WIDTH / 2} 0v12"/>' if low < 0 else ""
    rail = f'<path class="rail" d="M4 {MIDDLE}H{WIDTH - 4}"/>{zero}'
    span = f'<path class="span" d="M{x0:.1f} {MIDDLE}H{x1:.1f}"/><circle class="at" cx="{x:.1f}" cy="{MIDDLE}" r="4"/>'
    return f'<svg viewBox="0 0 {WIDTH} 12" aria-hidden="true">{rail}{span}</svg>'


def _code(text: str) -> str:
    return f"<code>{escape(text[:120])}</code>"
