"""``webdual train``: train a policy by a recipe."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from browser_env.errors import UsageError
from browser_env.locate import find_browser
from experiments.commands.options import Commands, add_command, write_result
from experiments.experiment import LATEST, Result, load_recipe, new_directory, run_experiment
from experiments.progress import Progress
from experiments.recipe import Recipe, override, override_from_text
from experiments.recipes import RECIPES, find_recipe
from experiments.task_choice import on_task_set
from experiments.tracking import connect, default_uri

DEFAULT = "default"  # recipe
MEANS = {  # of a result, and what they are called
    "mean": "mean",
    "mean_held_out": "mean, held out",
    "mean_judged": "mean, judged by a model",
    "mean_judged_held_out": "mean, held out, judged by a model",
}


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "train",
        summary="train a policy by a recipe: clone demonstrations, then mix imitation and reinforcement learning",
        example="webdual train default --seed 1 --set demonstrations_per_task=5",
    )
    parser.add_argument("recipe", nargs="?", help=f"one of {', '.join(RECIPES)} (default: {DEFAULT})")
    parser.add_argument("--seed", type=int, help="seed of the run (default: 0)")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="change a field of the recipe; may be repeated"
    )
    parser.add_argument("--demos", metavar="DIR", type=Path, help="learn from this replay store's demonstrations")
    parser.add_argument("--tasks", metavar="DIR", type=Path, help="train on this compiled set, by its golden runs")
    parser.add_argument("--runs", metavar="DIR", type=Path, default=Path("runs"), help="folder of runs (default: runs)")
    parser.add_argument("--tracking-uri", metavar="URI", help="MLflow store (default: SQLite in the folder of runs)")
    parser.add_argument(
        "--resume", nargs="?", const=LATEST, metavar="RUN", help="go on with a run of --runs (default: the latest)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train, and print the table of results."""
    console = Console()
    find_browser()  # before anything is written
    if args.resume is None:
        recipe = _recipe(args)
        tracker = connect(args.tracking_uri or default_uri(args.runs))
        directory = new_directory(args.runs, recipe)
    else:
        if args.set or args.demos or args.tasks or args.seed is not None:
            raise UsageError(
                "a resumed run keeps its recipe; leave --set, --demos, --tasks and --seed out, or start another run"
            )
        directory = (args.runs / args.resume).resolve()
        recipe = load_recipe(directory)
        if args.recipe not in (None, recipe.name):
            raise UsageError(f"{directory.name} is a run of the recipe {recipe.name}; leave {args.recipe!r:.80} out")
        tracker = connect(args.tracking_uri or default_uri(args.runs))
    console.print(f"recipe [bold]{recipe.name}[/], seed {recipe.seed}, in {directory}")
    result = run_experiment(recipe, directory=directory, tracker=tracker, progress=Progress(console))
    console.print(_table(result))
    console.print(_next_steps(args, result), soft_wrap=True)
    write_result(args.json, result.to_json())
    return 0


def _recipe(args: argparse.Namespace) -> Recipe:
    recipe = find_recipe(args.recipe or DEFAULT)
    if args.seed is not None:
        recipe = override(recipe, "seed", args.seed)
    if args.demos is not None:
        recipe = override(recipe, "demonstrations", str(args.demos.absolute()))
    if args.tasks is not None:
        recipe = on_task_set(recipe, args.tasks)
    for assignment in args.set:
        recipe = override_from_text(recipe, assignment)
    return recipe


def _table(result: Result) -> Table:
    table = Table(title="success on held-out seeds, with 95% intervals")
    table.add_column("task")
    for arm in result.arms:
        table.add_column(arm, justify="right")
    table.add_column("episodes", justify="right")
    for rows in zip(*result.arms.values(), strict=True):
        cells = [f"{row.rate.value:.2f} [dim]({row.rate.low:.2f}-{row.rate.high:.2f})[/]" for row in rows]
        name = rows[0].task.removeprefix("miniwob/") + " (held out)" * rows[0].held_out
        name += " (judged by a model)" * rows[0].judged
        table.add_row(name, *cells, str(rows[0].episodes))
    data = result.to_json()
    table.add_section()
    for key, name in MEANS.items():
        if means := data.get(key):
            table.add_row(f"[bold]{name}", *(f"[bold]{value:.3f}" for value in means.values()), "")
    return table


def _next_steps(args: argparse.Namespace, result: Result) -> str:
    data = result.to_json()
    cost = f"${data['cost_per_success']:.6f}" if data["cost_per_success"] is not None else "unknown"
    uri = args.tracking_uri or default_uri(args.runs)
    return (
        f"{result.wall_s / 60:.1f} minutes, {result.env_steps} steps in the browser, {cost} per solved task\n"
        f"compare runs:   .venv/bin/mlflow ui --backend-store-uri {uri}\n"
        f"watch it work:  .venv/bin/webdual watch {result.directory}/checkpoints/{result.last}\n"
    )
