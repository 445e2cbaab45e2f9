"""``webdual bench vlm``: measure how fast vision-language policies, and the compact one, are on this machine."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from browser_env.errors import UsageError
from experiments.commands.options import Commands, add_command, viewport_of, write_result
from experiments.recipe import Recipe
from experiments.recipes import find_recipe
from policy.kinds import check_memory
from policy.vlm.config import VlmConfig

REAL_SIZE = {"vlm-2b": "random-qwen2-vl-2b", "vlm-7b": "random-qwen2.5-vl-7b"}  # recipes by their models' shapes
TINY = "vlm-smoke"
ROWS = {"cuda": (16, 64), "cpu": (2, 4)}
VIEWPORTS = {"cuda": "1280x720", "cpu": "160x210"}


def add_parser(group: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        group,
        "vlm",
        summary="measure how fast vision-language policies write and learn, beside transformers alone",
        example="webdual bench vlm --json vlm.json",
    )
    parser.add_argument(
        "recipe",
        nargs="?",
        help="whose policy, with the weights of its model (default: random weights of the shapes of"
        f" {' and '.join(REAL_SIZE)}, and the compact policy; without a GPU {TINY} instead of these)",
    )
    parser.add_argument("--rows", type=int, nargs="+", help="pages side by side (default: 16 64; 2 4 without a GPU)")
    parser.add_argument("--repetitions", type=int, default=3, help="of everything; the fastest counts (default: 3)")
    parser.add_argument("--viewport", help="width x height in pixels (default: 1280x720; 160x210 without a GPU)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, and print tables."""
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    viewport, rows = viewport_of(args.viewport or VIEWPORTS[kind]), args.rows or ROWS[kind]
    if min(rows) < 1 or args.repetitions < 1:
        raise UsageError("--rows and --repetitions are at least 1")
    console, recipes = Console(), [find_recipe(args.recipe)] if args.recipe else _all(kind)
    for recipe in recipes:
        if not check_memory(recipe.policy, recipe.learning):
            raise UsageError(f"{recipe.name} has no vision-language policy; name one that has, such as vlm-2b")
    if kind == "cpu":
        console.print("There is no GPU: what follows is of tiny models or of the processor, and says nothing of one.")
    result: dict[str, Any] = {"policies": {}}
    language = importlib.import_module("experiments.benchmarks.language")  # transformers takes seconds to import
    for recipe in recipes:
        speeds = [
            language.measure_language(recipe, rows=count, repetitions=args.repetitions, viewport=viewport).to_json()
            for count in rows
        ]
        console.print(_table(recipe.name, speeds))
        result["policies"][recipe.name] = speeds
    if not args.recipe:
        compact = importlib.import_module("experiments.benchmarks.compact_speed")
        result["compact"] = [speed.to_json() for speed in compact.measure_compact(repetitions=args.repetitions)]
        console.print(_table("the compact policy", result["compact"]))
    write_result(args.json, result)
    return 0


def _all(kind: str) -> list[Recipe]:
    if kind == "cpu":
        return [find_recipe(TINY)]
    return [_with_random_weights(find_recipe(name), model) for name, model in REAL_SIZE.items()]


def _with_random_weights(recipe: Recipe, model: str) -> Recipe:
    assert isinstance(recipe.policy, VlmConfig)
    return replace(recipe, policy=replace(recipe.policy, model=model))


def _table(title: str, columns: Sequence[dict[str, Any]]) -> Table:
    table = Table("", *[""] * len(columns), title=title, show_header=False)
    for name in columns[0]:
        values = (column[name] for column in columns)
        table.add_row(name, *(f"{value:,.4g}" if isinstance(value, float) else str(value) for value in values))
    return table
