"""``webdual bench vlm``: measure how fast a vision-language policy is on this machine."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from browser_env.errors import UsageError
from experiments.benchmarks.language import measure_language
from experiments.commands.options import Commands, add_command, viewport_of, write_result
from experiments.recipes import find_recipe
from policy.kinds import check_memory


def add_parser(group: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        group,
        "vlm",
        summary="measure how fast a recipe's vision-language policy writes and learns",
        example="webdual bench vlm vlm-2b --viewport 1280x720 --json vlm.json",
    )
    parser.add_argument("recipe", nargs="?", default="vlm-smoke", help="whose policy (default: vlm-smoke, a tiny one)")
    parser.add_argument("--rows", type=int, default=8, help="pages side by side (default: 8)")
    parser.add_argument("--repetitions", type=int, default=3, help="of everything (default: 3)")
    parser.add_argument("--viewport", default="160x210", help="width x height in pixels (default: %(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, and print a table."""
    viewport = viewport_of(args.viewport)
    if args.rows < 1 or args.repetitions < 1:
        raise UsageError("--rows and --repetitions are at least 1")
    recipe = find_recipe(args.recipe)
    if not check_memory(recipe.policy, recipe.learning):
        raise UsageError(f"{recipe.name} has no vision-language policy; name one that has, such as vlm-2b")
    speed = measure_language(recipe, rows=args.rows, repetitions=args.repetitions, viewport=viewport)
    table = Table("", recipe.name, title="a vision-language policy on this machine")
    for name, value in speed.to_json().items():
        table.add_row(name, f"{value:,.4g}" if isinstance(value, float) else str(value))
    Console().print(table)
    write_result(args.json, speed.to_json())
    return 0
