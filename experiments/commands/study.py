"""``webdual study``: run the variants of a recipe, each over several seeds."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from browser_env.errors import UsageError
from browser_env.locate import find_browser
from experiments.commands.options import Commands, add_command, write_result
from experiments.experiment import RESULT
from experiments.progress import Progress
from experiments.recipe import Recipe
from experiments.study import STUDIES, find_study, folder_of, run_trials, trials
from experiments.tracking import connect, default_uri


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "study",
        summary="run the variants of a recipe over several seeds; called again, it goes on where it ended",
        example="webdual study ablations --seeds 0,1,2\n  webdual compare ablations --report ablations.html",
    )
    parser.add_argument("name", metavar="STUDY", help="; ".join(f"{s.name}: {s.summary}" for s in STUDIES.values()))
    parser.add_argument("--seeds", metavar="N,N", default="", help="which seeds (default: the study's)")
    parser.add_argument("--variants", metavar="NAMES", default="", help="which variants (default: all)")
    parser.add_argument("--tasks", metavar="DIR", type=Path, help="the compiled set that it is of, where it is of one")
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="change a field of all recipes; may be repeated",
    )
    parser.add_argument("--list", action="store_true", help="say which runs there are, and run nothing")
    parser.add_argument("--runs", metavar="DIR", type=Path, default=Path("runs"), help="folder of runs (default: runs)")
    parser.add_argument("--tracking-uri", metavar="URI", help="MLflow store (default: SQLite in the folder of runs)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run what is missing, and print how far the study is."""
    console, study = Console(), find_study(args.name)
    chosen = trials(
        study,
        seeds=_seeds(args.seeds),
        variants=_names(args.variants),
        assignments=args.set,
        task_set=args.tasks,
    )
    folder = args.runs / study.name
    if not args.list:
        find_browser()  # before anything is written
        tracker = connect(args.tracking_uri or default_uri(args.runs), experiment=study.name)
        for result in run_trials(chosen, folder=folder, tracker=tracker, progress=Progress(console)):
            console.print(f"{result.directory}: {_means(result.to_json())}", soft_wrap=True)
    rows = [_row(trial, folder / folder_of(trial)) for trial in chosen]
    console.print(_table(rows))
    console.print(
        f"compare them:  .venv/bin/webdual compare {study.name} --runs {args.runs} --report {study.name}.html"
    )
    write_result(args.json, rows)
    return 0


def _row(trial: Recipe, directory: Path) -> dict[str, object]:
    row: dict[str, object] = {"variant": trial.variant, "seed": trial.seed, "state": "not begun"}
    if (directory / RESULT).exists():
        result = json.loads((directory / RESULT).read_bytes())
        means = {key: result[key] for key in ("mean", "mean_held_out") if key in result}
        return row | {"state": "finished", **means, "minutes": round(result["wall_s"] / 60, 1)}
    return row | ({"state": "broken off"} if directory.exists() else {})


def _table(rows: list[dict[str, object]]) -> Table:
    table = Table("variant", "seed", "state", "mean success", "minutes", box=None, pad_edge=False)
    for row in rows:
        cells = (row["variant"], row["seed"], row["state"], _means(row), row.get("minutes", ""))
        table.add_row(*map(str, cells))
    return table


def _means(result: Mapping[str, Any]) -> str:
    means = {arm: f"{value:.3f}" for arm, value in result.get("mean", {}).items()}
    held_out = {arm: f" ({value:.3f} held out)" for arm, value in result.get("mean_held_out", {}).items()}
    return ", ".join(f"{arm} {mean}{held_out.get(arm, '')}" for arm, mean in means.items())


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _seeds(text: str) -> list[int]:
    try:
        seeds = [int(seed) for seed in _names(text)]
    except ValueError:
        raise UsageError(f"{text!r:.40} are no seeds; write numbers with commas between, e.g. 0,1,2") from None
    if any(seed < 0 for seed in seeds):
        raise UsageError("a seed is 0 or more")
    return seeds
