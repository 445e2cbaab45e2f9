"""``webdual compare``: runs side by side, with their uncertainty."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from browser_env.errors import InfraError, UsageError
from experiments.commands.options import Commands, add_command, write_result
from experiments.comparison import Comparison, RunScores, TaskLine, Total, compare
from experiments.comparison_page import CAUTION, comparison_page, format_difference, format_money, format_rate, tone
from experiments.journal import write_atomically
from experiments.scores import TABLE, read_scores
from experiments.statistics import Estimate
from experiments.tracking import MlflowTracker, connect, default_uri
from experiments.tracking_uri import sqlite_path

STYLES = {"good": "bold green", "bad": "bold red", "": ""}


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "compare",
        summary="compare evaluated runs to the first one named: settings, success by task and cost, with intervals",
        example="webdual compare smoke/imitation smoke/mixed --html comparison.html",
    )
    parser.add_argument("names", nargs="+", metavar="RUN", help="a run's name, its id, or the beginning of its id")
    parser.add_argument("--runs", metavar="DIR", type=Path, default=Path("runs"), help="folder of runs (default: runs)")
    parser.add_argument("--tracking-uri", metavar="URI", help="MLflow store, instead of the one in the folder of runs")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write the comparison to FILE as a web page")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print and write the comparison."""
    console = Console()
    with console.status("reading the runs"):
        tracker = _open(args.tracking_uri or default_uri(args.runs))
        comparison = compare([_read(tracker, name) for name in args.names])
    for table in (_params(comparison), _tasks(comparison), _totals(comparison)):
        console.print(table, "")
    console.print(Text(CAUTION, style="dim"))
    write_result(args.json, comparison.to_json())
    if args.html:
        _write(args.html, comparison_page(comparison))
        console.print(Text(f"Written to {args.html}."))
    return 0


def _open(uri: str) -> MlflowTracker:
    path = sqlite_path(uri)
    if path is not None and not path.exists():
        raise UsageError(f"no runs are recorded in {path}; train first, or name a store with --tracking-uri")
    return connect(uri)


def _read(tracker: MlflowTracker, name: str) -> RunScores:
    summary = tracker.find(name)
    tasks = read_scores(tracker.table(summary, name=TABLE))
    return RunScores(id=summary.id, name=summary.name, params=summary.params, tasks=tasks)


def _params(comparison: Comparison) -> Table | Text:
    if not comparison.params:
        return Text("The runs have the same settings.")
    table = _table("Settings that differ", ["setting", *_names(comparison)])
    for key, values in comparison.params.items():
        table.add_row(Text(key), *(Text("–" if value is None else value[:60]) for value in values))
    return table


def _tasks(comparison: Comparison) -> Table:
    differences = [f"{name} − first" for name in _names(comparison)[1:]]
    table = _table("Success by task, with 95% intervals", ["task", *_names(comparison), *differences])
    for line in comparison.lines:
        table.add_row(*_task_cells(line))
    return table


def _task_cells(line: TaskLine) -> list[Text]:
    rates = [Text("–" if rate is None else format_rate(rate)) for rate in line.rates]
    return [Text(line.task.removeprefix("miniwob/")), *rates, *map(_difference, line.differences)]


def _totals(comparison: Comparison) -> Table:
    heads = ["run", "mean", "interquartile mean", "P(better than first)", "", "per success"]
    table = _table(f"Totals over the {len(comparison.shared)} shared tasks", heads)
    for name, each, total in zip(_names(comparison), comparison.runs, comparison.totals, strict=True):
        table.add_row(*_total_cells(f"{name} {each.id[:8]}", total))
    return table


def _total_cells(name: str, total: Total) -> list[Text]:
    chance = total.improvement
    style = STYLES[tone(chance, neutral=0.5)] if chance else ""
    return [
        Text(name),
        Text(format_rate(total.mean)),
        Text(format_rate(total.interquartile_mean)),
        Text(format_rate(chance) if chance else "–", style=style),
        Text(total.verdict, style=style),
        Text(format_money(total.cost_per_success)),
    ]


def _difference(difference: Estimate | None) -> Text:
    if difference is None:
        return Text("–")
    return Text(format_difference(difference), style=STYLES[tone(difference, neutral=0)])


def _table(title: str, heads: list[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(Text(head), overflow="fold")
    return table


def _names(comparison: Comparison) -> list[str]:
    """Return the runs' names, without the part before the last slash where what follows tells them apart."""
    short = [each.name.rsplit("/", 1)[-1] for each in comparison.runs]
    return short if len(set(short)) == len(short) else [each.name for each in comparison.runs]


def _write(path: Path, page: str) -> None:
    try:
        write_atomically(path, page.encode())
    except OSError as error:
        raise InfraError(f"cannot write {path}: {error.strerror}; choose another file") from error
