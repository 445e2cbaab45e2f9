"""``webdual bench``: measure throughput on this machine."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from browser_env.errors import UsageError
from browser_env.miniwob import DEFAULT_TASKS
from experiments.benchmark import Throughput, measure
from experiments.commands.options import Commands, add_command, write_result
from experiments.progress import Progress

BLIND = {"click-color", "identify-shape"}  # their experts look at pixels


def add_parser(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = add_command(
        commands,
        "bench",
        summary="measure how many steps a second browsers make, driven by scripted experts",
        example="webdual bench --envs 1,2,3 --json bench.json",
    )
    parser.add_argument("--envs", default="1,2,3", help="numbers of environments side by side (default: 1,2,3)")
    parser.add_argument("--episodes", type=int, default=10, help="per task and measurement (default: 10)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, and print a table."""
    try:
        counts = [int(text) for text in args.envs.split(",")]
    except ValueError as error:
        raise UsageError(f"--envs takes whole numbers with commas, not {args.envs!r:.40}") from error
    if min(counts) < 1 or args.episodes < 1:
        raise UsageError("--envs and --episodes must be at least 1")
    console = Console()
    tasks = [task for task in DEFAULT_TASKS if task not in BLIND]
    results: list[Throughput] = []
    with Progress(console).phase("benchmark", total=2 * len(counts)) as bar:
        for num_envs in counts:
            for pixels in (False, True):
                results.append(measure(tasks, num_envs=num_envs, pixels=pixels, episodes_per_task=args.episodes))
                bar.advance()
    console.print(_table(results))
    write_result(args.json, {"tasks": tasks, "results": [result.to_json() for result in results]})
    return 0


def _table(results: list[Throughput]) -> Table:
    table = Table(
        "environments", "observation", "steps/s", "steps per CPU s", "steps", "broken", title="160 x 210 pages"
    )
    for row in results:
        seen = "pixels + elements" if row.pixels else "elements"
        cells = (f"{row.steps_per_s:.0f}", f"{row.steps_per_cpu_s:.0f}", str(row.steps), str(row.infra_errors))
        table.add_row(str(row.num_envs), seen, *cells)
    return table
