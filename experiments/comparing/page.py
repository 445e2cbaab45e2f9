"""A comparison as one self-contained web page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from experiments.comparing import figures
from experiments.comparing.axes import cut
from experiments.comparing.comparison import Comparison, TaskLine, Total
from experiments.comparing.formats import (
    NOTHING,
    format_difference,
    format_money,
    format_rate,
    format_steps,
    format_time,
    tone,
)
from experiments.comparing.groups import Group
from experiments.comparing.learning import Needed
from experiments.comparing.wording import caution, listed, needed_demonstrations, resampled, sentences, subject
from experiments.html_table import html_table
from experiments.statistics import RESAMPLES, Estimate
from experiments.watching import fill_template


def comparison_page(comparison: Comparison) -> str:
    """Return the page; names and values are escaped."""
    return fill_template(
        "compare.html",
        title=escape(listed(comparison.labels, most=3)),
        subject=escape(subject(comparison)),
        findings="".join(f"<li>{escape(sentence)}</li>" for sentence in sentences(comparison)),
        caution=escape(caution(comparison)),
        sections="".join(_sections(comparison)),
        resamples=f"{RESAMPLES:,}",
        threshold=f"{comparison.threshold:g}",
    )


def _sections(comparison: Comparison) -> Iterable[str]:
    yield _section("Success", figures.totals_figure(comparison), _totals(comparison))
    if comparison.improvements:
        note = "How likely a seed of one does better than a seed of the other, on a task drawn at random."
        figure, table = figures.improvements_figure(comparison), _improvements(comparison)
        yield _section("Probability of improvement", figure, table, note=note)
    note = "The share of all tasks and seeds whose success lies above τ; a curve further up is better."
    yield _section("Performance profiles", figures.profiles_figure(comparison), "", note=note)
    if curves := figures.curves_figure(comparison):
        note = "Mean over tasks of recent success in practice, sampled with exploration, so not the evaluation's. "
        note += f"Dotted: {comparison.threshold:g}."
        yield _section("Learning curves", curves, _needed_table(comparison), note=note)
    if demonstrations := figures.demonstrations_figure(comparison):
        heads = ["groups that differ in this", f"fewest per task with mean success {comparison.threshold:g}"]
        rows = ([escape(line.label), needed_demonstrations(line)] for line in comparison.demonstrations)
        table = html_table(heads, rows)
        yield _section("Demonstrations", demonstrations, table)
    yield _section("Tasks", figures.tasks_figure(comparison), _tasks(comparison), note=_task_note(comparison))
    if comparison.settings:
        heads = ["setting", *comparison.labels]
        yield _section("Settings that differ", "", html_table(heads, _setting_rows(comparison)))
    yield _section("Runs", "", html_table(["group", "seed", "run", "id", "code"], _run_rows(comparison.groups)))
    if comparison.left_out:
        rows = ([escape(run.name), escape(run.why)] for run in comparison.left_out)
        yield _section("Left out", "", html_table(["run", "why"], rows))


def _section(title: str, figure: str, table: str, *, note: str = "") -> str:
    drawn = f"<figure>{figure}</figure>" if figure else ""
    framed = f'<div class="frame">{table}</div>' if table else ""
    lede = f"<p>{escape(note)}</p>" if note else ""
    return f"<section><h2>{escape(title)}</h2>{lede}{drawn}{framed}</section>"


def _totals(comparison: Comparison) -> str:
    heads = ["group", "mean", "interquartile mean", "resampled", "cost per success"]
    pairs = zip(comparison.groups, comparison.totals, strict=True)
    return html_table(heads, (_total_cells(group, total) for group, total in pairs))


def _total_cells(group: Group, total: Total) -> list[str]:
    return [
        escape(group.label),
        _number(format_rate(total.mean)),
        _number(format_rate(total.interquartile_mean)),
        resampled(group, total),
        format_money(total.cost_per_success),
    ]


def _improvements(comparison: Comparison) -> str:
    """Return a table with a row for each group but the first, and a column for each that stands before it."""
    labels = comparison.labels
    found = {(pair.group, pair.over): pair.probability for pair in comparison.improvements}
    rows = (
        [escape(labels[row]), *(_toned_rate(found.get((row, column))) for column in range(len(labels) - 1))]
        for row in range(1, len(labels))
    )
    return html_table(["group", *(f"over {label}" for label in labels[:-1])], rows)


def _toned_rate(probability: Estimate | None) -> str:
    return "" if probability is None else _toned(format_rate(probability), probability, neutral=0.5)


def _needed_table(comparison: Comparison) -> str:
    heads = ["group", f"seeds that reached {comparison.threshold:g}", "steps", "time", "price"]
    rows = zip(comparison.labels, comparison.needed, strict=True)
    return html_table(heads, (_needed_cells(label, need) for label, need in rows if need))


def _needed_cells(label: str, need: Needed) -> list[str]:
    spent = need.spent
    amounts = [format_steps(spent["steps"]), format_time(spent["seconds"]), format_money(spent["money"])]
    return [escape(label), f"{need.reached} of {need.seeds}", *amounts]


def _task_note(comparison: Comparison) -> str:
    if not comparison.not_shared:
        return "Every run was evaluated on these tasks."
    others = ", ".join(comparison.not_shared)
    return f"Every run was evaluated on these tasks. Only some runs were on these, which are left out: {others}."


def _tasks(comparison: Comparison) -> str:
    labels = comparison.labels
    heads = ["task", *labels, *(f"{label} − {labels[0]}" for label in labels[1:])]
    return html_table(heads, map(_task_cells, comparison.lines))


def _task_cells(line: TaskLine) -> list[str]:
    differences = [_toned(format_difference(each), each, neutral=0) for each in line.differences]
    rates = [_number(format_rate(rate)) for rate in line.rates]
    return [escape(line.task.removeprefix("miniwob/")), *rates, *differences]


def _toned(text: str, estimate: Estimate, *, neutral: float) -> str:
    return _number(text, kind=tone(estimate, neutral=neutral))


def _number(text: str, *, kind: str = "") -> str:
    """Return figures that stay on one line."""
    return f'<span class="{f"n {kind}".strip()}">{text}</span>'


def _setting_rows(comparison: Comparison) -> Iterable[list[str]]:
    for key, values in comparison.settings.items():
        yield [_code(key), *(_code(NOTHING if value is None else value) for value in values)]


def _run_rows(groups: Sequence[Group]) -> Iterable[list[str]]:
    for group in groups:
        for run in group.replicates:
            yield [escape(group.label), escape(run.seed), escape(run.name), _code(run.id[:8]), _code(run.commit[:8])]


def _code(text: str) -> str:
    return f"<code>{escape(cut(text, 120))}</code>"
