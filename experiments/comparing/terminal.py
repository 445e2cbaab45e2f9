"""A comparison as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from experiments.comparing.comparison import Comparison
from experiments.comparing.formats import (
    NOTHING,
    format_difference,
    format_money,
    format_rate,
    format_steps,
    format_time,
    tone,
)
from experiments.comparing.wording import (
    caution,
    counted,
    listed,
    needed_demonstrations,
    resampled,
    sentences,
    subject,
)
from experiments.statistics import Estimate

STYLES = {"good": "bold green", "bad": "bold red", "": ""}


def comparison_tables(comparison: Comparison) -> Iterable[Table | Text]:
    """Yield what is printed, from the details to what may be concluded."""
    if comparison.settings:
        yield _settings(comparison)
    yield _tasks(comparison)
    yield _totals(comparison)
    if any(comparison.needed):
        yield _needed(comparison)
    for line in comparison.demonstrations:
        yield Text(
            f"{line.label}: demonstrations per task until mean success {comparison.threshold:g}: "
            f"{needed_demonstrations(line)} (tried: {listed(f'{point.demonstrations:g}' for point in line.points)})"
        )
    yield from (Text(text) for text in [f"{subject(comparison)}.", *sentences(comparison)])
    yield from (Text(text, style="dim") for text in _notes(comparison) if text)


def _notes(comparison: Comparison) -> Iterable[str]:
    if comparison.not_shared:
        yield f"Left out, as not every run was evaluated on them: {listed(comparison.not_shared)}."
    if comparison.left_out:
        yield f"Left out: {counted(len(comparison.left_out), 'run')}:"
        yield from (f"  {run.name}: {run.why}" for run in comparison.left_out)
    yield caution(comparison)


def _settings(comparison: Comparison) -> Table:
    table = _table("Settings that differ", ["setting", *comparison.labels])
    for key, values in comparison.settings.items():
        table.add_row(Text(key), *(Text(NOTHING if value is None else value[:60]) for value in values))
    return table


def _tasks(comparison: Comparison) -> Table:
    labels = comparison.labels
    table = _table("Success by task", ["task", *labels, *(f"{label} − first" for label in labels[1:])])
    for line in comparison.lines:
        differences = [_toned(format_difference(each), each, neutral=0) for each in line.differences]
        table.add_row(Text(line.task.removeprefix("miniwob/")), *map(Text, map(format_rate, line.rates)), *differences)
    return table


def _totals(comparison: Comparison) -> Table:
    heads = ["group", "mean", "interquartile mean", "P(better than first)", "", "resampled", "per success"]
    table = _table(f"Over {counted(len(comparison.shared), 'task')}, with 95% intervals", heads)
    for group, total in zip(comparison.groups, comparison.totals, strict=True):
        chance = total.improvement
        style = STYLES[tone(chance, neutral=0.5)] if chance else ""
        table.add_row(
            Text(group.label),
            Text(format_rate(total.mean)),
            Text(format_rate(total.interquartile_mean)),
            Text(format_rate(chance) if chance else NOTHING, style=style),
            Text(total.verdict, style=style),
            Text(resampled(group, total)),
            Text(format_money(total.cost_per_success)),
        )
    return table


def _needed(comparison: Comparison) -> Table:
    heads = ["group", "seeds", "steps", "time", "price"]
    table = _table(f"Practice until success {comparison.threshold:g}, medians over seeds", heads)
    for label, need in zip(comparison.labels, comparison.needed, strict=True):
        if need:
            spent = need.spent
            amounts = (format_steps(spent["steps"]), format_time(spent["seconds"]), format_money(spent["money"]))
            table.add_row(Text(label), f"{need.reached} of {need.seeds}", *amounts)
    return table


def _toned(text: str, estimate: Estimate, *, neutral: float) -> Text:
    return Text(text, style=STYLES[tone(estimate, neutral=neutral)])


def _table(title: str, heads: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(Text(head), overflow="fold")
    return table
